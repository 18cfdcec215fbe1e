//! Proxies in front of us that are believed when they say who the client is.
//!
//! Each of them writes its own client's address to the right of what it was sent. So the list is read from the right, and
//! only as far as those who wrote it are trusted: what a client has put there itself is never reached.

use crate::gateway::{IPV6_CLIENT_BITS, Network, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The `server.trusted_proxies` section.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrustedProxiesConfig {
    pub addresses: Vec<Network>,
    /// Where they say it.
    pub header: ProxyHeader,
    /// How many bits of an address of version 6 are one client's, where clients are limited.
    pub ipv6_subnet: Ipv6Subnet,
}

/// The header that trusted proxies write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyHeader {
    #[default]
    XForwardedFor,
    Forwarded,
}

/// A length from 1 to 128.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub struct Ipv6Subnet(pub u32);

impl TryFrom<u32> for Ipv6Subnet {
    type Error = String;

    fn try_from(written: u32) -> Result<Self, String> {
        match written {
            1..=128 => Ok(Self(written)),
            _ => Err(format!("{written} is not a number of bits from 1 to 128")),
        }
    }
}

impl Default for TrustedProxiesConfig {
    fn default() -> Self {
        Self {
            addresses: Vec::new(),
            header: ProxyHeader::default(),
            ipv6_subnet: Ipv6Subnet(IPV6_CLIENT_BITS),
        }
    }
}

/// What proxies say of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) address: IpAddr,
    pub(super) scheme: Option<Scheme>,
}

impl TrustedProxiesConfig {
    /// Whether this is one of them.
    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        let mut networks = self.addresses.iter();
        networks.any(|network| network.contains(address))
    }

    /// Whom a request comes from that a trusted proxy has sent. What cannot be read hides whoever it may be about behind
    /// the one that has written it.
    pub(super) fn said(&self, proxy: IpAddr, headers: &HeaderMap) -> Said {
        let mut said = Said {
            address: proxy,
            scheme: None,
        };
        match self.header {
            ProxyHeader::XForwardedFor => {
                let entries = from_the_right(headers, &X_FORWARDED_FOR);
                for address in entries.map(node) {
                    let Some(address) = address else { break };
                    said.address = address;
                    if !self.trusts(address) {
                        break;
                    }
                }
                let scheme = from_the_right(headers, &X_FORWARDED_PROTO).next();
                said.scheme = scheme.and_then(scheme_of);
            }
            ProxyHeader::Forwarded => {
                for entry in from_the_right(headers, &header::FORWARDED) {
                    let Some(address) = parameter(entry, b"for").and_then(node) else {
                        break;
                    };
                    said = Said {
                        address,
                        scheme: parameter(entry, b"proto").and_then(scheme_of),
                    };
                    if !self.trusts(address) {
                        break;
                    }
                }
            }
        }
        said
    }
}

/// The entries of a list, which may be in several headers, from its end.
fn from_the_right<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let values = headers.get_all(name).iter().rev();
    values.flat_map(|value: &HeaderValue| Split {
        rest: Some(value.as_bytes()),
        at: b',',
    })
}

/// Parts of a text from its end. What is in quotes is one part; quotes are read from the right too, so that those in what
/// a client has written change nothing about what stands to the right of it.
struct Split<'a> {
    rest: Option<&'a [u8]>,
    at: u8,
}

impl<'a> Iterator for Split<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let mut is_quoted = false;
        let end = rest.iter().enumerate().rev().find(|(index, byte)| {
            is_quoted ^= **byte == b'"' && !is_escaped(&rest[..*index]);
            !is_quoted && **byte == self.at
        });
        let (before, part) = match end {
            Some((index, _)) => (Some(&rest[..index]), &rest[index + 1..]),
            None => (None, rest),
        };
        self.rest = before;
        Some(part.trim_ascii())
    }
}

/// Whether the text ends in a backslash that is not escaped itself.
fn is_escaped(text: &[u8]) -> bool {
    let backslashes = text.iter().rev().take_while(|byte| **byte == b'\\');
    backslashes.count() % 2 == 1
}

/// A parameter of an entry of `Forwarded` (RFC 7239 section 4); none if it is there twice.
fn parameter<'a>(entry: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let pairs = Split {
        rest: Some(entry),
        at: b';',
    };
    let mut values = pairs.filter_map(|pair| {
        let end = pair.iter().position(|byte| *byte == b'=')?;
        let (key, value) = (&pair[..end], &pair[end + 1..]);
        let is_it = key.trim_ascii().eq_ignore_ascii_case(name);
        is_it.then(|| unquoted(value.trim_ascii()))
    });
    values.next().filter(|_| values.next().is_none())
}

/// Nothing we look for has a need of escapes.
fn unquoted(value: &[u8]) -> &[u8] {
    let inside = value.strip_prefix(b"\"");
    inside
        .and_then(|inside| inside.strip_suffix(b"\""))
        .unwrap_or(value)
}

/// An address, perhaps with a port, perhaps in brackets; not one of the words for a client that wants to be unknown.
fn node(written: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(written).ok()?;
    let plain = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let address = plain.unwrap_or(text).parse::<IpAddr>();
    let address = address.or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()));
    address.ok().map(|address| address.to_canonical())
}

fn scheme_of(written: &[u8]) -> Option<Scheme> {
    let mut schemes = [Scheme::Http, Scheme::Https].into_iter();
    schemes.find(|scheme| scheme.as_str().as_bytes().eq_ignore_ascii_case(written))
}

#[cfg(test)]
mod tests {
    //! Who a client is, by what proxies have written and by what it has written itself.

    use super::*;
    use proptest::prelude::*;

    fn proxies(header: ProxyHeader) -> TrustedProxiesConfig {
        let networks = ["10.0.0.0/8", "2001:db8:ffff::/48"];
        let networks = networks.map(|network| Network::try_from(network.to_owned()).unwrap());
        TrustedProxiesConfig {
            addresses: networks.to_vec(),
            header,
            ..TrustedProxiesConfig::default()
        }
    }

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        headers
    }

    fn said(header: ProxyHeader, lines: &[(&'static str, &str)]) -> (String, Option<Scheme>) {
        let said = proxies(header).said([10, 0, 0, 9].into(), &headers(lines));
        (said.address.to_string(), said.scheme)
    }

    #[test]
    fn the_first_from_the_right_that_is_not_trusted_is_the_client() {
        let cases: [(&[&str], &str); 16] = [
            (&[], "10.0.0.9"),
            (&["9.9.9.9"], "9.9.9.9"),
            (&["6.6.6.6, 9.9.9.9"], "9.9.9.9"),
            (&["6.6.6.6", "9.9.9.9"], "9.9.9.9"),
            (&["6.6.6.6, 9.9.9.9, 10.0.0.1"], "9.9.9.9"),
            (&["6.6.6.6, 9.9.9.9", "10.0.0.1,10.0.0.2"], "9.9.9.9"),
            (&["10.0.0.1"], "10.0.0.1"),
            (&["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            (&["9.9.9.9:4711"], "9.9.9.9"),
            (&["[2001:db8::1]:4711"], "2001:db8::1"),
            (&["[2001:db8::1]"], "2001:db8::1"),
            (&["2001:db8::1, 2001:db8:ffff::2"], "2001:db8::1"),
            (&["::ffff:9.9.9.9"], "9.9.9.9"),
            // What cannot be read hides what is to its left, not what is to its right.
            (&["6.6.6.6, unknown"], "10.0.0.9"),
            (&["6.6.6.6, , 10.0.0.1"], "10.0.0.1"),
            (&["\", 9.9.9.9"], "9.9.9.9"),
        ];
        for (values, expected) in cases {
            let lines: Vec<_> = values
                .iter()
                .map(|value| ("x-forwarded-for", *value))
                .collect();
            let (address, _) = said(ProxyHeader::XForwardedFor, &lines);
            assert_eq!(address, expected, "{values:?}");
            // The other header is not looked at.
            let (address, _) = said(ProxyHeader::Forwarded, &lines);
            assert_eq!(address, "10.0.0.9");
        }
    }

    #[test]
    fn forwarded_is_read_as_the_rfc_has_it() {
        let cases = [
            ("for=9.9.9.9", "9.9.9.9", None),
            (
                "For=9.9.9.9;Proto=HTTPS;by=10.0.0.1",
                "9.9.9.9",
                Some(Scheme::Https),
            ),
            (
                "for=\"[2001:db8::1]:4711\";proto=http",
                "2001:db8::1",
                Some(Scheme::Http),
            ),
            (
                "for=6.6.6.6, for=9.9.9.9;proto=https, for=10.0.0.1;proto=http",
                "9.9.9.9",
                Some(Scheme::Https),
            ),
            ("for=_hidden", "10.0.0.9", None),
            ("for=6.6.6.6;for=7.7.7.7", "10.0.0.9", None),
            ("proto=https", "10.0.0.9", None),
            // A quote that the client has opened swallows nothing.
            ("for=\"6.6.6.6, for=9.9.9.9", "9.9.9.9", None),
            (
                "for=\"6.6.6.6\\, for=\"[2001:db8::1]\"",
                "2001:db8::1",
                None,
            ),
            (
                "for=9.9.9.9;host=\"a,for=6.6.6.6;for=6.6.6.6\"",
                "9.9.9.9",
                None,
            ),
            ("for=9.9.9.9;host=\"a\\\",for=6.6.6.6\"", "9.9.9.9", None),
        ];
        for (value, address, scheme) in cases {
            let found = said(ProxyHeader::Forwarded, &[("forwarded", value)]);
            assert_eq!(found, (address.to_owned(), scheme), "{value}");
        }
    }

    #[test]
    fn the_scheme_is_the_last_one_written() {
        let scheme = |value| {
            let lines = [("x-forwarded-for", "9.9.9.9"), ("x-forwarded-proto", value)];
            said(ProxyHeader::XForwardedFor, &lines).1
        };
        assert_eq!(scheme("https"), Some(Scheme::Https));
        assert_eq!(scheme("https, http"), Some(Scheme::Http));
        assert_eq!(scheme("gopher"), None);
    }

    proptest! {
        /// Whatever a client writes, its proxy writes more to the right of it.
        #[test]
        fn a_client_cannot_say_who_it_is(written in "[ -~]{0,60}", is_same_line: bool) {
            for (header, name, own) in [
                (ProxyHeader::XForwardedFor, "x-forwarded-for", "9.9.9.9"),
                (ProxyHeader::Forwarded, "forwarded", "for=9.9.9.9;proto=https"),
            ] {
                let joined = format!("{written}, {own}");
                let lines = match is_same_line {
                    true => vec![(name, joined.as_str())],
                    false => vec![(name, written.as_str()), (name, own)],
                };
                prop_assert_eq!(said(header, &lines).0, "9.9.9.9");
            }
        }
    }
}
