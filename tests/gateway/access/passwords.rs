//! Passwords are checked beside the workers, a few at a time.

use super::Shop;
use crate::kit::{Client, wire};

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
