//! Signing in with a browser, against providers, sites and other browsers that mean it ill (RFC 9700).

mod attacks;
mod browser;
mod flow;
mod id_tokens;
mod outages;
mod provider;
mod sessions;
mod settings;

use super::{ANSWER, supergraph};
use crate::kit::{Answer, Exchange, Fake, Message, Router};
use browser::Browser;
use provider::{CLIENT_ID, CLIENT_SECRET, Mood, Pairs, Provider, pairs};
use std::net::SocketAddr;

/// A router that people sign in at, and what is behind it.
struct Shop {
    router: Router,
    provider: Provider,
    /// An upstream and the subgraph `users`.
    behind: Fake,
}

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const SESSION: &str = "__Host-graphway";
const ATTEMPT: &str = "__Host-graphway-login-";

impl Shop {
    fn open() -> Self {
        Self::with(Provider::start(), "")
    }

    /// With more settings of `login`, each on a line.
    fn with(provider: Provider, more: &str) -> Self {
        let behind = Fake::start();
        let config = config(&provider, &behind, more);
        let router = Router::start(&config, &supergraph(&behind));
        Self {
            router,
            provider,
            behind,
        }
    }

    fn address(&self) -> SocketAddr {
        self.router.address
    }

    /// So many requests get through.
    fn let_through(&self, count: usize) {
        let exchange = || Exchange {
            expected: None,
            answer: Answer::Bytes(ANSWER.to_vec()),
        };
        self.behind.expect((0..count).map(|_| exchange()).collect());
    }

    /// Begins to sign in at a path; what the provider is asked for.
    #[track_caller]
    fn begins(&self, browser: &mut Browser, target: &str) -> Pairs {
        let response = browser.goes(self.address(), target);
        assert_eq!(status(&response), "302 Found");
        let location = response.header("location").unwrap();
        let (place, query) = location.split_once('?').unwrap();
        assert_eq!(place, format!("{}/authorize", self.provider.issuer()));
        pairs(query)
    }

    /// Comes back from the provider, which has been asked for this, with a code.
    fn comes_back(&self, browser: &mut Browser, asked: &Pairs) -> Message {
        let code = self.provider.code_for(asked);
        self.comes_back_with(browser, asked, &format!("code={code}"))
    }

    fn comes_back_with(&self, browser: &mut Browser, asked: &Pairs, answer: &str) -> Message {
        let (state, issuer) = (&asked["state"], self.provider.issuer());
        let target = format!("/oauth2/callback?{answer}&state={state}&iss={issuer}");
        browser.goes(self.address(), &target)
    }

    /// A browser in which somebody has signed in.
    #[track_caller]
    fn signed_in(&self) -> Browser {
        let mut browser = Browser::default();
        let asked = self.begins(&mut browser, "/private");
        let response = self.comes_back(&mut browser, &asked);
        assert_eq!(status(&response), "303 See Other", "{response:?}");
        self.provider.take_asked();
        browser
    }

    /// What comes of a script's request for what is private.
    fn asks(&self, browser: &mut Browser) -> String {
        self.let_through(1);
        let response = browser.fetches(self.address(), "/private");
        let asked = self.behind.take_seen().len();
        let status = status(&response).to_owned();
        assert_eq!(asked, usize::from(status == "200 OK"), "{status}");
        status
    }
}

fn status(response: &Message) -> &str {
    &response.start["HTTP/1.1 ".len()..]
}

/// The code of a problem.
fn code(response: &Message) -> String {
    let body: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
    body["code"].as_str().unwrap().to_owned()
}

fn config(provider: &Provider, behind: &Fake, more: &str) -> String {
    let (issuer, upstream) = (provider.issuer(), behind.address);
    let secrets = match more.contains("secrets:") {
        true => String::new(),
        false => format!("    secrets: [{SECRET}]\n"),
    };
    let more: String = more.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "authentication:
  login:
    issuer: {issuer}
    client_id: {CLIENT_ID}
    client_secret: \"{CLIENT_SECRET}\"
    base_url: https://shop.example
{secrets}{more}  forward: {{ url: \"http://{upstream}/verify\", request_headers: [cookie] }}
consumers:
  - {{ name: ada, groups: [staff], claims: {{ sub: u1 }} }}
policies:
  people: {{ auth: [login] }}
  asked: {{ auth: [forward] }}
graphql: {{ policies: [people] }}
headers: {{ all: {{ request: [{{ propagate: {{ matching: . }} }}, {{ insert: {{ name: x-name, claim: name }} }}, {{ insert: {{ name: x-scope, claim: scope }} }}, {{ insert: {{ name: x-secret, claim: secret }} }}] }} }}
upstreams: {{ behind: {{ endpoints: [\"http://{upstream}\"] }} }}
routes:
  - {{ match: {{ path: /private/** }}, to: behind, policies: [people] }}
  - {{ match: {{ path: /public }}, to: behind }}
  - {{ match: {{ path: /asked }}, to: behind, policies: [asked] }}
"
    )
}
