//! How long files and functions may be, and how many parameters a function may have.
//!
//! Lines are lines of code: blank ones and comments are free.

use super::{
    ratchet::Over,
    source::Source,
    tokens::{Kind, Token, closing, end_of_item},
};
use std::collections::BTreeSet;

const FILE: usize = 400;
const FUNCTION: usize = 70;
const PARAMETERS: usize = 5;

/// Every file and function over budget.
pub(super) fn over(sources: &[Source]) -> Over {
    let mut over = Over::default();
    for source in sources {
        over.note(
            format!("file {}", source.path),
            source.breach(1, "file", ""),
            lines(&source.tokens),
            FILE,
        );
        for function in functions(&source.tokens) {
            let subject = |what: &str| format!("{what} {} {}", source.path, function.name);
            let breach = |rule: &'static str| source.breach(function.line, rule, "");
            over.note(
                subject("function"),
                breach("function"),
                function.lines,
                FUNCTION,
            );
            over.note(
                subject("parameters"),
                breach("parameters"),
                function.parameters,
                PARAMETERS,
            );
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
        let end = end_of_item(tokens, close + 1);
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
    use crate::tidy::{ratchet::turn, tokens::tokens};

    fn told(text: &str) -> Vec<String> {
        let over = over(&[Source::new("src/a.rs", text)]);
        turn(&over, "").iter().map(ToString::to_string).collect()
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
        assert_eq!(
            told(&long),
            [
                "src/a.rs:1: [file] over the budget of 400; the ratchet's line would be: file src/a.rs 401",
                "src/a.rs:1: [function] over the budget of 70; the ratchet's line would be: function src/a.rs a 401",
                "src/a.rs:1: [parameters] over the budget of 5; the ratchet's line would be: parameters src/a.rs a 6",
            ]
        );
        let fits = format!("fn a() {{\n{}}}\n", "x();\n".repeat(68));
        assert!(told(&fits).is_empty());
    }
}
