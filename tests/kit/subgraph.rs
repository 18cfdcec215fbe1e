//! Subgraphs and upstreams that say what a test has them say.

use super::Message;
use std::{
    io::{BufReader, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
};

/// What a fake subgraph expects, and what it answers.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// As [`Fake`] writes down what it got. None: anything.
    pub expected: Option<String>,
    pub answer: Answer,
}

/// How a fake subgraph answers.
#[derive(Clone, Debug)]
pub enum Answer {
    /// These bytes, as they are.
    Bytes(Vec<u8>),
    /// These bytes, once [`Fake::open`] lets them through.
    Later(Vec<u8>),
    /// What this makes of the request, as [`Fake`] writes it down.
    Made(fn(&str) -> Vec<u8>),
    /// The connection ends after the request.
    Break,
}

/// Headers of every request to a subgraph, which pages leave out.
const NOISE: [&str; 6] = [
    "host",
    "content-length",
    "content-type",
    "accept",
    "accept-encoding",
    "x-request-id",
];

#[derive(Default)]
struct Script {
    open: Vec<Exchange>,
    /// What was asked, in order.
    seen: Vec<String>,
    unexpected: Vec<String>,
    /// The `X-Request-ID` of the last request.
    request_id: Option<String>,
    /// Whether answers for later may go on.
    released: bool,
    /// For each answer, whether there was still somebody to get it.
    awaited: Vec<bool>,
    /// What pages call an upstream whose every header they show.
    shown_as: Option<String>,
}

/// A subgraph on a free port.
pub struct Fake {
    pub address: SocketAddr,
    script: Arc<(Mutex<Script>, Condvar)>,
}

impl Fake {
    /// Starts one with nothing to say.
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let script: Arc<(Mutex<Script>, Condvar)> = Arc::default();
        let shared = Arc::clone(&script);
        // The threads end with the test process; what they wait for is on loopback.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || serve(&shared, stream.unwrap()));
            }
        });
        Self { address, script }
    }

    /// Starts one whose requests are written down with all their headers; its address is written as this host.
    pub fn upstream(host: &str) -> Self {
        let fake = Self::start();
        fake.script.0.lock().unwrap().shown_as = Some(host.to_owned());
        fake
    }

    /// What it should expect from now on, and what it did not expect until now.
    pub fn expect(&self, exchanges: Vec<Exchange>) {
        self.script.0.lock().unwrap().open = exchanges;
    }

    /// Lets answers for later go on.
    pub fn open(&self) {
        self.script.0.lock().unwrap().released = true;
        self.script.1.notify_all();
    }

    /// Waits until so many requests have come.
    pub fn wait_for_requests(&self, count: usize) {
        let seen = self.script.0.lock().unwrap();
        let waited = self
            .script
            .1
            .wait_while(seen, |script| script.seen.len() < count);
        drop(waited.unwrap());
    }

    /// How many requests have come.
    pub fn asked(&self) -> usize {
        self.script.0.lock().unwrap().seen.len()
    }

    /// Waits for the first answer to go out; whether there was still somebody to get it.
    pub fn wait_for_answer(&self) -> bool {
        let script = self.script.0.lock().unwrap();
        let waited = self
            .script
            .1
            .wait_while(script, |script| script.awaited.is_empty());
        waited.unwrap().awaited[0]
    }

    /// What was asked since the last time, in order.
    pub fn take_seen(&self) -> Vec<String> {
        std::mem::take(&mut self.script.0.lock().unwrap().seen)
    }

    /// The `X-Request-ID` of the last request, which is left out of what was seen.
    pub fn last_request_id(&self) -> Option<String> {
        self.script.0.lock().unwrap().request_id.clone()
    }

    /// What differed: requests nobody expected, and expected ones that did not come.
    pub fn complaints(&self) -> Vec<String> {
        let mut script = self.script.0.lock().unwrap();
        let mut complaints: Vec<String> = std::mem::take(&mut script.unexpected)
            .into_iter()
            .map(|request| format!("an unexpected request:\n{request}"))
            .collect();
        let missing = std::mem::take(&mut script.open);
        complaints.extend(missing.into_iter().map(|exchange| {
            format!(
                "a request that did not come:\n{}",
                exchange.expected.unwrap_or_default()
            )
        }));
        complaints
    }
}

/// Answers the requests of one connection.
fn serve(script: &(Mutex<Script>, Condvar), stream: TcpStream) {
    let mut stream = BufReader::new(stream);
    let address = stream.get_ref().local_addr().unwrap().to_string();
    while let Ok(Some(request)) = Message::read(&mut stream) {
        let shown_as = script.0.lock().unwrap().shown_as.clone();
        let text = match shown_as {
            Some(host) => request.text(&["x-request-id"]).replace(&address, &host),
            None => request.text(&NOISE),
        };
        script.0.lock().unwrap().request_id = request.header("x-request-id").map(str::to_owned);
        match answer(script, text) {
            Some(bytes) => {
                let awaited = is_open(stream.get_ref());
                script.0.lock().unwrap().awaited.push(awaited);
                script.1.notify_all();
                if stream.get_mut().write_all(&bytes).is_err() {
                    return;
                }
            }
            None => return,
        }
    }
}

/// Whether the other side has not ended the connection.
fn is_open(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let peeked = stream.peek(&mut [0]);
    stream.set_nonblocking(false).unwrap();
    match peeked {
        Ok(bytes) => bytes > 0,
        Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
    }
}

/// The bytes of the answer; none to end the connection.
fn answer((script, changed): &(Mutex<Script>, Condvar), text: String) -> Option<Vec<u8>> {
    let mut script = script.lock().unwrap();
    script.seen.push(text.clone());
    changed.notify_all();
    let fits = |exchange: &Exchange| {
        exchange
            .expected
            .as_ref()
            .is_none_or(|expected| *expected == text)
    };
    let Some(index) = script.open.iter().position(fits) else {
        script.unexpected.push(text);
        return Some(b"HTTP/1.1 500 Unexpected\r\ncontent-length: 0\r\n\r\n".to_vec());
    };
    match script.open.remove(index).answer {
        Answer::Bytes(bytes) => Some(bytes),
        Answer::Made(make) => Some(make(&text)),
        Answer::Break => None,
        Answer::Later(bytes) => {
            let released = changed.wait_while(script, |script| !script.released);
            drop(released.unwrap());
            Some(bytes)
        }
    }
}
