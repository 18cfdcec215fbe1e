//! The PROXY protocol: what a load balancer writes in front of a connection to say whose it is
//! (<https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>).

use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What version 2 begins with.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// The longest line of version 1, with its end.
const LINE_BYTES_MAX: usize = 107;
/// The rest of a header of version 2: addresses, and what the sender tells beyond them, which is skipped.
const REST_BYTES_MAX: usize = 4096;
const FIXED_BYTES: usize = 16;

/// The setting `server.proxy_protocol`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProxyProtocol {
    #[default]
    Off,
    V1,
    V2,
    Any,
}

/// A header that has come whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) length: usize,
    /// None: the load balancer speaks for itself, or does not know.
    pub(super) source: Option<IpAddr>,
}

/// Not a header, or not one of those that are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it does not begin with a header of the PROXY protocol that is taken")]
pub(super) struct Malformed;

impl ProxyProtocol {
    /// Reads the header that a connection begins with. None: it has not come whole.
    pub(super) fn read(self, bytes: &[u8]) -> Result<Option<Header>, Malformed> {
        let begins_as = |beginning: &[u8]| {
            let length = bytes.len().min(beginning.len());
            bytes[..length] == beginning[..length]
        };
        if begins_as(SIGNATURE) && matches!(self, Self::V2 | Self::Any) {
            version_2(bytes)
        } else if begins_as(b"PROXY ") && matches!(self, Self::V1 | Self::Any) {
            version_1(bytes)
        } else {
            Err(Malformed)
        }
    }
}

fn version_1(bytes: &[u8]) -> Result<Option<Header>, Malformed> {
    let line = &bytes[..bytes.len().min(LINE_BYTES_MAX)];
    let Some(end) = line.iter().position(|byte| *byte == b'\n') else {
        return match line.len() {
            LINE_BYTES_MAX => Err(Malformed),
            _ => Ok(None),
        };
    };
    let text = line[..end].strip_suffix(b"\r").ok_or(Malformed)?;
    let text = str::from_utf8(text).map_err(|_| Malformed)?;
    let mut words = text.split(' ').skip(1);
    let source = match words.next() {
        // Whatever follows it is to be ignored.
        Some("UNKNOWN") => None,
        Some("TCP4") => Some(ends::<Ipv4Addr>(words)?),
        Some("TCP6") => Some(ends::<Ipv6Addr>(words)?),
        _ => return Err(Malformed),
    };
    Ok(Some(Header {
        length: end + 1,
        source,
    }))
}

/// Both addresses and both ports; the first address of them.
fn ends<'a, A>(mut words: impl Iterator<Item = &'a str>) -> Result<IpAddr, Malformed>
where
    A: std::str::FromStr + Into<IpAddr>,
{
    let mut next = || words.next().ok_or(Malformed);
    let address = |word: &str| word.parse::<A>().map_err(|_| Malformed);
    let source = address(next()?)?;
    address(next()?)?;
    for _ in 0..2 {
        let port = next()?;
        // No sign, no zeros before it.
        let number = port.parse::<u16>().map_err(|_| Malformed)?;
        if number.to_string() != port {
            return Err(Malformed);
        }
    }
    match words.next() {
        None => Ok(source.into()),
        Some(_) => Err(Malformed),
    }
}

fn version_2(bytes: &[u8]) -> Result<Option<Header>, Malformed> {
    let Some((fixed, rest)) = bytes.split_at_checked(FIXED_BYTES) else {
        return Ok(None);
    };
    let length = usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    if length > REST_BYTES_MAX {
        return Err(Malformed);
    }
    // The low halves: a command, and a transport.
    let is_local = match fixed[12] {
        0x20 => true,
        0x21 => false,
        _ => return Err(Malformed),
    };
    let Some(rest) = rest.get(..length) else {
        return Ok(None);
    };
    let source = match fixed[13] {
        _ if is_local => None,
        0x11 if length >= 12 => rest.first_chunk::<4>().map(|source| IpAddr::from(*source)),
        0x21 if length >= 36 => rest.first_chunk::<16>().map(|source| IpAddr::from(*source)),
        // Not said, or a socket of the machine it runs on.
        0x00 | 0x31 => None,
        _ => return Err(Malformed),
    };
    Ok(Some(Header {
        length: FIXED_BYTES + length,
        source,
    }))
}

#[cfg(test)]
mod tests {
    //! What is a header, in whatever pieces it comes, and what is none.

    use super::*;
    use proptest::prelude::*;

    fn binary(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let mut header = SIGNATURE.to_vec();
        header.extend([command, family]);
        header.extend(u16::try_from(rest.len()).unwrap().to_be_bytes());
        header.extend(rest);
        header
    }

    /// Headers with whom they are about.
    fn good() -> Vec<(Vec<u8>, Option<&'static str>)> {
        let line = |line: &str| line.as_bytes().to_vec();
        let v6 = [[0x20; 16], [1; 16]].concat();
        vec![
            (
                line("PROXY TCP4 9.9.9.9 10.0.0.1 4711 443\r\n"),
                Some("9.9.9.9"),
            ),
            (
                line("PROXY TCP6 2001:db8::1 ::1 0 65535\r\n"),
                Some("2001:db8::1"),
            ),
            (line("PROXY UNKNOWN\r\n"), None),
            (line("PROXY UNKNOWN ffff::1 what ever\r\n"), None),
            (
                binary(0x21, 0x11, &[9, 9, 9, 9, 10, 0, 0, 1, 0, 1, 0, 2]),
                Some("9.9.9.9"),
            ),
            (
                binary(0x21, 0x11, &[[9, 9, 9, 9].as_slice(), &[0; 500]].concat()),
                Some("9.9.9.9"),
            ),
            (
                binary(0x21, 0x21, &[v6.as_slice(), &[0; 4]].concat()),
                Some("2020:2020:2020:2020:2020:2020:2020:2020"),
            ),
            (binary(0x20, 0x00, &[]), None),
            (binary(0x20, 0x11, &[9; 12]), None),
            (binary(0x21, 0x00, &[7; 3]), None),
            (binary(0x21, 0x31, &[0; 216]), None),
        ]
    }

    #[test]
    fn headers_are_read_once_they_are_whole_and_no_further() {
        for (header, source) in good() {
            let source = source.map(|source| source.parse().unwrap());
            let length = header.len();
            for cut in 1..length {
                assert_eq!(
                    ProxyProtocol::Any.read(&header[..cut]),
                    Ok(None),
                    "{header:?} {cut}"
                );
            }
            let more = [header.as_slice(), b"PROXY GET / HTTP/1.1\r\n"].concat();
            assert_eq!(
                ProxyProtocol::Any.read(&more),
                Ok(Some(Header { length, source }))
            );
        }
    }

    #[test]
    fn what_is_no_header_is_none() {
        let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(100));
        let lines = [
            "GET / HTTP/1.1\r\n",
            "PROXY\r\n",
            "PROXY  TCP4 9.9.9.9 10.0.0.1 1 2\r\n",
            "PROXY TCP4 9.9.9.9 10.0.0.1 1 2\n",
            "PROXY TCP4 9.9.9.9 10.0.0.1 1\r\n",
            "PROXY TCP4 9.9.9.9 10.0.0.1 1 2 3\r\n",
            "PROXY TCP4 9.9.9.9 10.0.0.1 01 2\r\n",
            "PROXY TCP4 9.9.9.9 10.0.0.1 +1 2\r\n",
            "PROXY TCP4 9.9.9.9 10.0.0.1 1 65536\r\n",
            "PROXY TCP4 ::1 ::1 1 2\r\n",
            "PROXY TCP6 9.9.9.9 ::1 1 2\r\n",
            "PROXY UDP4 9.9.9.9 10.0.0.1 1 2\r\n",
            &long,
        ];
        for line in lines {
            assert_eq!(
                ProxyProtocol::Any.read(line.as_bytes()),
                Err(Malformed),
                "{line}"
            );
        }
        let others = [
            binary(0x11, 0x11, &[9; 12]),
            binary(0x22, 0x11, &[9; 12]),
            binary(0x21, 0x12, &[9; 12]),
            binary(0x21, 0x11, &[9; 11]),
            binary(0x21, 0x21, &[9; 35]),
            binary(0x21, 0x11, &[9; REST_BYTES_MAX + 1]),
        ];
        for other in others {
            assert_eq!(ProxyProtocol::Any.read(&other), Err(Malformed), "{other:?}");
        }
    }

    #[test]
    fn only_what_is_configured_is_taken() {
        let (line, bytes) = (&good()[0].0, &good()[4].0);
        assert!(ProxyProtocol::V1.read(line).is_ok() && ProxyProtocol::V1.read(bytes).is_err());
        assert!(ProxyProtocol::V2.read(line).is_err() && ProxyProtocol::V2.read(bytes).is_ok());
        assert!(ProxyProtocol::Off.read(line).is_err() && ProxyProtocol::Off.read(bytes).is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics_and_no_header_is_longer_than_what_came(
            beginning in prop::sample::select(vec![&b""[..], b"PROXY ", b"PROXY TCP4 ", SIGNATURE]),
            rest in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let bytes = [beginning, &rest].concat();
            if let Ok(Some(header)) = ProxyProtocol::Any.read(&bytes) {
                prop_assert!(header.length <= bytes.len());
            }
        }
    }
}
