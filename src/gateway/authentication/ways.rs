//! How callers may show who they are at one end of the gateway, and what those are told who do not.

use super::{
    Asking, Authentication, Caller, Method, Rejection,
    basic::Basic,
    forward::Forward,
    hidden::Hidden,
    refused::{REALM, Refused, challenge},
};
use crate::gateway::consumers::Consumer;
use http::HeaderValue;
use std::sync::Arc;

/// The ways of one end, in order: the first by which a request shows something decides.
pub(in crate::gateway) struct Ways {
    methods: Vec<Method>,
    otherwise: Otherwise,
    hidden: Option<Arc<Hidden>>,
    /// What those are told who show nothing.
    challenge: Option<HeaderValue>,
}

/// What becomes of those who show nothing.
enum Otherwise {
    Refused,
    /// They are let in, perhaps as this consumer.
    Anonymous(Option<Arc<Consumer>>),
}

impl Ways {
    /// These, of which a request must show one unless those who show none are a consumer, too.
    pub(in crate::gateway) fn of(
        methods: &[Method],
        anonymous: Option<&Arc<Consumer>>,
        authentication: &Authentication,
    ) -> Self {
        Self {
            methods: methods.to_vec(),
            otherwise: match anonymous {
                None => Otherwise::Refused,
                some => Otherwise::Anonymous(some.cloned()),
            },
            hidden: authentication.hidden(methods),
            challenge: authentication.challenges(methods),
        }
    }

    /// Where no policy says anything of it.
    pub(in crate::gateway) fn unsaid(authentication: &Authentication) -> Self {
        let methods = vec![Method::Jwt];
        Self {
            otherwise: match authentication.is_required {
                true => Otherwise::Refused,
                false => Otherwise::Anonymous(None),
            },
            hidden: authentication.hidden(&methods),
            challenge: authentication.challenges(&methods),
            methods,
        }
    }

    /// Whether others than tokens may come in `Authorization`.
    pub(super) fn shares_authorization(&self) -> bool {
        self.methods.iter().any(|method| match method {
            Method::Basic | Method::Forward => true,
            Method::Jwt | Method::ApiKey | Method::Hmac | Method::Certificate => false,
        })
    }

    /// Refuses a request that does not show enough.
    pub(in crate::gateway) fn refuse(&self) -> Refused {
        let rejection = match self.methods.as_slice() {
            [Method::Jwt] => Rejection::NoToken,
            _ => Rejection::NothingShown,
        };
        Refused {
            rejection,
            challenge: self.challenge.clone(),
            answered: None,
        }
    }
}

impl Authentication {
    /// Who sends a request.
    pub(in crate::gateway) async fn identify(
        &self,
        ways: &Ways,
        asking: &Asking<'_>,
    ) -> Result<Caller, Refused> {
        for method in &ways.methods {
            if let Some(caller) = self.caller(*method, ways, asking).await? {
                return Ok(caller.hiding(ways.hidden.as_ref()));
            }
        }
        match &ways.otherwise {
            Otherwise::Refused => Err(ways.refuse()),
            Otherwise::Anonymous(consumer) => {
                Ok(Caller::anonymous(consumer.as_ref()).hiding(ways.hidden.as_ref()))
            }
        }
    }

    pub(super) fn realm(&self, method: Method) -> &str {
        match (method, &self.basic) {
            (Method::Basic, Some(basic)) => &basic.realm,
            _ => REALM,
        }
    }

    /// All that could be shown, for those who show nothing.
    fn challenges(&self, methods: &[Method]) -> Option<HeaderValue> {
        let methods = methods.iter().filter(|method| **method != Method::Forward);
        let challenges: Vec<String> = methods
            .map(|method| challenge(*method, None, self.realm(*method)))
            .collect();
        HeaderValue::try_from(challenges.join(", ")).ok()
    }

    /// What of a request is not passed on where these ways are taken.
    fn hidden(&self, methods: &[Method]) -> Option<Arc<Hidden>> {
        let mut hidden = Hidden::default();
        for method in methods {
            match method {
                Method::Hmac | Method::Certificate => {}
                Method::Forward => {
                    let told = self.forward.iter().map(Forward::hidden);
                    told.for_each(|told| hidden.add(&told));
                }
                Method::Basic => {
                    let places = self.basic.iter().map(Basic::hidden);
                    places.for_each(|places| hidden.add(&places));
                }
                Method::Jwt => self
                    .jwt
                    .iter()
                    .for_each(|jwt| hidden.add(&jwt.places.hidden())),
                Method::ApiKey => {
                    let places = self.api_keys.iter().filter_map(|keys| keys.hidden());
                    places.for_each(|places| hidden.add(places));
                }
            }
        }
        (hidden != Hidden::default()).then(|| Arc::new(hidden))
    }
}
