//! Signing in with a browser: OpenID Connect by authorization code and PKCE, as RFC 9700 has it.
//!
//! A session is a sealed cookie and nothing else: any router with the secrets can read it, and none can end it before its
//! time. [`Login::caller`] says who it is; [`Login::begin`] sends a browser to the provider, and [`Login::answer`] is what
//! stands at the three paths that are for signing in and out. No request that we have not begun has one sent to the provider.

mod attempt;
mod failure;
mod form;
mod grant;
mod id_token;
mod jar;
mod lasting;
mod metadata;
mod navigation;
mod places;
mod provider;
mod refreshes;
mod return_to;
mod seal;
mod session;

pub(in crate::gateway) use failure::Failure;
pub(in crate::gateway) use lasting::Logins;
pub(super) use navigation::is_navigation;
pub(in crate::gateway) use places::Place;

use super::{Asking, Caller, hidden::Hidden, jwks::Error, login_config};
use crate::{gateway::consumers::Directory, upstream::Egress};
use grant::{Answer, Granted};
use http::{HeaderMap, HeaderValue, header};
use id_token::Expected;
use jar::Jar;
use provider::{NotGranted, Provider};
use refreshes::Renewal;
use seal::Seals;
use serde_json::{Map, Value};
use session::{Session, Standing};
use std::sync::Arc;
use tokio::sync::watch;

/// The compiled rules.
pub(super) struct Login {
    config: login_config::Login,
    provider: Arc<Provider>,
    lasting: Arc<Logins>,
    seals: Seals,
    jar: Jar,
}

/// Renewals that one request may bring about: a session that it shows may be some renewals old.
const RENEWALS_MAX: usize = 3;

impl Login {
    pub(super) fn new(
        config: &login_config::Login,
        lasting: &Arc<Logins>,
        egress: &Arc<Egress>,
    ) -> Result<Arc<Self>, Error> {
        Ok(Arc::new(Self {
            provider: lasting.provider(config, egress)?,
            lasting: Arc::clone(lasting),
            seals: Seals::new(config),
            jar: Jar::new(config),
            config: config.clone(),
        }))
    }

    /// Cookies that nobody behind gets.
    pub(super) fn hidden(&self) -> Hidden {
        Hidden {
            session: Some(self.config.cookie_name.0.clone()),
            ..Hidden::default()
        }
    }

    /// Who is signed in, if somebody is. A session that is over, or that we cannot read, counts as none: its browser
    /// cannot help sending it.
    pub(super) async fn caller(
        self: &Arc<Self>,
        consumers: &Directory,
        asking: &Asking<'_>,
    ) -> Result<Option<Caller>, Failure> {
        let headers = &asking.head.headers;
        let Some(sealed) = self.jar.session(headers)? else {
            return Ok(None);
        };
        let Some(mut session) = Session::open(&sealed, &self.seals) else {
            return Ok(None);
        };
        let now = now();
        match self.standing(&session, now) {
            Standing::Over => return Ok(None),
            Standing::Good => {}
            Standing::Used => {
                session = session.used(now);
                asking.cookies.set(self.kept(&session, headers, now)?);
            }
            Standing::Due => match Box::pin(self.renewed(session, asking, now)).await? {
                Some(renewed) => session = renewed,
                None => return Ok(None),
            },
        }
        Ok(Some(self.caller_of(session, consumers)))
    }

    /// How it stands. Where access tokens are forwarded, the client's own must not pass for one that is not there.
    fn standing(&self, session: &Session, now: u64) -> Standing {
        session.standing(self.config.session, self.config.forward_access_token, now)
    }

    fn caller_of(&self, session: Session, consumers: &Directory) -> Caller {
        let end = session.end(self.config.session);
        let Session {
            claims,
            access_token,
            ..
        } = session;
        let consumer = consumers.of_claims(&claims).cloned();
        let caller = Caller::with_claims(Arc::new(claims)).of(consumer.as_ref());
        let caller = caller.until(Some(end as f64));
        let token = access_token.and_then(|token| bearer(&token));
        match token.filter(|_| self.config.forward_access_token) {
            Some(token) => caller.telling(HeaderMap::from_iter([(header::AUTHORIZATION, token)])),
            None => caller,
        }
    }

    /// A session as cookies.
    fn kept(
        &self,
        session: &Session,
        headers: &HeaderMap,
        now: u64,
    ) -> Result<Vec<HeaderValue>, Failure> {
        let seconds = session.seconds_left(self.config.session, now);
        let kept = self
            .jar
            .keep_session(&session.sealed(&self.seals)?, seconds, headers);
        if kept.is_err() {
            tracing::error!(
                "a session does not fit into cookies; keep fewer claims (authentication.login.claims), or do without forward_access_token"
            );
        }
        kept
    }

    /// Has the provider say whether a session goes on. None: it does not.
    async fn renewed(
        self: &Arc<Self>,
        mut session: Session,
        asking: &Asking<'_>,
        now: u64,
    ) -> Result<Option<Session>, Failure> {
        let headers = &asking.head.headers;
        for _ in 0..RENEWALS_MAX {
            match self.renewal(&session).await {
                Renewal::Renewed(renewed) => session = Session::clone(&renewed).used(now),
                Renewal::Refused => {
                    asking.cookies.set(self.jar.drop_session(headers));
                    return Ok(None);
                }
                Renewal::Unavailable if session.has_grace(now) => return Ok(Some(session)),
                Renewal::Unavailable => return Err(Failure::Unavailable),
            }
            match self.standing(&session, now) {
                Standing::Due => {}
                Standing::Over => return Ok(None),
                Standing::Good | Standing::Used => break,
            }
        }
        asking.cookies.set(self.kept(&session, headers, now)?);
        Ok(Some(session))
    }

    /// Renews a session, once for all requests that show it.
    async fn renewal(self: &Arc<Self>, session: &Session) -> Renewal {
        let begin = |tell: watch::Sender<Option<Renewal>>| {
            let (login, session) = (Arc::clone(self), session.clone());
            let renewing = async move {
                let renewal = login.renew(&session).await;
                tell.send_replace(Some(renewal));
            };
            if let Err(error) = self.provider.run(renewing) {
                tracing::warn!(%error, "a session cannot be renewed");
            }
        };
        let Some(mut renewal) = self.lasting.refreshes.join(session, begin) else {
            return Renewal::Unavailable;
        };
        let told = renewal.wait_for(Option::is_some).await;
        let told = told.ok().and_then(|renewal| renewal.clone());
        told.unwrap_or(Renewal::Unavailable)
    }

    async fn renew(&self, session: &Session) -> Renewal {
        let Ok(known) = self.provider.known().await else {
            return Renewal::Unavailable;
        };
        let token = session.refresh_token.clone().unwrap_or_default();
        let form = vec![
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", token),
        ];
        let answer = match self.provider.grant(&known, form).await {
            Ok(answer) => answer,
            Err(NotGranted::Refused) => return Renewal::Refused,
            Err(NotGranted::Unavailable) => return Renewal::Unavailable,
        };
        let now = now();
        let mut claims = None;
        if let Some(token) = &answer.id_token {
            let expected = Expected {
                client_id: &self.config.client_id,
                nonce: None,
                subject: session.claims.get("sub"),
                access_token: &answer.access_token,
            };
            match id_token::claims(token, &known, &expected, now).await {
                Ok(said) => {
                    let scope = answer.scope.clone().map(Value::String);
                    let scope = scope.or_else(|| session.claims.get("scope").cloned());
                    claims = Some(self.kept_claims(said, scope));
                }
                Err(_) => return Renewal::Unavailable,
            }
        } else if let Some(scope) = &answer.scope {
            // Less may be granted than before, without an ID token to say so.
            let mut same = session.claims.clone();
            same.insert("scope".to_owned(), Value::String(scope.clone()));
            claims = Some(same);
        }
        let granted = self.granted(answer, None, now);
        Renewal::Renewed(Arc::new(session.renewed(granted, claims, now)))
    }

    /// What of an answer a session takes. `expires`: when its ID token does.
    fn granted(&self, answer: Answer, expires: Option<u64>, now: u64) -> Granted {
        let seconds = answer.seconds();
        let seconds = seconds.or_else(|| expires.map(|expires| expires.saturating_sub(now)));
        Granted {
            seconds: seconds.unwrap_or(SECONDS_UNSAID),
            refresh_token: answer.refresh_token,
            access_token: Some(answer.access_token).filter(|_| self.config.forward_access_token),
        }
    }

    /// What is kept of somebody's claims: what is configured, who says it of whom, and what was granted.
    fn kept_claims(
        &self,
        mut said: Map<String, Value>,
        scope: Option<Value>,
    ) -> Map<String, Value> {
        let names = self.config.claims.iter().map(String::as_str);
        let mut kept = Map::new();
        for name in names.chain(["iss", "sub"]) {
            if let Some(value) = said.remove(name) {
                kept.insert(name.to_owned(), value);
            }
        }
        // Of the ID token it would be what somebody says of themselves.
        kept.remove("scope");
        kept.extend(scope.map(|scope| ("scope".to_owned(), scope)));
        kept
    }
}

/// How long an access token is valid of which nothing says that.
const SECONDS_UNSAID: u64 = 300;

fn bearer(token: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// In seconds since 1970.
fn now() -> u64 {
    super::now() as u64
}
