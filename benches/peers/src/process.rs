//! A [`worker`](crate::worker) seen from its parent: asked with a time limit, started again after it died.

use crate::planners::Kind;
use crate::worker::{Reply, Request};
use anyhow::{Context, Result, anyhow, bail};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// How workers are started, and what each may take.
#[derive(Clone, Debug)]
pub struct Limits {
    /// This program: the one with the command `worker`.
    pub program: PathBuf,
    /// For one request, or for loading.
    pub time: Duration,
    /// Address space.
    pub mebibytes: u64,
}

/// What came of asking a worker.
#[derive(Clone, Debug)]
pub enum Outcome {
    Replied(Reply),
    TimedOut(Duration),
    /// How the process ended.
    Died(String),
}

/// A planner with a supergraph, in a process of its own.
pub struct Process {
    kind: Kind,
    supergraph: PathBuf,
    limits: Limits,
    running: Option<Running>,
}

struct Running {
    child: Child,
    requests: ChildStdin,
    replies: Receiver<String>,
}

impl Process {
    /// Nothing runs before the first question.
    pub fn new(kind: Kind, supergraph: &Path, limits: &Limits) -> Self {
        Self {
            kind,
            supergraph: supergraph.to_owned(),
            limits: limits.clone(),
            running: None,
        }
    }

    /// Plans one operation.
    pub fn ask(&mut self, request: &Request) -> Result<Outcome> {
        let mut running = match self.running.take() {
            Some(running) => running,
            None => {
                let mut running = Running::start(self.kind, &self.supergraph, &self.limits)?;
                match running.hear(self.limits.time)? {
                    Outcome::Replied(Reply::Loaded) => running,
                    Outcome::Replied(Reply::Failed { message, .. }) => {
                        running.stop()?;
                        let message = format!("does not load: {message}");
                        return Ok(Outcome::Replied(Reply::Failed {
                            message,
                            nanoseconds: 0,
                        }));
                    }
                    other => return Ok(other),
                }
            }
        };
        let line = serde_json::to_string(request)?;
        // A worker that has died says why when it is heard.
        let _ = writeln!(running.requests, "{line}");
        let outcome = running.hear(self.limits.time)?;
        if matches!(outcome, Outcome::Replied(_)) {
            self.running = Some(running);
        }
        Ok(outcome)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(mut running) = self.running.take() {
            let _ = running.stop();
        }
    }
}

impl Running {
    fn start(kind: Kind, supergraph: &Path, limits: &Limits) -> Result<Self> {
        let kibibytes = limits.mebibytes << 10;
        let mut child = Command::new("sh")
            .arg("-c")
            .arg(format!(r#"ulimit -v {kibibytes}; ulimit -c 0; exec "$@""#))
            .arg("sh")
            .arg(&limits.program)
            .args(["worker", &kind.name().to_lowercase()])
            .arg(supergraph)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start a worker")?;
        let requests = child.stdin.take().ok_or_else(|| anyhow!("no pipe"))?;
        let answers = child.stdout.take().ok_or_else(|| anyhow!("no pipe"))?;
        let (sender, replies) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(answers).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self {
            child,
            requests,
            replies,
        })
    }

    /// The next reply. Whatever else comes of waiting for it, the process has ended then.
    fn hear(&mut self, limit: Duration) -> Result<Outcome> {
        match self.replies.recv_timeout(limit) {
            Ok(line) => match serde_json::from_str(&line) {
                Ok(reply) => Ok(Outcome::Replied(reply)),
                Err(error) => bail!("a worker said {line}: {error}"),
            },
            Err(RecvTimeoutError::Timeout) => {
                self.stop()?;
                Ok(Outcome::TimedOut(limit))
            }
            Err(RecvTimeoutError::Disconnected) => {
                Ok(Outcome::Died(self.child.wait()?.to_string()))
            }
        }
    }

    fn stop(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}
