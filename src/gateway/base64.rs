//! Base64 (RFC 4648 section 4) as clients and password hashes write it: with padding or without; and as URLs and cookies
//! take it (section 5).

const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The text that stands for these bytes, padded.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = written(bytes, *b"+/");
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

/// The text of letters, digits, `-` and `_` that stands for these bytes.
pub(super) fn encode_url(bytes: &[u8]) -> String {
    written(bytes, *b"-_")
}

fn written(bytes: &[u8], last: [u8; 2]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, at| {
            bits << 8 | usize::from(three.get(at).copied().unwrap_or(0))
        });
        for at in 0..=three.len() {
            let digit = bits >> (18 - 6 * at) & 63;
            let letter = LETTERS.get(digit).copied();
            text.push(char::from(letter.unwrap_or_else(|| last[digit & 1])));
        }
    }
    text
}

/// The bytes that a text stands for. None: it is no base64, or not the only way to write them.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let digits = match text {
        [digits @ .., b'=', b'='] | [digits @ .., b'='] if text.len().is_multiple_of(4) => digits,
        digits => digits,
    };
    read(digits, *b"+/")
}

/// The bytes that a text stands for as [`encode_url`] writes it.
pub(super) fn decode_url(text: &[u8]) -> Option<Vec<u8>> {
    read(text, *b"-_")
}

fn read(digits: &[u8], last: [u8; 2]) -> Option<Vec<u8>> {
    if digits.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    let (mut bits, mut count) = (0_u32, 0);
    for digit in digits {
        bits = bits << 6 | value(*digit, last)?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    (bits == 0).then_some(bytes)
}

fn value(digit: u8, [plus, slash]: [u8; 2]) -> Option<u32> {
    let value = match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        _ if digit == plus => 62,
        _ if digit == slash => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_they_are_read() {
        let bytes: Vec<u8> = (0..=255).collect();
        for length in 0..=256 {
            let (bytes, text) = (&bytes[..length], encode(&bytes[..length]));
            assert_eq!(text.len(), length.div_ceil(3) * 4);
            assert_eq!(decode(text.as_bytes()).as_deref(), Some(bytes));
            let text = encode_url(bytes);
            assert!(!text.contains(['+', '/', '=']), "{text}");
            assert_eq!(decode_url(text.as_bytes()).as_deref(), Some(bytes));
        }
        let texts = ["", "f", "fo", "foo", "foob"].map(|text| encode(text.as_bytes()));
        assert_eq!(texts, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]);
        assert_eq!(decode_url(b"Zg=="), None);
    }

    #[test]
    fn texts_stand_for_bytes() {
        let cases: [(&str, Option<&[u8]>); 14] = [
            ("", Some(b"")),
            ("Zg==", Some(b"f")),
            ("Zg", Some(b"f")),
            ("Zm8=", Some(b"fo")),
            ("Zm9v", Some(b"foo")),
            ("Zm9vYmFy", Some(b"foobar")),
            ("+/+/", Some(&[0xfb, 0xff, 0xbf])),
            ("-_-_", None),
            ("Zh==", None),
            ("Z", None),
            ("Zg=", None),
            ("Zg===", None),
            ("Zm 9v", None),
            ("Zm9v====", None),
        ];
        for (text, expected) in cases {
            assert_eq!(decode(text.as_bytes()).as_deref(), expected, "{text}");
        }
    }
}
