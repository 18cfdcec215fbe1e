//! The subgraphs of pages, to be composed.

use super::Block;

/// The federation that subgraphs of pages speak when they do not say so themselves.
const LINK: &str = "extend schema @link(url: \"https://specs.apollo.dev/federation/v2.8\", import: [\"@key\", \
    \"@requires\", \"@provides\", \"@external\", \"@shareable\", \"@override\", \"@inaccessible\", \
    \"@interfaceObject\", \"@context\", \"@fromContext\"])\n";

/// A subgraph's SDL with the `@link` that was left out, unless it has its own or begins with `# Federation 1`.
pub fn linked(sdl: &str) -> String {
    if sdl.contains("@link(") || sdl.starts_with("# Federation 1") {
        return sdl.to_owned();
    }
    format!("{LINK}{sdl}")
}

/// The subgraphs of a page: the names and linked SDLs of its `graphql subgraph NAME` blocks.
pub fn subgraphs(blocks: &[Block]) -> Vec<(String, String)> {
    let named = |block: &Block| {
        let name = block.kind.strip_prefix("subgraph ")?;
        Some((name.to_owned(), linked(&block.text)))
    };
    blocks.iter().filter_map(named).collect()
}
