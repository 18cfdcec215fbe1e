//! What stands in `docs/examples/tls.yaml` does what it says.

use super::{SHOP, answer, header};
use crate::kit::{Authority, Client, Encrypted, Fake, Folder, Router, Speech};

#[test]
fn the_example_of_the_documentation_is_served() {
    let (ours, partners, folder) = (
        Authority::new("ours"),
        Authority::new("partners"),
        Folder::new(),
    );
    let shop = folder.entry("shop", &ours.server(&["www.shop.example", "shop.example"]));
    folder.entry("partners", &ours.server(&["partners.example"]));
    folder.write("partners-ca.crt", &partners.pem());
    let directory = shop
        .split_once(": ")
        .unwrap()
        .1
        .split_once("shop.crt")
        .unwrap()
        .0;
    let upstream = Fake::upstream("up.test");
    let config = include_str!("../../docs/examples/tls.yaml")
        .replace("/etc/graphway/tls/", directory)
        .replace("http://up:8080", &format!("http://{}", upstream.address))
        .replace("0.0.0.0:80\"", "127.0.0.1:0\"")
        .replace("0.0.0.0:8088", "127.0.0.1:0")
        .replace("10.0.0.0/8", "127.0.0.0/8");
    let router = Router::start(&config, SHOP);
    let line = b"PROXY TCP4 9.9.9.9 10.0.0.1 4711 443\r\n";
    let pem = ours.pem();
    let partner = partners.client("partner", |_| {});
    let ask = |host: &str, identity| {
        let speech = Speech {
            identity,
            ..Speech::new(&pem)
        };
        let mut client = Encrypted::connect_after(router.address, line, host, &speech.config())?;
        client.request(&format!("GET /a\nhost: {host}\n\n"))
    };
    answer(&upstream, 2);
    assert_eq!(
        ask("www.shop.example", None).unwrap().start,
        "HTTP/1.1 200 OK"
    );
    assert!(ask("partners.example", None).is_err());
    assert_eq!(
        ask("partners.example", Some(&partner)).unwrap().start,
        "HTTP/1.1 200 OK"
    );
    let seen = upstream.take_seen();
    assert_eq!(header(&seen[0], "x-forwarded-for"), Some("9.9.9.9"));
    let certificate = header(&seen[1], "x-forwarded-client-cert").unwrap();
    assert!(
        certificate.ends_with("Subject=\"CN=partner\""),
        "{certificate}"
    );

    let mut plain = Client::connect(router.redirect.unwrap());
    plain.send(line);
    let sent = plain.request("GET /a\nhost: www.shop.example\n\n");
    assert_eq!(sent.header("location"), Some("https://www.shop.example/a"));
}
