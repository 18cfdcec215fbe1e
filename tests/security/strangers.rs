//! Servers that are not who they should be: nothing is said to them.

use super::post;
use crate::{
    kit::{Authority, Client, Folder, Identity, Process},
    telemetry::shop,
};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, SanType};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{
    fs,
    io::Read,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc,
        mpsc::{Receiver, channel},
    },
    thread,
    time::Duration,
};

/// What does not come by then does not come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that shows a certificate, and tells of each connection whether anything was said to it.
struct Server {
    address: SocketAddr,
    heard: Receiver<bool>,
}

impl Server {
    fn showing(identity: &Identity) -> Self {
        let chain = CertificateDer::pem_slice_iter(identity.certificate.as_bytes());
        let chain = chain.collect::<Result<_, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, heard) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let session = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = StreamOwned::new(session, stream.unwrap());
                let is_heard = stream.read(&mut [0]).is_ok_and(|bytes| bytes > 0);
                // The test has ended when nobody listens any more.
                let _ = tell.send(is_heard);
            }
        });
        Self { address, heard }
    }

    /// Whether the first who came said anything.
    fn is_believed(&self) -> bool {
        self.heard.recv_timeout(PATIENCE).expect("a connection")
    }
}

/// Whether key sets, a collector of traces, a service, a subgraph and a supergraph are asked for at servers that show this.
fn believed(trusted: &Path, identity: &Identity) -> [bool; 5] {
    let servers: [Server; 5] = std::array::from_fn(|_| Server::showing(identity));
    let [keys, traces, service, users, supergraph] = servers
        .each_ref()
        .map(|server| format!("https://localhost:{}", server.address.port()));
    let config = format!(
        "authentication: {{ router: {{ jwt: {{ jwks: [{{ url: '{keys}/keys' }}] }} }} }}
telemetry: {{ exporters: {{ tracing: {{ otlp: {{ enabled: true, endpoint: '{traces}', protocol: http, batch_processor: {{ scheduled_delay: 1ms }} }} }} }} }}
upstreams: {{ service: {{ endpoints: ['{service}'], retry: {{ attempts: 1 }} }} }}
routes: [{{ match: {{ path: /service }}, to: service }}]
override_subgraph_url: {{ users: '{users}/graphql' }}
"
    );
    let process = Process::trusting(trusted, &config, &shop(&[]));
    let requests = ["GET /service".to_owned(), post("{ me { id } }")];
    let asking = requests.map(|request| {
        let mut client = Client::connect(process.address);
        client.send(&crate::kit::wire(&request));
        client
    });
    let folder = trusted.parent().unwrap();
    let source = format!("supergraph: {{ source: '{supergraph}/supergraph.graphql' }}\n");
    fs::write(folder.join("router.yaml"), source).unwrap();
    let mut other = Command::new(env!("CARGO_BIN_EXE_graphway"))
        .args(["serve", "--listen", "127.0.0.1:0"])
        .current_dir(folder)
        .env("SSL_CERT_FILE", trusted)
        .env_remove("SSL_CERT_DIR")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let believed = servers.each_ref().map(Server::is_believed);
    // It may have ended by itself, for it has no supergraph.
    let _ = other.kill();
    other.wait().unwrap();
    drop(asking);
    believed
}

/// GHSA-6fw5-9hq8-w87g: connections of one kind did not check certificates. All kinds that we make, with the certificates that
/// must not do.
#[test]
fn servers_that_show_a_bad_certificate_are_told_nothing() {
    let ours = Authority::new("ours");
    let folder = Folder::new();
    let trusted = folder.write("ours.crt", &ours.pem());
    let trusted = Path::new(&trusted);
    let server = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.subject_alt_names = vec![SanType::DnsName("localhost".try_into().unwrap())];
    };
    let bad = [
        (
            "a stranger's",
            Authority::new("ours").server(&["localhost"]),
        ),
        (
            "another host's",
            ours.server(&["other.test", "localhost.test", "*.localhost"]),
        ),
        ("an address's", ours.server(&["127.0.0.1"])),
        (
            "one that names its host in its subject alone",
            ours.client("localhost", |params| {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            }),
        ),
        (
            "a URI's",
            ours.client("localhost", |params| {
                server(params);
                params.subject_alt_names =
                    vec![SanType::URI("https://localhost".try_into().unwrap())];
            }),
        ),
        (
            "an expired one",
            ours.client("localhost", |params| {
                server(params);
                params.not_after = rcgen::date_time_ymd(2020, 1, 1);
            }),
        ),
        (
            "a client's",
            ours.client("localhost", |params| {
                server(params);
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            }),
        ),
    ];
    for (kind, identity) in &bad {
        assert_eq!(believed(trusted, identity), [false; 5], "{kind}");
    }
    assert_eq!(believed(trusted, &ours.server(&["localhost"])), [true; 5]);
}
