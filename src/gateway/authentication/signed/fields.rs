//! `Signature-Input` and `Signature` (RFC 9421 section 4), read strictly.
//!
//! What is signed is the text of the input as RFC 8941 writes it. Only that text is taken, so that nothing has to be
//! written anew: two spaces where there is one mean another signature.

use crate::gateway::base64;

/// What a signature covers, and what is said of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Input<'a> {
    pub(super) label: &'a str,
    /// Names of fields, and of what is derived (`@method`).
    pub(super) covered: Vec<&'a str>,
    /// All after the label, which is signed too.
    pub(super) text: &'a str,
    pub(super) created: Option<i64>,
    pub(super) expires: Option<i64>,
    pub(super) key_id: Option<String>,
    pub(super) algorithm: Option<String>,
    pub(super) nonce: Option<String>,
}

impl<'a> Input<'a> {
    /// Reads a field with one signature. None: it is malformed, has several, or says what is not understood.
    pub(super) fn read(field: &'a str) -> Option<Self> {
        let mut rest = Reader(field.trim_matches(' '));
        let label = rest.key()?;
        rest.take('=')?;
        let text = rest.0;
        let mut input = Self {
            label,
            covered: rest.components()?,
            text,
            created: None,
            expires: None,
            key_id: None,
            algorithm: None,
            nonce: None,
        };
        let mut seen: Vec<&str> = Vec::new();
        while rest.take(';').is_some() {
            let name = rest.key()?;
            if seen.contains(&name) {
                return None;
            }
            seen.push(name);
            rest.take('=')?;
            match name {
                "created" => input.created = Some(rest.integer()?),
                "expires" => input.expires = Some(rest.integer()?),
                "keyid" => input.key_id = Some(rest.string()?),
                "alg" => input.algorithm = Some(rest.string()?),
                "nonce" => input.nonce = Some(rest.string()?),
                "tag" => drop(rest.string()?),
                _ => return None,
            }
        }
        rest.0.is_empty().then_some(input)
    }
}

/// The signature of this label, if it is the only one.
pub(super) fn signature(field: &str, label: &str) -> Option<Vec<u8>> {
    let mut rest = Reader(field.trim_matches(' '));
    if rest.key()? != label {
        return None;
    }
    rest.take('=')?;
    let encoded = rest.0.strip_prefix(':')?.strip_suffix(':')?;
    base64::decode(encoded.as_bytes())
}

/// How much a signature may cover. What has more is no request that somebody means.
const COMPONENTS_MAX: usize = 64;

/// What is left to read.
struct Reader<'a>(&'a str);

impl<'a> Reader<'a> {
    fn take(&mut self, wanted: char) -> Option<()> {
        self.0 = self.0.strip_prefix(wanted)?;
        Some(())
    }

    /// As much as there is of such letters.
    fn run(&mut self, is_it: impl Fn(u8) -> bool) -> &'a str {
        let end = self.0.bytes().position(|byte| !is_it(byte));
        let (run, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest;
        run
    }

    fn key(&mut self) -> Option<&'a str> {
        let key = self.run(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.*".contains(&byte)
        });
        let begins_well = key.starts_with(|c: char| c.is_ascii_lowercase() || c == '*');
        begins_well.then_some(key)
    }

    fn integer(&mut self) -> Option<i64> {
        let digits = self.run(|byte| byte.is_ascii_digit() || byte == b'-');
        let number: i64 = digits.parse().ok()?;
        // Written in the one way that there is, of 15 digits at most.
        let is_usual =
            number.to_string() == digits && number.unsigned_abs() < 1_000_000_000_000_000;
        is_usual.then_some(number)
    }

    fn string(&mut self) -> Option<String> {
        self.take('"')?;
        let mut text = String::new();
        loop {
            let mut letters = self.0.chars();
            match letters.next()? {
                '"' => {
                    self.0 = letters.as_str();
                    return Some(text);
                }
                '\\' => text.push(letters.next().filter(|letter| "\"\\".contains(*letter))?),
                letter @ ' '..='~' => text.push(letter),
                _ => return None,
            }
            self.0 = letters.as_str();
        }
    }

    /// A list of names in brackets, none of them twice and none with parameters: what those ask for is not understood.
    fn components(&mut self) -> Option<Vec<&'a str>> {
        self.take('(')?;
        let mut components = Vec::new();
        while self.take(')').is_none() {
            if !components.is_empty() {
                self.take(' ')?;
            }
            self.take('"')?;
            let name = self.run(|byte| byte != b'"');
            self.take('"')?;
            let is_name = |byte: u8| {
                byte.is_ascii_lowercase()
                    || byte.is_ascii_digit()
                    || b"@!#$%&'*+-.^_`|~".contains(&byte)
            };
            let is_bad = name.is_empty() || !name.bytes().all(is_name);
            // Looking for a second one takes longer with each.
            if is_bad || components.len() == COMPONENTS_MAX || components.contains(&name) {
                return None;
            }
            components.push(name);
        }
        Some(components)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_input_is_read() {
        let text = r#"("@method" "@path" "x-a");created=1618884473;expires=1618884773;keyid="k\"\\";alg="hmac-sha256";nonce="n";tag="t""#;
        let field = format!("sig-1={text}");
        let input = Input::read(&field).unwrap();
        assert_eq!(
            input,
            Input {
                label: "sig-1",
                covered: vec!["@method", "@path", "x-a"],
                text,
                created: Some(1_618_884_473),
                expires: Some(1_618_884_773),
                key_id: Some("k\"\\".to_owned()),
                algorithm: Some("hmac-sha256".to_owned()),
                nonce: Some("n".to_owned()),
            }
        );
        assert_eq!(Input::read("a=()").unwrap().covered, [""; 0]);
    }

    #[test]
    fn what_could_be_read_otherwise_is_not_read() {
        for bad in [
            "",
            "a",
            "a=",
            "A=()",
            "1=()",
            "a=(",
            "a=(\"x\"",
            "a=(x)",
            "a=(\"X\")",
            "a=(\"x\"  \"y\")",
            "a=( \"x\")",
            "a=(\"x\" )",
            "a=(\"x\"\"y\")",
            "a=(\"x\" \"x\")",
            "a=(\"\")",
            "a=(\"x\";sf)",
            "a=(\"@query-param\";name=\"b\")",
            "a=();created",
            "a=();created=01",
            "a=();created=1.5",
            "a=();created=+1",
            "a=();created=1;created=2",
            "a=();created=1000000000000000",
            "a=();created=99999999999999999999",
            "a=();keyid=k",
            "a=();keyid=\"k",
            "a=();keyid=\"\\k\"",
            "a=(); created=1",
            "a=();later=1",
            "a=(), b=()",
            "a=();created=1, b=()",
        ] {
            assert_eq!(Input::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_signature_covers_so_much() {
        let of = |count: usize| {
            let names: Vec<String> = (0..count).map(|name| format!("\"{name}\"")).collect();
            Input::read(&format!("a=({})", names.join(" "))).map(|input| input.covered.len())
        };
        assert_eq!((of(64), of(65)), (Some(64), None));
    }

    #[test]
    fn a_signature_is_bytes_by_a_label() {
        assert_eq!(signature("a=:Zm9v:", "a"), Some(b"foo".to_vec()));
        for bad in [
            "a=:Zm9v:, b=:Zm9v:",
            "b=:Zm9v:",
            "a=Zm9v",
            "a=::;b",
            "a=:Zm9v",
            "a=:Z:",
            "",
        ] {
            assert_eq!(signature(bad, "a"), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_all_there(field in "[a-c]=\\((\"[a-c@]{1,2}\"[ ;]?){0,3}\\)(;(created|keyid|x)=(\"[a\\\\\"]{0,3}\"|[0-9]{0,3})){0,3}|.{0,30}") {
            if let Some(input) = Input::read(&field) {
                prop_assert_eq!(format!("{}={}", input.label, input.text), field.trim_matches(' '));
            }
        }
    }
}
