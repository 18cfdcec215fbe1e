//! Keys that consumers show: long random texts, in a header, the query or a cookie.

use super::{Asking, Caller, Rejection, config::ApiKey, hidden::Hidden};
use crate::gateway::{
    consumers::Directory,
    parameters::{in_cookies, in_query},
};
use std::borrow::Cow;

/// Where keys come, compiled.
pub(super) struct ApiKeys {
    places: Hidden,
    hides: bool,
}

impl ApiKeys {
    pub(super) fn new(config: &ApiKey) -> Self {
        Self {
            places: Hidden {
                headers: config.headers.iter().map(|name| name.0.clone()).collect(),
                query: config.query.clone(),
                cookies: config.cookies.clone(),
                ..Hidden::default()
            },
            hides: config.hide,
        }
    }

    /// What is not passed on of a key that was looked up, or of one that was not.
    pub(super) fn hidden(&self, is_verified: bool) -> Option<&Hidden> {
        (self.hides || !is_verified).then_some(&self.places)
    }

    /// Whose key a request shows, if it shows one.
    pub(super) fn caller(
        &self,
        consumers: &Directory,
        asking: &Asking<'_>,
    ) -> Result<Option<Caller>, Rejection> {
        let Some(key) = self.shown(asking)? else {
            return Ok(None);
        };
        let consumer = consumers.of_key(&key).ok_or(Rejection::UnknownApiKey)?;
        Ok(Some(Caller::known(consumer)))
    }

    /// The key of a request. Two of them are refused: whoever stands behind might take the other one.
    fn shown<'a>(&'a self, asking: &Asking<'a>) -> Result<Option<Cow<'a, [u8]>>, Rejection> {
        let headers = &asking.head.headers;
        let Hidden {
            headers: names,
            query,
            cookies,
            ..
        } = &self.places;
        let in_headers = names.iter().flat_map(|name| headers.get_all(name));
        let in_headers = in_headers.map(|value| Cow::Borrowed(value.as_bytes()));
        let in_queries = query
            .iter()
            .flat_map(|name| in_query(asking.head.uri.query(), name));
        let in_queries = in_queries.map(|value| match value {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        });
        let in_cookies = cookies.iter().flat_map(|name| in_cookies(headers, name));
        let shown = in_headers
            .chain(in_queries)
            .chain(in_cookies.map(Cow::Borrowed));
        let mut only: Option<Cow<'a, [u8]>> = None;
        for key in shown.filter(|key| !key.is_empty()) {
            match &only {
                Some(other) if *other != key => return Err(Rejection::SeveralApiKeys),
                _ => only = Some(key),
            }
        }
        Ok(only)
    }
}
