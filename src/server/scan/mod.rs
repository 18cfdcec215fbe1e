//! Where the requests on an HTTP/1 connection begin and end, told from the bytes alone, before hyper sees them.
//!
//! hyper reads what it can make sense of: it drops a length that contradicts the chunks, joins equal lengths, cuts a
//! fragment off, takes a bare LF for a line end. What it hands on no longer shows that, yet a server before or behind us
//! may have made other sense of it, and what is one request here is then two there. So each head, each line that frames
//! a chunk, and the trailers are first read here, by the letter of RFC 9112 and by less than it where servers disagree.
//!
//! A [`Scanner`] is told bytes and says how many of them are sound. It is fed by `wire`; it does no input or output,
//! keeps no bytes, and comes to the same verdict in whatever pieces they arrive.

mod fault;
mod head;
mod lines;
#[cfg(test)]
mod tests;

pub use fault::Fault;
use head::{Follows, Head};
use lines::{Lines, field};

/// Digits of a chunk's size. Leading zeros count: nobody needs them.
const CHUNK_DIGITS_MAX: usize = 15;
/// Bytes of the trailers of one body. hyper ends at twice as many.
const TRAILER_BYTES_MAX: usize = 8 * 1024;

/// How large a head may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub headers_max: usize,
    pub head_bytes_max: usize,
}

/// How far one connection has been read.
#[derive(Debug)]
pub struct Scanner {
    limits: Limits,
    state: State,
}

/// What comes next.
#[derive(Debug)]
enum State {
    Head(Head),
    Body(u64),
    ChunkSize,
    ChunkData(u64),
    ChunkEnd,
    Trailers(Lines, usize),
    /// The client has offered another protocol. What it means by what follows depends on the answer.
    Offered,
}

impl Scanner {
    /// At the beginning of a connection.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: State::Head(Head::default()),
        }
    }

    /// Reads on. `bytes` begin where the last call's sound ones ended. How many of them are sound: whole heads, whole
    /// lines, bodies as far as they are there. Those after them are to come again with more, unless there is a fault.
    pub fn scan(&mut self, bytes: &[u8]) -> (usize, Result<(), Fault>) {
        let mut sound = 0;
        loop {
            match self.step(&bytes[sound..]) {
                Ok(Some(length)) => sound += length,
                Ok(None) => return (sound, Ok(())),
                Err(fault) => return (sound, Err(fault)),
            }
        }
    }

    /// Whether the client has offered another protocol, and nothing can be read before that is answered.
    pub fn is_offered(&self) -> bool {
        matches!(self.state, State::Offered)
    }

    /// Whether the next thing is a head.
    pub fn is_at_head(&self) -> bool {
        matches!(self.state, State::Head(_))
    }

    /// The length of the next piece, if all of it is there.
    fn step(&mut self, bytes: &[u8]) -> Result<Option<usize>, Fault> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let (length, next) = match &mut self.state {
            State::Head(head) => match head.read(bytes, self.limits)? {
                Some((length, follows)) => (length, State::after_head(follows)),
                None => return Ok(None),
            },
            State::Body(left) => match part(*left, bytes) {
                (length, 0) => (length, State::next()),
                (length, left) => (length, State::Body(left)),
            },
            State::ChunkSize => match chunk_size(bytes)? {
                Some((length, 0)) => (length, State::Trailers(Lines::default(), 0)),
                Some((length, size)) => (length, State::ChunkData(size)),
                None => return Ok(None),
            },
            State::ChunkData(left) => match part(*left, bytes) {
                (length, 0) => (length, State::ChunkEnd),
                (length, left) => (length, State::ChunkData(left)),
            },
            State::ChunkEnd => match bytes {
                [b'\r'] => return Ok(None),
                [b'\r', b'\n', ..] => (2, State::ChunkSize),
                _ => return Err(Fault::Chunk),
            },
            State::Trailers(lines, count) => {
                match trailers(bytes, lines, count, self.limits.headers_max)? {
                    Some(length) => (length, State::next()),
                    None => return Ok(None),
                }
            }
            State::Offered => return Ok(None),
        };
        self.state = next;
        Ok(Some(length))
    }
}

impl State {
    fn next() -> Self {
        Self::Head(Head::default())
    }

    fn after_head(follows: Follows) -> Self {
        match follows {
            Follows::Length(0) => Self::next(),
            Follows::Length(length) => Self::Body(length),
            Follows::Chunks => Self::ChunkSize,
            Follows::Offer => Self::Offered,
        }
    }
}

/// How many of the bytes belong to a body of which so many are left, and how many then are.
fn part(left: u64, bytes: &[u8]) -> (usize, u64) {
    let length = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
    (length, left - length as u64)
}

/// The length of the line with a chunk's size, and the size. No extensions: nobody reads them alike, and nobody sends
/// them for good.
fn chunk_size(bytes: &[u8]) -> Result<Option<(usize, u64)>, Fault> {
    let mut size = 0;
    for (at, byte) in bytes.iter().enumerate() {
        match (char::from(*byte).to_digit(16), byte) {
            (Some(digit), _) if at < CHUNK_DIGITS_MAX => size = size * 16 + u64::from(digit),
            (None, b'\r') if at > 0 => {
                return match bytes.get(at + 1) {
                    Some(b'\n') => Ok(Some((at + 2, size))),
                    Some(_) => Err(Fault::Chunk),
                    None => Ok(None),
                };
            }
            _ => return Err(Fault::Chunk),
        }
    }
    Ok(None)
}

/// The length of the trailers with the empty line that ends them. They say nothing of where a message ends.
fn trailers(
    bytes: &[u8],
    lines: &mut Lines,
    count: &mut usize,
    max: usize,
) -> Result<Option<usize>, Fault> {
    while let Some(line) = lines.next(bytes, TRAILER_BYTES_MAX, Fault::Trailer)? {
        if line.text.is_empty() {
            return Ok(Some(lines.length()));
        }
        *count += 1;
        let name = field(line.text)?.name;
        let frames = [&b"content-length"[..], b"transfer-encoding", b"host"]
            .iter()
            .any(|other| name.eq_ignore_ascii_case(other));
        if frames || *count > max {
            return Err(Fault::Trailer);
        }
    }
    Ok(None)
}
