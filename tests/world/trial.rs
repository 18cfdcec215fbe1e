//! One supergraph, and the judgement of a router's answers over it.

use std::fmt::Write;

use serde_json::Value;

use super::compare::difference;
use super::document::Document;
use super::model::Model;
use super::operations::generate;
use super::shrink::shrink;
use super::values::World;

/// Sends a request's body to a subgraph.
pub type Call<'c> = &'c (dyn Fn(&str, &Value) -> Value + Sync);

/// What answers a client: the operation, its variables, and the way to the subgraphs.
pub type Router<'r> = &'r dyn Fn(&str, &Value, Call<'_>) -> Result<Value, String>;

/// How many different worlds the seeds take turns in.
const WORLDS: u64 = 7;

pub struct Trial {
    pub name: String,
    pub world: World,
}

impl Trial {
    pub fn new(name: &str, supergraph: &str) -> Result<Self, String> {
        let model = Model::read(supergraph).map_err(|error| format!("{name}: {error}"))?;
        Ok(Trial {
            name: name.to_owned(),
            world: World::new(model),
        })
    }

    /// Puts the operations of some seeds to a router. The first failure is told, made small.
    pub fn run(
        &mut self,
        router: Router<'_>,
        seeds: impl Iterator<Item = u64>,
    ) -> Result<(), String> {
        for seed in seeds {
            self.world.salt = seed % WORLDS;
            let document = generate(&self.world.model, seed)
                .ok_or_else(|| format!("{}: no operation for seed {seed}", self.name))?;
            self.judge(router, &document).map_err(|complaint| {
                let (document, complaint) = self.smallest(router, document, complaint);
                format!(
                    "{}, seed {seed}\n{document}variables {}\n{complaint}",
                    self.name,
                    document.values()
                )
            })?;
        }
        Ok(())
    }

    /// Judges one answer; the error says all that is wrong with it.
    pub fn judge(&self, router: Router<'_>, document: &Document) -> Result<(), String> {
        let text = document.to_string();
        let variables = document.values();
        let truth = self
            .world
            .truth(&text, &variables)
            .map_err(|error| format!("the world itself is wrong: {error}"))?;
        self.world.take_violations();
        let answer = router(&text, &variables, &|subgraph, body| {
            self.world.answer(subgraph, body)
        });
        let mut complaint = String::new();
        match answer {
            Ok(answer) => complaint += &complaints(&truth.data, &answer),
            Err(error) => complaint = format!("no answer: {error}\n"),
        }
        for violation in self.world.take_violations() {
            let _ = writeln!(complaint, "{violation}");
        }
        let mutations = self.world.take_mutations();
        if mutations != truth.mutations {
            let expected = truth.mutations;
            let _ = writeln!(
                complaint,
                "expected the mutations {expected:?}, got {mutations:?}"
            );
        }
        if complaint.is_empty() {
            Ok(())
        } else {
            Err(complaint)
        }
    }

    fn smallest(
        &self,
        router: Router<'_>,
        document: Document,
        complaint: String,
    ) -> (Document, String) {
        let fails = |candidate: &Document| {
            let is_sound = self
                .world
                .truth(&candidate.to_string(), &candidate.values())
                .is_ok();
            is_sound && self.judge(router, candidate).is_err()
        };
        let document = shrink(document, &fails);
        let complaint = self.judge(router, &document).err().unwrap_or(complaint);
        (document, complaint)
    }
}

fn complaints(expected: &Value, answer: &Value) -> String {
    let mut out = String::new();
    if let Some(errors) = answer.get("errors") {
        let _ = writeln!(out, "errors: {errors}");
    }
    let data = answer.get("data").unwrap_or(&Value::Null);
    if let Some(difference) = difference(expected, data) {
        let _ = writeln!(out, "{difference}");
    }
    out
}
