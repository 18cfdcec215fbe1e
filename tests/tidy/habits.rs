//! Small habits: files say what they are, doors are documented and explicit, names say something, tests wait for nothing.

use super::{
    library::Library,
    references::{Reference, references},
    source::{Breach, Source},
    tokens::{Kind, Token},
};

/// Words that say nothing about the thing they name.
const EMPTY: [&str; 6] = ["manager", "helper", "helpers", "util", "utils", "impl"];

/// The same, but only for types and modules: `new` is a fine name for a function.
const EMPTY_NOUNS: [&str; 5] = ["base", "common", "info", "misc", "new"];

/// Names that a specification gives.
const GIVEN: [&str; 1] = ["PageInfo"];

/// `//!` opens every file.
pub(super) fn openings(sources: &[Source]) -> Vec<Breach> {
    let silent = sources.iter().filter(|source| {
        source
            .tokens
            .first()
            .is_none_or(|token| token.kind != Kind::InnerDoc)
    });
    silent
        .map(|source| {
            source.breach(
                1,
                "opening",
                "begin with `//!`: what it is, why, what it must not know",
            )
        })
        .collect()
}

/// Every item that a layer's door shows has a comment.
pub(super) fn comments(library: &Library<'_>) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (source, _) in &library.files {
        let Some((door, shown)) = source.layer().and_then(|layer| library.door(layer)) else {
            continue;
        };
        let is_door = door.path == source.path;
        for (index, token) in source
            .tokens
            .iter()
            .enumerate()
            .filter(|(_, token)| token.is("pub"))
        {
            let mut rest = source.tokens[index + 1..]
                .iter()
                .skip_while(|token| QUALIFIERS.contains(&token.text.as_str()));
            let (Some(item), Some(name)) = (rest.next(), rest.next()) else {
                continue;
            };
            if !DOCUMENTED.contains(&item.text.as_str()) || source.test[index] {
                continue;
            }
            let exported = |reference: &Reference| {
                reference.exported && reference.path.last() == Some(&name.text)
            };
            if (is_door || shown.all.iter().any(exported))
                && !is_documented(&source.tokens[..index])
            {
                breaches.push(source.breach(
                    token.line,
                    "comment",
                    format!("say what `{}` is", name.text),
                ));
            }
        }
    }
    breaches
}

const QUALIFIERS: [&str; 3] = ["const", "async", "unsafe"];
const DOCUMENTED: [&str; 6] = ["struct", "enum", "trait", "type", "union", "fn"];

/// Does the last thing before an item, attributes aside, document it?
fn is_documented(before: &[Token]) -> bool {
    let mut index = before.len();
    while index > 0 {
        let token = &before[index - 1];
        if token.kind == Kind::Doc {
            return true;
        }
        if !token.is("]") {
            return false;
        }
        // Back over the attribute.
        let mut depth = 0usize;
        while index > 0 {
            index -= 1;
            match before[index].text.as_str() {
                "]" => depth += 1,
                "[" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        if index == 0 || !before[index - 1].is("#") {
            return false;
        }
        index -= 1;
    }
    false
}

/// No `pub use x::*`: a door lists what it shows.
pub(super) fn globs(sources: &[Source]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for source in sources {
        let globs = references(source)
            .all
            .into_iter()
            .filter(|reference| reference.exported && reference.glob);
        breaches.extend(globs.map(|glob| {
            source.breach(
                glob.line,
                "glob",
                format!("name what you re-export of {}::*", glob.path.join("::")),
            )
        }));
    }
    breaches
}

/// No empty words in the names of files, modules, types and functions.
pub(super) fn names(sources: &[Source]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for source in sources {
        let file = source
            .path
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .trim_end_matches(".rs");
        let declared = source
            .tokens
            .windows(2)
            .filter(|pair| pair[1].kind == Kind::Word);
        let declared =
            declared.map(|pair| (pair[0].text.as_str(), pair[1].text.as_str(), pair[1].line));
        for (keyword, name, line) in declared.chain([("mod", file, 1)]) {
            let is_noun = ["mod", "struct", "enum", "trait", "type", "union"].contains(&keyword);
            if (!is_noun && keyword != "fn") || GIVEN.contains(&name) {
                continue;
            }
            let empty = |word: &String| {
                let noun = EMPTY_NOUNS.contains(&word.as_str()) || is_version(word);
                EMPTY.contains(&word.as_str()) || is_noun && noun
            };
            if let Some(word) = words(name).into_iter().find(empty) {
                breaches.push(source.breach(
                    line,
                    "name",
                    format!("`{name}`: `{word}` says nothing; use the specs' words"),
                ));
            }
        }
    }
    breaches
}

/// `v2`: what was there before should have changed, or have a name that tells the two apart.
fn is_version(word: &str) -> bool {
    word.strip_prefix('v')
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// `HTTPClientV2` and `http_client_v2` are both `http`, `client`, `v2`.
fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (index, letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| letters[before]);
        let after = letters.get(index + 1);
        let starts = letter.is_uppercase()
            && (before.is_some_and(|before| !before.is_uppercase())
                || after.is_some_and(|after| after.is_lowercase()));
        if *letter == '_' || starts {
            words.push(String::new());
        }
        if *letter != '_' {
            words
                .last_mut()
                .expect("never empty")
                .extend(letter.to_lowercase());
        }
    }
    words
}

/// Tests wait for what they need, never for time to pass, and none is skipped.
///
/// The kit's fake subgraphs may be slow: that is what they are for.
pub(super) fn tests(sources: &[Source]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for source in sources {
        let whole = source.path.starts_with("tests/") && !source.path.starts_with("tests/kit/");
        for (index, token) in source.tokens.iter().enumerate() {
            if token.is("ignore")
                && index > 1
                && source.tokens[index - 1].is("[")
                && source.tokens[index - 2].is("#")
            {
                breaches.push(source.breach(
                    token.line,
                    "test",
                    "run it or remove it, do not ignore it",
                ));
            }
            let called = source
                .tokens
                .get(index + 1)
                .is_some_and(|next| next.is("("));
            if (whole || source.test[index])
                && (token.is("sleep") || token.is("sleep_until"))
                && called
            {
                breaches.push(source.breach(
                    token.line,
                    "test",
                    "wait for what you need, not for time to pass",
                ));
            }
        }
    }
    breaches
}

#[cfg(test)]
mod unit {
    use super::*;

    fn told(check: impl Fn(&[Source]) -> Vec<Breach>, path: &str, text: &str) -> Vec<String> {
        check(&[Source::new(path, text)])
            .iter()
            .map(|breach| format!("{}: {}", breach.line, breach.says))
            .collect()
    }

    #[test]
    fn a_file_without_an_opening_is_told() {
        assert_eq!(
            told(openings, "src/a.rs", "/// Not this.\nfn a() {}").len(),
            1
        );
        assert_eq!(told(openings, "src/a.rs", "").len(), 1);
        assert!(told(openings, "src/a.rs", "\n//! This.\n").is_empty());
    }

    #[test]
    fn an_item_that_a_door_shows_without_a_comment_is_told() {
        let text = "/// A.\n#[derive(B)]\npub struct A { pub b: u8 }\n#[derive(C)]\npub enum C {}\n\
            impl A {\npub const fn d() {}\npub(super) fn e() {}\n}\npub fn inner() {}";
        let sources = [
            Source::new(
                "src/planner/mod.rs",
                "mod a; pub use a::{A, C};\npub async fn f() {}",
            ),
            Source::new("src/planner/a.rs", text),
        ];
        let told: Vec<_> = comments(&Library::new(&sources))
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            told,
            [
                "src/planner/mod.rs:2: [comment] say what `f` is",
                "src/planner/a.rs:5: [comment] say what `C` is"
            ]
        );
    }

    #[test]
    fn a_glob_re_export_is_told() {
        let text = "use a::*;\npub use self::b::*;\npub(crate) use c::{d::*, e};";
        assert_eq!(
            told(globs, "src/a.rs", text),
            [
                "2: name what you re-export of crate::a::b::*",
                "3: name what you re-export of c::d::*"
            ]
        );
    }

    #[test]
    fn an_empty_name_is_told() {
        let text = "struct PlanManager; fn new() {}\nfn util_of() {} enum Information {}\ntype HTTPInfo = u8; struct PlanV2;";
        assert_eq!(
            told(names, "src/string_utils.rs", text),
            [
                "1: `PlanManager`: `manager` says nothing; use the specs' words",
                "2: `util_of`: `util` says nothing; use the specs' words",
                "3: `HTTPInfo`: `info` says nothing; use the specs' words",
                "3: `PlanV2`: `v2` says nothing; use the specs' words",
                "1: `string_utils`: `utils` says nothing; use the specs' words",
            ]
        );
        assert!(
            told(
                names,
                "src/new/mod.rs",
                "impl Trait for PageInfo {} fn common() {} struct PageInfo;"
            )
            .is_empty()
        );
    }

    #[test]
    fn a_test_that_sleeps_or_is_skipped_is_told() {
        let text = "#[ignore = \"slow\"]\nfn a() { sleep(x) }\nfn b() { let sleep = c; }";
        assert_eq!(
            told(tests, "tests/a.rs", text),
            [
                "1: run it or remove it, do not ignore it",
                "2: wait for what you need, not for time to pass"
            ]
        );
        assert_eq!(told(tests, "src/a.rs", text).len(), 1);
        assert_eq!(
            told(
                tests,
                "src/a.rs",
                "#[cfg(test)]\nmod t { fn a() { time::sleep(x) } }"
            )
            .len(),
            1
        );
    }
}
