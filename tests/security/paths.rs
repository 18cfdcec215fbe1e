//! The path that rules look at and the path that upstreams get are one.

use super::{answer_all, status};
use crate::{
    kit::{Client, Fake, Router},
    telemetry::shop,
};
use percent_encoding::percent_decode_str;

const PATHS: usize = 5_000;

/// What paths are made of. Segments have their slash.
const PIECES: [&str; 40] = [
    "/admin",
    "/%61dmin",
    "/adm%69n",
    "/ADMIN",
    "/a",
    "/open",
    "/",
    "//",
    "/.",
    "/..",
    "/%2e%2e",
    "/%2E.",
    "/.%2e",
    "/...",
    "%2f",
    "%2F",
    "%5c",
    "\\",
    ";v=1",
    ";",
    "/..;",
    "/..;x=/",
    "%3b",
    "%00",
    "%0a",
    "%3f",
    "%3F",
    "%23",
    "%25",
    "%252e",
    "%252f",
    "%c0%ae",
    "%c0%af",
    "%e0%80%af",
    "%ff",
    "%",
    "%zz",
    "%20",
    "/~",
    "/%7e",
];

/// The places that a lenient server may take a path for: dots and slashes read in every way that servers are known to,
/// before and after decoding it once, also where parameters stand behind the dots.
fn places(path: &str) -> Vec<String> {
    let decoded = percent_decode_str(path).decode_utf8_lossy().into_owned();
    let mut places = Vec::new();
    for text in [path.to_owned(), decoded] {
        for slashes in [text.clone(), text.replace('\\', "/")] {
            for strips in [false, true] {
                let mut segments: Vec<&str> = Vec::new();
                for segment in slashes.split('/') {
                    let name = segment.split(';').next().unwrap_or_default();
                    match if strips { name } else { segment } {
                        "" | "." => {}
                        ".." => drop(segments.pop()),
                        _ => segments.push(segment),
                    }
                }
                places.push(format!("/{}", segments.join("/")));
            }
        }
    }
    places
}

/// GHSA-6jwx (Traefik), CVE-2026-26205 (OPA), CVE-2026-32811 (Heimdall): rules were compared with another path than upstreams
/// got. What passes a rule for `/admin` is not there for any reader, and is read here again as what it is.
#[test]
fn no_spelling_of_a_path_passes_a_rule_by() {
    let upstream = Fake::upstream("shop.test");
    let config = format!(
        "upstreams: {{ shop: {{ endpoints: ['http://{}'] }} }}
routes:
  - {{ match: {{ path: /admin/** }}, respond: {{ status: 403 }} }}
  - {{ match: {{ path: /** }}, to: shop }}
",
        upstream.address
    );
    let router = Router::start(&config, &shop(&[]));
    let mut random = fastrand::Rng::with_seed(7);
    let mut client = Client::connect(router.address);
    let mut passed = 0;
    let mut denied = 0;
    for _ in 0..PATHS {
        let count = random.usize(1..6);
        let pieces: String = (0..count)
            .map(|_| PIECES[random.usize(..PIECES.len())])
            .collect();
        let path = if pieces.starts_with('/') {
            pieces
        } else {
            format!("/{pieces}")
        };
        answer_all(&upstream, 1, "{}");
        let bytes = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
        client.send(bytes.as_bytes());
        let answer = client.response().unwrap();
        let seen = upstream.take_seen();
        match status(&answer.start) {
            200 => {
                passed += 1;
                let target = seen[0].split(' ').nth(1).unwrap().to_owned();
                for place in places(&target).iter().chain(&places(&path)) {
                    let is_admin = *place == "/admin" || place.starts_with("/admin/");
                    assert!(
                        !is_admin,
                        "{path} came as {target}, which can be read as {place}"
                    );
                }
                // What upstreams get is in its one form already.
                answer_all(&upstream, 1, "{}");
                client.send(format!("GET {target} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes());
                assert_eq!(status(&client.response().unwrap().start), 200, "{target}");
                assert!(upstream.take_seen()[0].starts_with(&format!("GET {target} ")));
            }
            403 => denied += 1,
            400 => {}
            other => panic!("{other}: {path}"),
        }
        assert_eq!(
            seen.len(),
            usize::from(status(&answer.start) == 200),
            "{path}"
        );
        if answer.header("connection") == Some("close") {
            client = Client::connect(router.address);
        }
    }
    // Enough of either kind that the others mean something.
    assert!(passed > 200 && denied > 50, "{passed} {denied}");
}
