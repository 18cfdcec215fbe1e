//! Texts that are nearly right: a good one, changed word by word.

use crate::choices::Choices;

/// Changes a text: words are lost, doubled, moved, or become other words.
pub fn text(choices: &mut Choices, good: &str, words: &[&str]) -> String {
    let mut pieces: Vec<&str> = split(good);
    for _ in 0..1 + choices.below(6) {
        let count = pieces.len().max(1);
        let at = (choices.below(256) * 256 + choices.below(256)) % count;
        let other = (choices.below(256) * 256 + choices.below(256)) % count;
        if at >= pieces.len() || other >= pieces.len() {
            break;
        }
        match choices.below(7) {
            0 => {
                pieces.remove(at);
            }
            1 => pieces.insert(at, pieces[other]),
            2 => pieces.swap(at, other),
            3 => pieces[at] = pieces[other],
            4 => pieces.extend(choices.pick(words)),
            5 => pieces[at] = choices.pick(words).copied().unwrap_or_default(),
            _ => {
                let end = pieces.len().min(at + 1 + choices.below(40));
                let run: Vec<&str> = pieces[at..end].to_vec();
                pieces.splice(other..other, run);
            }
        }
    }
    let mut text = pieces.concat();
    // Rarely, what is no text of the language at all.
    if choices.chance(10) {
        let odd = String::from_utf8_lossy(choices.rest()).into_owned();
        let at = choices.below(256).min(text.len());
        let at = (0..=at).rev().find(|at| text.is_char_boundary(*at));
        text.insert_str(at.unwrap_or(0), &odd);
    }
    text
}

/// Words and what stands between them.
fn split(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut before: Option<char> = None;
    for (at, c) in text.char_indices() {
        let joins = before.is_some_and(|before| {
            is_word(before) && is_word(c) || (before == c && c.is_whitespace())
        });
        if !joins && at > start {
            pieces.push(&text[start..at]);
            start = at;
        }
        before = Some(c);
    }
    pieces.push(&text[start..]);
    pieces
}
