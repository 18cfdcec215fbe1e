//! `graphway plan`.

mod variants;

use super::{
    failure::Usage,
    sources::{Loaded, Sources, read_sdl},
};
use crate::{
    operation, planner,
    schema::{Labels, Supergraph},
};
use anyhow::Context;
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};
use std::{
    fs,
    io::{ErrorKind, Read, Write, stdin, stdout},
    path::{Path, PathBuf},
    process::ExitCode,
};
use variants::{Variant, Variants};

/// Show how an operation would be answered.
///
/// Prints the fetches to subgraphs: what each asks, and which ones it waits for. Where @skip or @include depend on
/// variables that have no value and no default, there is a plan for each combination, up to 16. Labels of @override are off
/// unless --override turns them on; where the plan depends on some, they are named on standard error.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  graphway plan query.graphql
  graphway plan --supergraph supergraph.graphql --variables '{\"withReviews\": true}' query.graphql
  graphway plan --explain query.graphql              why there is each fetch, and what else could be
  graphway plan --format mermaid query.graphql
  graphway plan --override 'percent(20)' --override new-stock query.graphql
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

    /// A label of @override that is on; may be given several times.
    #[arg(long = "override", value_name = "LABEL")]
    labels: Vec<String>,

    /// How to show it.
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    /// Say of each fetch what it is for, what it waits for, which other subgraphs could have answered and at what cost,
    /// and what would make it unnecessary. As text or JSON.
    #[arg(short, long)]
    explain: bool,

    /// The GraphQL document; `-` is standard input.
    #[arg(value_name = "QUERY")]
    query: PathBuf,
}

/// How a plan is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For reading.
    #[default]
    Text,
    /// Apollo's queryPlan, for tools that show it.
    Json,
    /// A Mermaid flowchart.
    Mermaid,
}

impl Plan {
    /// Prints the plan.
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        if self.explain && self.format == Format::Mermaid {
            let message = "--explain goes with --format text or json: a diagram has no room for it";
            return Err(Usage(message.to_owned()).into());
        }
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
            remote: Default::default(),
            had_settings: Default::default(),
            adjust: Box::new(|_| {}),
        };
        let Loaded {
            config, supergraph, ..
        } = sources.read_once()?;
        let name = self.operation_name.as_deref();
        let document = operation::prepare(&supergraph, &text, name, &config.limits.parser())
            .map_err(explained)?;
        let labels = labels(&supergraph, &self.labels)?;
        tell_of_labels(&supergraph, (document.labels(), &labels));
        let variants = match variables {
            Some(variables) => {
                variants::settled(&supergraph, &document, variables).map_err(explained)?
            }
            None => variants::open(&document),
        };
        if variants.is_cut() {
            tell_of_the_rest(&variants);
        }
        let plans = variants.shown.into_iter().map(|variant| {
            let conditions = variant.conditions.clone().with_labels(labels.clone());
            let operation = document.fold(&supergraph, &conditions);
            let operation = operation.map_err(explained)?;
            let planned = match self.explain {
                true => planner::explain(&supergraph, &operation)
                    .map(|(plan, explanation)| (plan, Some(explanation))),
                false => planner::plan(&supergraph, &operation).map(|plan| (plan, None)),
            };
            let (plan, explanation) = planned.map_err(unplannable)?;
            Ok(Shown {
                variant,
                plan,
                explanation,
            })
        });
        let plans = plans.collect::<anyhow::Result<Vec<_>>>()?;
        let out = print(self.format, &supergraph, &plans);
        // A reader that has seen enough (`| head`) is no failure.
        match stdout().write_all(out.as_bytes()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(error).context("cannot print the plan")
            }
            _ => Ok(ExitCode::SUCCESS),
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the command line speaks on the terminal"
)]
fn tell_of_the_rest(variants: &Variants) {
    eprintln!(
        "{} of 2^{} plans are shown: {} variables of @skip and @include have no value; --variables gives them one",
        variants.shown.len(),
        variants.open,
        variants.open
    );
}

/// The labels with these names.
fn labels(supergraph: &Supergraph, names: &[String]) -> Result<Labels, Usage> {
    let label = |name: &String| {
        supergraph.label_id(name).ok_or_else(|| {
            let known: Vec<&str> = supergraph.labels().map(|(_, label)| label).collect();
            let has = match known.as_slice() {
                [] => "it has none".to_owned(),
                known => format!("it has: {}", known.join(", ")),
            };
            Usage(format!(
                "--override: the supergraph has no label `{name}`; {has}"
            ))
        })
    };
    names.iter().map(label).collect()
}

#[expect(
    clippy::print_stderr,
    reason = "the command line speaks on the terminal"
)]
fn tell_of_labels(supergraph: &Supergraph, (behind, on): (&Labels, &Labels)) {
    if behind.is_empty() {
        return;
    }
    let states = behind.iter().map(|label| {
        let state = if on.contains(label) { "on" } else { "off" };
        format!("{} {state}", supergraph.label(label))
    });
    let states: Vec<String> = states.collect();
    eprintln!(
        "labels of @override: {} (--override turns one on)",
        states.join(", ")
    );
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

/// A plan that is printed.
struct Shown {
    variant: Variant,
    plan: planner::Plan,
    explanation: Option<planner::Explanation>,
}

/// The plans as one text.
fn print(format: Format, supergraph: &Supergraph, plans: &[Shown]) -> String {
    match format {
        Format::Json => {
            let plans: Vec<Value> = plans.iter().map(|shown| shown.json(supergraph)).collect();
            match plans.as_slice() {
                [only] => format!("{only:#}\n"),
                several => format!("{:#}\n", Value::from(several)),
            }
        }
        Format::Text | Format::Mermaid => {
            let texts = plans.iter().map(|shown| shown.text(format, supergraph));
            texts.collect::<Vec<_>>().join("\n")
        }
    }
}

impl Shown {
    fn json(&self, supergraph: &Supergraph) -> Value {
        let mut out = self.plan.to_json(supergraph);
        if !self.variant.open.is_empty() {
            let open = self.variant.open.iter();
            let variables = open.map(|(name, value)| (name.to_string(), (*value).into()));
            out = json!({ "variables": Map::from_iter(variables), "queryPlan": out });
        }
        if let Some(explanation) = &self.explanation {
            out["explanation"] = json!(explanation);
        }
        out
    }

    fn text(&self, format: Format, supergraph: &Supergraph) -> String {
        let (mut text, comment) = match format {
            Format::Mermaid => (self.plan.to_mermaid(supergraph), "%%"),
            _ => (self.plan.display(supergraph).to_string(), "#"),
        };
        if let Some(explanation) = &self.explanation {
            text.push_str(&format!("\n{explanation}"));
        }
        if self.variant.open.is_empty() {
            return text;
        }
        let open = self.variant.open.iter();
        let open: Vec<String> = open
            .map(|(name, value)| format!("${name}: {value}"))
            .collect();
        format!("{comment} {}\n{text}", open.join(", "))
    }
}

/// Why there is no plan, with a line for what each subgraph lacks.
fn unplannable(error: planner::Error) -> anyhow::Error {
    match error {
        planner::Error::Unreachable {
            coordinate,
            path,
            tried,
        } => {
            let lines = tried.iter().map(|tried| format!("\n  {tried}"));
            let lines: String = lines.collect();
            anyhow::anyhow!("no subgraph can resolve `{coordinate}` at `{path}`{lines}")
        }
        error => error.into(),
    }
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
