//! A router as a process of its own: what it logs, measures and traces belongs to the process.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

type Log = Arc<(Mutex<Lines>, Condvar)>;

#[derive(Default)]
struct Lines {
    lines: Vec<String>,
    ended: bool,
}

/// A line that is not there by then does not come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running `graphway serve`. It is killed when it is dropped.
pub struct Process {
    pub address: SocketAddr,
    child: Child,
    log: Log,
    directory: PathBuf,
}

impl Process {
    /// Starts `graphway serve` with this configuration over this supergraph, on a free port.
    pub fn start(config: &str, supergraph: &str) -> Self {
        Self::run(config, supergraph, |_| {})
    }

    /// The same, trusting this certificate alone.
    pub fn trusting(certificate: &Path, config: &str, supergraph: &str) -> Self {
        Self::run(config, supergraph, |command| {
            command.env("SSL_CERT_FILE", certificate);
            command.env_remove("SSL_CERT_DIR");
        })
    }

    /// The same, with the supergraph that the configuration names.
    pub fn configured(config: &str) -> Self {
        Self::spawn(folder(config), |_| {})
    }

    /// Starts it again where it was, after it has stopped.
    pub fn again(mut self) -> Self {
        Self::spawn(std::mem::take(&mut self.directory), |_| {})
    }

    fn run(config: &str, supergraph: &str, adjust: impl FnOnce(&mut Command)) -> Self {
        let directory = folder(config);
        fs::write(directory.join("supergraph.graphql"), supergraph).unwrap();
        Self::spawn(directory, |command| {
            command.args(["--supergraph", "supergraph.graphql"]);
            adjust(command);
        })
    }

    fn spawn(directory: PathBuf, adjust: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_graphway"));
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--workers", "1"])
            .current_dir(&directory)
            .env_remove("GRAPHWAY_LOG")
            .stdout(Stdio::piped());
        adjust(&mut command);
        let mut child = command.spawn().unwrap();
        let log = Log::default();
        let (written, stdout) = (Arc::clone(&log), child.stdout.take().unwrap());
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                written.0.lock().unwrap().lines.push(line);
                written.1.notify_all();
            }
            written.0.lock().unwrap().ended = true;
            written.1.notify_all();
        });
        let mut process = Self {
            address: ([127, 0, 0, 1], 0).into(),
            child,
            log,
            directory,
        };
        let line = process.wait_for_line(|line| line.contains("serving http"));
        let (_, address) = line.split_once("://").unwrap();
        process.address = address.split('/').next().unwrap().parse().unwrap();
        process
    }

    /// Writes a file beside the configuration, or the configuration anew.
    pub fn write(&self, file: &str, text: &str) {
        fs::write(self.directory.join(file), text).unwrap();
    }

    /// A file beside the configuration.
    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.directory.join(file)).unwrap()
    }

    /// The address that the log gives after these words.
    pub fn address_after(&self, words: &str) -> SocketAddr {
        let line = self.wait_for_line(|line| line.contains(words));
        let (_, rest) = line.split_once(words).unwrap();
        rest.split('/').next().unwrap().parse().unwrap()
    }

    /// The first line of the log like this, as soon as it is there.
    pub fn wait_for_line(&self, is_it: impl Fn(&str) -> bool) -> String {
        let (lines, changed) = &*self.log;
        let find = |log: &Lines| log.lines.iter().find(|line| is_it(line)).cloned();
        let (log, _) = changed
            .wait_timeout_while(lines.lock().unwrap(), PATIENCE, |log| {
                find(log).is_none() && !log.ended
            })
            .unwrap();
        find(&log).unwrap_or_else(|| panic!("no such line in\n{}", log.lines.join("\n")))
    }

    /// Waits until there are so many lines like this.
    pub fn wait_for_lines(&self, count: usize, is_it: impl Fn(&str) -> bool) {
        let (lines, changed) = &*self.log;
        let enough = |log: &Lines| log.lines.iter().filter(|line| is_it(line)).count() >= count;
        let (log, _) = changed
            .wait_timeout_while(lines.lock().unwrap(), PATIENCE, |log| {
                !enough(log) && !log.ended
            })
            .unwrap();
        assert!(enough(&log), "too few in\n{}", log.lines.join("\n"));
    }

    /// The most memory that it has held so far, in KiB.
    pub fn peak_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.unwrap().trim().trim_end_matches(" kB");
        peak.parse().unwrap()
    }

    /// How long its threads have run so far, which other processes do not change much.
    pub fn cpu_time(&self) -> Duration {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let nanos = tasks.map(|task| {
            let text = fs::read_to_string(task.unwrap().path().join("schedstat"));
            let text = text.unwrap_or_default();
            text.split(' ').next().unwrap().parse().unwrap_or(0)
        });
        Duration::from_nanos(nanos.sum())
    }

    /// Asks it to stop as an operator does, and waits; everything it has logged.
    pub fn stop(&mut self) -> Vec<String> {
        let killed = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        assert!(killed.unwrap().success());
        assert!(self.child.wait().unwrap().success());
        let (lines, changed) = &*self.log;
        let log = changed.wait_while(lines.lock().unwrap(), |log| !log.ended);
        log.unwrap().lines.clone()
    }
}

/// A folder of its own, with this configuration.
fn folder(config: &str) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("graphway-process-{}-{count}", std::process::id());
    let directory = std::env::temp_dir().join(name);
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("router.yaml"), config).unwrap();
    directory
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already where a test has stopped it.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}
