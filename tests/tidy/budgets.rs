//! How long files and functions may be, and how many parameters a function may have.
//!
//! `ratchet.txt` lists what was over budget before: `file PATH LINES`, `function PATH NAME LINES`, `parameters PATH NAME
//! COUNT`. A number there may only go down, and a line leaves when its subject fits. Lines are lines of code: blank ones
//! and comments are free.

use super::{
    source::{Breach, Source},
    tokens::{Kind, Token, closing},
};
use std::collections::{BTreeMap, BTreeSet};

/// The list of what may be over budget.
pub(super) const RATCHET: &str = "tests/tidy/ratchet.txt";

const FILE: usize = 400;
const FUNCTION: usize = 70;
const PARAMETERS: usize = 5;

/// What is measured: the words of its line in the ratchet → where, and how much.
type Measures = BTreeMap<String, (String, usize, usize)>;

/// Everything over budget that the ratchet does not list, and every line of the ratchet that does not hold.
pub(super) fn budgets(sources: &[Source], ratchet: &str) -> Vec<Breach> {
    let over = over(sources);
    let mut breaches = Vec::new();
    let mut listed = BTreeSet::new();
    for (number, line) in ratchet
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
    {
        let mut breach = |says: String| {
            breaches.push(Breach {
                path: RATCHET.to_owned(),
                line: number + 1,
                rule: "budget",
                says,
            });
        };
        let Some((subject, Ok(allowed))) = line
            .rsplit_once(' ')
            .map(|(subject, count)| (subject, count.parse::<usize>()))
        else {
            breach(format!("not `SUBJECT NUMBER`: {line}"));
            continue;
        };
        listed.insert(subject);
        match over.get(subject) {
            None => breach(format!("remove `{line}`: it fits, or it is gone")),
            Some((_, _, measure)) if *measure < allowed => {
                breach(format!("lower to `{subject} {measure}`"))
            }
            Some((path, line, measure)) if *measure > allowed => breaches.push(Breach {
                path: path.clone(),
                line: *line,
                rule: "budget",
                says: format!("`{subject}` grew from {allowed} to {measure}"),
            }),
            Some(_) => {}
        }
    }
    for (subject, (path, line, measure)) in over
        .iter()
        .filter(|(subject, _)| !listed.contains(subject.as_str()))
    {
        let says = format!(
            "over budget ({FILE} lines a file, {FUNCTION} a function, {PARAMETERS} parameters): {subject} {measure}"
        );
        breaches.push(Breach {
            path: path.clone(),
            line: *line,
            rule: "budget",
            says,
        });
    }
    breaches
}

fn over(sources: &[Source]) -> Measures {
    let mut over = Measures::new();
    let mut note = |subject: String, source: &Source, line: usize, measure: usize| {
        let entry = over
            .entry(subject)
            .or_insert((source.path.clone(), line, 0));
        if measure > entry.2 {
            *entry = (source.path.clone(), line, measure);
        }
    };
    for source in sources {
        let length = lines(&source.tokens);
        if length > FILE {
            note(format!("file {}", source.path), source, 1, length);
        }
        for function in functions(&source.tokens) {
            let (path, name) = (&source.path, function.name);
            if function.lines > FUNCTION {
                note(
                    format!("function {path} {name}"),
                    source,
                    function.line,
                    function.lines,
                );
            }
            if function.parameters > PARAMETERS {
                note(
                    format!("parameters {path} {name}"),
                    source,
                    function.line,
                    function.parameters,
                );
            }
        }
    }
    over
}

/// Lines with code on them.
fn lines(tokens: &[Token]) -> usize {
    let code = tokens.iter().filter(|token| !token.is_doc());
    code.flat_map(|token| token.line..=token.end)
        .collect::<BTreeSet<_>>()
        .len()
}

struct Function<'a> {
    name: &'a str,
    line: usize,
    /// From `fn` to the closing brace.
    lines: usize,
    /// Without `self`.
    parameters: usize,
}

fn functions(tokens: &[Token]) -> Vec<Function<'_>> {
    let named = |index: usize| {
        tokens[index].is("fn") && tokens.get(index + 1).is_some_and(|t| t.kind == Kind::Word)
    };
    let starts = (0..tokens.len()).filter(|&index| named(index));
    let functions = starts.filter_map(|start| {
        let open = parameter_list(tokens, start + 2)?;
        let close = closing(tokens, open);
        let end = super::tokens::end_of_item(tokens, close + 1);
        Some(Function {
            name: &tokens[start + 1].text,
            line: tokens[start].line,
            lines: lines(&tokens[start..=end]),
            parameters: parameters(&tokens[open + 1..close]),
        })
    });
    functions.collect()
}

/// The index of the parenthesis that opens the parameters: the first one outside the generics.
fn parameter_list(tokens: &[Token], start: usize) -> Option<usize> {
    let mut angles = 0usize;
    for (index, token) in tokens.iter().enumerate().skip(start) {
        match token.text.as_str() {
            "<" => angles += 1,
            ">" => angles = angles.saturating_sub(1),
            "(" if angles == 0 => return Some(index),
            "{" | ";" if angles == 0 => return None,
            _ => {}
        }
    }
    None
}

fn parameters(tokens: &[Token]) -> usize {
    let mut segments = vec![Vec::new()];
    let (mut index, mut angles) = (0, 0usize);
    while index < tokens.len() {
        let token = &tokens[index];
        match token.text.as_str() {
            "(" | "[" | "{" => index = closing(tokens, index),
            "<" => angles += 1,
            ">" => angles = angles.saturating_sub(1),
            "," if angles == 0 => segments.push(Vec::new()),
            _ => {}
        }
        if !(token.is(",") && angles == 0) {
            segments.last_mut().expect("never empty").push(token);
        }
        index += 1;
    }
    let receiver = |segment: &Vec<&Token>| {
        segment
            .iter()
            .take_while(|token| !token.is(":"))
            .any(|token| token.is("self"))
    };
    segments
        .iter()
        .filter(|segment| !segment.is_empty() && !receiver(segment))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tokens::tokens;

    fn told(text: &str, ratchet: &str) -> Vec<String> {
        budgets(&[Source::new("src/a.rs", text)], ratchet)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn lines_without_code_are_free() {
        assert_eq!(
            lines(&tokens("//! a\n\n/// b\nfn c() {\n // d\n \"e\nf\";\n}\n")),
            4
        );
    }

    #[test]
    fn parameters_are_counted_without_self() {
        let count = |text| functions(&tokens(text))[0].parameters;
        assert_eq!(count("fn a()"), 0);
        assert_eq!(
            count("fn a(&'a mut self, b: HashMap<u8, (u8, u8)>, c: impl Fn(u8, u8) -> u8,)"),
            2
        );
        assert_eq!(
            count(
                "fn a<F: Fn(u8, u8) -> u8>((b, c): (u8, u8), [d, e]: [u8; 2], f: F) -> Vec<u8> {}"
            ),
            3
        );
    }

    #[test]
    fn what_is_too_long_is_told() {
        let long = format!(
            "fn a(b: u8, c: u8, d: u8, e: u8, f: u8, g: u8) {{\n{}}}\n",
            "x();\n".repeat(399)
        );
        let rule = "[budget] over budget (400 lines a file, 70 a function, 5 parameters):";
        assert_eq!(
            told(&long, ""),
            [
                format!("src/a.rs:1: {rule} file src/a.rs 401"),
                format!("src/a.rs:1: {rule} function src/a.rs a 401"),
                format!("src/a.rs:1: {rule} parameters src/a.rs a 6"),
            ]
        );
        let fits = format!("fn a() {{\n{}}}\n", "x();\n".repeat(68));
        assert!(told(&fits, "").is_empty());
    }

    #[test]
    fn the_ratchet_only_turns_one_way() {
        let text = format!("fn a() {{\n{}}}\n", "x();\n".repeat(98));
        assert!(told(&text, "# a comment\nfunction src/a.rs a 100\n").is_empty());
        assert_eq!(
            told(&text, "function src/a.rs a 99"),
            ["src/a.rs:1: [budget] `function src/a.rs a` grew from 99 to 100"]
        );
        assert_eq!(
            told(&text, "function src/a.rs a 101\nfile src/a.rs 410\nodd"),
            [
                "tests/tidy/ratchet.txt:1: [budget] lower to `function src/a.rs a 100`",
                "tests/tidy/ratchet.txt:2: [budget] remove `file src/a.rs 410`: it fits, or it is gone",
                "tests/tidy/ratchet.txt:3: [budget] not `SUBJECT NUMBER`: odd",
            ]
        );
    }
}
