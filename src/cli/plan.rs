//! `graphway plan`.

use super::{
    failure::Usage,
    sources::{Loaded, Sources, read_sdl},
};
use crate::{
    operation::{self, Conditions, Document},
    planner,
    schema::Supergraph,
};
use anyhow::{Context, bail};
use apollo_compiler::ast;
use clap::Args;
use serde_json::{Map, Value};
use std::{
    fs,
    io::{Read, Write, stdin, stdout},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Conditions that variables leave open double the plans; past this many variables have to be given.
const OPEN_CONDITIONS_MAX: usize = 4;

/// Show how an operation would be answered.
///
/// Prints the fetches to subgraphs: what each asks, and which ones it waits for. Where @skip or @include depend on
/// variables that have no value, there is a plan for each combination.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  graphway plan query.graphql
  graphway plan --supergraph supergraph.graphql --variables '{\"withReviews\": true}' query.graphql
  echo '{ me { name } }' | graphway plan -")]
pub(super) struct Plan {
    /// The configuration. Without it ./router.yaml is read, if there is one.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// The supergraph SDL, instead of `supergraph.source` in the configuration.
    #[arg(short, long, value_name = "FILE")]
    supergraph: Option<PathBuf>,

    /// The operation's variables, a JSON object.
    #[arg(long, value_name = "JSON")]
    variables: Option<String>,

    /// Which of the document's operations.
    #[arg(long, value_name = "NAME")]
    operation_name: Option<String>,

    /// The GraphQL document; `-` is standard input.
    #[arg(value_name = "QUERY")]
    query: PathBuf,
}

impl Plan {
    /// Prints the plan.
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let text = read_query(&self.query)?;
        let variables = self
            .variables
            .as_deref()
            .map(serde_json::from_str)
            .transpose();
        let variables: Option<Map<String, Value>> = variables
            .map_err(|error| Usage(format!("--variables is not a JSON object: {error}")))?;
        let sources = Sources {
            config: self.config,
            supergraph: self.supergraph,
            read_supergraph: read_sdl,
            adjust: Box::new(|_| {}),
        };
        let Loaded {
            config, supergraph, ..
        } = sources.read().loaded?;
        let name = self.operation_name.as_deref();
        let document = operation::prepare(&supergraph, &text, name, &config.limits.parser())
            .map_err(explained)?;
        let mut out = String::new();
        for (heading, conditions) in variants(&supergraph, &document, variables)? {
            let operation = document.fold(&supergraph, &conditions).map_err(explained)?;
            let plan = planner::plan(&supergraph, &operation)?;
            if !heading.is_empty() {
                out.push_str(&format!("# {heading}\n"));
            }
            out.push_str(plan.display(&supergraph).to_string().trim_end());
            out.push_str("\n\n");
        }
        // A reader that has seen enough (`| head`) is no failure.
        match stdout().write_all(format!("{}\n", out.trim_end()).as_bytes()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(error).context("cannot print the plan")
            }
            _ => Ok(ExitCode::SUCCESS),
        }
    }
}

fn read_query(path: &Path) -> anyhow::Result<String> {
    if path == Path::new("-") {
        let mut text = String::new();
        stdin()
            .read_to_string(&mut text)
            .context("cannot read the document from standard input")?;
        return Ok(text);
    }
    fs::read_to_string(path)
        .map_err(|error| Usage(format!("cannot read {}: {error}", path.display())).into())
}

/// The values of the document's conditions that a plan is printed for, each with words that say which.
fn variants(
    supergraph: &Supergraph,
    document: &Document,
    variables: Option<Map<String, Value>>,
) -> anyhow::Result<Vec<(String, Conditions)>> {
    if let Some(variables) = variables {
        let coerced = document.coerce(supergraph, variables).map_err(explained)?;
        return Ok(vec![(String::new(), document.conditions(&coerced))]);
    }
    let names = document.condition_variables();
    let (_, operation) = document.executable();
    let default = |name: &apollo_compiler::Name| {
        let variable = operation
            .variables
            .iter()
            .find(|variable| variable.name == *name)?;
        match variable.default_value.as_deref()? {
            ast::Value::Boolean(value) => Some(*value),
            _ => None,
        }
    };
    let defaults: Vec<Option<bool>> = names.iter().map(default).collect();
    let open: Vec<usize> = (0..names.len())
        .filter(|&index| defaults[index].is_none())
        .collect();
    if open.len() > OPEN_CONDITIONS_MAX {
        bail!(Usage(format!(
            "{} variables of @skip and @include have no value: give --variables",
            open.len()
        )));
    }
    let variants = (0..1usize << open.len()).map(|bits| {
        let value = |index: usize| {
            open.iter()
                .position(|&at| at == index)
                .is_some_and(|bit| bits >> bit & 1 == 1)
        };
        let values = (0..names.len()).map(|index| defaults[index].unwrap_or_else(|| value(index)));
        let heading: Vec<String> = open
            .iter()
            .map(|&index| format!("${}: {}", names[index], value(index)))
            .collect();
        (heading.join(", "), Conditions::new(values.collect()))
    });
    Ok(variants.collect())
}

/// An error with the lines it is about.
fn explained(error: operation::Error) -> anyhow::Error {
    let diagnostics = match &error {
        operation::Error::Syntax(diagnostics) | operation::Error::Validation(diagnostics) => {
            diagnostics.as_slice()
        }
        _ => &[],
    };
    let lines = diagnostics
        .iter()
        .map(|diagnostic| match diagnostic.location {
            Some((line, column)) => format!("\n  {line}:{column}: {}", diagnostic.message),
            None => format!("\n  {}", diagnostic.message),
        });
    let lines: String = lines.collect();
    anyhow::anyhow!("{error}{lines}")
}
