//! What clients are told when something goes wrong.
//!
//! Every error of the layers below is turned into a [`Code`] here, by exhaustive matches, and nowhere else.

use super::{
    Answered, Code,
    authentication::{Failure, OtherBody, Refused, Rejection},
    planning::NotRun,
};
use crate::{
    executor,
    operation::{self, Measured},
    planner,
    upstream::Coding,
};
use http::{HeaderMap, HeaderValue, header};

/// The code of the first error in a response: an extension of the response, for whoever observes its request.
#[derive(Clone, Copy, Debug)]
pub(super) struct FirstError(pub(super) Code);

/// A request that gets errors and no data.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub code: Code,
    /// At least one.
    pub problems: Vec<Problem>,
    /// `Allow`, on 405.
    pub allow: Option<HeaderValue>,
    /// `Retry-After` in seconds, on 429 and 503.
    pub retry_after: Option<u32>,
    /// Whether `Accept-Encoding` lists the content codings there are: on 415, if it is for one that there is not.
    pub lists_codings: bool,
    /// `WWW-Authenticate`, on 401.
    pub challenge: Option<Box<HeaderValue>>,
    /// What the client gets instead of all this: another service has refused the request.
    pub answered: Option<Box<Answered>>,
}

/// One error of a refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    pub message: String,
    /// Line and column in the document, from 1.
    pub location: Option<(usize, usize)>,
    /// The limit of this caller that it is too much for.
    pub limit: Option<String>,
}

impl Refusal {
    /// Adds the headers that say more than the status: how to do it right, or when to try again.
    pub(in crate::gateway) fn add_headers(&self, headers: &mut HeaderMap) {
        if let Some(allow) = &self.allow {
            headers.insert(header::ALLOW, allow.clone());
        }
        if let Some(challenge) = &self.challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::clone(challenge));
        }
        if self.lists_codings {
            headers.insert(header::ACCEPT_ENCODING, Coding::ACCEPTED);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
    }

    /// Refuses with one sentence.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self::all(code, vec![message.into()])
    }

    /// Something failed that is our fault. The client learns nothing more; the log should.
    pub fn internal() -> Self {
        Self::new(Code::Internal, "Internal server error")
    }

    /// Only these methods.
    pub fn method(allowed: &'static str, message: impl Into<String>) -> Self {
        Self {
            allow: Some(HeaderValue::from_static(allowed)),
            ..Self::new(Code::MethodNotAllowed, message)
        }
    }

    /// The whole request took longer than it may.
    pub fn timeout() -> Self {
        Self::new(Code::Timeout, "The request took too long")
    }

    /// Refuses with a sentence for each thing that is wrong; there is at least one.
    pub fn all(code: Code, messages: Vec<String>) -> Self {
        let problems = messages.into_iter().map(|message| Problem {
            message,
            ..Problem::default()
        });
        Self::with_problems(code, problems.collect())
    }

    /// Refuses with these, of which there is at least one.
    pub(in crate::gateway) fn with_problems(code: Code, problems: Vec<Problem>) -> Self {
        Self {
            code,
            problems,
            allow: None,
            lists_codings: false,
            retry_after: None,
            challenge: None,
            answered: None,
        }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        let Refused {
            rejection,
            challenge,
            answered,
        } = refused;
        let message = rejection.to_string();
        match rejection {
            Rejection::NoKeysYet => Self {
                retry_after: Some(1),
                ..Self::new(Code::NoKeysYet, message)
            },
            Rejection::TooManyPasswords | Rejection::TooManyNonces => Self {
                retry_after: Some(1),
                ..Self::new(Code::Overloaded, message)
            },
            Rejection::ForwardUnavailable => Self {
                retry_after: Some(1),
                ..Self::new(Code::NoKeysYet, message)
            },
            Rejection::Login(failure) if failure != Failure::SeveralCookies => failure.into(),
            Rejection::ForwardLate => Self::new(Code::Timeout, message),
            _ => Self {
                challenge: challenge.map(Box::new),
                answered,
                ..Self::new(Code::Unauthenticated, message)
            },
        }
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        use Failure as F;
        let message = failure.to_string();
        match failure {
            F::NotBegun
            | F::MalformedAnswer
            | F::OtherProvider
            | F::Replayed
            | F::Denied
            | F::CodeRefused
            | F::BadIdToken
            | F::NoNavigation => Self::new(Code::LoginFailed, message),
            F::Unavailable => Self {
                retry_after: Some(5),
                ..Self::new(Code::NoKeysYet, message)
            },
            F::SeveralCookies => Self::new(Code::Unauthenticated, message),
            F::CrossSite => Self::new(Code::Csrf, message),
            F::OnlyGet => Self::method("GET", message),
            F::OnlyPost => Self::method("POST", message),
            F::SessionTooLarge | F::NoRandomNumbers => Self::new(Code::Internal, message),
        }
    }
}

impl From<OtherBody> for Refusal {
    fn from(error: OtherBody) -> Self {
        Self::new(Code::BadRequest, error.to_string())
    }
}

impl From<Rejection> for Refusal {
    /// Of a token.
    fn from(rejection: Rejection) -> Self {
        Refused::from(rejection).into()
    }
}

impl From<operation::Error> for Refusal {
    fn from(error: operation::Error) -> Self {
        use operation::Error as E;
        let message = sentence(&error.to_string());
        match error {
            E::Syntax(diagnostics) => {
                Self::with_problems(Code::ParseFailed, problems(diagnostics, message))
            }
            E::Validation(diagnostics) => {
                Self::with_problems(Code::ValidationFailed, problems(diagnostics, message))
            }
            E::TokenLimit { .. } => Self::new(Code::TokenLimit, message),
            E::RecursionLimit { .. } => Self::new(Code::RecursionLimit, message),
            E::TooComplex { .. } => Self::new(Code::TooComplex, message),
            E::NoOperation | E::UnknownOperation(_) | E::AmbiguousOperation => {
                Self::new(Code::UnknownOperation, message)
            }
            E::Variables(_) => Self::new(Code::Variables, message),
            E::Unsupported(_) => Self::new(Code::Unsupported, message),
        }
    }
}

/// The text with a capital at its beginning.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// How many errors of one document a response lists; the rest would only repeat the mistake.
const PROBLEMS_MAX: usize = 50;

fn problems(diagnostics: Vec<operation::Diagnostic>, otherwise: String) -> Vec<Problem> {
    if diagnostics.is_empty() {
        return vec![Problem {
            message: otherwise,
            ..Problem::default()
        }];
    }
    let listed = diagnostics.into_iter().take(PROBLEMS_MAX);
    listed
        .map(|diagnostic| Problem {
            message: diagnostic.message,
            location: diagnostic.location,
            limit: None,
        })
        .collect()
}

impl From<operation::LimitExceeded> for Refusal {
    fn from(exceeded: operation::LimitExceeded) -> Self {
        let operation::LimitExceeded {
            measured,
            limit,
            found,
        } = exceeded;
        let (code, what, key) = match measured {
            Measured::Depth => (Code::DepthLimit, "levels of fields", "max_depth"),
            Measured::Height => (Code::HeightLimit, "fields", "max_height"),
            Measured::Aliases => (Code::AliasesLimit, "aliases", "max_aliases"),
            Measured::RootFields => (Code::RootFieldsLimit, "root fields", "max_root_fields"),
        };
        Self::new(
            code,
            format!("The operation has {found} {what}, at most {limit} are allowed (limits.{key})"),
        )
    }
}

impl From<executor::IntrospectionError> for Refusal {
    fn from(error: executor::IntrospectionError) -> Self {
        let code = match error {
            executor::IntrospectionError::TooDeep(_) => Code::TooComplex,
            executor::IntrospectionError::Failed(_) => Code::ValidationFailed,
        };
        Self::new(code, sentence(&error.to_string()))
    }
}

impl From<planner::Error> for Refusal {
    fn from(error: planner::Error) -> Self {
        match error {
            planner::Error::TooLarge { .. } | planner::Error::OverBudget { .. } => {
                Self::new(Code::TooComplex, sentence(&error.to_string()))
            }
            // Nobody reads this.
            planner::Error::Cancelled => Self::internal(),
            planner::Error::Unreachable { .. } => {
                tracing::error!(%error, "an operation could not be planned");
                Self::new(Code::PlanningFailed, "The operation could not be planned")
            }
        }
    }
}

impl From<NotRun> for Refusal {
    fn from(reason: NotRun) -> Self {
        match reason {
            NotRun::QueueFull => Self {
                retry_after: Some(1),
                ..Self::new(
                    Code::Overloaded,
                    "Too many new operations are waiting to be planned",
                )
            },
            NotRun::Panicked => Self::internal(),
        }
    }
}
