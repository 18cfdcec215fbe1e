//! The path of a request in its one form: what routes are matched with is what upstreams get.
//!
//! Servers disagree about dots, encoded slashes and empty segments. A path that two of them could read as two different
//! places is refused, so that no rule here can be passed by under another spelling of the same place; a path that is
//! only spelled oddly is respelled (RFC 3986 section 6.2.2).

use std::borrow::Cow;

/// A path that means one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path<'a>(Cow<'a, str>);

impl<'a> Path<'a> {
    /// Reads the path of a URL; or says what is wrong with it, beginning with a verb.
    pub(super) fn parse(written: &'a str) -> Result<Self, &'static str> {
        if !written.starts_with('/') {
            return Err("does not begin with a slash");
        }
        let path = respelled(written)?;
        // The one before the first slash is empty, and so is the last one of a path that ends with a slash.
        let mut segments = path.split('/').skip(1).peekable();
        while let Some(segment) = segments.next() {
            // Some servers take parameters off a segment before they look at it, or after they have decoded it.
            let name = segment.split(';').next().unwrap_or_default();
            let name = name.split("%3B").next().unwrap_or_default();
            if name.is_empty() && (!segment.is_empty() || segments.peek().is_some()) {
                return Err("has an empty segment");
            }
            if matches!(name, "." | "..") {
                return Err("has a segment of dots");
            }
        }
        Ok(Self(path))
    }

    /// The text.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The path with unreserved characters decoded, and the digits of other encodings in upper case.
fn respelled(written: &str) -> Result<Cow<'_, str>, &'static str> {
    if written.bytes().any(is_ambiguous) {
        return Err("has a character that must be encoded");
    }
    if !written.contains('%') {
        return Ok(Cow::Borrowed(written));
    }
    let mut path = String::with_capacity(written.len());
    let mut rest = written;
    while let Some((before, after)) = rest.split_once('%') {
        path.push_str(before);
        let digits = after.get(..2);
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let digits = digits.ok_or("has a percent sign without two hexadecimal digits")?;
        let byte = u8::from_str_radix(digits, 16).map_err(|_| "is malformed")?;
        match byte {
            b'/' | b'\\' => return Err("has an encoded slash"),
            0..=0x1f | 0x7f => return Err("has an encoded control character"),
            b'-' | b'.' | b'_' | b'~' => path.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => path.push(char::from(byte)),
            _ => {
                path.push('%');
                path.push_str(&digits.to_ascii_uppercase());
            }
        }
        rest = &after[2..];
    }
    path.push_str(rest);
    let decoded = percent_encoding::percent_decode_str(&path).decode_utf8();
    decoded
        .map(|_| ())
        .map_err(|_| "is not UTF-8 when it is decoded")?;
    Ok(Cow::Owned(path))
}

/// Whether servers disagree about a byte that is not encoded.
fn is_ambiguous(byte: u8) -> bool {
    byte == b'\\' || !byte.is_ascii_graphic()
}
