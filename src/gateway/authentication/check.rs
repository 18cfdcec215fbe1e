//! What of the `authentication` section cannot be meant so.

use super::config::{Config, Issuer, Jwt, KeyUrl, TokenSource};
use crate::gateway::{claims::is_claim, misfit::Misfit};
use http::HeaderName;
use jsonwebtoken::{Algorithm, AlgorithmFamily};

/// Whether a header is of the connection or the body.
type IsOurs = fn(&HeaderName) -> bool;

impl Config {
    /// Checks the places that credentials come in. Some headers are of the connection or the body.
    pub(in crate::gateway) fn check_credentials(&self, is_ours: IsOurs) -> Result<(), Misfit> {
        let jwt = self.router.jwt.as_ref();
        let keys = self.api_key.iter().flat_map(|keys| keys.headers.iter());
        for (index, header) in keys.enumerate() {
            let is_taken = jwt.is_some_and(|jwt| jwt.comes_in(&header.0));
            let checked = match is_taken {
                true => Err(
                    "tokens come in this header (`authentication.router.jwt`): of a key and a token, each would be taken for a bad other",
                ),
                false => check_header(&header.0, is_ours),
            };
            checked.map_err(|why| {
                let at = ["authentication", "api_key", "headers", &index.to_string()];
                Misfit::new(&at, why)
            })?;
        }
        if self
            .hmac
            .as_ref()
            .is_some_and(|hmac| hmac.clock_skew.is_zero())
        {
            let at = ["authentication", "hmac", "clock_skew"];
            return Err(Misfit::new(
                &at,
                "clocks differ, and requests take some time",
            ));
        }
        if let Some(jwt) = jwt {
            let at = ["authentication", "router", "jwt"];
            jwt.check(is_ours).map_err(|misfit| misfit.below(&at))?;
        }
        Ok(())
    }

    /// Those that may sign tokens.
    pub(in crate::gateway) fn issuers(&self) -> &[Issuer] {
        let jwt = self.router.jwt.as_ref();
        jwt.map_or(&[], |jwt| jwt.jwks.0.as_slice())
    }

    /// Where there are several key sets: the first whose tokens may say that they are of any issuer.
    pub(in crate::gateway) fn unbound_key_set(&self) -> Option<usize> {
        let issuers = self.issuers();
        let unbound = issuers.iter().position(|issuer| issuer.issuers.is_none());
        unbound.filter(|_| issuers.len() > 1)
    }
}

impl Jwt {
    fn check(&self, is_ours: IsOurs) -> Result<(), Misfit> {
        let checked = check_header(&self.header_name.0, is_ours);
        checked.map_err(|why| Misfit::new(&["header_name"], why))?;
        for (index, source) in self.sources.iter().enumerate() {
            let checked = match source {
                TokenSource::Header { name, .. } => check_header(&name.0, is_ours),
                TokenSource::Cookie { name } | TokenSource::Query { name } if name.is_empty() => {
                    Err("a cookie, or a parameter of the query, has a name")
                }
                TokenSource::Cookie { .. } | TokenSource::Query { .. } => Ok(()),
            };
            checked.map_err(|why| Misfit::new(&["sources", &index.to_string()], why))?;
        }
        Ok(())
    }

    fn comes_in(&self, header: &HeaderName) -> bool {
        let mut sources = self.sources.iter();
        let is_source = |source: &TokenSource| matches!(source, TokenSource::Header { name, .. } if name.0 == *header);
        self.header_name.0 == *header || sources.any(is_source)
    }
}

/// Whether a header may have a credential.
fn check_header(name: &HeaderName, is_ours: IsOurs) -> Result<(), &'static str> {
    match is_ours(name) || is_claim(name.as_str()) {
        true => Err(
            "no credential comes in this header: it is of the connection or the body, or what gateways say",
        ),
        false => Ok(()),
    }
}

impl Issuer {
    /// The algorithms that its tokens may be signed by. None: all that fit a key.
    ///
    /// A secret that is to be had at a URL is none, whatever a key set says, unless somebody has thought of it.
    pub(super) fn allowed(&self) -> Option<Vec<Algorithm>> {
        match (&self.algorithms, &self.keys.url) {
            (None, KeyUrl::Http(_)) => {
                let public = [
                    AlgorithmFamily::Rsa,
                    AlgorithmFamily::Ec,
                    AlgorithmFamily::Ed,
                ];
                let algorithms = public.iter().flat_map(AlgorithmFamily::algorithms);
                Some(algorithms.copied().collect())
            }
            (written, _) => written.clone(),
        }
    }

    /// Whether whoever is on the way to its keys can put others in their place.
    pub(in crate::gateway) fn is_open(&self) -> bool {
        match &self.keys.url {
            KeyUrl::File(_) => false,
            KeyUrl::Http(endpoint) => {
                let uri = endpoint.uri();
                let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
                let address = host.parse::<std::net::IpAddr>();
                let is_here =
                    host == "localhost" || address.is_ok_and(|address| address.is_loopback());
                uri.scheme_str() == Some("http") && !is_here
            }
        }
    }
}
