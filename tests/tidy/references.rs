//! What a file refers to: `use` trees and paths, made absolute.
//!
//! `super::super::x`, `self::x`, the children of a module and names bound by `use` all come out as `crate::…`; what
//! belongs to another crate starts with that crate's name. Scopes are not followed: a name bound anywhere in a file
//! counts in the whole file, which only ever makes a check stricter.

use super::{
    source::Source,
    tokens::{Kind, closing},
};
use std::collections::HashMap;

/// A path that a file mentions.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    /// Absolute: the first is `crate` or the name of another crate.
    pub path: Vec<String>,
    pub line: usize,
    /// Does it end in `::*`?
    pub glob: bool,
    /// Is it a re-export: `pub use`, whatever the visibility?
    pub exported: bool,
    /// Does it stand under `#[cfg(test)]`?
    pub test: bool,
    /// The module it stands in, below `crate`.
    pub from: Vec<String>,
}

/// A file's references and what its names mean.
pub(super) struct References {
    pub all: Vec<Reference>,
    /// What `use` binds at the top of the file: name → absolute path.
    pub bound: HashMap<String, Vec<String>>,
    /// The modules declared at the top of the file, in line or not.
    pub children: Vec<String>,
}

/// A leaf of a `use` tree, not yet absolute.
struct Leaf {
    path: Vec<String>,
    name: String,
    line: usize,
    glob: bool,
}

/// An in-line module: its name and the tokens it spans.
struct Inner {
    name: String,
    first: usize,
    last: usize,
}

struct Reader<'a> {
    source: &'a Source,
    inner: Vec<Inner>,
    children: Vec<String>,
    bound: HashMap<String, Vec<String>>,
    imports: Vec<(usize, usize)>,
    all: Vec<Reference>,
}

/// Reads the references of one file.
pub(super) fn references(source: &Source) -> References {
    let mut reader = Reader {
        source,
        inner: Vec::new(),
        children: Vec::new(),
        bound: HashMap::new(),
        imports: Vec::new(),
        all: Vec::new(),
    };
    reader.modules();
    reader.uses();
    reader.paths();
    References {
        all: reader.all,
        bound: reader.bound,
        children: reader.children,
    }
}

impl Reader<'_> {
    fn text(&self, index: usize) -> &str {
        self.source
            .tokens
            .get(index)
            .map_or("", |token| match token.kind {
                Kind::Word | Kind::Mark => token.text.as_str(),
                _ => "",
            })
    }

    fn is_word(&self, index: usize) -> bool {
        self.source
            .tokens
            .get(index)
            .is_some_and(|token| token.kind == Kind::Word)
    }

    fn modules(&mut self) {
        for index in 0..self.source.tokens.len() {
            if self.text(index) != "mod" || !self.is_word(index + 1) {
                continue;
            }
            let name = self.text(index + 1).to_owned();
            if self.module(index) == self.source.module && matches!(self.text(index + 2), ";" | "{")
            {
                self.children.push(name.clone());
            }
            if self.text(index + 2) == "{" {
                let last = closing(&self.source.tokens, index + 2);
                self.inner.push(Inner {
                    name,
                    first: index,
                    last,
                });
            }
        }
    }

    /// The module that the token stands in.
    fn module(&self, index: usize) -> Vec<String> {
        let around = self
            .inner
            .iter()
            .filter(|inner| inner.first < index && index < inner.last);
        self.source
            .module
            .iter()
            .cloned()
            .chain(around.map(|inner| inner.name.clone()))
            .collect()
    }

    fn uses(&mut self) {
        let mut leaves = Vec::new();
        for index in 0..self.source.tokens.len() {
            // `use<'a>` is not an import.
            if self.text(index) != "use" || self.text(index + 1) == "<" {
                continue;
            }
            let mut found = Vec::new();
            let end = self.tree(index + 1, &[], &mut found);
            self.imports.push((index, end));
            leaves.extend(found.into_iter().map(|leaf| (index, leaf)));
        }
        // A name may be bound by one `use` and gone through by another one above it.
        for _ in 0..2 {
            for (index, leaf) in &leaves {
                let path = self.absolute(&leaf.path, *index);
                if !leaf.glob && self.module(*index) == self.source.module {
                    self.bound.entry(leaf.name.clone()).or_insert(path);
                }
            }
        }
        for (index, leaf) in leaves {
            let reference = Reference {
                path: self.absolute(&leaf.path, index),
                line: leaf.line,
                glob: leaf.glob,
                exported: self.is_exported(index),
                test: self.source.test[index],
                from: self.module(index),
            };
            if !leaf.glob {
                self.bound
                    .entry(leaf.name)
                    .or_insert_with(|| reference.path.clone());
            }
            self.all.push(reference);
        }
    }

    /// `pub use`, `pub(crate) use`, `pub(in a::b) use`.
    fn is_exported(&self, index: usize) -> bool {
        index > 0 && (self.text(index - 1) == "pub" || self.text(index - 1) == ")")
    }

    /// Reads one tree of a `use`, and returns the index of the token after it.
    fn tree(&self, start: usize, above: &[String], leaves: &mut Vec<Leaf>) -> usize {
        let mut path = above.to_vec();
        let mut index = if self.text(start) == "::" {
            start + 1
        } else {
            start
        };
        loop {
            let line = self.source.tokens.get(index).map_or(0, |token| token.line);
            match self.text(index) {
                "{" => {
                    let last = closing(&self.source.tokens, index);
                    index += 1;
                    while index < last {
                        index = self.tree(index, &path, leaves);
                        index += usize::from(self.text(index) == ",");
                    }
                    return last + 1;
                }
                "*" => {
                    leaves.push(Leaf {
                        path,
                        name: "*".to_owned(),
                        line,
                        glob: true,
                    });
                    return index + 1;
                }
                word if self.is_word(index) => {
                    if word != "self" || path.is_empty() {
                        path.push(word.to_owned());
                    }
                    index += 1;
                    if self.text(index) == "::" {
                        index += 1;
                        continue;
                    }
                    let renamed = self.text(index) == "as";
                    let name = if renamed {
                        self.text(index + 1).to_owned()
                    } else {
                        path.last().cloned().unwrap_or_default()
                    };
                    leaves.push(Leaf {
                        path,
                        name,
                        line,
                        glob: false,
                    });
                    return if renamed { index + 2 } else { index };
                }
                _ => return index + 1,
            }
        }
    }

    fn paths(&mut self) {
        let mut index = 0;
        while index < self.source.tokens.len() {
            if let Some((_, end)) = self.imports.iter().find(|(first, _)| *first == index) {
                index = *end;
                continue;
            }
            let starts = self.is_word(index) && self.text(index + 1) == "::";
            if !starts
                || (index > 0
                    && self.text(index - 1) == "::"
                    && index > 1
                    && self.is_word(index - 2))
            {
                index += 1;
                continue;
            }
            let first = index;
            let mut path = vec![self.text(index).to_owned()];
            while self.text(index + 1) == "::" && self.is_word(index + 2) {
                path.push(self.text(index + 2).to_owned());
                index += 2;
            }
            index += 1;
            if path.len() > 1 && path[0] != "Self" {
                let reference = Reference {
                    path: self.absolute(&path, first),
                    line: self.source.tokens[first].line,
                    glob: false,
                    exported: false,
                    test: self.source.test[first],
                    from: self.module(first),
                };
                self.all.push(reference);
            }
        }
    }

    /// Makes a path absolute that stands at the token `index`.
    fn absolute(&self, path: &[String], index: usize) -> Vec<String> {
        let module = self.module(index);
        let below = |module: &[String], rest: &[String]| {
            let names = module.iter().chain(rest).cloned();
            std::iter::once("crate".to_owned())
                .chain(names)
                .collect::<Vec<String>>()
        };
        match path[0].as_str() {
            "crate" | "graphway" => below(&[], &path[1..]),
            "self" => below(&module, &path[1..]),
            "super" => {
                let up = path.iter().take_while(|name| *name == "super").count();
                below(&module[..module.len().saturating_sub(up)], &path[up..])
            }
            first
                if module == self.source.module
                    && self.children.iter().any(|child| child == first) =>
            {
                below(&module, path)
            }
            first => match self.bound.get(first) {
                // A name bound to itself (`use tokio;`) stays what it is.
                Some(bound) if bound[0] != first => {
                    bound.iter().chain(&path[1..]).cloned().collect()
                }
                _ => path.to_vec(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(path: &str, text: &str) -> Vec<String> {
        let source = Source::new(path, text);
        references(&source)
            .all
            .iter()
            .map(|reference| reference.path.join("::"))
            .collect()
    }

    #[test]
    fn trees_unfold() {
        let text = "use crate::{a::{self, b as c, d::*}, e}; pub use ::tokio::net;";
        assert_eq!(
            paths("src/x/mod.rs", text),
            [
                "crate::a",
                "crate::a::b",
                "crate::a::d",
                "crate::e",
                "tokio::net"
            ]
        );
    }

    #[test]
    fn super_climbs_through_files_and_inner_modules() {
        let text =
            "use super::super::a; mod tests { use super::b; fn f() { super::super::c::d() } }";
        assert_eq!(
            paths("src/x/y/z.rs", text),
            ["crate::x::a", "crate::x::y::z::b", "crate::x::y::c::d"]
        );
    }

    #[test]
    fn bound_names_and_children_are_followed() {
        let text = "use crate::planner; mod own; fn f() { planner::search::go(); own::x(); tokio::spawn() }";
        assert_eq!(
            paths("src/gateway/mod.rs", text),
            [
                "crate::planner",
                "crate::planner::search::go",
                "crate::gateway::own::x",
                "tokio::spawn"
            ]
        );
    }

    #[test]
    fn exports_and_globs_are_told_apart() {
        let source = Source::new(
            "src/a/mod.rs",
            "pub(crate) use b::*; use c::d; fn f() -> impl X + use<'_> {}",
        );
        let found: Vec<_> = references(&source)
            .all
            .iter()
            .map(|reference| (reference.exported, reference.glob))
            .collect();
        assert_eq!(found, [(true, true), (false, false)]);
    }
}
