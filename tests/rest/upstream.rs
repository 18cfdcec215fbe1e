//! An upstream that does with its connections whatever a test says.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// A running upstream.
pub struct Upstream {
    pub address: SocketAddr,
    /// The heads of the requests it got, if it is one that reads them.
    heads: Arc<Mutex<Vec<String>>>,
}

/// One connection to it.
pub struct Connection {
    pub stream: BufReader<TcpStream>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Upstream {
    /// Each connection is served by `serve`, on a thread of its own, and ends when it returns.
    pub fn start(serve: impl Fn(Connection) + Send + Sync + 'static) -> Self {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), serve)
    }

    /// The same at this address.
    pub fn start_at(
        address: SocketAddr,
        serve: impl Fn(Connection) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let (serve, heads) = (Arc::new(serve), Arc::<Mutex<Vec<String>>>::default());
        let all = Arc::clone(&heads);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (serve, heads) = (Arc::clone(&serve), Arc::clone(&heads));
                let stream = BufReader::new(stream.unwrap());
                thread::spawn(move || serve(Connection { stream, heads }));
            }
        });
        Self {
            address,
            heads: all,
        }
    }

    /// Each request gets the same answer, as it is; a body is read by its `Content-Length`.
    pub fn answering(answer: &str) -> Self {
        let answer = answer.to_owned();
        Self::start(move |mut connection| {
            while let Some(head) = connection.head() {
                connection.body(length(&head));
                connection.send(answer.as_bytes());
            }
        })
    }

    /// Each request is answered with this text.
    pub fn saying(text: &str) -> Self {
        Self::answering(&format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}",
            text.len()
        ))
    }

    /// The heads of the requests it got.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

impl Connection {
    /// The head of the next request, with its empty line; none when the connection has ended.
    pub fn head(&mut self) -> Option<String> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.stream.read_line(&mut head).unwrap_or(0) == 0 {
                return None;
            }
        }
        self.heads.lock().unwrap().push(head.clone());
        Some(head)
    }

    /// So many bytes of a body.
    pub fn body(&mut self, length: usize) -> Vec<u8> {
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        body
    }

    /// Sends bytes to a router that may have gone.
    pub fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.get_mut().write_all(bytes).is_ok()
    }

    /// Waits until the router ends the connection.
    pub fn wait_for_end(&mut self) {
        let mut rest = Vec::new();
        // A reset is an end, too.
        let _ = self.stream.read_to_end(&mut rest);
    }
}

/// The length that a head says its body has.
pub fn length(head: &str) -> usize {
    let mut lines = head.lines();
    let length = lines.find_map(|line| line.strip_prefix("content-length: "));
    length.map_or(0, |length| length.parse().unwrap())
}
