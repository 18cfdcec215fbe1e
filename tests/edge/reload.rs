//! Certificates that are replaced while the router runs.

use crate::kit::{Authority, Encrypted, Folder, Process, Speech};
use graphway::gateway::ClientCertificate;

fn fingerprint(client: &Encrypted) -> Box<str> {
    ClientCertificate::read(&client.shown()).unwrap().sha256
}

#[test]
fn new_certificates_are_for_new_connections_and_bad_ones_for_none() {
    let (authority, folder) = (Authority::new("ours"), Folder::new());
    let pem = authority.pem();
    let old = authority.server(&["a.test"]);
    let entry = folder.entry("a", &old);
    let settings = format!(
        "tls: {{ certificates: [{{ {entry} }}] }}
telemetry: {{ exporters: {{ metrics: {{ prometheus: {{ enabled: true, listen: '127.0.0.1:0' }} }} }} }}
"
    );
    let mut process = Process::start(&settings, super::SHOP);
    let metrics = process.address_after("metrics at http://");
    let config = Speech::new(&pem).config();
    let connect = || Encrypted::connect(process.address, "a.test", &config).unwrap();
    let mut before = connect();
    let first = fingerprint(&before);

    // Half of a new pair is no pair.
    let soon = authority.client("server", |params| {
        params.subject_alt_names = vec![rcgen::SanType::DnsName("a.test".try_into().unwrap())];
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
        params.not_after = rcgen::date_time_ymd(2030, 1, 1);
    });
    folder.write("a.crt", &soon.certificate);
    let refused = process.wait_for_line(|line| line.contains("not reloaded"));
    assert!(
        refused.contains("the certificate and the key cannot be used"),
        "{refused}"
    );
    assert_eq!(fingerprint(&connect()), first);
    let scrape = || {
        let answer = crate::kit::Client::connect(metrics).request("GET /metrics");
        String::from_utf8(answer.body).unwrap()
    };
    let figures = scrape();
    assert!(
        figures.contains("api_reloads_total{outcome=\"refused\"} 1"),
        "{figures}"
    );

    folder.write("a.key", &soon.key);
    process.wait_for_line(|line| line.contains("certificates are renewed"));
    let mut after = connect();
    assert_ne!(fingerprint(&after), first);
    // Both go on.
    for client in [&mut before, &mut after] {
        let answer = client.request("GET /health").unwrap();
        assert_eq!(answer.start, "HTTP/1.1 200 OK");
    }
    let figures = scrape();
    let expiry = "api_tls_certificate_expiry_timestamp_seconds{host=\"a.test\"} 1893456000";
    assert!(figures.contains(expiry), "{figures}");
    let log = process.stop();
    assert!(!log.iter().any(|line| line.contains("BEGIN")), "{log:?}");
}

/// A supergraph that cannot be served would otherwise have certificates run out behind it.
#[test]
fn certificates_are_renewed_whatever_is_wrong_with_the_supergraph() {
    let (authority, folder) = (Authority::new("ours"), Folder::new());
    let pem = authority.pem();
    let entry = folder.entry("a", &authority.server(&["a.test"]));
    let settings = format!("tls: {{ certificates: [{{ {entry} }}] }}\n");
    let process = Process::start(&settings, super::SHOP);
    let config = Speech::new(&pem).config();
    let shown = || fingerprint(&Encrypted::connect(process.address, "a.test", &config).unwrap());
    let first = shown();
    process.write("supergraph.graphql", "type Query {");
    process.wait_for_line(|line| line.contains("not reloaded"));
    folder.entry("a", &authority.server(&["a.test"]));
    process.wait_for_line(|line| line.contains("certificates are renewed"));
    assert_ne!(shown(), first);
}
