//! A client that sends exactly what it is told.

use super::Message;
use std::{
    io::{self, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// Nothing takes this long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// One connection.
pub struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    /// Connects.
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream: BufReader::new(stream),
        }
    }

    /// Sends bytes.
    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    /// Sends bytes to a server that may have stopped reading.
    pub fn try_send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Reads the next response; none when the server has closed the connection.
    pub fn response(&mut self) -> Option<Message> {
        Message::read(&mut self.stream).unwrap()
    }

    /// The same from a server that may have reset the connection.
    pub fn try_response(&mut self) -> Option<Message> {
        Message::read(&mut self.stream).ok().flatten()
    }

    /// Reads until the server closes the connection, whatever it sends before.
    pub fn until_closed(&mut self) {
        // A reset is an end too; only patience running out is not.
        if let Err(error) = self.stream.read_to_end(&mut Vec::new()) {
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{error}");
        }
    }

    /// Sends a request written as in a page: a request line without version, headers, an empty line, the body. `Host`
    /// and `Content-Length` are added unless they are written.
    pub fn request(&mut self, written: &str) -> Message {
        self.send(&wire(written));
        self.response().expect("an answer")
    }
}

/// A written request as it goes over the wire.
pub fn wire(written: &str) -> Vec<u8> {
    let (head, body) = written
        .split_once("\n\n")
        .unwrap_or((written.trim_end(), ""));
    let body = body.trim_end_matches('\n');
    let mut lines = head.lines();
    let mut out = format!("{} HTTP/1.1\r\n", lines.next().unwrap());
    let mut has = (false, false);
    for line in lines {
        let name = line
            .split(':')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        has = (has.0 || name == "host", has.1 || name == "content-length");
        out.push_str(&format!("{line}\r\n"));
    }
    if !has.0 {
        out.push_str("host: router.test\r\n");
    }
    if !has.1 && !body.is_empty() {
        out.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    out.push_str("\r\n");
    out.push_str(body);
    out.into_bytes()
}
