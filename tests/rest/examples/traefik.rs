//! `traefik.yaml`: TLS, hosts and prefixes, weights, a rate limit and tokens.

use super::{Example, saying_as_json, token, with_keys};
use crate::kit::{Authority, Client, Encrypted, Folder, Message, Speech};
use graphway::config::{self, Environment};

const HOST: &str = "host: api.company.com";

/// The example, and what it takes to speak to it.
struct Traefik {
    example: Example,
    authority: Authority,
    _folder: Folder,
}

impl Traefik {
    fn start() -> Self {
        let (authority, folder) = (Authority::new("ours"), Folder::new());
        let entry = folder.entry("api", &authority.server(&["api.company.com"]));
        let (_, path) = entry.split_once(": ").unwrap();
        let (directory, _) = path.split_once("api.crt").unwrap();
        let example = Example::adjusted("traefik", saying_as_json, |config| {
            with_keys(&config, "https://auth.company.com/.well-known/jwks.json")
                .replace("/etc/graphway/tls/", directory)
                .replace("0.0.0.0:80\"", "127.0.0.1:0\"")
        });
        Self {
            example,
            authority,
            _folder: folder,
        }
    }

    fn connect(&self) -> Encrypted {
        let pem = self.authority.pem();
        let config = Speech::new(&pem).config();
        Encrypted::connect(self.example.router.address, "api.company.com", &config).unwrap()
    }
}

fn ask(client: &mut Encrypted, request: &str) -> Message {
    client.request(&format!("{request}\n\n")).unwrap()
}

fn said(client: &mut Encrypted, request: &str) -> String {
    let answer = ask(client, request);
    match answer.start.as_str() {
        "HTTP/1.1 200 OK" => String::from_utf8(answer.body).unwrap(),
        start => start.split(' ').nth(1).unwrap().to_owned(),
    }
}

#[test]
fn hosts_prefixes_and_weights() {
    let traefik = Traefik::start();
    let mut client = traefik.connect();
    let products: Vec<String> = (0..100)
        .map(|_| said(&mut client, &format!("GET /api/v1/products/7\n{HOST}")))
        .collect();
    let canaries = products
        .iter()
        .filter(|answer| *answer == "product-service-v2");
    assert_eq!(canaries.count(), 10);
    for path in ["/api/v1/productsandmore", "/api/v2/products", "/"] {
        assert_eq!(said(&mut client, &format!("GET {path}\n{HOST}")), "404");
    }
    let other = "GET /api/v1/products\nhost: other.company.com";
    assert_eq!(said(&mut client, other), "404");
}

#[test]
fn the_middlewares() {
    let traefik = Traefik::start();
    let mut client = traefik.connect();
    let users = |more: &str| format!("GET /api/v1/users/7\n{HOST}{more}");
    let good = token("\"iss\":\"https://auth.company.com/\"");
    assert_eq!(said(&mut client, &users(&good)), "user-service");
    assert_eq!(said(&mut client, &users("")), "401");
    let stranger = token("\"iss\":\"https://other.example/\"");
    assert_eq!(said(&mut client, &users(&stranger)), "401");

    let answer = ask(&mut client, &users(&good));
    let policy = answer.header("ratelimit-policy");
    assert_eq!(policy, Some("\"rate-limit\";q=50;w=30"));
    // Those that were refused counted, too. One comes back in 0.6 s.
    let mut admitted = 4;
    while said(&mut client, &users(&good)) == "user-service" {
        admitted += 1;
    }
    assert!((50..60).contains(&admitted), "{admitted}");
    let refused = ask(&mut client, &users(&good));
    assert_eq!(refused.header("retry-after"), Some("1"));
}

#[test]
fn the_entry_points() {
    let traefik = Traefik::start();
    let mut plain = Client::connect(traefik.example.router.redirect.unwrap());
    let sent = plain.request(&format!("GET /api/v1/users/7?a=b\n{HOST}"));
    let to = "https://api.company.com/api/v1/users/7?a=b";
    assert_eq!(sent.header("location"), Some(to));

    let text = include_str!("../../../docs/examples/traefik.yaml");
    let identity = traefik.authority.server(&["api.company.com"]);
    let environment = Environment {
        variable: &|_| None,
        file: &|path| match path.ends_with(".key") {
            true => Ok(identity.key.clone()),
            false => Ok(identity.certificate.clone()),
        },
    };
    let config = config::parse("router.yaml", text, &environment);
    let config = config.unwrap().config;
    assert_eq!(config.supergraph.listen.port(), 443);
    let metrics = config.telemetry.exporters.metrics.prometheus;
    assert!(metrics.enabled);
    assert_eq!(metrics.listen.port(), 9090);
}
