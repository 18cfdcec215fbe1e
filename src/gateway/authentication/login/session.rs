//! Who is signed in, since when, and what keeps it so: all that a session is, for the browser has it and we do not.

use super::{
    super::login_config::Lifetimes,
    failure::Failure,
    grant::Granted,
    seal::{Purpose, Seals},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How often a session is sealed anew for being used: after this part of `idle`.
const IDLE_PARTS: u64 = 10;
/// How long a session goes on whose provider cannot be reached when it should be asked again, in seconds.
const GRACE_SECONDS: u64 = 300;

/// A session. Times are in seconds since 1970.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Session {
    began: u64,
    /// When it was last sealed.
    seen: u64,
    /// When the provider is to be asked whether it goes on.
    due: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refresh_token: Option<String>,
    /// If it is forwarded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) access_token: Option<String>,
    pub(super) claims: Map<String, Value>,
}

/// What becomes of a session now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Good,
    /// Good, and used again after a while.
    Used,
    /// The provider must be asked.
    Due,
    Over,
}

impl Session {
    /// The session of somebody who has just signed in, of whom this is kept.
    pub(super) fn new(granted: Granted, claims: Map<String, Value>, now: u64) -> Self {
        Self {
            began: now,
            seen: now,
            due: granted.due(now),
            refresh_token: granted.refresh_token,
            access_token: granted.access_token,
            claims,
        }
    }

    /// The same after the provider was asked. What it does not say anew stays as it was.
    pub(super) fn renewed(
        &self,
        granted: Granted,
        claims: Option<Map<String, Value>>,
        now: u64,
    ) -> Self {
        let claims = claims.unwrap_or_else(|| self.claims.clone());
        let mut renewed = Self {
            began: self.began,
            ..Self::new(granted, claims, now)
        };
        if renewed.refresh_token.is_none() {
            renewed.refresh_token.clone_from(&self.refresh_token);
        }
        renewed
    }

    /// The same, used now.
    pub(super) fn used(self, now: u64) -> Self {
        Self { seen: now, ..self }
    }

    /// `needs_token`: it is nothing without an access token. One that was sealed before that mattered has none.
    pub(super) fn standing(&self, lifetimes: Lifetimes, needs_token: bool, now: u64) -> Standing {
        let idle = lifetimes.idle.as_secs();
        let unused = now.saturating_sub(self.seen);
        let needs_token = needs_token || self.access_token.is_some();
        let is_due = now >= self.due || needs_token && self.access_token.is_none();
        if self.seconds_left(lifetimes, now) == 0 {
            Standing::Over
        } else if is_due && self.refresh_token.is_some() {
            Standing::Due
        } else if is_due && needs_token {
            // What is forwarded would be refused, and there is no way to another one.
            Standing::Over
        } else if unused > idle / IDLE_PARTS {
            Standing::Used
        } else {
            Standing::Good
        }
    }

    /// How long it goes on if nothing happens, in seconds.
    pub(super) fn seconds_left(&self, lifetimes: Lifetimes, now: u64) -> u64 {
        let end = self.began.saturating_add(lifetimes.max_age.as_secs());
        let idle_end = self.seen.saturating_add(lifetimes.idle.as_secs());
        end.min(idle_end).saturating_sub(now)
    }

    /// When it ends whatever happens, or the provider would have to be asked and is not, in seconds since 1970: for what was
    /// let in once and goes on.
    pub(super) fn end(&self, lifetimes: Lifetimes) -> u64 {
        let end = self.began.saturating_add(lifetimes.max_age.as_secs());
        match self.refresh_token.is_some() || self.access_token.is_some() {
            true => end.min(self.due.saturating_add(GRACE_SECONDS)),
            false => end,
        }
    }

    /// Whether it may go on for now, although the provider should have been asked.
    pub(super) fn has_grace(&self, now: u64) -> bool {
        now < self.due.saturating_add(GRACE_SECONDS)
    }

    /// When the provider is to be asked.
    pub(super) fn due(&self) -> u64 {
        self.due
    }

    /// As cookies have it.
    pub(super) fn sealed(&self, seals: &Seals) -> Result<String, Failure> {
        let text = serde_json::to_vec(self).unwrap_or_default();
        let sealed = seals.seal(Purpose::Session, "", text);
        sealed.map_err(|_| Failure::NoRandomNumbers)
    }

    /// What stands in cookies, if we have written it.
    pub(super) fn open(sealed: &[u8], seals: &Seals) -> Option<Self> {
        let text = seals.open(Purpose::Session, "", sealed)?;
        serde_json::from_slice(&text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::time::Duration;

    const LIFETIMES: Lifetimes = Lifetimes {
        max_age: Duration::from_secs(1000),
        idle: Duration::from_secs(100),
    };

    /// One that began at 0, with tokens that last so long.
    fn session(seconds: u64, tokens: (Option<&str>, Option<&str>)) -> Session {
        let granted = Granted {
            refresh_token: tokens.0.map(str::to_owned),
            access_token: tokens.1.map(str::to_owned),
            seconds,
        };
        Session::new(granted, Map::new(), 0)
    }

    #[test]
    fn what_it_has_let_in_ends_with_it() {
        let end = |tokens| session(100, tokens).end(LIFETIMES);
        assert_eq!(end((None, None)), 1000);
        let due = session(100, (Some("r"), None)).due();
        assert_eq!(end((Some("r"), None)), due + GRACE_SECONDS);
        assert_eq!(end((None, Some("a"))), due + GRACE_SECONDS);
    }

    #[test]
    fn a_session_ends_when_it_is_old_or_nobody_uses_it() {
        let session = session(10_000, (None, None));
        let cases = [
            (session.clone(), 0, Standing::Good),
            (session.clone(), 10, Standing::Good),
            (session.clone(), 11, Standing::Used),
            (session.clone(), 99, Standing::Used),
            (session.clone(), 100, Standing::Over),
            (session.clone().used(950), 951, Standing::Good),
            (session.clone().used(950), 999, Standing::Used),
            // However much it is used.
            (session.clone().used(999), 1000, Standing::Over),
        ];
        for (session, now, expected) in cases {
            assert_eq!(session.standing(LIFETIMES, false, now), expected, "{now}");
        }
        assert_eq!(session.clone().used(50).seconds_left(LIFETIMES, 60), 90);
        assert_eq!(session.used(950).seconds_left(LIFETIMES, 960), 40);
    }

    #[test]
    fn the_provider_is_asked_when_tokens_end() {
        let (refresh, access) = (Some("r"), Some("a"));
        for (tokens, before, after) in [
            ((refresh, None), Standing::Good, Standing::Due),
            ((refresh, access), Standing::Good, Standing::Due),
            // Nothing depends on it.
            ((None, None), Standing::Good, Standing::Good),
            ((None, access), Standing::Good, Standing::Over),
        ] {
            // A tenth of the time before its end.
            let session = session(10, tokens);
            assert_eq!(session.standing(LIFETIMES, false, 8), before);
            assert_eq!(session.standing(LIFETIMES, false, 9), after);
            assert_eq!(session.standing(LIFETIMES, false, 100), Standing::Over);
        }
        let session = session(10_000, (refresh, None));
        assert_eq!(session.due(), 9970);
        assert!(session.has_grace(10_269) && !session.has_grace(10_270));
    }

    #[test]
    fn a_renewed_session_keeps_its_age_and_what_is_not_said_anew() {
        let old = Session {
            claims: json!({ "sub": "u" }).as_object().unwrap().clone(),
            ..session(10, (Some("first"), None))
        };
        let granted = |refresh_token: Option<&str>| Granted {
            refresh_token: refresh_token.map(str::to_owned),
            access_token: None,
            seconds: 10,
        };
        let renewed = old.renewed(granted(None), None, 50);
        assert_eq!(renewed.refresh_token.as_deref(), Some("first"));
        assert_eq!((renewed.began, renewed.due()), (0, 59));
        assert_eq!(renewed.claims["sub"], "u");
        let renewed = old.renewed(granted(Some("second")), None, 50);
        assert_eq!(renewed.refresh_token.as_deref(), Some("second"));
    }
}
