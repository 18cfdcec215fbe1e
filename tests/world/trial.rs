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

/// What answers clients.
pub trait Router {
    /// The response to an operation with variables; `call` leads to the subgraphs.
    fn answer(&self, operation: &str, variables: &Value, call: Call<'_>) -> Result<Value, String>;

    /// How it goes about it, for whoever reads a failure.
    fn explain(&self, _operation: &str, _variables: &Value) -> String {
        String::new()
    }
}

impl<F: Fn(&str, &Value, Call<'_>) -> Result<Value, String>> Router for F {
    fn answer(&self, operation: &str, variables: &Value, call: Call<'_>) -> Result<Value, String> {
        self(operation, variables, call)
    }
}

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
        router: &dyn Router,
        seeds: impl Iterator<Item = u64>,
    ) -> Result<(), String> {
        for seed in seeds {
            self.world.salt = seed % WORLDS;
            let document = generate(&self.world.model, seed)
                .ok_or_else(|| format!("{}: no operation for seed {seed}", self.name))?;
            self.judge(router, &document).map_err(|complaint| {
                let (document, complaint) = self.smallest(router, document, complaint);
                let (name, variables) = (&self.name, document.values());
                let explanation = router.explain(&document.to_string(), &variables);
                format!(
                    "{name}, seed {seed}\n{document}variables {variables}\n{complaint}{explanation}"
                )
            })?;
        }
        Ok(())
    }

    /// Puts an operation that somebody wrote to a router, in every world.
    pub fn run_written(
        &mut self,
        router: &dyn Router,
        (text, variables): (&str, &Value),
    ) -> Result<(), String> {
        for salt in 0..WORLDS {
            self.world.salt = salt;
            self.judge_text(router, text, variables).map_err(|error| {
                let explanation = router.explain(text, variables);
                format!("{}, {text}{error}{explanation}", self.name)
            })?;
        }
        Ok(())
    }

    /// Judges one answer; the error says all that is wrong with it.
    pub fn judge(&self, router: &dyn Router, document: &Document) -> Result<(), String> {
        self.judge_text(router, &document.to_string(), &document.values())
    }

    fn judge_text(&self, router: &dyn Router, text: &str, variables: &Value) -> Result<(), String> {
        let truth = self
            .world
            .truth(text, variables)
            .map_err(|error| format!("the world itself is wrong: {error}"))?;
        self.world.take_violations();
        let answer = router.answer(text, variables, &|subgraph, body| {
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
        router: &dyn Router,
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
