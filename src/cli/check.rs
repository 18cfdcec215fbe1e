//! `graphway check`.

use super::failure::located;
use super::sources::{Loaded, Sources, read_sdl};
use crate::{
    config::Config,
    gateway::{self, Finding, Gateway, StartError},
};
use clap::Args;
use std::{path::PathBuf, process::ExitCode};

/// Check that configuration and supergraph fit together.
///
/// Finds what `serve` only warns of or cannot know: names of subgraphs that do not exist, timeouts that cannot be
/// reached, header rules without effect. Keys of Apollo Router that have no effect yet are named, but are no error.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  graphway check
  graphway check --config production.yaml --supergraph supergraph.graphql

Exit codes: 0 nothing is wrong, 1 something is, 2 a file cannot be read.")]
pub(super) struct Check {
    /// The configuration. Without it ./router.yaml is read, if there is one.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// The supergraph SDL, instead of `supergraph.source` in the configuration.
    #[arg(short, long, value_name = "FILE")]
    supergraph: Option<PathBuf>,
}

impl Check {
    /// Prints what is wrong.
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let sources = Sources {
            config: self.config,
            supergraph: self.supergraph,
            read_supergraph: read_sdl,
            remote: Default::default(),
            had_settings: Default::default(),
            adjust: Box::new(|_| {}),
        };
        let Loaded {
            config,
            warnings,
            outline,
            supergraph,
            ..
        } = sources.read_once()?;
        for warning in warnings {
            say(&format!("warning: {warning}"));
        }
        let gateway = config.gateway();
        for Finding { key, message } in gateway::unprotected(&gateway.authorization, &supergraph) {
            let message = format!("`{}`: {message}", key.join("."));
            say(&format!("warning: {}", outline.error(&key, message)));
        }
        for undecided in gateway::undecided_labels(&gateway.override_labels, &supergraph) {
            say(&format!("warning: {undecided}"));
        }
        let mut findings = gateway::check(&gateway, &supergraph);
        findings.extend(between_listeners(&config));
        let mut complaints: Vec<String> = findings
            .into_iter()
            .map(|Finding { key, message }| {
                let message = format!("`{}`: {message}", key.join("."));
                outline.error(&key, message).to_string()
            })
            .collect();
        let subgraphs = supergraph.subgraphs().len();
        match Gateway::start(&gateway, supergraph) {
            Ok(_) => {}
            Err(StartError::Snapshot(error)) => {
                complaints.push(located(&outline, error).to_string());
            }
            Err(error) => complaints.push(error.to_string()),
        }
        for complaint in &complaints {
            say(&format!("error: {complaint}"));
        }
        if complaints.is_empty() {
            say(&format!(
                "the configuration and the supergraph of {subgraphs} subgraphs fit together"
            ));
            return Ok(ExitCode::SUCCESS);
        }
        Ok(ExitCode::from(1))
    }
}

/// What is served at one place and would hide something else there.
fn between_listeners(config: &Config) -> Vec<Finding> {
    let health = &config.health_check;
    let finding = |key: &str, message: &str| Finding {
        key: vec!["health_check".to_owned(), key.to_owned()],
        message: message.to_owned(),
    };
    match health.listen {
        _ if !health.enabled => Vec::new(),
        Some(listen) if listen == config.supergraph.listen => {
            vec![finding("listen", "`supergraph.listen` has this address")]
        }
        None if health.path == config.supergraph.path => {
            vec![finding("path", "`supergraph.path` is hidden by it")]
        }
        _ => Vec::new(),
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the command line speaks on the terminal"
)]
fn say(text: &str) {
    eprintln!("{text}");
}
