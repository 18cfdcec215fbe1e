//! How callers may show who they are at one end of the gateway, and what those are told who do not.

use super::{
    Asking, Authentication, Caller, Method, Rejection, Way, certificate,
    forward::Forward,
    hidden::Hidden,
    login::is_navigation,
    refused::{REALM, Refused, challenge},
    signed::Signed,
};
use crate::gateway::consumers::Consumer;
use http::HeaderValue;
use std::sync::Arc;

/// The ways of one end, in order: the first that a request takes to its end decides.
pub(in crate::gateway) struct Ways {
    ways: Vec<Way>,
    otherwise: Otherwise,
    /// What is not passed on of those who take each way.
    hidden: Vec<Option<Arc<Hidden>>>,
    /// What is not of those who take none.
    hidden_otherwise: Option<Arc<Hidden>>,
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
            hidden: ways
                .iter()
                .map(|way| authentication.hidden(&methods, way.methods()))
                .collect(),
            hidden_otherwise: authentication.hidden(&methods, &[]),
            challenge: authentication.challenges(&methods),
            ways: ways.to_vec(),
        }
    }

    /// Where no policy says anything of it.
    pub(in crate::gateway) fn unsaid(authentication: &Authentication) -> Self {
        Self {
            otherwise: match authentication.is_required {
                true => Otherwise::Refused,
                false => Otherwise::Anonymous(None),
            },
            ..Self::of(&[Way::One(Method::Jwt)], None, authentication)
        }
    }

    /// Whether others than tokens may come in `Authorization`.
    pub(super) fn shares_authorization(&self) -> bool {
        let mut methods = self.ways.iter().flat_map(Way::methods);
        methods.any(|method| match method {
            Method::Basic | Method::Forward => true,
            Method::Jwt | Method::ApiKey | Method::Hmac | Method::Certificate | Method::Login => {
                false
            }
        })
    }

    /// What a request lacks that shows nothing.
    fn lack(&self) -> Rejection {
        match self.ways.as_slice() {
            [Way::One(Method::Jwt)] => Rejection::NoToken,
            _ => Rejection::NothingShown,
        }
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
        certificate::check_time(asking)
            .map_err(|rejection| Refused::by(Method::Certificate, rejection, REALM))?;
        let mut is_partly_shown = false;
        for (way, hidden) in ways.ways.iter().zip(&ways.hidden) {
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
                return Ok(caller.hiding(hidden.as_ref()));
            }
        }
        match &ways.otherwise {
            // Whoever shows something is not nobody.
            _ if is_partly_shown => {
                Err(Box::pin(self.refuse_for(Rejection::NotAllShown, ways, asking)).await)
            }
            Otherwise::Refused => Err(Box::pin(self.refuse(ways, asking)).await),
            Otherwise::Anonymous(consumer) => {
                Ok(Caller::anonymous(consumer.as_ref()).hiding(ways.hidden_otherwise.as_ref()))
            }
        }
    }

    /// Refuses a request that does not show enough; where people sign in, a browser in which nobody has is sent there.
    pub(in crate::gateway) async fn refuse(&self, ways: &Ways, asking: &Asking<'_>) -> Refused {
        self.refuse_for(ways.lack(), ways, asking).await
    }

    async fn refuse_for(&self, rejection: Rejection, ways: &Ways, asking: &Asking<'_>) -> Refused {
        let mut methods = ways.ways.iter().flat_map(Way::methods);
        let is_way = methods.any(|method| *method == Method::Login);
        let login = self.login.as_ref();
        let Some(login) = login.filter(|_| is_way && is_navigation(asking.head)) else {
            return ways.refuse_for(rejection);
        };
        // Signing in again would not help whoever lacks something else.
        if !matches!(login.caller(&self.consumers, asking).await, Ok(None)) {
            return ways.refuse_for(rejection);
        }
        let to = asking.head.uri.path_and_query();
        let to = to.map_or("/", |target| target.as_str());
        match login.begin(asking.head, to).await {
            Ok(answered) => Refused::answered(rejection, answered),
            Err(failure) => Refused::without_challenge(failure.into()),
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

    /// What of a request is not passed on where one may show these, and has shown those of them that were verified: what is for
    /// the gateway alone, and what it has not looked at. Whoever gets that might take it for verified.
    fn hidden(&self, methods: &[Method], verified: &[Method]) -> Option<Arc<Hidden>> {
        // Browsers send sessions everywhere.
        let session = self.login.as_ref().map(|login| login.hidden());
        let mut hidden = session.unwrap_or_default();
        // Only the service says these, whoever asks it or does not: what believes them may have several routes.
        let told = self.forward.as_ref().map(Forward::hidden);
        hidden.add(&told.unwrap_or_default());
        for method in methods {
            let is_verified = verified.contains(method);
            match method {
                Method::Certificate | Method::Forward | Method::Login => {}
                Method::Hmac if is_verified => {}
                Method::Hmac => hidden.add(&Signed::hidden()),
                Method::Basic => {
                    let basic = self.basic.as_ref();
                    let places = basic.and_then(|basic| basic.hidden(is_verified));
                    hidden.add(&places.unwrap_or_default());
                }
                Method::Jwt => {
                    let places = self.jwt.as_ref().map(|jwt| jwt.places.hidden(is_verified));
                    hidden.add(&places.unwrap_or_default());
                }
                Method::ApiKey => {
                    let keys = self.api_keys.as_ref();
                    if let Some(places) = keys.and_then(|keys| keys.hidden(is_verified)) {
                        hidden.add(places);
                    }
                }
            }
        }
        if let Some(forward) = self.forward.as_ref()
            && verified.contains(&Method::Forward)
        {
            // The service has looked at these.
            hidden.schemes.retain(|(name, _)| !forward.is_shown(name));
        }
        (hidden != Hidden::default()).then(|| Arc::new(hidden))
    }
}
