//! A bounded list of errors.

use super::Error;
use super::PathSegment;

/// Errors up to a limit, and how many more there were.
#[derive(Debug)]
pub(super) struct Errors {
    list: Vec<Error>,
    limit: usize,
    /// The first error beyond the limit, and how many such there were.
    beyond: Option<(Error, usize)>,
}

impl Errors {
    pub(super) fn with_limit(limit: usize) -> Self {
        Self {
            list: Vec::new(),
            limit,
            beyond: None,
        }
    }

    pub(super) fn add(&mut self, error: Error) {
        if self.list.len() < self.limit {
            self.list.push(error);
        } else {
            self.beyond.get_or_insert((error, 0)).1 += 1;
        }
    }

    pub(super) fn extend(&mut self, errors: Vec<Error>) {
        errors.into_iter().for_each(|error| self.add(error));
    }

    pub(super) fn list(&self) -> &[Error] {
        &self.list
    }

    /// The errors, the last of which counts those beyond the limit, if any. That one stands at no place in particular.
    pub(super) fn finish(mut self) -> Vec<Error> {
        if let Some((first, count)) = self.beyond {
            self.list.push(Error {
                message: format!("{count} more errors like this: {}", first.message),
                path: Vec::new(),
                ..first
            });
        }
        self.list
    }
}

/// Whether an error at `error` tells why there is nothing at `place`: it is there, in it or around it.
pub(super) fn explains(error: &[PathSegment], place: &[PathSegment]) -> bool {
    error.iter().zip(place).all(|(a, b)| a == b)
}
