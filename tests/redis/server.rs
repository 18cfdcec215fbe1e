//! A Redis of the test's own.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

/// A running `redis-server`, without anything that lasts. It is killed when it is dropped.
pub struct Server {
    pub port: u16,
    child: Child,
    directory: PathBuf,
}

impl Server {
    /// Starts one on a free port.
    pub fn start() -> Self {
        Self::start_at(free_port())
    }

    /// Starts one on this port.
    pub fn start_at(port: u16) -> Self {
        Self::start_with(port, &["--port", &port.to_string()])
    }

    /// Starts one that speaks TLS alone, to clients that the authority in the file `ca` vouches for.
    pub fn start_tls(ca: &str, certificate: &str, key: &str) -> Self {
        let port = free_port();
        let files = ["--tls-ca-cert-file", ca, "--tls-cert-file", certificate];
        let tls = ["--tls-port", &port.to_string(), "--tls-key-file", key];
        Self::start_with(port, &[&["--port", "0"], &files[..], &tls[..]].concat())
    }

    fn start_with(port: u16, arguments: &[&str]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("graphway-redis-{}-{count}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir_all(&directory).unwrap();
        let mut child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1"])
            .args(arguments)
            .args(["--save", "", "--appendonly", "no"])
            .current_dir(&directory)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("these tests need `redis-server` (Debian: apt-get install redis-server): {error}")
            });
        let log = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut log = log.map_while(Result::ok);
        assert!(
            log.any(|line| line.contains("Ready to accept connections")),
            "redis-server does not start on port {port}"
        );
        // What it says later goes nowhere, but is taken from it.
        std::thread::spawn(move || log.for_each(drop));
        Self {
            port,
            child,
            directory,
        }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// A connection to it.
    pub fn connect(&self) -> redis::Connection {
        let client = redis::Client::open(self.url()).unwrap();
        client.get_connection().unwrap()
    }

    /// Ends it at once, and returns its port.
    pub fn kill(mut self) -> u16 {
        self.end();
        self.port
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn free_port() -> u16 {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    free.local_addr().unwrap().port()
}
