//! What `Authorization` begins with.

/// What follows a scheme, which has no case (RFC 9110 section 11.1). None: it is another one.
pub(super) fn after<'a>(value: &'a [u8], scheme: &str) -> Option<&'a [u8]> {
    let (before, rest) = value.trim_ascii().split_at_checked(scheme.len())?;
    let ends = rest.is_empty() || rest.starts_with(b" ");
    let is_it = before.eq_ignore_ascii_case(scheme.as_bytes()) && ends;
    is_it.then(|| rest.trim_ascii())
}
