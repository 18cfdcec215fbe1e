//! The corpus of `corpus.txt`: what it says, and how it is played. Of the standard library alone, for `benches/gate` plays
//! it against other gateways.

use std::{
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// Bytes that a client sends, and what becomes of them.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: String,
    pub bytes: Vec<u8>,
    pub expected: Outcome,
}

/// What a gateway makes of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The statuses of its answers.
    pub statuses: Vec<u16>,
    /// How many whole requests the upstream got.
    pub passed: usize,
}

/// Reads the corpus.
pub fn read(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("## ") {
            cases.push(Case {
                name: name.to_owned(),
                bytes: Vec::new(),
                expected: Outcome {
                    statuses: Vec::new(),
                    passed: 0,
                },
            });
        } else if let (Some(expected), Some(case)) = (line.strip_prefix("= "), cases.last_mut()) {
            let (statuses, passed) = expected.split_once(" > ").expect("what is passed");
            let statuses = statuses.split(' ').filter(|status| *status != "-");
            case.expected = Outcome {
                statuses: statuses.map(|status| status.parse().unwrap()).collect(),
                passed: passed.parse().unwrap(),
            };
        } else if let Some(case) = cases.last_mut() {
            unescape(line, &mut case.bytes);
        }
    }
    cases
}

fn unescape(line: &str, bytes: &mut Vec<u8>) {
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        bytes.push(match characters.next().expect("an escape") {
            'r' => b'\r',
            'n' => b'\n',
            't' => b'\t',
            '0' => 0,
            '\\' => b'\\',
            'x' => {
                let digits: String = characters.by_ref().take(2).collect();
                u8::from_str_radix(&digits, 16).expect("two digits")
            }
            other => panic!("\\{other}"),
        });
    }
}

/// Plays a case against the gateway at this address, which passes on to this upstream. An end is awaited for `patience`.
pub fn play(case: &Case, gateway: SocketAddr, upstream: &Counting, patience: Duration) -> Outcome {
    let before = upstream.count();
    let mut stream = TcpStream::connect(gateway).unwrap();
    stream.set_read_timeout(Some(patience)).unwrap();
    // It may have closed after half of it.
    let _ = stream.write_all(&case.bytes);
    let mut got = Vec::new();
    if let Err(error) = stream.read_to_end(&mut got) {
        assert_ne!(error.kind(), ErrorKind::Unsupported);
    }
    Outcome {
        statuses: statuses(&got),
        passed: upstream.count() - before,
    }
}

/// The statuses of answers. Bodies are skipped by what the heads say, so that none is taken for an answer.
fn statuses(mut got: &[u8]) -> Vec<u16> {
    let mut statuses = Vec::new();
    while let Some(rest) = got.strip_prefix(b"HTTP/1.") {
        let status = std::str::from_utf8(&rest[2..5]).unwrap();
        let end = got.windows(4).position(|four| four == b"\r\n\r\n");
        let head = String::from_utf8_lossy(&got[..end.unwrap_or(got.len())]).to_ascii_lowercase();
        got = &got[end.map_or(got.len(), |end| end + 4)..];
        if status != "100" {
            statuses.push(status.parse().unwrap());
        }
        if let Some(length) = header(&head, "content-length") {
            got = &got[length.parse::<usize>().unwrap().min(got.len())..];
        } else if header(&head, "transfer-encoding").is_some() {
            let end = got.windows(5).position(|five| five == b"0\r\n\r\n");
            got = &got[end.map_or(got.len(), |end| end + 5)..];
        }
    }
    statuses
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines
        .find(|(header, _)| *header == name)
        .map(|(_, value)| value.trim())
}

/// An upstream that answers 200 and counts the requests that it got to their end. It reads them as anybody would: what
/// comes here has been through a gateway.
pub struct Counting {
    pub address: SocketAddr,
    whole: Arc<AtomicUsize>,
}

impl Counting {
    /// Listens on this address.
    pub fn start(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let whole = Arc::<AtomicUsize>::default();
        let counting = Self {
            address: listener.local_addr().unwrap(),
            whole: Arc::clone(&whole),
        };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let whole = Arc::clone(&whole);
                thread::spawn(move || {
                    let mut stream = BufReader::new(stream);
                    while request(&mut stream).is_some() {
                        whole.fetch_add(1, Ordering::SeqCst);
                        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                        if stream.get_mut().write_all(answer).is_err() {
                            break;
                        }
                    }
                });
            }
        });
        counting
    }

    /// How many there have been.
    pub fn count(&self) -> usize {
        self.whole.load(Ordering::SeqCst)
    }
}

/// Reads a request to its end. None: it broke off.
fn request(stream: &mut BufReader<TcpStream>) -> Option<()> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && !head.ends_with("\n\n") {
        line(stream, &mut head)?;
    }
    let head = head.to_ascii_lowercase();
    if header(&head, "transfer-encoding").is_some() {
        loop {
            let mut size = String::new();
            line(stream, &mut size)?;
            let digits = size.trim().split(';').next()?.trim();
            let size = usize::from_str_radix(digits, 16).ok()?;
            if size == 0 {
                loop {
                    let mut trailer = String::new();
                    line(stream, &mut trailer)?;
                    if trailer.trim_end_matches(['\r', '\n']).is_empty() {
                        return Some(());
                    }
                }
            }
            skip(stream, size + 2)?;
        }
    }
    match header(&head, "content-length") {
        Some(length) => skip(stream, length.parse().ok()?),
        None => Some(()),
    }
}

fn line(stream: &mut BufReader<TcpStream>, text: &mut String) -> Option<()> {
    (stream.read_line(text).ok()? > 0).then_some(())
}

fn skip(stream: &mut BufReader<TcpStream>, length: usize) -> Option<()> {
    let mut rest = vec![0; length];
    stream.read_exact(&mut rest).ok()
}
