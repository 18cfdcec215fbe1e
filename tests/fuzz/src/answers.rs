//! Subgraphs that answer anything.

use crate::{choices::Choices, mutate};
use graphway::executor::{Answer, Call, CallError, Subgraphs};
use serde_json::Value;
use std::pin::Pin;
use std::sync::Mutex;

/// Subgraphs whose answers are made of bytes.
pub struct Odd<'b>(Mutex<Choices<'b>>);

impl<'b> Odd<'b> {
    pub fn new(choices: Choices<'b>) -> Self {
        Self(Mutex::new(choices))
    }
}

impl Subgraphs for Odd<'_> {
    fn call<'a>(
        &'a self,
        call: Call,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, CallError>> + Send + 'a>> {
        let body = match self.0.lock() {
            Ok(mut choices) => answer(&mut choices, &call.body),
            Err(_) => Vec::new(),
        };
        let answer = Answer {
            status: Default::default(),
            headers: Default::default(),
            body: body.into(),
            shared: None,
        };
        Box::pin(std::future::ready(Ok(answer)))
    }
}

/// An answer to a request: what its document asks for, with values good and bad; now and then no JSON.
fn answer(choices: &mut Choices, request: &[u8]) -> Vec<u8> {
    let request: Value = serde_json::from_slice(request).unwrap_or_default();
    let query = request["query"].as_str().unwrap_or_default();
    let variables = request["variables"].as_object();
    let lists = variables.into_iter().flat_map(|all| all.values());
    let entities = lists.filter_map(Value::as_array).map(Vec::len).max();
    let body = query.find('{').map_or("", |at| &query[at..]);
    let mut tokens = tokens(body).into_iter().skip(1);
    let asked = selections(&mut tokens);
    let mut text = String::from("{\"data\": {");
    for (index, (key, below)) in asked.iter().enumerate() {
        text.push_str(if index > 0 { ", " } else { "" });
        text.push_str(&format!("\"{key}\": "));
        if !key.starts_with("_e") {
            value(choices, below, &mut text);
            continue;
        }
        text.push('[');
        for index in 0..entities.unwrap_or(0) + usize::from(choices.chance(5)) {
            text.push_str(if index > 0 { "," } else { "" });
            value(choices, below, &mut text);
        }
        text.push(']');
    }
    text.push_str("}}");
    let odd = [
        "null", "{", "}", "[", "]", "\"", "\\u", "\\ud800", "1e999", ",", ":", "\u{0}",
    ];
    match choices.chance(15) {
        true => mutate::text(choices, &text, &odd).into_bytes(),
        false => text.into_bytes(),
    }
}

/// A response key and what is selected below it, whatever the type.
type Asked<'q> = (&'q str, Vec<Below<'q>>);

struct Below<'q>(Asked<'q>);

/// Names and braces of a document; arguments are left out.
fn tokens(body: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut parentheses = 0;
    for piece in body.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_') {
        let word = piece.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '_');
        let mark = &piece[word.len()..];
        if parentheses == 0 && !word.is_empty() {
            tokens.push(word);
        }
        match mark {
            "(" => parentheses += 1,
            ")" => parentheses -= 1,
            "{" | "}" | ":" if parentheses == 0 => tokens.push(mark),
            _ => {}
        }
    }
    tokens
}

/// The selections up to the brace that closes them; those in fragments stand with the others.
fn selections<'q>(tokens: &mut impl Iterator<Item = &'q str>) -> Vec<Asked<'q>> {
    let mut asked: Vec<Asked> = Vec::new();
    let (mut is_alias, mut is_condition, mut is_fragment) = (false, false, false);
    while let Some(token) = tokens.next() {
        match token {
            "}" => break,
            "{" => {
                let below = selections(tokens);
                match asked.last_mut().filter(|_| !is_fragment) {
                    Some((_, known)) => known.extend(below.into_iter().map(Below)),
                    None => asked.extend(below),
                }
                is_fragment = false;
            }
            ":" => is_alias = true,
            "on" => is_condition = true,
            _ if is_alias => is_alias = false,
            _ if is_condition => (is_condition, is_fragment) = (false, true),
            key => asked.push((key, Vec::new())),
        }
    }
    asked
}

fn value(choices: &mut Choices, asked: &[Below], text: &mut String) {
    match choices.below(40) {
        0 => text.push_str("null"),
        1 => text.push_str("12"),
        2 => text.push_str("\"a\\u00e9\\n\""),
        3 => text.push_str("[[null, {}]]"),
        roll if asked.is_empty() => {
            let leaves = [
                "7",
                "\"DE\"",
                "\"x\"",
                "true",
                "1.50e3",
                "[1, 2]",
                "{\"a\": 1}",
            ];
            text.push_str(leaves[roll % leaves.len()]);
        }
        4..12 => {
            text.push('[');
            for index in 0..choices.below(4) {
                text.push_str(if index > 0 { ", " } else { "" });
                object(choices, asked, text);
            }
            text.push(']');
        }
        _ => object(choices, asked, text),
    }
}

fn object(choices: &mut Choices, asked: &[Below], text: &mut String) {
    text.push('{');
    let mut separator = "";
    for Below((key, below)) in asked {
        if choices.chance(3) {
            continue;
        }
        text.push_str(&format!("{separator}\"{key}\": "));
        separator = ", ";
        if *key == "__typename" {
            let types = [
                "Product",
                "Bundle",
                "E0",
                "E1",
                "E2",
                "V0",
                "CardPayment",
                "Nothing",
            ];
            text.push_str(&format!("\"{}\"", types[choices.below(types.len())]));
        } else {
            value(choices, below, text);
        }
    }
    text.push('}');
}
