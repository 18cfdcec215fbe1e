//! The project's Rust files, and what the rules say of them.

use super::tokens::{Kind, Token, closing, end_of_item, tokens};
use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

/// One file.
pub(super) struct Source {
    /// From the project's top, with `/`.
    pub path: String,
    /// The module it is, below `crate`: `src/planner/search/mod.rs` is `["planner", "search"]`, `src/lib.rs` is empty.
    pub module: Vec<String>,
    pub tokens: Vec<Token>,
    /// For each token: does it stand under `#[cfg(test)]`?
    pub test: Vec<bool>,
}

/// A rule that is broken, and where.
pub(super) struct Breach {
    pub path: String,
    pub line: usize,
    pub rule: &'static str,
    pub says: String,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Source {
        let tokens = tokens(text);
        let test = under_test(&tokens);
        Source {
            path: path.to_owned(),
            module: module(path),
            tokens,
            test,
        }
    }

    /// Is it part of the library or the program, not of their tests?
    pub(super) fn is_product(&self) -> bool {
        self.path.starts_with("src/")
    }

    /// The layer it belongs to; none for the crate's roots.
    pub(super) fn layer(&self) -> Option<&str> {
        self.module
            .first()
            .map(String::as_str)
            .filter(|_| self.is_product())
    }

    pub(super) fn breach(
        &self,
        line: usize,
        rule: &'static str,
        says: impl Into<String>,
    ) -> Breach {
        Breach {
            path: self.path.clone(),
            line,
            rule,
            says: says.into(),
        }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: [{}] {}",
            self.path, self.line, self.rule, self.says
        )
    }
}

/// The project's top directory.
pub(super) fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file of the project, sorted by path.
pub(super) fn tree() -> &'static [Source] {
    static TREE: LazyLock<Vec<Source>> = LazyLock::new(read);
    &TREE
}

fn read() -> Vec<Source> {
    let mut paths = Vec::new();
    for place in ["src", "subgraphs", "tests", "benches"] {
        collect(&top().join(place), &mut paths);
    }
    paths.sort();
    let source = |path: &PathBuf| {
        let text = fs::read_to_string(path).expect("a file just listed can be read");
        let name = path
            .strip_prefix(top())
            .expect("a file of the project")
            .to_string_lossy();
        Source::new(&name.replace('\\', "/"), &text)
    };
    let mut sources: Vec<Source> = paths.iter().map(source).collect();
    assert!(
        sources
            .iter()
            .any(|source| source.path == "tests/tidy/source.rs"),
        "the tree was not found"
    );
    mark_test_files(&mut sources);
    sources
}

/// `#[cfg(test)] mod x;` makes a test of the file `x.rs`, and of those below it.
fn mark_test_files(sources: &mut [Source]) {
    let mut tests = Vec::new();
    for source in sources.iter() {
        for (index, words) in source.tokens.windows(3).enumerate() {
            if source.test[index] && words[0].is("mod") && words[2].is(";") {
                let root = source.path.split('/').next().unwrap_or_default().to_owned();
                tests.push((
                    root,
                    [&source.module[..], &[words[1].text.clone()]].concat(),
                ));
            }
        }
    }
    for source in sources {
        let is_test = |(root, module): &(String, Vec<String>)| {
            source.path.starts_with(root.as_str()) && source.module.starts_with(module)
        };
        if tests.iter().any(is_test) {
            source.test.fill(true);
        }
    }
}

fn collect(directory: &Path, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries {
        let path = entry.expect("a readable directory").path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

fn module(path: &str) -> Vec<String> {
    let roots = ["subgraphs/src/", "src/", "tests/", "benches/"];
    let inner = roots
        .iter()
        .find_map(|root| path.strip_prefix(root))
        .unwrap_or(path);
    let mut module: Vec<String> = inner
        .trim_end_matches(".rs")
        .split('/')
        .map(str::to_owned)
        .collect();
    if module
        .last()
        .is_some_and(|last| last == "mod" || (module.len() == 1 && last == "lib"))
    {
        module.pop();
    }
    module
}

fn under_test(tokens: &[Token]) -> Vec<bool> {
    let mut test = vec![false; tokens.len()];
    for start in 0..tokens.len() {
        if !test[start] && is_cfg_test(&tokens[start..]) {
            let mut end = start;
            // Over this attribute and those that follow, to the item.
            while tokens
                .get(end)
                .is_some_and(|token| token.is("#") || token.kind == Kind::Doc)
            {
                end = if tokens[end].is("#") {
                    closing(tokens, end + 1) + 1
                } else {
                    end + 1
                };
            }
            let end = end_of_item(tokens, end);
            test[start..=end].fill(true);
        }
    }
    test
}

/// `#[cfg(test)]`, also as a part of `all(…)` or `any(…)`.
fn is_cfg_test(tokens: &[Token]) -> bool {
    let starts = ["#", "[", "cfg", "("]
        .iter()
        .zip(tokens)
        .all(|(text, token)| token.is(text));
    if !starts || tokens.len() < 5 {
        return false;
    }
    let attribute = &tokens[..=closing(tokens, 1)];
    attribute.iter().any(|token| token.is("test")) && !attribute.iter().any(|token| token.is("not"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_follow_paths() {
        let module = |path| Source::new(path, "").module.join("::");
        assert_eq!(module("src/lib.rs"), "");
        assert_eq!(module("src/main.rs"), "main");
        assert_eq!(module("src/planner/mod.rs"), "planner");
        assert_eq!(
            module("src/composition/config/file.rs"),
            "composition::config::file"
        );
        assert_eq!(module("subgraphs/src/users/mod.rs"), "users");
    }

    #[test]
    fn what_stands_under_cfg_test_is_known() {
        let source = Source::new(
            "src/a.rs",
            "fn a() {}\n#[cfg(test)]\n#[x]\nmod tests { fn b() {} }\nfn c() {}",
        );
        let tested: Vec<_> = source
            .tokens
            .iter()
            .zip(&source.test)
            .filter(|(token, test)| **test && token.kind == Kind::Word)
            .map(|(token, _)| token.text.as_str())
            .collect();
        assert_eq!(tested, ["cfg", "test", "x", "mod", "tests", "fn", "b"]);
        assert!(
            Source::new("src/a.rs", "#[cfg(not(test))] fn a() {}")
                .test
                .iter()
                .all(|test| !test)
        );
    }

    #[test]
    fn files_declared_under_cfg_test_are_tests() {
        let mut sources = [
            Source::new("src/a/mod.rs", "mod b; #[cfg(test)] mod tests;"),
            Source::new("src/a/tests.rs", "fn f() {}"),
            Source::new("src/a/tests/deep.rs", "fn f() {}"),
            Source::new("src/a/b.rs", "fn f() {}"),
        ];
        mark_test_files(&mut sources);
        assert_eq!(
            sources.map(|source| source.test[0]),
            [false, true, true, false]
        );
    }
}
