//! Passwords are checked beside the workers, a few at a time.

use super::Shop;
use crate::kit::{Client, wire};
use graphway::{
    config::{Environment, parse},
    gateway::{self, Body, Gateway, Local, Peer},
    schema::Supergraph,
};
use std::{fs, net::Ipv4Addr, path::Path, sync::Arc};
use tokio::{runtime, task::yield_now};

/// `password`, by the reference implementation's test: 256 KiB, two passes.
const CHEAP: &str =
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

fn config(hash: &str) -> String {
    format!(
        "authentication: {{ basic: {{}}, api_key: {{}} }}\n\
         consumers: [{{ name: app, basic: [{{ username: u, password: '{hash}' }}],\n\
           api_keys: [{{ sha256: ea15307d5014284174761b842f9352a857a93a3b2df3f23b69ac21d8b24ee805 }}] }}]\n\
         policies: {{ p: {{ auth: [basic, api_key] }} }}\n"
    )
}

/// Base64 of a name, a colon and four digits.
fn guess(name: char, number: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = format!("{name}:{number:04}");
    let digits = text.as_bytes().chunks(3).flat_map(|chunk| {
        let bits = u32::from_be_bytes([0, chunk[0], chunk[1], chunk[2]]);
        (0..4).map(move |index| char::from(LETTERS[(bits >> (18 - 6 * index) & 63) as usize]))
    });
    digits.collect()
}

/// Hundreds of wrong passwords at once: some are refused as wrong, the rest as too many, and who shows something else is
/// answered meanwhile. It is the same for a name that nobody has: nobody learns by the time it takes which names there are.
#[test]
fn a_flood_of_passwords_holds_nobody_up() {
    flood('u');
    flood('x');
}

fn flood(name: char) {
    // Tenths of a second each in a debug build.
    let costly = CHEAP.replace("m=256,t=2", "m=2048,t=8");
    let shop = Shop::with(&config(&costly));
    let mut clients: Vec<Client> = (0..200)
        .map(|_| Client::connect(shop.router.address))
        .collect();
    for (number, client) in clients.iter_mut().enumerate() {
        let request = format!("GET /a\nauthorization: Basic {}", guess(name, number));
        client.send(&wire(&request));
    }
    let refused = clients.iter_mut().rev().find_map(|client| {
        let answer = client.response().unwrap();
        let is_late = answer.start == "HTTP/1.1 503 Service Unavailable";
        is_late.then(|| answer.header("retry-after").map(str::to_owned))
    });
    assert_eq!(refused, Some(Some("1".to_owned())));
    assert_eq!(shop.told("GET /a\nx-api-key: key-of-app"), "200");
}

/// A gateway that asks for passwords. That of `u` is cheap to check, that of `v` costly.
fn gateway() -> (Arc<Gateway>, gateway::Config, Supergraph) {
    let costly = CHEAP.replace("m=256,t=2", "m=2048,t=8");
    let yaml = format!(
        "authentication: {{ basic: {{}} }}\n\
         consumers: [{{ name: u, basic: [{{ username: u, password: '{CHEAP}' }}] }}, {{ name: v, basic: [{{ username: v, password: '{costly}' }}] }}]\n\
         policies: {{ p: {{ auth: [basic] }} }}\n\
         routes: [{{ match: {{ path: /** }}, respond: {{ status: 200 }}, policies: [p] }}]\n"
    );
    let environment = Environment {
        variable: &|_| None,
        file: &|path| fs::read_to_string(path),
    };
    let config = parse("router.yaml", &yaml, &environment).unwrap().config;
    let shop = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/supergraphs/shop.graphql");
    let supergraph = || Supergraph::parse(&fs::read_to_string(&shop).unwrap()).unwrap();
    let gateway = Gateway::start(&config.gateway(), supergraph()).unwrap();
    (Arc::new(gateway), config.gateway(), supergraph())
}

/// The status for a name and a password, in base64, from a network of this number.
async fn status(gateway: Arc<Gateway>, shown: String, network: u8) -> u16 {
    let request = http::Request::get("/a").header("host", "router.test");
    let request = request.header("authorization", format!("Basic {shown}"));
    let request = request.body(Body::empty()).unwrap();
    let peer = Peer::at(Ipv4Addr::new(192, 0, 2, network).into());
    let local = Arc::new(Local::default());
    let response = gateway::handle(&gateway.snapshot(), &local, peer, request).await;
    response.status().as_u16()
}

/// `u:password`
const RIGHT: &str = "dTpwYXNzd29yZA==";

/// Has every place taken by guesses from these networks.
async fn crowd(gateway: &Arc<Gateway>, networks: std::ops::Range<u8>) {
    for number in 0..200 {
        let network = networks.start + number as u8 % (networks.end - networks.start);
        tokio::spawn(status(Arc::clone(gateway), guess('v', number), network));
    }
    for _ in 0..10 {
        yield_now().await;
    }
}

fn on_one_thread<T>(test: impl Future<Output = T>) -> T {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(test)
}

/// What was right is known after a reload, when there is no room to check it.
#[test]
fn a_reload_forgets_no_password() {
    let (gateway, mut config, supergraph) = gateway();
    on_one_thread(async {
        assert_eq!(status(Arc::clone(&gateway), RIGHT.to_owned(), 1).await, 200);
        config.introspection = !config.introspection;
        gateway.reload(&config, supergraph).unwrap();
        crowd(&gateway, 100..200).await;
        assert_eq!(status(Arc::clone(&gateway), guess('u', 1), 1).await, 503);
        assert_eq!(status(Arc::clone(&gateway), RIGHT.to_owned(), 1).await, 200);
    });
}

/// Others' guesses from one network do not take the places of all.
#[test]
fn guesses_from_one_network_keep_nobody_else_out() {
    let (gateway, ..) = gateway();
    on_one_thread(async {
        crowd(&gateway, 100..101).await;
        assert_eq!(status(Arc::clone(&gateway), guess('u', 1), 100).await, 503);
        assert_eq!(status(Arc::clone(&gateway), RIGHT.to_owned(), 1).await, 200);
    });
}
