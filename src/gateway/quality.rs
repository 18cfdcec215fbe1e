//! How much a client likes what it names (quality values, RFC 9110 section 12.4.2).

/// The `q` among the parameters: 1 without it, 0 if it is no number.
pub(super) fn quality<'a>(mut parameters: impl Iterator<Item = &'a str>) -> f32 {
    let written = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then_some(value)
    });
    written.map_or(1.0, |value| {
        value
            .trim()
            .parse::<f32>()
            .ok()
            .filter(|q| (0.0..=1.0).contains(q))
            .unwrap_or(0.0)
    })
}
