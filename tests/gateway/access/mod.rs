//! Who comes in: consumers, their credentials, and policies.

mod certificates;
mod config;
mod passwords;
mod signatures;
mod trust;

use crate::kit::{Client, Fake, Message, Router};
use std::{fs, path::Path};

/// A router with one upstream, `shop`, which gets everything behind the policy `p`.
struct Shop {
    router: Router,
    upstream: Fake,
}

impl Shop {
    /// With this configuration beside the route.
    fn with(config: &str) -> Self {
        let upstream = Fake::upstream("shop");
        let around = format!(
            "upstreams: {{ shop: {{ endpoints: ['http://{}'] }} }}\nroutes: [{{ match: {{ path: /** }}, to: shop, policies: [p] }}]\n",
            upstream.address
        );
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/supergraphs");
        let supergraph = fs::read_to_string(directory.join("shop.graphql")).unwrap();
        Self {
            router: Router::start(&format!("{around}{config}"), &supergraph),
            upstream,
        }
    }

    /// The answer to a request. The upstream must be asked if and only if it is let in.
    fn ask(&self, request: &str) -> Message {
        self.upstream.expect(vec![crate::kit::Exchange {
            expected: None,
            answer: crate::kit::Answer::Bytes(
                b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec(),
            ),
        }]);
        let answer = Client::connect(self.router.address).request(request);
        let is_let_in = answer.start == "HTTP/1.1 200 OK";
        let asked = self.upstream.take_seen().len();
        assert_eq!(asked, usize::from(is_let_in), "{request}");
        answer
    }

    /// The status of the answer, and what problem there is.
    fn told(&self, request: &str) -> String {
        let answer = self.ask(request);
        let status = answer.start["HTTP/1.1 ".len()..][..3].to_owned();
        match serde_json::from_slice::<serde_json::Value>(&answer.body) {
            Ok(problem) => format!("{status} {}", problem["detail"].as_str().unwrap()),
            Err(_) => status,
        }
    }
}
