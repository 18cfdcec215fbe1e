//! A router under test: the command that starts it, the process while it runs.

use crate::load::{Connection, Target};
use crate::process;
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use serde_json::Value;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::time::{Duration, Instant};

/// How long a router may take to answer for the first time.
const PATIENCE: Duration = Duration::from_secs(30);

/// `NAME=COMMAND`, where `{supergraph}` and `{port}` in the command are replaced.
#[derive(Clone)]
pub(crate) struct Router {
    pub(crate) name: String,
    pub(crate) command: String,
}

impl FromStr for Router {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, command) = text.split_once('=').ok_or("NAME=COMMAND is expected")?;
        if !command.contains("{port}") {
            return Err(format!("the command of {name} has no {{port}}"));
        }
        Ok(Self {
            name: name.to_owned(),
            command: command.to_owned(),
        })
    }
}

/// Where it runs, and over what.
pub(crate) struct Place<'a> {
    pub(crate) cpu: usize,
    pub(crate) port: u16,
    pub(crate) supergraph: &'a Path,
    /// Where what it prints is kept.
    pub(crate) work: &'a Path,
}

/// A router that runs. It ends with this value.
pub(crate) struct Running {
    child: Child,
    log: PathBuf,
}

impl Router {
    pub(crate) fn start(&self, place: &Place<'_>) -> Result<Running> {
        let log = place.work.join("router.log");
        let supergraph = place.supergraph.to_string_lossy();
        let command = self.command.replace("{port}", &place.port.to_string());
        let command = command.replace("{supergraph}", &supergraph);
        let child = Command::new("taskset")
            .args([
                "-c",
                &place.cpu.to_string(),
                "sh",
                "-c",
                &format!("exec {command}"),
            ])
            .stdin(Stdio::null())
            .stdout(File::create(&log)?)
            .stderr(File::options().append(true).open(&log)?)
            .spawn()
            .context("taskset")?;
        Ok(Running { child, log })
    }
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks until there is an answer with data, and returns it.
    pub(crate) async fn ready(&mut self, target: &Target, request: &Bytes) -> Result<Bytes> {
        let start = Instant::now();
        loop {
            let answer = Connection::new(target).post(request).await;
            let says = match answer {
                Ok(answer) => match serde_json::from_slice::<Value>(&answer) {
                    Ok(json) if !json["data"].is_null() => return Ok(answer),
                    _ => String::from_utf8_lossy(&answer[..answer.len().min(300)]).into_owned(),
                },
                Err(error) => format!("{error:#}"),
            };
            let ended = self.child.try_wait()?;
            if ended.is_some() || start.elapsed() > PATIENCE {
                let log = fs::read_to_string(&self.log).unwrap_or_default();
                let tail: Vec<&str> = log.lines().rev().take(15).collect();
                let tail = tail.into_iter().rev().collect::<Vec<_>>().join("\n");
                bail!("no answer: {says}\n{tail}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let all = process::tree(self.child.id())
            .into_iter()
            .map(|pid| pid.to_string());
        let _ = Command::new("kill")
            .arg("-KILL")
            .args(all)
            .stderr(Stdio::null())
            .status();
        let _ = self.child.wait();
    }
}
