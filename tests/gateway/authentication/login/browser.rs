//! A browser: it keeps cookies, shows them, and goes where it is sent.

use crate::kit::{Client, Message};
use std::{collections::BTreeMap, net::SocketAddr};

/// Its cookies of one host.
#[derive(Clone, Default)]
pub(super) struct Browser {
    pub(super) cookies: BTreeMap<String, String>,
}

/// What a navigation says of itself.
pub(super) const NAVIGATES: &str = "sec-fetch-mode: navigate\nsec-fetch-site: cross-site\n";

impl Browser {
    /// What it has typed in, or was sent to.
    pub(super) fn goes(&mut self, to: SocketAddr, target: &str) -> Message {
        self.sends(to, &format!("GET {target}\n{NAVIGATES}"))
    }

    /// A script of a page asks for something.
    pub(super) fn fetches(&mut self, to: SocketAddr, target: &str) -> Message {
        self.sends(to, &format!("GET {target}\nsec-fetch-mode: cors\n"))
    }

    /// Sends a request, with its cookies.
    pub(super) fn sends(&mut self, to: SocketAddr, written: &str) -> Message {
        let response = Client::connect(to).request(&self.dressed(written));
        self.keeps(&response);
        response
    }

    /// A request with its cookies, and the host that it thinks it talks to.
    pub(super) fn dressed(&self, written: &str) -> String {
        let pairs = self.cookies.iter();
        let pairs: Vec<_> = pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let (head, body) = written
            .split_once("\n\n")
            .unwrap_or((written.trim_end(), ""));
        let mut head = format!("{head}\nhost: shop.example");
        if !pairs.is_empty() {
            head.push_str(&format!("\ncookie: other=1; {}", pairs.join("; ")));
        }
        format!("{head}\n\n{body}")
    }

    /// Does what a response says of cookies, which must all be well protected.
    pub(super) fn keeps(&mut self, response: &Message) {
        for line in set_cookies(response) {
            let (pair, attributes) = line.split_once("; ").unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            assert!(name.starts_with("__Host-graphway"), "{name}");
            let (attributes, age) = attributes.split_once("; Max-Age=").unwrap();
            assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Lax");
            assert!(line.len() < 4096);
            match age {
                "0" => self.cookies.remove(name),
                _ => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        if set_cookies(response).next().is_some() {
            assert_eq!(response.header("cache-control"), Some("no-store"));
        }
    }

    /// Names of its cookies of one kind.
    pub(super) fn names(&self, prefix: &str) -> Vec<String> {
        let names = self.cookies.keys();
        names
            .filter(|name| name.starts_with(prefix))
            .cloned()
            .collect()
    }
}

/// All cookies that a response sets.
pub(super) fn set_cookies(response: &Message) -> impl Iterator<Item = &String> {
    let headers = response.headers.iter();
    let cookies = headers.filter(|(name, _)| name == "set-cookie");
    cookies.map(|(_, line)| line)
}
