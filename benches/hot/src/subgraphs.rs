//! The subgraphs of `benches/router`, in this process: each request is resolved once, and the answer replayed.

#[path = "../../router/src/subgraphs/fixture.rs"]
#[allow(dead_code, reason = "some of it is for the scale cases")]
mod fixture;
#[path = "../../router/src/subgraphs/resolve.rs"]
mod resolve;
#[cfg(test)]
#[path = "../../router/src/subgraphs/scale.rs"]
mod scale;
#[path = "../../router/src/subgraphs/shop.rs"]
mod shop;

use bytes::Bytes;
use fixture::Fixture;
use graphway::executor::{Answer, Call, CallError, Subgraphs};
use std::collections::BTreeMap;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Mutex;

/// The supergraph and operations that go with them.
pub(crate) const SUPERGRAPH: &str = include_str!("../../router/supergraph.graphql");
pub(crate) const HEAVY: &str = include_str!("../../router/operations/heavy.graphql");
pub(crate) const ONE_FIELD: &str = include_str!("../../router/operations/one-field.graphql");

/// All four of them.
pub(crate) struct Shop {
    fixture: Fixture,
    answers: Mutex<BTreeMap<Bytes, Bytes>>,
}

impl Shop {
    pub(crate) fn new() -> Self {
        let mut fixture = Fixture::default();
        shop::add(&mut fixture);
        Self {
            fixture,
            answers: Mutex::default(),
        }
    }

    fn answer(&self, request: Bytes) -> Result<Bytes, CallError> {
        let broken = |error: String| CallError::Broken(error);
        let mut answers = self
            .answers
            .lock()
            .map_err(|error| broken(error.to_string()))?;
        if let Some(answer) = answers.get(&request) {
            return Ok(answer.clone());
        }
        let answer = resolve::respond(&self.fixture, &request);
        let answer = Bytes::from(answer.map_err(|error| broken(error.to_string()))?);
        answers.insert(request, answer.clone());
        Ok(answer)
    }
}

impl Subgraphs for Shop {
    fn call<'a>(
        &'a self,
        call: Call,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, CallError>> + Send + 'a>> {
        let answer = self.answer(call.body).map(|body| Answer {
            status: http::StatusCode::OK,
            headers: http::HeaderMap::new(),
            body,
            shared: None,
        });
        Box::pin(ready(answer))
    }
}
