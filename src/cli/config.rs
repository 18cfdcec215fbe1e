//! `graphway config`.

use anyhow::Context;
use clap::{Args, Subcommand};
use std::{
    io::{ErrorKind, Write, stdout},
    process::ExitCode,
};

/// About the configuration file.
#[derive(Debug, Args)]
pub(super) struct Command {
    #[command(subcommand)]
    about: About,
}

#[derive(Debug, Subcommand)]
enum About {
    /// Print the JSON Schema of router.yaml, for editors.
    #[command(after_help = "\
Examples:
  graphway config schema > router.schema.json

Then begin router.yaml with:
  # yaml-language-server: $schema=router.schema.json")]
    Schema,
}

impl Command {
    /// Prints what is asked for.
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let About::Schema = self.about;
        let schema = format!("{:#}\n", crate::config::schema());
        match stdout().write_all(schema.as_bytes()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(error).context("cannot print the schema")
            }
            _ => Ok(ExitCode::SUCCESS),
        }
    }
}
