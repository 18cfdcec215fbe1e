//! The pure layers stay cut-able into a crate: nobody outside leans on what they keep to themselves by `pub(crate)`.
//!
//! Items are known by their paths. Methods and fields are known by name only, so a name that is also declared in any
//! other way somewhere in the library is let pass.

use super::{
    layers::PURE,
    library::Library,
    source::{Breach, Source},
    tokens::{Kind, Token, closing},
};
use std::collections::BTreeSet;

/// Words that may stand between a visibility and the name it is about.
const BEFORE_NAMES: [&str; 11] = [
    "const", "async", "unsafe", "extern", "static", "mut", "fn", "struct", "enum", "trait", "type",
];

/// Every use outside of what is `pub(crate)` inside.
pub(super) fn cut(library: &Library<'_>) -> Vec<Breach> {
    let (mut kept, mut open) = (BTreeSet::new(), BTreeSet::new());
    for (source, _) in &library.files {
        for (name, crate_only) in members(source) {
            if crate_only && is_pure(source) {
                kept.insert(name)
            } else {
                open.insert(name)
            };
        }
    }
    let kept: BTreeSet<&str> = kept.difference(&open).copied().collect();
    let mut breaches = Vec::new();
    for (source, references) in library.files.iter().filter(|(source, _)| !is_pure(source)) {
        for reference in references
            .all
            .iter()
            .filter(|reference| reference.path[0] == "crate")
        {
            let [_, layer, item, ..] = reference.path.as_slice() else {
                continue;
            };
            let door = library.door(layer).filter(|(door, _)| is_pure(door));
            if door.is_some_and(|(door, _)| shown_to_crate(door).any(|name| name == item)) {
                breaches.push(source.breach(
                    reference.line,
                    "cut",
                    format!("`{item}` is pub(crate) in `{layer}`"),
                ));
            }
        }
        for pair in source
            .tokens
            .windows(2)
            .filter(|pair| pair[0].is(".") || pair[0].is("::"))
        {
            if pair[1].kind == Kind::Word && kept.contains(pair[1].text.as_str()) {
                let says = format!("`{}` is pub(crate) in a pure layer", pair[1].text);
                breaches.push(source.breach(pair[1].line, "cut", says));
            }
        }
    }
    breaches
}

fn is_pure(source: &Source) -> bool {
    source.layer().is_some_and(|layer| PURE.contains(&layer))
}

/// Does `pub(crate)` stand at `index`?
fn is_crate_only(tokens: &[Token], index: usize) -> bool {
    let texts = ["pub", "(", "crate", ")"];
    texts
        .iter()
        .enumerate()
        .all(|(at, text)| tokens.get(index + at).is_some_and(|token| token.is(text)))
}

/// What a door declares or re-exports as `pub(crate)`.
fn shown_to_crate(door: &Source) -> impl Iterator<Item = &str> {
    let starts = (0..door.tokens.len())
        .filter(|&index| is_crate_only(&door.tokens, index))
        .map(|index| index + 4);
    starts.flat_map(|start| {
        let words = door.tokens[start..]
            .iter()
            .take_while(|token| !token.is(";"));
        let words = words
            .filter(|token| token.kind == Kind::Word)
            .map(|token| token.text.as_str());
        let names = if door.tokens[start].is("use") {
            usize::MAX
        } else {
            1
        };
        words
            .filter(|word| !BEFORE_NAMES.contains(word))
            .take(names)
    })
}

/// Functions, constants and fields by name, with whether they are declared `pub(crate)`.
fn members(source: &Source) -> Vec<(&str, bool)> {
    let tokens = &source.tokens;
    let mut names = Vec::new();
    for index in 0..tokens.len() {
        let is_name = tokens
            .get(index + 1)
            .is_some_and(|token| token.kind == Kind::Word);
        if (tokens[index].is("fn") || tokens[index].is("const")) && is_name {
            let qualifiers = tokens[..index]
                .iter()
                .rev()
                .take_while(|token| BEFORE_NAMES.iter().any(|word| token.is(word)));
            let start = index - qualifiers.count();
            names.push((
                tokens[index + 1].text.as_str(),
                start >= 4 && is_crate_only(tokens, start - 4),
            ));
        } else if tokens[index].is("struct") {
            names.extend(fields(tokens, index));
        }
    }
    names
}

/// The fields of the struct at `index`, with whether they are `pub(crate)`.
fn fields(tokens: &[Token], index: usize) -> Vec<(&str, bool)> {
    let opens = tokens[index..]
        .iter()
        .position(|token| token.is("{") || token.is(";"));
    let Some(open) = opens.map(|at| index + at).filter(|&at| tokens[at].is("{")) else {
        return Vec::new();
    };
    let end = closing(tokens, open);
    let mut names = Vec::new();
    let mut at = open + 1;
    while at < end {
        if ["(", "[", "{"].iter().any(|bracket| tokens[at].is(bracket))
            && !is_crate_only(tokens, at - 1)
        {
            at = closing(tokens, at);
        } else if tokens[at].is(":") && tokens[at - 1].kind == Kind::Word {
            names.push((
                tokens[at - 1].text.as_str(),
                at >= 5 && is_crate_only(tokens, at - 5),
            ));
        }
        at += 1;
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSIDE: &str = "mod search;\npub(crate) use search::{Step, go};\npub(crate) const fn weigh() {}\n\
        pub struct Plan { pub(crate) cost: u8, pub steps: u8 }\nimpl Plan { pub(crate) fn tally(&self) {} }\n\
        pub(crate) fn shared() {}";

    fn told(outside: &str) -> Vec<String> {
        let sources = [
            Source::new("src/planner/mod.rs", INSIDE),
            Source::new("src/gateway/mod.rs", "fn shared() {}"),
            Source::new("src/executor/mod.rs", outside),
        ];
        cut(&Library::new(&sources))
            .iter()
            .map(|breach| format!("{}: {}", breach.line, breach.says))
            .collect()
    }

    #[test]
    fn items_kept_to_the_crate_are_not_used_outside() {
        let text = "use crate::planner::{Plan, Step};\nfn f() { crate::planner::go() }\nfn g() { crate::planner::weigh() }";
        assert_eq!(
            told(text),
            [
                "1: `Step` is pub(crate) in `planner`",
                "2: `go` is pub(crate) in `planner`",
                "3: `weigh` is pub(crate) in `planner`",
                "3: `weigh` is pub(crate) in a pure layer",
            ]
        );
    }

    #[test]
    fn members_kept_to_the_crate_are_not_used_outside() {
        let text =
            "fn f(plan: &Plan) -> u8 {\nplan.tally();\nplan.cost\n+ plan.steps + x.shared() }";
        assert_eq!(
            told(text),
            [
                "2: `tally` is pub(crate) in a pure layer",
                "3: `cost` is pub(crate) in a pure layer"
            ]
        );
    }
}
