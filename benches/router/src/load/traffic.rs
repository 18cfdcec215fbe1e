//! What is sent: the same request again and again, and now and then one whose operation was never seen before.

use super::connection::Connection;
use anyhow::Result;
use bytes::Bytes;
use serde_json::json;
use std::cell::Cell;

/// Requests and what must come back.
pub(crate) struct Traffic {
    pub(crate) request: Bytes,
    pub(crate) expected: Bytes,
    pub(crate) misses: Option<Misses>,
}

/// Operations that differ in an alias, so that a router plans each.
pub(crate) struct Misses {
    operation: String,
    /// One request of so many is a miss.
    every: u64,
    next: Cell<u64>,
}

/// In the operation, what is replaced by an alias of its own.
const ALIAS: &str = "miss0";

impl Misses {
    /// `first`: the number of the first alias, so that no router sees one twice.
    pub(crate) fn new(operation: &str, every: u64, first: u64) -> Self {
        Self {
            operation: operation.to_owned(),
            every,
            next: Cell::new(first),
        }
    }

    fn draw(&self) -> Bytes {
        let number = self.next.get();
        self.next.set(number + 1);
        body(&self.operation.replace(ALIAS, &format!("miss{number}")))
    }
}

/// The body of a request with this operation.
pub(crate) fn body(operation: &str) -> Bytes {
    json!({"query": operation}).to_string().into()
}

impl Traffic {
    /// Is the request of this number a miss?
    pub(super) fn misses(&self, number: u64) -> bool {
        let misses = self.misses.as_ref();
        misses.is_some_and(|misses| number % misses.every == misses.every - 1)
    }

    /// Sends the request of this number.
    pub(super) async fn send(&self, connection: &mut Connection, number: u64) -> Result<()> {
        match self.misses.as_ref().filter(|_| self.misses(number)) {
            Some(misses) => connection.post(&misses.draw()).await.map(drop),
            None => connection.check(&self.request, &self.expected).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_so_many_is_new() {
        let traffic = Traffic {
            request: Bytes::new(),
            expected: Bytes::new(),
            misses: Some(Misses::new("{ miss0: a }", 3, 7)),
        };
        let missing: Vec<u64> = (0..9).filter(|number| traffic.misses(*number)).collect();
        assert_eq!(missing, [2, 5, 8]);
        let misses = traffic.misses.as_ref().expect("given");
        assert_eq!(misses.draw(), body("{ miss7: a }"));
        assert_eq!(misses.draw(), body("{ miss8: a }"));
    }
}
