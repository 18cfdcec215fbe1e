//! The layers and what each may import, as `docs/architecture.md` has them.
//!
//! The page's table is the only copy of the order: what people read is what the checks enforce.

use super::source::{Breach, top};
use std::{collections::BTreeMap, fs};

/// Where the table stands.
pub(super) const PAGE: &str = "docs/architecture.md";

/// What a layer may import: `a` (a layer), `a::B` (one item of it), `*::Config` (every layer's), `*` (everything).
pub(super) type May = Vec<String>;

/// The layers by name.
pub(super) type Map = BTreeMap<String, May>;

/// Does it allow `item` of `layer`? A layer's bare name has no item: what is reached through it is met as a path of its
/// own, so an allowed item allows it too.
pub(super) fn allows(may: &May, layer: &str, item: &str) -> bool {
    may.iter().any(|pattern| match pattern.split_once("::") {
        None => pattern == "*" || pattern == layer,
        Some(("*", end)) => item.is_empty() || item.ends_with(end),
        Some((of, one)) => of == layer && (item.is_empty() || item == one),
    })
}

/// The page's text.
pub(super) fn page() -> String {
    fs::read_to_string(top().join(PAGE)).expect("docs/architecture.md")
}

/// Reads the rows of the table whose first cell is `` `src/NAME/` ``; the last cell says what it may import.
pub(super) fn map(page: &str) -> Map {
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<&str> = line
            .trim()
            .trim_matches('|')
            .split('|')
            .map(str::trim)
            .collect();
        let name = cells[0].strip_prefix("`src/")?.strip_suffix("/`")?;
        let may = cells.last()?.split('`').skip(1).step_by(2);
        Some((name.to_owned(), may.map(str::to_owned).collect()))
    });
    rows.collect()
}

/// What the page does not name between backticks.
pub(super) fn missing<'a>(page: &str, places: impl IntoIterator<Item = &'a str>) -> Vec<Breach> {
    let missing = places
        .into_iter()
        .filter(|place| !page.contains(&format!("`{place}`")));
    let breach = |place| Breach {
        path: PAGE.to_owned(),
        line: 1,
        rule: "map",
        says: format!("does not mention `{place}`"),
    };
    missing.map(breach).collect()
}

/// The directories that the page must mention: the layers, and what stands at the project's top.
pub(super) fn places() -> Vec<String> {
    let directories = |below: &str| {
        let entries = fs::read_dir(top().join(below)).expect("a directory of the project");
        let entries = entries
            .map(|entry| entry.expect("a readable entry"))
            .filter(|entry| entry.path().is_dir());
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names
            .map(|name| format!("{below}{name}/"))
            .collect::<Vec<String>>()
    };
    let mut places = directories("src/");
    places.extend(
        directories("")
            .into_iter()
            .filter(|place| !place.starts_with('.') && !IGNORED.contains(&place.as_str())),
    );
    places.sort();
    places
}

/// The crates of other people that a manifest asks for, tests included.
pub(super) fn dependencies(manifest: &str) -> Vec<&str> {
    let mut inside = false;
    let mut names = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.trim_end_matches(']').ends_with("dependencies");
        } else if let Some((name, rest)) = line
            .split_once('=')
            .filter(|_| inside && !line.starts_with('#'))
        {
            names.extend((!rest.contains("path =")).then(|| name.trim()));
        }
    }
    names
}

/// Not the project's: build output, and `src/` whose parts are named instead.
const IGNORED: [&str; 2] = ["target/", "src/"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_permissions() {
        let page = "| place | may import |\n|---|---|\n| `src/a/` | – |\n| `src/b/` | text | `a`, `c` |\n\
                    | `src/d/` | every layer's `*::Config`, `a::Url` |\n| `src/e/` | all: `*` |\n| `tests/` | – |";
        let map = map(page);
        assert_eq!(map.keys().collect::<Vec<_>>(), ["a", "b", "d", "e"]);
        let allowed = |from: &str, layer, item| allows(&map[from], layer, item);
        assert!(!allowed("a", "b", "Plan"));
        assert!(allowed("b", "c", "Plan") && allowed("b", "c", "") && !allowed("b", "d", "Plan"));
        assert!(allowed("d", "c", "CorsConfig") && !allowed("d", "c", "Plan"));
        assert!(allowed("d", "a", "Url") && !allowed("d", "a", "Uri"));
        assert!(allowed("e", "c", "Plan"));
    }

    #[test]
    fn a_place_off_the_page_is_told() {
        let told: Vec<_> = missing("see `src/a/`", ["src/a/", "src/b/"])
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            told,
            ["docs/architecture.md:1: [map] does not mention `src/b/`"]
        );
    }

    #[test]
    fn dependencies_are_read_from_the_manifest() {
        let manifest = "[package]\nname = \"a\"\n[dependencies]\nb = \"1\"\n# c = \"1\"\nd = { path = \"d\" }\n\
            [dev-dependencies]\ne = { version = \"1\" }\n[features]\nf = []\n";
        assert_eq!(dependencies(manifest), ["b", "e"]);
    }
}
