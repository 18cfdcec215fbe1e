//! Requests that a browser can be made to send, and bodies that say they are something else.

use super::{answer_all, status};
use crate::{
    kit::{Client, Fake, Router, wire},
    telemetry::shop,
};

const METHODS: [&str; 9] = [
    "GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY",
];

/// Content types, and whether they are JSON.
const TYPES: [(&str, bool); 14] = [
    ("", false),
    ("content-type: application/json\n", true),
    ("content-type: application/json; charset=utf-8\n", true),
    ("content-type:\n", false),
    ("content-type: text/plain\n", false),
    ("content-type: text/plain; application/json\n", false),
    ("content-type: application/x-www-form-urlencoded\n", false),
    ("content-type: multipart/form-data; boundary=b\n", false),
    ("content-type: application/graphql\n", false),
    ("content-type: message/http\n", false),
    ("content-type: application/json, text/plain\n", false),
    ("content-type: text/plain, application/json\n", false),
    ("content-type: application/jsonp\n", false),
    (
        "content-type: application/json\ncontent-type: text/plain\n",
        false,
    ),
];

const PREFLIGHT: [&str; 3] = [
    "",
    "apollo-require-preflight: 1\n",
    "x-apollo-operation-name: a\n",
];

/// Sends a request over a connection of its own; its status, if there is an answer that can be read.
fn sent(router: &Router, request: &str) -> Option<u16> {
    let mut client = Client::connect(router.address);
    client.send(&wire(request));
    Some(status(&client.try_response()?.start))
}

/// GHSA-hff2-gcpx-8f4p: each method with each content type, with and without what makes browsers ask first. What may not
/// be executed reaches no subgraph, and the body of a GET is not read as one.
#[test]
fn what_a_browser_sends_unasked_is_not_executed() {
    let users = Fake::start();
    let router = Router::start("", &shop(&[("users", &users)]));
    for method in METHODS {
        for (content_type, is_json) in TYPES {
            for preflight in PREFLIGHT {
                let executed = match method {
                    "POST" => is_json,
                    "GET" => is_json || (content_type.is_empty() && !preflight.is_empty()),
                    _ => false,
                };
                let request = format!(
                    "{method} /graphql?query=%7Bme%7Bid%7D%7D\nconnection: close\n{content_type}{preflight}\n\
                     {{\"query\":\"{{ me {{ name }} }}\"}}"
                );
                answer_all(
                    &users,
                    1,
                    "{\"data\":{\"me\":{\"id\":\"1\",\"name\":\"Ada\"}}}",
                );
                let got = sent(&router, &request);
                let seen = users.take_seen().concat();
                let asked = if method == "GET" {
                    "{ me { id } }"
                } else {
                    "{ me { name } }"
                };
                assert_eq!(seen.contains(asked), executed, "{request}\n{seen}");
                if executed {
                    assert_eq!(got, Some(200), "{request}");
                } else {
                    assert_eq!(seen, "", "{request}");
                    assert!(
                        got.is_none_or(|got| (400..=415).contains(&got)),
                        "{got:?}: {request}"
                    );
                }
            }
        }
    }
}

/// A link or an image is a GET: whatever comes with it, it changes nothing.
#[test]
fn nothing_is_changed_by_get() {
    let users = Fake::start();
    let router = Router::start(
        "csrf: { unsafe_disabled: true }\n",
        &shop(&[("users", &users)]),
    );
    let mutation = "mutation%7Brename(name:%22a%22)%7Bid%7D%7D";
    for (content_type, _) in TYPES {
        for preflight in PREFLIGHT {
            for query in [
                format!("query={mutation}"),
                format!(
                    "query=query%20Q%7Bme%7Bid%7D%7D%20{mutation}&operationName=Q&operationName="
                ),
                format!(
                    "query={}&operationName=M",
                    mutation.replacen("mutation", "query%20Q%7Bme%7Bid%7D%7Dmutation%20M", 1)
                ),
            ] {
                let request =
                    format!("GET /graphql?{query}\nconnection: close\n{content_type}{preflight}");
                let got = sent(&router, &request).unwrap();
                assert!([400, 405, 415].contains(&got), "{got}: {request}");
            }
        }
    }
    assert_eq!(users.take_seen(), Vec::<String>::new());
}

/// CVE-2026-23897: strange charsets cost time. Here all but UTF-8 are refused, and the body is not read.
#[test]
fn utf_8_is_the_only_charset() {
    let users = Fake::start();
    let router = Router::start("", &shop(&[("users", &users)]));
    let named = "us-ascii ascii utf-7 utf-16 utf-16le utf-16be utf-32 utf-32le ucs-2 ucs-4 cesu-8 scsu bocu-1 gb2312 gbk gb18030 \
        hz-gb-2312 big5 big5-hkscs shift_jis sjis euc-jp euc-kr euc-tw johab koi8-r koi8-u macintosh x-mac-cyrillic viscii tis-620 \
        utf-8-mac utf-9 utf-18 unicode binary base64 hex rot13 none null undefined latin1 l1 'utf-8' utf_8 utf+8 utf%2d8 utf-8,utf-16";
    let numbered = [
        ("iso-8859-", 1..17),
        ("windows-", 1250..1259),
        ("cp", 850..880),
        ("ibm", 850..890),
        ("iso-2022-jp-", 1..5),
        ("x-", 1..60),
    ];
    let numbered = numbered
        .into_iter()
        .flat_map(|(name, range)| range.map(move |at| format!("{name}{at}")));
    let charsets: Vec<String> = named
        .split_whitespace()
        .map(str::to_owned)
        .chain(numbered)
        .collect();
    assert!(charsets.len() > 200, "{}", charsets.len());
    let request = |charset: &str| {
        format!(
            "POST /graphql\ncontent-type: application/json; charset={charset}\n\n{{\"query\":\"{{ me {{ id }} }}\"}}"
        )
    };
    let mut client = Client::connect(router.address);
    for charset in &charsets {
        for charset in [
            charset.clone(),
            format!("\"{charset}\""),
            format!("utf-8; charset={charset}"),
        ] {
            assert_eq!(
                status(&client.request(&request(&charset)).start),
                415,
                "{charset}"
            );
        }
    }
    assert_eq!(users.take_seen(), Vec::<String>::new());
    for charset in ["utf-8", "UTF-8", "\"Utf-8\"", "utf8"] {
        answer_all(&users, 1, "{\"data\":{\"me\":{\"id\":\"1\"}}}");
        assert_eq!(
            status(&client.request(&request(charset)).start),
            200,
            "{charset}"
        );
    }
}
