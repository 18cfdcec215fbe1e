//! How callers may show who they are at one end of the gateway, and what those are told who do not.

use super::{
    Asking, Authentication, Caller, Method, Rejection, Way,
    basic::Basic,
    forward::Forward,
    hidden::Hidden,
    refused::{REALM, Refused, challenge},
};
use crate::gateway::consumers::Consumer;
use http::HeaderValue;
use std::sync::Arc;

/// The ways of one end, in order: the first that a request takes to its end decides.
pub(in crate::gateway) struct Ways {
    ways: Vec<Way>,
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

/// How much a request shows of what must be shown together.
enum Shown {
    Nothing,
    InPart,
    All(Box<Caller>),
}

impl Shown {
    fn whole(self) -> Option<Caller> {
        match self {
            Self::All(caller) => Some(*caller),
            Self::Nothing | Self::InPart => None,
        }
    }
}

/// All methods of these ways, each once.
fn distinct(ways: &[Way]) -> Vec<Method> {
    let mut distinct = Vec::new();
    for method in ways.iter().flat_map(Way::methods) {
        if !distinct.contains(method) {
            distinct.push(*method);
        }
    }
    distinct
}

impl Ways {
    /// These, of which a request must take one unless those who show nothing are a consumer, too.
    pub(in crate::gateway) fn of(
        ways: &[Way],
        anonymous: Option<&Arc<Consumer>>,
        authentication: &Authentication,
    ) -> Self {
        let methods = distinct(ways);
        Self {
            otherwise: match anonymous {
                None => Otherwise::Refused,
                some => Otherwise::Anonymous(some.cloned()),
            },
            hidden: authentication.hidden(&methods),
            challenge: authentication.challenges(&methods),
            ways: ways.to_vec(),
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
            ways: vec![Way::One(Method::Jwt)],
        }
    }

    /// Whether others than tokens may come in `Authorization`.
    pub(super) fn shares_authorization(&self) -> bool {
        let mut methods = self.ways.iter().flat_map(Way::methods);
        methods.any(|method| match method {
            Method::Basic | Method::Forward => true,
            Method::Jwt | Method::ApiKey | Method::Hmac | Method::Certificate => false,
        })
    }

    /// Refuses a request that does not show enough.
    pub(in crate::gateway) fn refuse(&self) -> Refused {
        self.refuse_for(match self.ways.as_slice() {
            [Way::One(Method::Jwt)] => Rejection::NoToken,
            _ => Rejection::NothingShown,
        })
    }

    fn refuse_for(&self, rejection: Rejection) -> Refused {
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
        let mut is_partly_shown = false;
        for way in &ways.ways {
            let found = match way {
                Way::One(method) => self.caller(*method, ways, asking).await?,
                Way::All(methods) => {
                    // Large, for it waits inside, and seldom there.
                    let found = Box::pin(self.all(methods, ways, asking)).await?;
                    is_partly_shown |= matches!(found, Shown::InPart);
                    found.whole()
                }
            };
            if let Some(caller) = found {
                return Ok(caller.hiding(ways.hidden.as_ref()));
            }
        }
        match &ways.otherwise {
            // Whoever shows something is not nobody.
            _ if is_partly_shown => Err(ways.refuse_for(Rejection::NotAllShown)),
            Otherwise::Refused => Err(ways.refuse()),
            Otherwise::Anonymous(consumer) => {
                Ok(Caller::anonymous(consumer.as_ref()).hiding(ways.hidden.as_ref()))
            }
        }
    }

    /// The caller by all of these. Each that is shown must be good, even if another is missing.
    async fn all(
        &self,
        methods: &[Method],
        ways: &Ways,
        asking: &Asking<'_>,
    ) -> Result<Shown, Refused> {
        let (mut whole, mut is_missing) = (None::<Caller>, false);
        for method in methods {
            // Another service is asked about those alone who have shown the rest.
            if is_missing && *method == Method::Forward {
                continue;
            }
            match (self.caller(*method, ways, asking).await?, whole.take()) {
                (None, found) => {
                    is_missing = true;
                    whole = found;
                }
                (found, None) => whole = found,
                (Some(found), Some(other)) => {
                    let both = other.and(found);
                    whole = Some(both.ok_or_else(|| ways.refuse_for(Rejection::SeveralConsumers))?);
                }
            }
        }
        Ok(match whole {
            None => Shown::Nothing,
            Some(_) if is_missing => Shown::InPart,
            Some(caller) => Shown::All(Box::new(caller)),
        })
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
