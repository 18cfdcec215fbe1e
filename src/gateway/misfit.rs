//! What is wrong with settings that are well-formed one by one.

/// A setting that is well-formed, and yet does not fit another one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", at.join("."))]
pub struct Misfit {
    /// Keys, and numbers in lists, from the top of the file.
    pub at: Vec<String>,
    pub message: String,
}

impl Misfit {
    pub(in crate::gateway) fn new(at: &[&str], message: impl Into<String>) -> Self {
        Self {
            at: at.iter().copied().map(str::to_owned).collect(),
            message: message.into(),
        }
    }

    /// A name that nothing has: what kind of thing it is of, and the names there are.
    pub(in crate::gateway) fn unknown(
        at: &[&str],
        (kind, name): (&str, &str),
        known: &[&str],
    ) -> Self {
        let scored = known
            .iter()
            .map(|known| (strsim::osa_distance(name, known), known));
        let nearest = scored.min_by_key(|(distance, _)| *distance);
        let more = match nearest {
            None => "there are none".to_owned(),
            Some((distance, near)) if distance <= name.len().max(near.len()) / 3 + 1 => {
                format!("did you mean `{near}`?")
            }
            Some(_) => format!("there are: {}", known.join(", ")),
        };
        Self::new(at, format!("unknown {kind} `{name}`; {more}"))
    }

    /// The same, found from further up.
    pub(in crate::gateway) fn below(mut self, above: &[&str]) -> Self {
        let above = above.iter().copied().map(str::to_owned);
        self.at.splice(0..0, above);
        self
    }
}
