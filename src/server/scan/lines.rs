//! Lines of a head or of trailers: what ends them, and what a header is.

use super::Fault;

/// How far lines have been read. The text grows at its end; what was looked at is not looked at again, however small
/// the pieces are that it comes in.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lines {
    /// Where the next line begins.
    at: usize,
    /// Up to where there is no line end.
    searched: usize,
}

/// A line, without its end.
pub(super) struct Line<'a> {
    pub(super) text: &'a [u8],
    /// Where it begins.
    pub(super) start: usize,
}

impl Lines {
    /// The next line, if all of it is there. More than `max` bytes are `too_large`.
    pub(super) fn next<'a>(
        &mut self,
        bytes: &'a [u8],
        max: usize,
        too_large: Fault,
    ) -> Result<Option<Line<'a>>, Fault> {
        let Some(length) = memchr::memchr(b'\n', &bytes[self.searched..]) else {
            self.searched = bytes.len();
            return if bytes.len() > max {
                Err(too_large)
            } else {
                Ok(None)
            };
        };
        let (start, end) = (self.at, self.searched + length);
        if end >= max {
            return Err(too_large);
        }
        (self.at, self.searched) = (end + 1, end + 1);
        match bytes[start..end].split_last() {
            Some((b'\r', text)) => Ok(Some(Line { text, start })),
            _ => Err(Fault::LineEnd),
        }
    }

    /// How many bytes have been read.
    pub(super) fn length(self) -> usize {
        self.at
    }
}

/// A header.
pub(super) struct Field<'a> {
    pub(super) name: &'a [u8],
    pub(super) value: &'a [u8],
    /// Where in its line the value begins.
    pub(super) start: usize,
}

/// The header on a line. RFC 9112 section 5: nothing between name and colon, nothing folded.
pub(super) fn field(line: &[u8]) -> Result<Field<'_>, Fault> {
    if matches!(line, [b' ' | b'\t', ..]) {
        return Err(Fault::Folded);
    }
    let name = line.iter().take_while(|byte| is_token(**byte)).count();
    if name == 0 || line.get(name) != Some(&b':') {
        return Err(Fault::HeaderName);
    }
    let (name, value) = (&line[..name], &line[name + 1..]);
    // Without an early end, so that the compiler looks at many bytes at a time.
    let is_bad = value.iter().fold(false, |bad, byte| {
        bad | (*byte < 0x20) & (*byte != b'\t') | (*byte == 0x7f)
    });
    if !is_bad {
        let value = value.trim_ascii_start();
        Ok(Field {
            name,
            value: value.trim_ascii_end(),
            start: line.len() - value.len(),
        })
    } else if value.contains(&b'\r') {
        Err(Fault::LineEnd)
    } else {
        Err(Fault::HeaderValue)
    }
}

/// RFC 9110 section 5.6.2.
pub(super) fn is_token(byte: u8) -> bool {
    const TOKENS: [bool; 256] = {
        let (mut tokens, mut byte) = ([false; 256], 0);
        while byte < 256 {
            #[expect(clippy::cast_possible_truncation, reason = "it is below 256")]
            let character = byte as u8;
            tokens[byte] = character.is_ascii_alphanumeric()
                || matches!(
                    character,
                    b'!' | b'#'
                        | b'$'
                        | b'%'
                        | b'&'
                        | b'\''
                        | b'*'
                        | b'+'
                        | b'-'
                        | b'.'
                        | b'^'
                        | b'_'
                        | b'`'
                        | b'|'
                        | b'~'
                );
            byte += 1;
        }
        tokens
    };
    TOKENS[usize::from(byte)]
}
