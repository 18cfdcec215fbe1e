//! Rust source text → words, marks and literals, each with its lines.
//!
//! Just enough of the language's lexical structure that nothing inside a comment, a string or a character is ever
//! mistaken for code. It knows no grammar, so it also reads the bodies of macros.

/// What a [`Token`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A keyword or an identifier (raw ones without `r#`).
    Word,
    /// One character of punctuation, or one of `::`, `->`, `=>`.
    Mark,
    /// A string, character or number.
    Literal,
    Lifetime,
    /// `///` or `/**`.
    Doc,
    /// `//!` or `/*!`.
    InnerDoc,
}

/// A piece of source text.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub kind: Kind,
    pub text: String,
    /// Counted from 1.
    pub line: usize,
    /// The line of its last character.
    pub end: usize,
}

impl Token {
    pub(super) fn is(&self, text: &str) -> bool {
        matches!(self.kind, Kind::Word | Kind::Mark) && self.text == text
    }

    pub(super) fn is_doc(&self) -> bool {
        matches!(self.kind, Kind::Doc | Kind::InnerDoc)
    }
}

/// Splits source text into tokens. Plain comments and white space are dropped.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer {
        text,
        at: 0,
        line: 1,
        tokens: Vec::new(),
    };
    while lexer.at < text.len() {
        lexer.step();
    }
    lexer.tokens
}

/// The index of the bracket that closes the one at `open`, or of the last token where none does.
pub(super) fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        if token.kind != Kind::Mark {
            continue;
        }
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return index;
        }
    }
    tokens.len() - 1
}

/// The index of the token that ends the item at `start`: its closing brace, or its semicolon.
pub(super) fn end_of_item(tokens: &[Token], start: usize) -> usize {
    let mut index = start;
    while index < tokens.len() {
        let token = &tokens[index];
        if token.is(";") {
            return index;
        }
        if token.is("{") {
            return closing(tokens, index);
        }
        index = if token.is("(") || token.is("[") {
            closing(tokens, index) + 1
        } else {
            index + 1
        };
    }
    tokens.len() - 1
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    fn step(&mut self) {
        let rest = &self.text[self.at..];
        let first = rest.chars().next().unwrap_or(' ');
        if first.is_whitespace() {
            self.skip(first.len_utf8());
        } else if rest.starts_with("//") {
            self.comment(rest.find('\n').unwrap_or(rest.len()));
        } else if rest.starts_with("/*") {
            self.comment(block_comment(rest));
        } else if let Some(length) = quoted(rest) {
            self.push(Kind::Literal, length);
        } else if first == '\'' {
            self.push(Kind::Lifetime, 1 + word(&rest[1..]));
        } else if first.is_ascii_digit() {
            self.push(Kind::Literal, number(rest));
        } else if word(rest) > 0 {
            self.skip(if rest.starts_with("r#") { 2 } else { 0 });
            self.push(Kind::Word, word(&self.text[self.at..]));
        } else {
            let pair = ["::", "->", "=>"].iter().any(|pair| rest.starts_with(pair));
            self.push(Kind::Mark, if pair { 2 } else { first.len_utf8() });
        }
    }

    fn comment(&mut self, length: usize) {
        let text = &self.text[self.at..self.at + length];
        if text.starts_with("//!") || text.starts_with("/*!") {
            self.push(Kind::InnerDoc, length);
        } else if text.starts_with("///") && !text.starts_with("////")
            || text.starts_with("/**") && length > 4
        {
            self.push(Kind::Doc, length);
        } else {
            self.skip(length);
        }
    }

    fn push(&mut self, kind: Kind, length: usize) {
        let text = self.text[self.at..self.at + length].to_owned();
        let line = self.line;
        self.skip(length);
        self.tokens.push(Token {
            kind,
            text,
            line,
            end: self.line,
        });
    }

    fn skip(&mut self, length: usize) {
        self.line += self.text[self.at..self.at + length].matches('\n').count();
        self.at += length;
    }
}

/// The length of the word that `text` starts with.
fn word(text: &str) -> usize {
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return 0;
    }
    text.find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len())
}

fn number(text: &str) -> usize {
    let digits = |text: &str| {
        text.find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(text.len())
    };
    let whole = digits(text);
    match text[whole..].strip_prefix('.') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => whole + 1 + digits(rest),
        _ => whole,
    }
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0usize, 0);
    while at < text.len() {
        if text[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if text[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of the string or character literal that `text` starts with, if it does.
fn quoted(text: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r", "b", "c", ""]
        .into_iter()
        .find(|prefix| text.starts_with(prefix))?;
    let rest = &text[prefix.len()..];
    if prefix.ends_with('r') && (rest.starts_with('#') || rest.starts_with('"')) {
        let hashes = rest.find(|c| c != '#')?;
        let body = rest[hashes..].strip_prefix('"')?;
        let close = format!("\"{}", "#".repeat(hashes));
        let length = body.find(&close).map_or(body.len(), |at| at + close.len());
        return Some(prefix.len() + hashes + 1 + length);
    }
    if rest.starts_with('"') {
        return Some(prefix.len() + escaped(rest, '"'));
    }
    // `'a'` and `'\n'` are characters, `'a` is a lifetime.
    let body = rest
        .strip_prefix('\'')
        .filter(|_| matches!(prefix, "" | "b"))?;
    let first = body.chars().next()?;
    (first == '\\' || body[first.len_utf8()..].starts_with('\''))
        .then(|| prefix.len() + escaped(rest, '\''))
}

/// The length of a literal up to its closing quote, where a backslash hides the character after it.
fn escaped(text: &str, quote: char) -> usize {
    let mut hidden = false;
    for (at, c) in text.char_indices().skip(1) {
        if hidden {
            hidden = false;
        } else if c == '\\' {
            hidden = true;
        } else if c == quote {
            return at + 1;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        tokens(text).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_strings_and_characters_hide_what_they_contain() {
        let text = r####"a /* b /* c */ d */ "e \" f" r#"g " h"# '"' '\'' i 'j k // l"####;
        assert_eq!(
            texts(text),
            [
                "a",
                r#""e \" f""#,
                r###"r#"g " h"#"###,
                "'\"'",
                r"'\''",
                "i",
                "'j",
                "k"
            ]
        );
    }

    #[test]
    fn paths_arrows_numbers_and_raw_words() {
        assert_eq!(
            texts("a::b->c=>1..2 r#use 1.5f32"),
            [
                "a", "::", "b", "->", "c", "=>", "1", ".", ".", "2", "use", "1.5f32"
            ]
        );
    }

    #[test]
    fn lines_are_counted_through_strings_and_comments() {
        let tokens = tokens("\"\n\n\"\n/*\n*/ x /// y\n");
        let lines: Vec<_> = tokens.iter().map(|token| (token.line, token.end)).collect();
        assert_eq!(lines, [(1, 3), (5, 5), (5, 5)]);
        assert_eq!(tokens[2].kind, Kind::Doc);
    }
}
