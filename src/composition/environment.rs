//! `${env.NAME}` and `${env.NAME:-default}` in the scalars of `supergraph.yaml`.
//!
//! Where the variables come from is the caller's business: tests bring their own.

/// Puts the values of environment variables into `text`. The error says what is wrong with one `${…}`.
pub(super) fn expand(
    text: &str,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<String, String> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        expanded.push_str(&rest[..start]);
        let after = &rest[start + 2..];
        let end = after
            .find('}')
            .ok_or_else(|| format!("`{}` has no closing `}}`", &rest[start..]))?;
        expanded.push_str(&value(&after[..end], variable)?);
        rest = &after[end + 1..];
    }
    expanded.push_str(rest);
    Ok(expanded)
}

fn value(inside: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let reference = inside.strip_prefix("env.").ok_or_else(|| {
        format!("`${{{inside}}}` is not an environment variable: write `${{env.NAME}}` or `${{env.NAME:-default}}`")
    })?;
    let (name, default) = match reference.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (reference, None),
    };
    if name.is_empty()
        || !name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    {
        return Err(format!("`{name}` is not a name of an environment variable"));
    }
    variable(name)
        .or_else(|| default.map(str::to_owned))
        .ok_or_else(|| {
            format!(
                "the environment variable `{name}` is not set and `${{{inside}}}` has no default"
            )
        })
}
