//! What a browser is shown at `/`, and that third-party files are the ones we say they are.

use crate::kit::{Client, Router};
use std::{collections::BTreeSet, fs, path::Path};

const SANDBOX: &str = "sandbox: { enabled: true }\n";
const BROWSER: &str = "accept: text/html,application/xhtml+xml,*/*;q=0.8";

fn router(config: &str) -> Router {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/supergraphs");
    let sdl = fs::read_to_string(directory.join("shop.graphql")).unwrap();
    Router::start(config, &sdl)
}

/// The status line, the body, and the headers joined by lines.
fn get(router: &Router, request: &str) -> (String, String, String) {
    let response = Client::connect(router.address).request(request);
    let headers = response.headers.iter();
    let headers = headers.map(|(name, value)| format!("{name}: {value}\n"));
    (
        response.start.clone(),
        String::from_utf8_lossy(&response.body).into_owned(),
        headers.collect(),
    )
}

#[test]
fn nothing_is_at_the_root_unless_it_is_switched_on() {
    let router = router("");
    for path in ["/", "/.graphway/ide/ide.js"] {
        let (status, ..) = get(&router, &format!("GET {path}\n{BROWSER}\n"));
        assert_eq!(status, "HTTP/1.1 404 Not Found", "{path}");
    }
}

#[test]
fn the_homepage_says_where_the_graph_is() {
    let router = router("homepage: { enabled: true }\nsupergraph: { path: /a\"b<c }\n");
    let (status, body, headers) = get(&router, &format!("GET /\n{BROWSER}\n"));
    assert_eq!(status, "HTTP/1.1 200 OK");
    assert!(body.contains("<code>/a&quot;b&lt;c</code>"), "{body}");
    assert!(headers.contains("content-type: text/html"), "{headers}");
    assert!(!body.contains("<script"), "{body}");
    let (status, ..) = get(&router, &format!("GET /.graphway/ide/ide.js\n{BROWSER}\n"));
    assert_eq!(status, "HTTP/1.1 404 Not Found");
}

#[test]
fn a_program_at_the_root_gets_what_it_would_get_without_pages() {
    let router = router(&format!("{SANDBOX}supergraph: {{ path: / }}\n"));
    let (status, body, _) = get(
        &router,
        "GET /?query={__typename}\ncontent-type: application/json\n",
    );
    assert_eq!(
        (status.as_str(), body.as_str()),
        ("HTTP/1.1 200 OK", r#"{"data":{"__typename":"Query"}}"#)
    );
    let post = format!(
        "POST /\n{BROWSER}\ncontent-type: application/json\n\n{{\"query\":\"{{ __typename }}\"}}"
    );
    assert!(get(&router, &post).1.contains("Query"));
}

#[cfg(feature = "ide")]
#[test]
fn the_page_and_all_that_it_loads_come_from_here() {
    let router = router(SANDBOX);
    let (status, page, headers) = get(&router, &format!("GET /\n{BROWSER}\n"));
    assert_eq!(status, "HTTP/1.1 200 OK");
    assert!(page.contains("data-endpoint=\"/graphql\""), "{page}");
    for guard in [
        "default-src 'none'",
        "script-src 'self';",
        "frame-ancestors 'none'",
        "nosniff",
    ] {
        assert!(headers.contains(guard), "{headers}");
    }
    let sources = page.split(['"']).filter(|text| text.starts_with('/'));
    let loaded: Vec<&str> = sources.filter(|path| *path != "/graphql").collect();
    assert_eq!(loaded.len(), 7, "{loaded:?}");
    for path in loaded {
        let (status, body, headers) = get(&router, &format!("GET {path}\naccept: */*\n"));
        assert_eq!(status, "HTTP/1.1 200 OK", "{path}");
        let wanted = if path.ends_with(".js") {
            "text/javascript"
        } else {
            "text/css"
        };
        assert!(
            headers.contains(wanted) && !body.is_empty(),
            "{path}: {headers}"
        );
    }
    assert!(!page.contains("//"), "the page names another host: {page}");
}

/// Our own scripts; a library's text may name hosts that it never asks.
#[cfg(feature = "ide")]
#[test]
fn our_scripts_ask_no_other_host() {
    let router = router(SANDBOX);
    for name in ["ide.js", "plan.js", "ide.css"] {
        let (_, body, _) = get(
            &router,
            &format!("GET /.graphway/ide/{name}\naccept: */*\n"),
        );
        assert!(
            !body.contains("http:") && !body.contains("https:"),
            "{name}"
        );
        assert!(!body.contains("innerHTML"), "{name} writes text as markup");
    }
}

#[test]
fn third_party_files_are_those_of_the_list() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gateway/ide/assets");
    let read = |name: &str| fs::read(directory.join(name)).unwrap();
    let sums = String::from_utf8(read("SHA256SUMS")).unwrap();
    let mut listed = BTreeSet::new();
    for line in sums.lines() {
        let (sum, name) = line.split_once("  ").unwrap();
        let digest = ring::digest::digest(&ring::digest::SHA256, &read(name));
        let digest: String = digest
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(digest, sum, "{name}");
        listed.insert(name.to_owned());
    }
    let mut there: BTreeSet<String> = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for about in ["LICENCES.txt", "README.md", "SHA256SUMS"] {
        assert!(there.remove(about), "{about} is missing");
    }
    assert_eq!(there, listed);
    let (about, licences) = (read("README.md"), read("LICENCES.txt"));
    let (about, licences) = (
        String::from_utf8(about).unwrap(),
        String::from_utf8(licences).unwrap(),
    );
    for name in &listed {
        assert!(
            about.contains(&format!("`{name}`")),
            "README.md does not say where {name} is from"
        );
    }
    for holder in [
        "GraphQL Contributors",
        "Facebook",
        "Marijn Haverbeke",
        "SIL OPEN FONT LICENSE",
    ] {
        assert!(licences.contains(holder), "no licence of {holder}");
    }
}
