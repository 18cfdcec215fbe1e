//! The path that an upstream gets is the path that routes were matched with.

use super::{Upstream, exchange, router, router_to, status};

/// The targets that the upstream was asked for.
fn targets(upstream: &Upstream) -> Vec<String> {
    let heads = upstream.heads();
    let lines = heads.iter().filter_map(|head| head.split(' ').nth(1));
    lines.map(str::to_owned).collect()
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
}

#[test]
fn a_path_that_could_be_read_in_two_ways_is_refused() {
    let upstream = Upstream::saying("x");
    let router = router_to(upstream.address);
    for target in [
        "/a/../b",
        "/a/..",
        "/..",
        "/./a",
        "/a/.",
        "/a/%2e%2e/b",
        "/a/%2E./b",
        "/a/..;/b",
        "/a/..;x=1/b",
        "/a/%2e%2e;/b",
        "/a/%2e%2e%3b/b",
        "/a/..%3Bx=1/b",
        "/;v=1/b",
        "/%3b/b",
        "/a/;",
        "//a",
        "/a//b",
        "/a%2fb",
        "/a%2Fb",
        "/..%2fb",
        "/a%5cb",
        "/a\\b",
        "/a/..\\b",
        "/a%00",
        "/a%0d%0ab",
        "/a%7f",
        "/a%",
        "/a%2",
        "/a%zz",
        "/a%+1",
        "/%c0%ae%c0%ae/b",
        "/%ff",
        "/%ed%a0%80",
        "*",
    ] {
        assert_eq!(
            status(&exchange(&router, get(target).as_bytes())),
            400,
            "{target}"
        );
    }
    assert_eq!(targets(&upstream), Vec::<String>::new());
}

#[test]
fn a_path_that_is_spelled_oddly_is_respelled() {
    let upstream = Upstream::saying("x");
    let router = router_to(upstream.address);
    let odd = [
        ("/%61pi/%7Euser", "/api/~user"),
        ("/a%20b/%c3%a4", "/a%20b/%C3%A4"),
        ("/a;v=1/b", "/a;v=1/b"),
        ("/a/...", "/a/..."),
        ("/a/.b", "/a/.b"),
        ("/a/", "/a/"),
        ("/%2561", "/%2561"),
        ("/a%3Fb?c=%2e%2e/%2F&d", "/a%3Fb?c=%2e%2e/%2F&d"),
        ("/a?", "/a?"),
        ("/", "/"),
    ];
    for (target, _) in odd {
        assert_eq!(
            status(&exchange(&router, get(target).as_bytes())),
            200,
            "{target}"
        );
    }
    assert_eq!(targets(&upstream), odd.map(|(_, seen)| seen.to_owned()));
}

#[test]
fn another_spelling_does_not_pass_a_route_by() {
    let (open, closed) = (Upstream::saying("open"), Upstream::saying("closed"));
    let config = format!(
        "\
upstreams:
  open: {{ endpoints: ['http://{}'] }}
  closed: {{ endpoints: ['http://{}'] }}
routes:
  - {{ match: {{ path: /admin/** }}, to: closed }}
  - {{ match: {{ path: /** }}, to: open }}
",
        open.address, closed.address
    );
    let router = router(&config);
    for target in ["/admin", "/%61dmin/x", "/adm%69n/", "http://x/admin/y"] {
        let answer = exchange(&router, get(target).as_bytes());
        assert!(answer.ends_with("closed"), "{target}: {answer}");
    }
    assert_eq!(targets(&open), Vec::<String>::new());
}

#[test]
fn a_prefix_is_stripped_and_the_path_of_the_endpoint_put_before() {
    let upstream = Upstream::saying("x");
    let config = format!(
        "\
upstreams:
  plain: {{ endpoints: ['http://{0}'] }}
  below: {{ endpoints: ['http://{0}/base/'] }}
routes:
  - {{ match: {{ path: /api/v1/** }}, to: plain, strip_prefix: /api/v1 }}
  - {{ match: {{ path: /api/v2/** }}, to: below, strip_prefix: /api }}
  - {{ match: {{ path: /** }}, to: below }}
",
        upstream.address
    );
    let router = router(&config);
    let cases = [
        ("/api/v1/products/1?x=/api/v1", "/products/1?x=/api/v1"),
        ("/api/v1", "/"),
        ("/api/v1/", "/"),
        ("/api/v1?q", "/?q"),
        ("/%61pi/v1/a", "/a"),
        ("/api/v2/a", "/base/v2/a"),
        ("/other", "/base/other"),
        ("/", "/base/"),
    ];
    for (target, _) in cases {
        assert_eq!(
            status(&exchange(&router, get(target).as_bytes())),
            200,
            "{target}"
        );
    }
    assert_eq!(targets(&upstream), cases.map(|(_, seen)| seen.to_owned()));
    let prefixes = upstream.heads();
    assert!(prefixes[0].contains("\r\nx-forwarded-prefix: /api/v1\r\n"));
    assert!(!prefixes[6].contains("x-forwarded-prefix"));
}
