//! The bytes of HTTP/1 connections, whole and in pieces.

use crate::{choices::Choices, mutate};
use graphway::server::{HeadLimits, Scanner};

const GOOD: [&str; 4] = [
    "GET /a?b=c HTTP/1.1\r\nHost: shop.example:80\r\nAccept: */*\r\nCookie: a=b; c=d\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    "PUT http://a/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\n\r\n5\r\nhello\r\nA\r\n0123456789\r\n0\r\nx: y\r\n\r\n",
    "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
];

const WORDS: [&str; 22] = [
    "\r\n",
    "\n",
    "\r",
    "\r\n\r\n",
    " ",
    "\t",
    ":",
    "\0",
    "0",
    "00",
    "F",
    ";x=y",
    ", ",
    "chunked",
    "Content-Length: 3\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Host: b\r\n",
    "HTTP/1.1",
    "#",
    "Upgrade: websocket\r\n",
    "POST",
    "[::1]",
];

/// What a client sends.
pub fn bytes(input: &[u8]) -> Vec<u8> {
    let mut choices = Choices::new(input);
    let mut text = String::new();
    for _ in 0..1 + choices.below(3) {
        text.push_str(choices.pick(&GOOD).copied().unwrap_or_default());
    }
    match choices.chance(80) {
        true => mutate::text(&mut choices, &text, &WORDS).into_bytes(),
        false => text.into_bytes(),
    }
}

/// Feeds pieces of these lengths, over and over, as the server does. What was sound, and the fault.
fn feed(bytes: &[u8], lengths: &[usize]) -> (usize, Option<&'static str>) {
    let mut scanner = Scanner::new(HeadLimits {
        headers_max: 10,
        head_bytes_max: 400,
    });
    let (mut sound, mut end) = (0, 0);
    for length in lengths.iter().cycle() {
        if end == bytes.len() {
            break;
        }
        end = bytes.len().min(end + length.max(&1));
        let (more, outcome) = scanner.scan(&bytes[sound..end]);
        sound += more;
        if let Err(fault) = outcome {
            return (sound, Some(fault.name()));
        }
    }
    (sound, None)
}

/// The verdict does not depend on the pieces that bytes come in.
pub fn run(input: &[u8]) -> Result<bool, String> {
    let bytes = bytes(input);
    let whole = feed(&bytes, &[bytes.len()]);
    let lengths: Vec<usize> = input
        .iter()
        .rev()
        .take(8)
        .map(|byte| usize::from(*byte))
        .collect();
    for lengths in [&lengths[..], &[1], &[2, 7]] {
        if lengths.is_empty() {
            continue;
        }
        let pieces = feed(&bytes, lengths);
        if pieces != whole {
            return Err(format!(
                "whole it is {whole:?}, in pieces of {lengths:?} {pieces:?}"
            ));
        }
    }
    Ok(whole.1.is_none() || whole.0 > 0)
}

pub fn show(input: &[u8]) -> String {
    String::from_utf8_lossy(&bytes(input))
        .escape_debug()
        .to_string()
}
