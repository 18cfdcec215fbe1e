//! HTTP/1.1 messages as text, read and written by hand: the tests must not share their HTTP with what they test.

use std::io::{self, BufRead, Read};

/// A request or a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The request line or the status line.
    pub start: String,
    /// Names in lower case, in order.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Message {
    /// Reads a message off a connection. None: the connection ended before it.
    pub fn read(stream: &mut impl BufRead) -> io::Result<Option<Self>> {
        let start = line(stream)?;
        if start.is_empty() {
            return Ok(None);
        }
        let mut headers = Vec::new();
        loop {
            let line = line(stream)?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut message = Self {
            start,
            headers,
            body: Vec::new(),
        };
        let length = message
            .header("content-length")
            .map_or(0, |length| length.parse().unwrap());
        message.body.resize(length, 0);
        stream.read_exact(&mut message.body)?;
        Ok(Some(message))
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(header, _)| header == name)
            .map(|(_, value)| value.as_str())
    }

    /// The message as a page shows it: start line, the headers that are not `noise`, the body, JSON indented.
    pub fn text(&self, noise: &[&str]) -> String {
        let mut text = format!("{}\n", self.start);
        for (name, value) in &self.headers {
            if !noise.contains(&name.as_str()) {
                text.push_str(&format!("{name}: {value}\n"));
            }
        }
        if !self.body.is_empty() {
            text.push('\n');
            text.push_str(&pretty(&self.body));
            text.push('\n');
        }
        text
    }
}

/// JSON indented; other text as it is.
pub fn pretty(body: &[u8]) -> String {
    match serde_json::from_slice::<serde_json::Value>(body) {
        Ok(value) => serde_json::to_string_pretty(&value).unwrap(),
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    }
}

fn line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    // A head that never ends must not be read for ever.
    stream.take(1 << 20).read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
