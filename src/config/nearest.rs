//! The known word that a misspelt one most likely means.

/// The candidate with the fewest edits, if they are few for its length.
pub(super) fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let word = word.to_lowercase();
    let scored = candidates.iter().map(|candidate| {
        (
            strsim::osa_distance(&word, &candidate.to_lowercase()),
            *candidate,
        )
    });
    let (distance, candidate) = scored.min_by_key(|(distance, _)| *distance)?;
    (distance <= candidate.len().max(word.len()) / 3 + 1).then_some(candidate)
}
