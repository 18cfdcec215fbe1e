//! The codes that clients see, as `docs/errors.md` lists them.

use graphway::gateway::Code;
use std::{collections::BTreeSet, env, fmt::Write, fs, path::Path};

const PAGE: &str = "docs/errors.md";
const HEAD: &str = "| code | status | |\n|---|---|---|\n";

/// The table of the page. `UPDATE=1` writes it.
#[test]
fn the_page_lists_every_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let page = fs::read_to_string(&path).unwrap();
    let (before, table) = page.split_once(HEAD).unwrap();
    let after = table.split_once("\n\n").map_or("", |(_, after)| after);
    let mut rows = String::new();
    for code in Code::ALL {
        let (name, status) = (code.name(), code.status().as_u16());
        let json = code.status_in_json().as_u16();
        let status = match json == status {
            true => status.to_string(),
            false => format!("{status}, {json} in `application/json`"),
        };
        writeln!(rows, "| `{name}` | {status} | {} |", code.meaning()).unwrap();
    }
    let right = format!("{before}{HEAD}{rows}\n{after}");
    if env::var_os("UPDATE").is_some() {
        fs::write(&path, right).unwrap();
    } else {
        assert_eq!(page, right, "UPDATE=1 rewrites it");
    }
}

#[test]
fn a_name_with_a_status_means_one_thing() {
    let all = Code::ALL.iter().map(|code| (code.name(), code.status()));
    assert_eq!(all.collect::<BTreeSet<_>>().len(), Code::ALL.len());
}
