//! What tells the callers of a limit apart.

use super::table::Key;
use crate::gateway::{authentication::Caller, header_types::Name};
use http::HeaderMap;
use ring::digest;
use serde::{
    Deserialize, Deserializer,
    de::{
        self, MapAccess, SeqAccess, Visitor,
        value::{MapAccessDeserializer, StrDeserializer},
    },
};
use serde_json::{Map, Value};
use smallvec::SmallVec;
use std::{
    fmt::{self, Write as _},
    hash::{BuildHasher, Hasher, RandomState},
    net::IpAddr,
};

/// The setting `by`: one thing, or several that make a difference together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct By(Vec<Part>);

/// One thing that tells callers apart.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Part {
    Ip,
    Consumer,
    Route,
    Operation,
    Header(Name),
    Claim(String),
}

/// When a limit is asked: as soon as all is known that it goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::gateway) enum Stage {
    /// A route is found.
    Arrival,
    /// It is known who sends the request.
    Caller,
    /// It is known which operation it is.
    Operation,
    /// It is known what the operation costs.
    Cost,
}

/// A request, as far as limits know it.
#[derive(Clone, Copy)]
pub(in crate::gateway) struct Facts<'a> {
    pub(in crate::gateway) address: IpAddr,
    /// What counts as one client: an address, or a network of version 6.
    pub(in crate::gateway) network: IpAddr,
    pub(in crate::gateway) headers: &'a HeaderMap,
    pub(in crate::gateway) route: &'a str,
    pub(in crate::gateway) consumer: Option<&'a str>,
    pub(in crate::gateway) claims: Option<&'a Map<String, Value>>,
    pub(in crate::gateway) operation: Option<&'a str>,
}

impl<'a> Facts<'a> {
    /// The same of a request of which it is known who sends it.
    pub(in crate::gateway) fn sent_by(self, caller: &'a Caller) -> Self {
        Self {
            consumer: caller.consumer().map(|consumer| &*consumer.name),
            claims: caller.claims(),
            ..self
        }
    }

    /// The same of an operation of this name.
    pub(in crate::gateway) fn of_operation(self, name: Option<&'a str>) -> Self {
        Self {
            operation: name,
            ..self
        }
    }
}

/// What a request is to a limit, in bytes.
pub(super) type Subject = SmallVec<[u8; 64]>;

impl By {
    /// What differs from consumer to consumer.
    pub(super) fn consumer() -> Self {
        Self(vec![Part::Consumer])
    }

    /// Whether it makes a difference who it is.
    pub(super) fn goes_by_caller(&self) -> bool {
        let mut parts = self.0.iter();
        parts.any(|part| matches!(part, Part::Consumer | Part::Claim(_)))
    }

    /// When all is known that it goes by.
    pub(super) fn stage(&self) -> Stage {
        let stages = self.0.iter().map(|part| match part {
            Part::Ip | Part::Route | Part::Header(_) => Stage::Arrival,
            Part::Consumer | Part::Claim(_) => Stage::Caller,
            Part::Operation => Stage::Operation,
        });
        stages.max().unwrap_or(Stage::Arrival)
    }

    /// What this request is to it. Who has not what it goes by is told apart by address.
    pub(super) fn subject(&self, facts: &Facts<'_>) -> Subject {
        let mut subject = Subject::new();
        for part in &self.0 {
            if !part.write(facts, &mut subject) {
                Part::Ip.write(facts, &mut subject);
            }
        }
        subject
    }
}

impl Part {
    /// Writes its value, so that no two requests with other values write the same. False: there is none.
    fn write(&self, facts: &Facts<'_>, out: &mut Subject) -> bool {
        match self {
            Self::Ip => match facts.network {
                IpAddr::V4(address) => {
                    let [a, b, c, d] = address.octets();
                    out.extend_from_slice(&[b'4', a, b, c, d]);
                    true
                }
                IpAddr::V6(address) => field(out, b'6', &address.octets()),
            },
            Self::Consumer => text(out, b'c', facts.consumer),
            Self::Route => text(out, b'r', Some(facts.route)),
            Self::Operation => text(out, b'o', facts.operation),
            Self::Header(name) => {
                let mut is_there = false;
                for value in facts.headers.get_all(&name.0) {
                    is_there = field(out, b'h', value.as_bytes());
                }
                is_there
            }
            Self::Claim(name) => match facts.claims.and_then(|claims| claims.get(name)) {
                None | Some(Value::Null) => false,
                Some(Value::String(claim)) => field(out, b's', claim.as_bytes()),
                Some(other) => field(out, b'j', other.to_string().as_bytes()),
            },
        }
    }
}

fn text(out: &mut Subject, kind: u8, text: Option<&str>) -> bool {
    text.is_some_and(|text| field(out, kind, text.as_bytes()))
}

fn field(out: &mut Subject, kind: u8, bytes: &[u8]) -> bool {
    out.push(kind);
    // A header is never so long that this would cut it.
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
    true
}

/// The subject as tables of this process know it.
pub(super) fn key(subject: &Subject, secret: &RandomState) -> Key {
    let mut hasher = secret.build_hasher();
    hasher.write(subject);
    Key(hasher.finish())
}

/// The subject as all routers know it that share a store, without telling who it is: the beginning of its SHA-256.
pub(super) fn shared_key(subject: &Subject) -> String {
    let digest = digest::digest(&digest::SHA256, subject);
    let mut key = String::with_capacity(32);
    for byte in &digest.as_ref()[..16] {
        // Nothing fails that writes to a string.
        let _ = write!(key, "{byte:02x}");
    }
    key
}

impl fmt::Display for By {
    /// The same text means the same keys, in every process.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("+")?;
            }
            match part {
                Part::Ip => f.write_str("ip"),
                Part::Consumer => f.write_str("consumer"),
                Part::Route => f.write_str("route"),
                Part::Operation => f.write_str("operation"),
                Part::Header(name) => write!(f, "header={}", name.0),
                Part::Claim(name) => write!(f, "claim={name}"),
            }?;
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for By {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not `untagged`, which would lose the places of errors.
        deserializer.deserialize_any(ByVisitor)
    }
}

struct ByVisitor;

impl<'de> Visitor<'de> for ByVisitor {
    type Value = By;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "ip, consumer, route, operation, `{ header: NAME }` or `{ claim: NAME }`, or a list of them",
        )
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<By, E> {
        let part = Part::deserialize(StrDeserializer::new(word))?;
        Ok(By(vec![part]))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<By, A::Error> {
        let part = Part::deserialize(MapAccessDeserializer::new(entries))?;
        Ok(By(vec![part]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<By, A::Error> {
        let mut parts = Vec::new();
        while let Some(part) = items.next_element()? {
            if parts.contains(&part) {
                return Err(de::Error::custom("this is named twice"));
            }
            parts.push(part);
        }
        match parts.is_empty() {
            true => Err(de::Error::custom("name at least one thing")),
            false => Ok(By(parts)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::Peer;
    use http::HeaderValue;
    use serde_json::json;

    fn by(written: Value) -> By {
        By::deserialize(written).unwrap()
    }

    fn facts<'a>(client: &str, headers: &'a HeaderMap) -> Facts<'a> {
        let peer = Peer::at(client.parse().unwrap());
        Facts {
            address: peer.address,
            network: peer.network,
            headers,
            route: "all",
            consumer: None,
            claims: None,
            operation: None,
        }
    }

    #[test]
    fn addresses_of_one_network_of_version_6_are_one() {
        let headers = HeaderMap::new();
        let subject = |client| by(json!("ip")).subject(&facts(client, &headers));
        assert_eq!(subject("2001:db8:1:2::1"), subject("2001:db8:1:2:f::9"));
        assert_ne!(subject("2001:db8:1:2::1"), subject("2001:db8:1:3::1"));
        assert_ne!(subject("10.0.0.1"), subject("10.0.0.2"));
        assert_eq!(subject("10.0.0.1"), subject("::ffff:10.0.0.1"));
    }

    #[test]
    fn who_has_no_such_key_is_told_apart_by_address() {
        let headers = HeaderMap::new();
        for written in [
            json!("consumer"),
            json!("operation"),
            json!({ "header": "x-tenant" }),
            json!({ "claim": "tenant" }),
        ] {
            let by = by(written);
            let subject = |client| by.subject(&facts(client, &headers));
            assert_ne!(subject("10.0.0.1"), subject("10.0.0.2"), "{by}");
            assert_eq!(subject("10.0.0.1"), subject("10.0.0.1"), "{by}");
        }
    }

    #[test]
    fn no_value_passes_for_another() {
        let mut tenants = HeaderMap::new();
        tenants.append("x-tenant", HeaderValue::from_static("a"));
        let plain = HeaderMap::new();
        let claims = |value: Value| Map::from_iter([("tenant".to_owned(), value)]);
        let (text, number, empty) = (claims(json!("7")), claims(json!(7)), claims(json!(null)));
        let mut requests = vec![facts("10.0.0.1", &tenants), facts("10.0.0.1", &plain)];
        for claims in [&text, &number, &empty] {
            requests.push(Facts {
                claims: Some(claims),
                ..facts("10.0.0.1", &plain)
            });
        }
        requests.push(Facts {
            consumer: Some("a"),
            ..facts("10.0.0.1", &plain)
        });
        requests.push(Facts {
            operation: Some("a"),
            ..facts("10.0.0.1", &plain)
        });
        let by =
            by(json!([{ "header": "x-tenant" }, "consumer", "operation", { "claim": "tenant" }]));
        assert_eq!(by.stage(), Stage::Operation);
        let subjects: Vec<Subject> = requests.iter().map(|facts| by.subject(facts)).collect();
        for (index, subject) in subjects.iter().enumerate() {
            let same = subjects.iter().filter(|other| *other == subject);
            // Null is no claim.
            let expected = if [1, 4].contains(&index) { 2 } else { 1 };
            assert_eq!(same.count(), expected, "{index}");
        }
    }

    #[test]
    fn it_is_written_as_one_thing_or_a_list() {
        let written = [
            (json!("ip"), "ip", Stage::Arrival),
            (
                json!({ "header": "X-Tenant" }),
                "header=x-tenant",
                Stage::Arrival,
            ),
            (
                json!(["consumer", "route"]),
                "consumer+route",
                Stage::Caller,
            ),
        ];
        for (written, text, stage) in written {
            let by = by(written);
            assert_eq!((by.to_string().as_str(), by.stage()), (text, stage));
        }
        for bad in [
            json!("address"),
            json!([]),
            json!(["ip", "ip"]),
            json!({ "header": "a b" }),
            json!(7),
        ] {
            assert!(By::deserialize(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_shared_key_is_the_same_in_every_process_and_tells_nothing() {
        let headers = HeaderMap::new();
        let subject = by(json!("ip")).subject(&facts("10.0.0.1", &headers));
        let key = shared_key(&subject);
        assert_eq!(key.len(), 32);
        assert_eq!(key, shared_key(&subject));
        assert!(!key.contains("10.0"));
    }
}
