//! `${env.NAME}`, `${env.NAME:-default}` and `${file.PATH}` in scalars.
//!
//! Expansion comes after parsing, so that no value can change the structure of the file. `$${env.NAME}` stands for
//! itself without the first `$`. Other `${…}` mean something elsewhere (in routes) and are left alone.

use super::{
    Environment,
    error::Problem,
    tree::{Node, Value},
};

/// Expands every scalar of the tree.
pub(super) fn expand(node: &mut Node, environment: &Environment<'_>) -> Result<(), Problem> {
    match &mut node.value {
        Value::Text(text) if text.contains("${") => {
            let expanded = expanded(text, environment)
                .map_err(|message| Problem::new(Some(node.place), message))?;
            node.value = Value::Expanded(expanded);
            Ok(())
        }
        Value::List(items) => items
            .iter_mut()
            .try_for_each(|item| expand(item, environment)),
        Value::Map(entries) => entries
            .iter_mut()
            .try_for_each(|entry| expand(&mut entry.value, environment)),
        _ => Ok(()),
    }
}

fn expanded(text: &str, environment: &Environment<'_>) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, from) = rest.split_at(start);
        let end = from
            .find('}')
            .ok_or_else(|| "a `${` has no closing brace".to_owned())?;
        let (whole, inside) = (&from[..=end], &from[2..end]);
        rest = &from[end + 1..];
        if let (Some(before), true) = (before.strip_suffix('$'), is_ours(inside)) {
            out.push_str(before);
            out.push_str(whole);
            continue;
        }
        out.push_str(before);
        if let Some(name) = inside.strip_prefix("env.") {
            out.push_str(&variable(name, environment)?);
        } else if let Some(path) = inside.strip_prefix("file.") {
            let contents = (environment.file)(path)
                .map_err(|error| format!("cannot read `{path}`: {error}"))?;
            out.push_str(contents.trim_end_matches(['\r', '\n']));
        } else {
            out.push_str(whole);
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn is_ours(inside: &str) -> bool {
    inside.starts_with("env.") || inside.starts_with("file.")
}

fn variable(name: &str, environment: &Environment<'_>) -> Result<String, String> {
    let (name, default) = match name.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (name, None),
    };
    let value = (environment.variable)(name).or_else(|| default.map(str::to_owned));
    value.ok_or_else(|| {
        format!(
            "the environment variable `{name}` is not set (`${{env.{name}:-…}}` gives a default)"
        )
    })
}
