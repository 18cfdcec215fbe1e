//! `graphway compose`: a `supergraph.yaml` in, a supergraph SDL out.
//!
//! The rules are `composition`'s; here are its files, sockets and streams.

mod introspect;

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;

use crate::composition::{self, Composition, Diagnostic, Severity, Style, SupergraphConfig};

/// The exit status of a command that was called wrongly, as clap has it.
const USAGE: u8 = 2;

/// Compose subgraphs into a supergraph.
///
/// Prints the supergraph SDL to standard output or writes it to a file; errors and hints go to standard error. The exit
/// status is 0 when it composed, 1 when it did not, 2 when the command was called wrongly.
#[derive(Debug, Clone, clap::Args)]
pub struct Compose {
    /// The file that names the subgraphs, in rover's format.
    #[arg(
        short,
        long,
        value_name = "FILE",
        default_value = "supergraph/supergraph.yaml"
    )]
    pub config: PathBuf,

    /// Where to write the supergraph SDL instead of standard output. Replaced whole, and only when it composed.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Accepted so that scripts written for rover run unchanged.
    #[arg(long, value_name = "accept", hide = true)]
    pub elv2_license: Option<String>,
}

impl Compose {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let mut notes = io::stderr();
        let style = if notes.is_terminal() && std::env::var_os("NO_COLOR").is_none() {
            Style::Ansi
        } else {
            Style::Plain
        };
        let text = match fs::read_to_string(&self.config) {
            Ok(text) => text,
            Err(error) => {
                writeln!(notes, "cannot read {}: {error}", self.config.display())?;
                return Ok(ExitCode::from(USAGE));
            }
        };
        match compose(&self.config, &text)? {
            Ok(composition) => {
                let hints = composition.hints.iter();
                report(
                    &mut notes,
                    hints.filter(|hint| hint.severity > Severity::Debug),
                    style,
                )?;
                self.write(&composition.supergraph)?;
                Ok(ExitCode::SUCCESS)
            }
            Err(errors) => {
                report(&mut notes, &errors, style)?;
                let count = errors.len();
                let plural = if count == 1 { "" } else { "s" };
                writeln!(notes, "{count} error{plural}; nothing was composed")?;
                Ok(ExitCode::FAILURE)
            }
        }
    }

    fn write(&self, supergraph: &str) -> anyhow::Result<()> {
        match &self.output {
            Some(path) => replace(path, supergraph)
                .with_context(|| format!("cannot write {}", path.display())),
            None => io::stdout()
                .write_all(supergraph.as_bytes())
                .context("cannot write to standard output"),
        }
    }
}

/// Composes what `text`, the contents of the `supergraph.yaml` at `config`, names. Blocks until every subgraph that has
/// to be introspected has answered or failed to in time; must not be called from an async task.
///
/// The outer error is this machine's fault, the inner ones are the subgraphs' and the file's.
pub fn compose(config: &Path, text: &str) -> anyhow::Result<Result<Composition, Vec<Diagnostic>>> {
    let config = match SupergraphConfig::parse(config, text, &|name| std::env::var(name).ok()) {
        Ok(config) => config,
        Err(errors) => return Ok(Err(errors)),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start a runtime to introspect with")?;
    let subgraphs = runtime.block_on(composition::read_subgraphs(&config, introspect::sdl));
    Ok(subgraphs.and_then(|subgraphs| composition::compose(&subgraphs)))
}

fn report<'a>(
    notes: &mut impl Write,
    diagnostics: impl IntoIterator<Item = &'a Diagnostic>,
    style: Style,
) -> io::Result<()> {
    for diagnostic in diagnostics {
        writeln!(notes, "{}\n", diagnostic.render(style))?;
    }
    Ok(())
}

/// Writes beside the file and renames over it, so that a router watching it never reads half of it.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path
        .file_name()
        .ok_or_else(|| io::Error::from(io::ErrorKind::IsADirectory))?
        .to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = fs::File::create(&temporary)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // What is left behind is ours; that it cannot be removed is not the error to report.
        let _ = fs::remove_file(&temporary);
    }
    written
}
