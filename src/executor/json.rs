//! JSON text, walked by its grammar (RFC 8259) and not decoded: values are pieces of the text.
//!
//! What has been walked over is valid JSON, so that a piece can be copied into another text as it stands. Knows nothing
//! of GraphQL.

use super::numbers::{self, Run};
use std::borrow::Cow;

/// A place in a JSON text. Every method but [`Json::peek`] leaves it behind what it was called for.
#[derive(Clone, Debug)]
pub(super) struct Json<'a> {
    text: &'a str,
    at: usize,
    /// How deep arrays and objects were nested in any value taken since that was reset.
    depth: usize,
}

/// The text is not JSON, from `at` on. Displays as the reason and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{expected} expected at byte {at}")]
pub(super) struct Malformed {
    pub expected: &'static str,
    pub at: usize,
}

type Walked<T = ()> = Result<T, Malformed>;

impl<'a> Json<'a> {
    /// The beginning of a text.
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
        }
    }

    /// How many bytes of the text lie behind.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// As [`Json::since`], without a look at whether these are whole characters.
    #[inline]
    pub(super) fn bytes_since(&self, start: usize) -> &'a [u8] {
        &self.text.as_bytes()[start..self.at]
    }

    /// The text from `start`, a place that was here before, up to here.
    pub(super) fn since(&self, start: usize) -> &'a str {
        &self.text[start..self.at]
    }

    /// Goes back to a place that was here before.
    pub(super) fn back_to(&mut self, at: usize) {
        self.at = at;
    }

    /// The first byte behind white space, 0 at the end of the text. That byte is next.
    #[inline]
    pub(super) fn peek(&mut self) -> u8 {
        match self.text.as_bytes().get(self.at) {
            Some(&byte) if byte > b' ' => byte,
            _ => self.peek_over_space(),
        }
    }

    fn peek_over_space(&mut self) -> u8 {
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(is_space) {
            self.at += 1;
        }
        bytes.get(self.at).copied().unwrap_or(0)
    }

    /// Takes `literal` if it is what comes next, with no white space before it.
    #[inline]
    pub(super) fn takes(&mut self, literal: &[u8]) -> bool {
        let rest = &self.text.as_bytes()[self.at..];
        let is_next = rest.starts_with(literal);
        if is_next {
            self.at += literal.len();
        }
        is_next
    }

    /// Takes `byte`, a piece of punctuation, if it is what comes next.
    #[inline]
    pub(super) fn takes_mark(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == byte;
        self.at += usize::from(is_next);
        is_next
    }

    /// Takes `byte`, a piece of punctuation.
    pub(super) fn mark(&mut self, byte: u8, expected: &'static str) -> Walked {
        match self.takes_mark(byte) {
            true => Ok(()),
            false => Err(self.malformed(expected)),
        }
    }

    /// Takes what separates the items of an array or object, or its end. True: another item comes.
    #[inline]
    pub(super) fn comes_another(&mut self, end: u8) -> Walked<bool> {
        let byte = self.peek();
        if byte == b',' || byte == end {
            self.at += 1;
            return Ok(byte == b',');
        }
        Err(self.malformed("a comma or the end of an array or object"))
    }

    /// Takes a key of an object, and the colon behind it.
    pub(super) fn key(&mut self) -> Walked<Cow<'a, str>> {
        if self.peek() != b'"' {
            return Err(self.malformed("a key"));
        }
        let start = self.at;
        let is_plain = self.string()?;
        let raw = self.since(start);
        self.mark(b':', "a colon")?;
        if is_plain {
            return Ok(Cow::Borrowed(&raw[1..raw.len() - 1]));
        }
        serde_json::from_str(raw)
            .map(Cow::Owned)
            .map_err(|_| Malformed {
                expected: "a key in Unicode",
                at: start,
            })
    }

    /// Takes a value, white space before it included. Returns where it begins.
    pub(super) fn value(&mut self) -> Walked<usize> {
        let first = self.peek();
        let start = self.at;
        match first {
            b'{' | b'[' => self.depth = self.nested()?.max(self.depth),
            _ => self.scalar(first)?,
        }
        Ok(start)
    }

    /// From now on, measures how deep values are.
    pub(super) fn reset_depth(&mut self) {
        self.depth = 0;
    }

    /// How deep arrays and objects were nested in any value taken since the last reset.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// The end of the text.
    pub(super) fn end(&mut self) -> Walked {
        match self.peek() {
            0 if self.at == self.text.len() => Ok(()),
            _ => Err(self.malformed("the end")),
        }
    }

    /// Takes a string, a number, `true`, `false` or `null` that begins here with `first`.
    #[inline]
    pub(super) fn scalar(&mut self, first: u8) -> Walked {
        match first {
            b'"' => self.string().map(|_| ()),
            b'-' | b'0'..=b'9' => self.number().map(|_| ()),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => Err(self.malformed("a value")),
        }
    }

    /// Takes a string that begins here. True: it has no escapes.
    #[inline]
    pub(super) fn string(&mut self) -> Walked<bool> {
        let bytes = self.text.as_bytes();
        let mut at = self.at + 1;
        let mut is_plain = true;
        loop {
            at = skip_plain(bytes, at);
            match bytes.get(at) {
                Some(b'"') => {
                    self.at = at + 1;
                    return Ok(is_plain);
                }
                Some(b'\\') => {
                    is_plain = false;
                    at += escape(&bytes[at..]).ok_or(Malformed {
                        expected: "an escape sequence",
                        at,
                    })?;
                }
                _ => {
                    let expected = "the end of a string";
                    return Err(Malformed { expected, at });
                }
            }
        }
    }

    /// Takes a number that begins here. True: it is written as an integer.
    #[inline]
    pub(super) fn number(&mut self) -> Walked<bool> {
        let bytes = self.text.as_bytes();
        let mut at = self.at + usize::from(bytes[self.at] == b'-');
        at = match bytes.get(at) {
            Some(b'0') => at + 1,
            _ => digits(bytes, at)?,
        };
        let mut is_integer = true;
        if bytes.get(at) == Some(&b'.') {
            is_integer = false;
            at = digits(bytes, at + 1)?;
        }
        if let Some(b'e' | b'E') = bytes.get(at) {
            is_integer = false;
            at += 1;
            at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
            at = digits(bytes, at)?;
        }
        self.at = at;
        Ok(is_integer)
    }

    /// Takes numbers of an array, each with what stands behind it, if they can be seen at a glance: see [`numbers::run`].
    #[inline]
    pub(super) fn numbers(&mut self, small_integers: bool) -> Option<Run> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let run = numbers::run(rest.first_chunk()?, small_integers)?;
        self.at += run.length;
        Some(run)
    }

    fn word(&mut self, word: &'static [u8]) -> Walked {
        match self.takes(word) {
            true => Ok(()),
            false => Err(self.malformed("a value")),
        }
    }

    /// Takes an array or object, without recursion. Returns how deep it is.
    fn nested(&mut self) -> Walked<usize> {
        // By level: the byte that ends it.
        let mut ends: Vec<u8> = Vec::with_capacity(8);
        let mut depth = 1;
        loop {
            let first = self.peek();
            if let b'{' | b'[' = first {
                // In ASCII, `[` and `{` stand two before what ends them.
                let end = first + 2;
                self.at += 1;
                if !self.takes_mark(end) {
                    ends.push(end);
                    depth = depth.max(ends.len());
                    if end == b'}' {
                        self.key_unread()?;
                    }
                    continue;
                }
            } else {
                self.scalar(first)?;
            }
            loop {
                let Some(&end) = ends.last() else {
                    return Ok(depth);
                };
                if self.comes_another(end)? {
                    if end == b'}' {
                        self.key_unread()?;
                    }
                    break;
                }
                ends.pop();
            }
        }
    }

    fn key_unread(&mut self) -> Walked {
        if self.peek() != b'"' {
            return Err(self.malformed("a key"));
        }
        self.string()?;
        self.mark(b':', "a colon")
    }

    pub(super) fn malformed(&self, expected: &'static str) -> Malformed {
        Malformed {
            expected,
            at: self.at,
        }
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The end of the digits that begin at `start`, of which there must be one.
#[inline]
fn digits(bytes: &[u8], start: usize) -> Walked<usize> {
    match digits_end(bytes, start) {
        end if end > start => Ok(end),
        _ => Err(Malformed {
            expected: "a digit",
            at: start,
        }),
    }
}

/// The first place from `at` on that holds no digit, eight bytes at a time.
#[inline]
fn digits_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        // Digits become their values; the high bit of each byte that is more than 9, as long as no lower byte is.
        let values = u64::from_le_bytes(*eight) ^ (ONES * u64::from(b'0'));
        let found = (values.wrapping_add(ONES * 0x76) | values) & HIGH;
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = &bytes[at.min(bytes.len())..];
    at + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// The first place from `at` on that holds a quote, a backslash or a control character, eight bytes at a time.
#[inline]
fn skip_plain(bytes: &[u8], mut at: usize) -> usize {
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*eight);
        // The high bit of each byte that is 0, or less than 0x20, as long as no lower byte is.
        let zero = |word: u64| word.wrapping_sub(ONES) & !word;
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let quote = zero(word ^ (ONES * u64::from(b'"')));
        let backslash = zero(word ^ (ONES * u64::from(b'\\')));
        let found = (control | quote | backslash) & HIGH;
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let is_plain = |byte: &u8| *byte >= 0x20 && *byte != b'"' && *byte != b'\\';
    at + bytes[at.min(bytes.len())..]
        .iter()
        .take_while(|byte| is_plain(byte))
        .count()
}

/// The length of the escape sequence that `bytes` begins with.
fn escape(bytes: &[u8]) -> Option<usize> {
    match bytes.get(1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        b'u' => {
            let digits = bytes.get(2..6)?;
            digits.iter().all(u8::is_ascii_hexdigit).then_some(6)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    /// What we take of a text, if all of it is one value.
    fn walked(text: &str) -> Option<&str> {
        let mut json = Json::new(text);
        let start = json.value().ok()?;
        let value = json.since(start);
        json.end().ok()?;
        Some(value)
    }

    /// Texts that look like JSON, mostly.
    fn texts() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            Just("true".to_owned()),
            any::<f64>().prop_map(|number| format!("{number:e}")),
            any::<i64>().prop_map(|number| number.to_string()),
            "-?[0-9.eE+-]{0,6}",
            r#""[ -~é\\u"]{0,20}""#,
            r#""([a-z ]|\\["\\/bfnrtu]|\\u[0-9a-fA-F]{4}|é|\t){0,12}""#,
        ];
        let tree = leaf.prop_recursive(5, 40, 4, |inner| {
            let item = inner.clone();
            prop_oneof![
                prop::collection::vec(item, 0..4)
                    .prop_map(|items| format!("[{}]", items.join(" ,"))),
                prop::collection::vec(inner, 0..4).prop_map(|items| {
                    let fields: Vec<_> =
                        items.iter().map(|item| format!("\"k\" : {item}")).collect();
                    format!("{{\n{}}}", fields.join(","))
                }),
            ]
        });
        // Now and then a letter is lost, or two places change.
        (tree, any::<prop::sample::Index>(), 0..4u8).prop_map(|(mut text, at, spoil)| {
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            if spoil == 0 && !places.is_empty() {
                text.remove(*at.get(&places));
            }
            text
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn it_takes_what_serde_json_takes(text in texts()) {
            let theirs = serde_json::from_str::<&RawValue>(&text).ok().map(RawValue::get);
            prop_assert_eq!(walked(&text), theirs);
        }
    }

    #[test]
    fn nesting_takes_no_stack() {
        let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let mut json = Json::new(&nested);
        json.value().unwrap();
        assert!(json.depth() >= 99_999);
        assert!(walked(&"[".repeat(100_000)).is_none());
        assert!(walked(&"{\"a\":".repeat(100_000)).is_none());
    }

    #[test]
    fn keys_are_decoded() {
        let mut json = Json::new(r#""a\u0062\n" :"#);
        assert_eq!(json.key().unwrap(), "ab\n");
        assert_eq!(
            Json::new(r#""\ud800":"#).key().unwrap_err().to_string(),
            "a key in Unicode expected at byte 0"
        );
    }
}
