//! A Redis that a test tells how to fare. It knows no scripts: whatever it is asked to run counts what comes for a key.

use ring::digest;
use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// How it fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// It lets in so many for each key, and never more.
    Counting(i64),
    /// It says this to every script, whatever it was asked.
    Saying(&'static str),
    /// It answers everything but scripts.
    Undecided,
    /// It takes what comes and answers nothing.
    Silent,
    /// It ends the connection instead of an answer.
    Breaking,
}

struct State {
    mood: Mood,
    is_loaded: bool,
    used: HashMap<String, i64>,
    /// The commands that came, by their names.
    seen: Vec<String>,
    /// Names of keys that came.
    keys: Vec<String>,
}

/// One on a free port.
pub struct FakeRedis {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl FakeRedis {
    /// Starts one.
    pub fn start(mood: Mood) -> Self {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), mood)
    }

    /// Starts one at this address.
    pub fn start_at(address: SocketAddr, mood: Mood) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let state = State {
            mood,
            is_loaded: false,
            used: HashMap::new(),
            seen: Vec::new(),
            keys: Vec::new(),
        };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        // The threads end with the test process.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || serve(&shared, stream.unwrap()));
            }
        });
        Self { address, state }
    }

    /// From now on.
    pub fn fares(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    /// It knows no script any more, as after a restart.
    pub fn forget_scripts(&self) {
        self.state.lock().unwrap().is_loaded = false;
    }

    /// How many commands of this name have come.
    pub fn asked(&self, command: &str) -> usize {
        let state = self.state.lock().unwrap();
        state.seen.iter().filter(|seen| *seen == command).count()
    }

    /// The keys that came, each once, in order.
    pub fn keys(&self) -> Vec<String> {
        let mut keys = self.state.lock().unwrap().keys.clone();
        keys.sort();
        keys.dedup();
        keys
    }
}

fn serve(shared: &Mutex<State>, stream: TcpStream) {
    let mut writer = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    while let Some(command) = read(&mut reader) {
        let Some(answer) = shared.lock().unwrap().answer(&command) else {
            return;
        };
        if writer.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// The next command, as its words.
fn read(reader: &mut BufReader<TcpStream>) -> Option<Vec<String>> {
    let number = |kind: char, reader: &mut BufReader<TcpStream>| {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        line.trim_end().strip_prefix(kind)?.parse::<usize>().ok()
    };
    let words = number('*', reader)?;
    let mut command = Vec::new();
    for _ in 0..words {
        let length = number('$', reader)?;
        let mut word = vec![0; length + 2];
        reader.read_exact(&mut word).ok()?;
        word.truncate(length);
        command.push(String::from_utf8(word).unwrap());
    }
    Some(command)
}

impl State {
    fn answer(&mut self, command: &[String]) -> Option<String> {
        let name = command[0].to_uppercase();
        self.seen.push(name.clone());
        match (name.as_str(), self.mood) {
            (_, Mood::Silent) => Some(String::new()),
            ("PING", _) => Some("+PONG\r\n".to_owned()),
            ("SCRIPT", _) => {
                self.is_loaded = true;
                let algorithm = &digest::SHA1_FOR_LEGACY_USE_ONLY;
                let digest = digest::digest(algorithm, command[2].as_bytes());
                let digest = digest.as_ref().iter();
                let hex: String = digest.map(|byte| format!("{byte:02x}")).collect();
                Some(format!("${}\r\n{hex}\r\n", hex.len()))
            }
            ("EVALSHA", _) if !self.is_loaded => {
                Some("-NOSCRIPT No matching script. Please use EVAL.\r\n".to_owned())
            }
            ("EVALSHA", Mood::Breaking) => None,
            ("EVALSHA", Mood::Undecided) => Some(String::new()),
            ("EVALSHA", Mood::Saying(words)) => Some(words.to_owned()),
            ("EVALSHA", Mood::Counting(most)) => Some(self.decide(&command[2..], most)),
            _ => Some("+OK\r\n".to_owned()),
        }
    }

    fn decide(&mut self, arguments: &[String], most: i64) -> String {
        let keys: usize = arguments[0].parse().unwrap();
        let keys = &arguments[1..=keys];
        self.keys.extend(keys.iter().cloned());
        let is_admitted = keys
            .iter()
            .all(|key| *self.used.entry(key.clone()).or_default() < most);
        let mut answer = format!("*{}\r\n", 3 * keys.len());
        for key in keys {
            let used = self.used.entry(key.clone()).or_default();
            *used += i64::from(is_admitted);
            let (admitted, left) = (i64::from(is_admitted), most - *used);
            answer.push_str(&format!(":{admitted}\r\n:{left}\r\n:5000000\r\n"));
        }
        answer
    }
}
