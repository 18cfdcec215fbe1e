//! Plays a page against a router.
//!
//! Blocks, in the order of the page:
//! - `yaml config`: the router's configuration (default: none).
//! - `text supergraph`: the name of a file in `tests/cases/supergraphs`, without its ending (default: `shop`).
//! - `http request`: what the client sends.
//! - `http subgraph NAME`: what subgraph NAME must then be asked, and after it
//! - `http upstream NAME`: the same for an upstream that the configuration has at `http://NAME.test`, with all headers.
//! - `http answer`: its answer as status, headers, body; or the word `hang` or `break`.
//! - `text down`: the name of a subgraph that nothing listens for.
//! - `http response`: what the client must get.
//!
//! A request ends with its response; a page may have several. Several requests before a response come together, and
//! their responses stand in the same order. A `request left` is that of a client who leaves before there is an answer.
//! (Such a page lets plans be seen, by which operations are made known first.) With `UPDATE=1` the subgraph and response blocks are
//! rewritten to what happened.

use super::{Answer, Block, Client, Exchange, Fake, Message, Page, Router, answer_together};
use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Mutex,
};
use tokio::net::TcpSocket;

/// Headers of responses that say nothing about the case.
const NOISE: [&str; 4] = ["age", "date", "content-length", "x-request-id"];

/// Plays the page; what differs, if anything does.
pub fn play(path: &Path) -> Result<(), String> {
    let page = Page::read(path);
    let blocks = page.blocks();
    let setting = Setting::of(&blocks);
    let updating = std::env::var_os("UPDATE").is_some();
    let mut texts: Vec<String> = blocks.iter().map(|block| block.text.clone()).collect();
    let mut complaints = Vec::new();
    let mut first = 0;
    while let Some(length) = length_of_step(&blocks[first..]) {
        let range = first..first + length;
        let step = &blocks[range.clone()];
        let happened = setting.play(step, updating);
        let mut responses = happened.responses.iter();
        for (text, block) in texts[range].iter_mut().zip(step) {
            *text = match block.kind.split_once(' ') {
                Some(("subgraph" | "upstream", name)) if updating => {
                    happened.seen(name).unwrap_or_else(|| block.text.clone())
                }
                _ if block.kind == "response" => {
                    let got = responses.next().expect("a request for each response");
                    if block.text != *got {
                        let expected = &block.text;
                        complaints.push(format!("expected:\n{expected}\ngot:\n{got}"));
                    }
                    got.clone()
                }
                _ => continue,
            };
        }
        assert_eq!(responses.next(), None, "a response for each request");
        complaints.extend(happened.complaints);
        first += length;
    }
    if updating {
        page.write(&texts);
        return Ok(());
    }
    if first == 0 {
        complaints.push("the page has no response".to_owned());
    }
    if complaints.is_empty() {
        Ok(())
    } else {
        Err(format!("{}\n{}", path.display(), complaints.join("\n")))
    }
}

/// How many blocks there are to the end of the next response, or of several in a row.
fn length_of_step(blocks: &[Block]) -> Option<usize> {
    let is_response = |block: &Block| block.kind == "response";
    let first = blocks.iter().position(is_response)?;
    let more = blocks[first..]
        .iter()
        .take_while(|block| is_response(block));
    Some(first + more.count())
}

/// Whether there are requests that come together.
fn come_together(blocks: &[Block]) -> bool {
    let is_request = |block: &Block| block.kind.starts_with("request");
    blocks.windows(2).any(|pair| pair.iter().all(is_request))
}

/// The router of a page and its subgraphs.
struct Setting {
    router: Router,
    subgraphs: BTreeMap<String, Fake>,
}

struct Happened {
    responses: Vec<String>,
    seen: std::cell::RefCell<BTreeMap<String, std::collections::VecDeque<String>>>,
    complaints: Vec<String>,
}

impl Happened {
    /// The next request that this subgraph got.
    fn seen(&self, subgraph: &str) -> Option<String> {
        self.seen.borrow_mut().get_mut(subgraph)?.pop_front()
    }
}

impl Setting {
    fn of(blocks: &[Block]) -> Self {
        let text = |kind: &str| {
            blocks
                .iter()
                .find(|block| block.kind == kind)
                .map(|block| block.text.trim())
        };
        let name = text("supergraph").unwrap_or("shop");
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/supergraphs");
        let mut supergraph =
            std::fs::read_to_string(directory.join(format!("{name}.graphql"))).unwrap();
        let mut config = text("config").unwrap_or("").to_owned();
        let mut subgraphs = BTreeMap::new();
        let mut rest = format!("{supergraph}\n{config}\n");
        while let Some((_, after)) = rest.split_once("http://") {
            let end = after.find(|c: char| !c.is_ascii_alphanumeric() && !"-.:".contains(c));
            let (host, after) = after.split_at(end.unwrap());
            if let Some(name) = host.strip_suffix(".test")
                && !subgraphs.contains_key(name)
            {
                let fake = if supergraph.contains(host) {
                    Fake::start()
                } else {
                    Fake::upstream(host)
                };
                let address = if text("down") == Some(name) {
                    refusing_address()
                } else {
                    fake.address
                };
                supergraph = supergraph.replace(host, &address.to_string());
                config = config.replace(&format!("//{host}"), &format!("//{address}"));
                subgraphs.insert(name.to_owned(), fake);
            }
            rest = after.to_owned();
        }
        if come_together(blocks) {
            config.push_str("\nplugins: { experimental.expose_query_plan: true }\n");
        }
        let router = Router::start(&config, &supergraph);
        Self { router, subgraphs }
    }

    fn play(&self, step: &[Block], updating: bool) -> Happened {
        let mut exchanges: BTreeMap<&str, Vec<Exchange>> = BTreeMap::new();
        let mut asked = step
            .iter()
            .filter_map(|block| match block.kind.split_once(' ') {
                Some(("subgraph" | "upstream", name)) => Some((block, name)),
                _ => None,
            });
        let mut answers = step.iter().filter(|block| block.kind == "answer");
        for (block, name) in &mut asked {
            let answer = answers.next().expect("an answer to each request");
            exchanges.entry(name).or_default().push(Exchange {
                expected: (!updating).then(|| block.text.clone()),
                answer: written(&answer.text),
            });
        }
        for (name, fake) in &self.subgraphs {
            fake.expect(exchanges.remove(name.as_str()).unwrap_or_default());
        }
        assert!(
            exchanges.is_empty(),
            "there is no subgraph {:?}",
            exchanges.keys()
        );
        let responses = self.answer(step);
        let seen = self
            .subgraphs
            .iter()
            .map(|(name, fake)| (name.clone(), fake.take_seen().into()));
        let complaints = self.subgraphs.iter().flat_map(|(name, fake)| {
            let complaints = fake.complaints().into_iter();
            complaints.map(move |complaint| format!("subgraph {name}: {complaint}"))
        });
        Happened {
            responses: responses
                .iter()
                .map(|response| steady(&response.text(&NOISE)))
                .collect(),
            seen: std::cell::RefCell::new(seen.collect()),
            complaints: complaints.collect(),
        }
    }
}

impl Setting {
    fn answer(&self, step: &[Block]) -> Vec<Message> {
        let requests = step.iter().filter_map(|block| match block.kind.as_str() {
            "request" => Some((block.text.as_str(), false)),
            "request left" => Some((block.text.as_str(), true)),
            _ => None,
        });
        match requests.collect::<Vec<_>>().as_slice() {
            [] => panic!("a request"),
            [(only, _)] => vec![Client::connect(self.router.address).request(only)],
            several => answer_together(&self.router.gateway, several),
        }
    }
}

/// The text without what goes on by itself: how long a stored answer stays fresh.
fn steady(text: &str) -> String {
    let mut steady = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("; ttl=") {
        steady.push_str(before);
        steady.push_str("; ttl=…");
        rest = after.trim_start_matches(|c: char| c == '-' || c.is_ascii_digit());
    }
    steady + rest
}

/// An answer as a page writes it.
fn written(text: &str) -> Answer {
    match text.trim() {
        "hang" => return Answer::Later(Vec::new()),
        "break" => return Answer::Break,
        _ => {}
    }
    let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
    let body = body.trim_end_matches('\n');
    let mut bytes = format!("HTTP/1.1 {}\r\n", head.trim_end().replace('\n', "\r\n"));
    bytes.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    Answer::Bytes(bytes.into_bytes())
}

/// An address that refuses connections, and that nobody else gets while the tests run: bound, and not listened at.
pub fn refusing_address() -> SocketAddr {
    static BOUND: Mutex<Vec<TcpSocket>> = Mutex::new(Vec::new());
    let socket = refusing_socket();
    let address = socket.local_addr().unwrap();
    BOUND.lock().unwrap().push(socket);
    address
}

/// The same, until it is dropped.
pub fn refusing_socket() -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    socket
}
