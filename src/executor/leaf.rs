//! Result coercion of leaves: what a subgraph sent → what the type allows.
//!
//! Works on JSON texts, so that what fits is copied as it is. <https://spec.graphql.org/draft/#sec-Scalars>

use crate::planner::Leaf;
use crate::schema::Supergraph;
use apollo_compiler::ast::Type;
use std::borrow::Cow;
use std::str;

/// The type of a leaf field.
#[derive(Clone, Debug)]
pub(super) struct LeafType {
    pub ty: Type,
    pub leaf: Leaf,
}

/// The type of the items, if `ty` is a list.
pub(super) fn item_type(ty: &Type) -> Option<&Type> {
    match ty {
        Type::List(inner) | Type::NonNullList(inner) => Some(inner),
        Type::Named(_) | Type::NonNullNamed(_) => None,
    }
}

/// The value does not fit the type. Displays as what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfit {
    #[error("an Int")]
    Int,
    #[error("a Float")]
    Float,
    #[error("a String")]
    String,
    #[error("a Boolean")]
    Boolean,
    #[error("an ID")]
    Id,
    /// Also of values that clients may not see.
    #[error("a value of its enum")]
    Enum,
}

/// Writes a value other than null, given as JSON text without white space around it.
pub(super) fn write(
    supergraph: &Supergraph,
    leaf: &Leaf,
    text: &[u8],
    json: &mut Vec<u8>,
) -> Result<(), Unfit> {
    match leaf {
        Leaf::Any => json.extend_from_slice(text),
        Leaf::Int => write_int(text, json)?,
        Leaf::Float => write_if(is_number(text), text, json).ok_or(Unfit::Float)?,
        Leaf::String => write_if(is_string(text), text, json).ok_or(Unfit::String)?,
        Leaf::Boolean => {
            write_if(matches!(text, b"true" | b"false"), text, json).ok_or(Unfit::Boolean)?
        }
        Leaf::Id => write_id(text, json)?,
        Leaf::Enum(id) => {
            let visible =
                string(text).is_some_and(|value| supergraph.is_visible_enum_value(*id, &value));
            write_if(visible, text, json).ok_or(Unfit::Enum)?;
        }
    }
    Ok(())
}

fn write_if(fits: bool, text: &[u8], json: &mut Vec<u8>) -> Option<()> {
    fits.then(|| json.extend_from_slice(text))
}

/// An integer of 32 bits; `1.0` and `1e3` are integers too.
fn write_int(text: &[u8], json: &mut Vec<u8>) -> Result<(), Unfit> {
    if !is_number(text) {
        return Err(Unfit::Int);
    }
    let text = str::from_utf8(text).map_err(|_| Unfit::Int)?;
    if let Ok(int) = text.parse::<i32>() {
        // `-0` is the one integer with another text than ours.
        json.extend_from_slice(if int == 0 { "0" } else { text }.as_bytes());
        return Ok(());
    }
    let number: f64 = text.parse().map_err(|_| Unfit::Int)?;
    if number.fract() != 0.0 || number < f64::from(i32::MIN) || number > f64::from(i32::MAX) {
        return Err(Unfit::Int);
    }
    json.extend_from_slice((number as i32).to_string().as_bytes());
    Ok(())
}

/// A string as it is, an integer of any size as a string.
fn write_id(text: &[u8], json: &mut Vec<u8>) -> Result<(), Unfit> {
    if is_string(text) {
        json.extend_from_slice(text);
        return Ok(());
    }
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Unfit::Id);
    }
    json.push(b'"');
    json.extend_from_slice(text);
    json.push(b'"');
    Ok(())
}

fn is_number(text: &[u8]) -> bool {
    matches!(text.first(), Some(b'-' | b'0'..=b'9'))
}

fn is_string(text: &[u8]) -> bool {
    text.first() == Some(&b'"')
}

/// The string that a JSON text is, if it is one.
pub(super) fn string(text: &[u8]) -> Option<Cow<'_, str>> {
    let inner = text.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if inner.contains(&b'\\') {
        return serde_json::from_slice(text).ok().map(Cow::Owned);
    }
    str::from_utf8(inner).ok().map(Cow::Borrowed)
}
