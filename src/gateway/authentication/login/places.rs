//! The three paths that are for signing in and out.

use super::{
    Login,
    attempt::{Attempt, Begun, id_of},
    failure::Failure,
    form::with_query,
    grant::error_code,
    id_token::{self, Expected},
    jar::ATTEMPT_SECONDS,
    navigation::{is_navigation, is_same_origin},
    now,
    provider::{Known, NotGranted},
    return_to::return_to,
    session::Session,
};
use crate::gateway::{
    Answered,
    authentication::{Asking, signed::NotTaken},
    parameters::in_query,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts};
use serde_json::Value;
use std::sync::Arc;

/// Which of the paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Place {
    /// Where the provider sends a browser back to.
    Callback,
    Start,
    SignOut,
}

/// Longer values are nobody's.
const PARAMETER_BYTES_MAX: usize = 4096;

/// What a provider answers through the browser (RFC 6749 section 4.1.2).
enum ByBrowser {
    Code(String),
    /// Nothing, for a reason that has a name.
    Denied(String),
}

impl Login {
    /// What is at a path.
    pub(in crate::gateway::authentication) fn place(&self, path: &str) -> Option<Place> {
        let places = [
            (&self.config.callback_path, Place::Callback),
            (&self.config.start_path, Place::Start),
            (&self.config.sign_out_path, Place::SignOut),
        ];
        let mut places = places.into_iter();
        let found = places.find(|(at, _)| at.as_str() == path);
        found.map(|(_, place)| place)
    }

    /// Answers a request to one of them.
    pub(in crate::gateway::authentication) async fn answer(
        &self,
        place: Place,
        asking: &Asking<'_>,
    ) -> Result<Answered, Failure> {
        let (head, method) = (asking.head, &asking.head.method);
        match place {
            Place::SignOut if method != Method::POST => Err(Failure::OnlyPost),
            Place::SignOut => self.sign_out(asking).await,
            Place::Callback | Place::Start if method != Method::GET => Err(Failure::OnlyGet),
            Place::Callback => self.call_back(asking).await,
            Place::Start if is_navigation(head) => {
                let to = parameter(head, "return_to")?;
                self.begin(head, &to.unwrap_or_default()).await
            }
            Place::Start => Err(Failure::NoNavigation),
        }
    }

    /// Sends a browser to the provider, which sends it back here and then to where it wanted.
    pub(in crate::gateway::authentication) async fn begin(
        &self,
        head: &Parts,
        to: &str,
    ) -> Result<Answered, Failure> {
        let known = self.provider.known().await?;
        let begun = Begun::new(return_to(to, &self.config), now())?;
        let sealed = begun.sealed(&self.seals)?;
        let scope = self.config.scopes.0.join(" ");
        let (redirect_uri, challenge) = (self.redirect_uri(), begun.attempt.challenge());
        let mut pairs = vec![
            ("response_type", "code"),
            ("client_id", &self.config.client_id.0),
            ("redirect_uri", &redirect_uri),
            ("scope", &scope),
            ("state", &begun.state),
            ("nonce", &begun.attempt.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let more = self.config.authorization_parameters.iter();
        pairs.extend(more.map(|(name, value)| (name.as_str(), value.as_str())));
        let url = with_query(&known.metadata.authorization.text, &pairs);
        let cookies = self.jar.keep_attempt((&begun.id, &sealed), &head.headers);
        redirect(StatusCode::FOUND, &url, cookies)
    }

    /// Takes in what the provider answers. Nothing is asked of it unless this browser has begun here.
    async fn call_back(&self, asking: &Asking<'_>) -> Result<Answered, Failure> {
        let head = asking.head;
        let state = parameter(head, "state")?.ok_or(Failure::NotBegun)?;
        let id = id_of(&state).ok_or(Failure::NotBegun)?;
        let sealed = self.jar.attempt(id, &head.headers)?;
        let opened = sealed.and_then(|text| Attempt::open(text, &state, &self.seals, now()));
        let attempt = opened.ok_or(Failure::NotBegun)?;
        // It ends here, however it ends.
        let dropped = self.jar.drop_attempt(id);
        let signed_in = self.sign_in(head, &state, &attempt).await;
        match signed_in.and_then(|session| self.kept(&session, &head.headers, now())) {
            Ok(mut cookies) => {
                cookies.extend(dropped);
                redirect(StatusCode::SEE_OTHER, &attempt.return_to, cookies)
            }
            Err(failure) => {
                asking.cookies.set(dropped.into_iter().collect());
                Err(failure)
            }
        }
    }

    async fn sign_in(
        &self,
        head: &Parts,
        state: &str,
        attempt: &Attempt,
    ) -> Result<Session, Failure> {
        let known = self.provider.known().await?;
        // Mix-up (RFC 9207): another provider's code is never shown to this one.
        match parameter(head, "iss")? {
            Some(issuer) if issuer != self.config.issuer.0.text => {
                return Err(Failure::OtherProvider);
            }
            None if known.metadata.says_issuer => return Err(Failure::OtherProvider),
            _ => {}
        }
        let by_browser = by_browser(head)?;
        self.take(state)?;
        let code = match by_browser {
            ByBrowser::Code(code) => code,
            ByBrowser::Denied(error) => {
                let error = error_code(&error);
                tracing::info!(error, "the OpenID provider has not let somebody sign in");
                return Err(Failure::Denied);
            }
        };
        self.exchange(&known, code, attempt).await
    }

    /// An answer comes in once: a second one with the same state is a copy. With too many to remember it is the provider
    /// alone that sees to it, which takes each code once.
    fn take(&self, state: &str) -> Result<(), Failure> {
        let seconds = ATTEMPT_SECONDS as f64;
        let taken = self.lasting.states.take(("", state), now() as f64, seconds);
        match taken {
            Err(NotTaken::Seen) => Err(Failure::Replayed),
            Ok(()) | Err(NotTaken::Full) => Ok(()),
        }
    }

    /// Changes a code for a session.
    async fn exchange(
        &self,
        known: &Arc<Known>,
        code: String,
        attempt: &Attempt,
    ) -> Result<Session, Failure> {
        let form = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code),
            ("redirect_uri", self.redirect_uri()),
            ("code_verifier", attempt.verifier.clone()),
        ];
        let answer = self.provider.grant(known, form).await;
        let answer = answer.map_err(|not_granted| match not_granted {
            NotGranted::Refused => Failure::CodeRefused,
            NotGranted::Unavailable => Failure::Unavailable,
        })?;
        let now = now();
        let token = answer.id_token.as_deref().ok_or(Failure::BadIdToken)?;
        let expected = Expected {
            client_id: &self.config.client_id,
            nonce: Some(&attempt.nonce),
            subject: None,
            access_token: &answer.access_token,
        };
        let claims = id_token::claims(token, known, &expected, now).await?;
        let expires = claims.get("exp").and_then(Value::as_u64);
        // Unsaid, it is what was asked for (RFC 6749 section 5.1).
        let scope = answer.scope.clone();
        let scope = scope.unwrap_or_else(|| self.config.scopes.0.join(" "));
        let claims = self.kept_claims(claims, Some(scope.into()));
        Ok(Session::new(
            self.granted(answer, expires, now),
            claims,
            now,
        ))
    }

    /// Ends the session, here and at the provider.
    async fn sign_out(&self, asking: &Asking<'_>) -> Result<Answered, Failure> {
        let headers = &asking.head.headers;
        let base_url = self.config.base_url.as_str();
        if !is_same_origin(headers, base_url) {
            return Err(Failure::CrossSite);
        }
        // Whatever the request shows is forgotten, also what cannot be read.
        let sealed = self.jar.session(headers).ok().flatten();
        let session = sealed.and_then(|sealed| Session::open(&sealed, &self.seals));
        let known = self.provider.known().await.ok();
        let token = session.and_then(|session| session.refresh_token);
        if let (Some(known), Some(token)) = (&known, token) {
            self.provider.revoke(Arc::clone(known), token);
        }
        let end = known.as_ref().and_then(|known| {
            let end = known.metadata.end_session.as_ref()?;
            let home = format!("{base_url}/");
            let pairs = [
                ("client_id", self.config.client_id.0.as_str()),
                ("post_logout_redirect_uri", &home),
            ];
            Some(with_query(&end.text, &pairs))
        });
        let to = end.as_deref().unwrap_or("/");
        redirect(StatusCode::SEE_OTHER, to, self.jar.drop_session(headers))
    }

    fn redirect_uri(&self) -> String {
        let base_url = self.config.base_url.as_str();
        format!("{base_url}{}", self.config.callback_path.as_str())
    }
}

fn by_browser(head: &Parts) -> Result<ByBrowser, Failure> {
    match (parameter(head, "code")?, parameter(head, "error")?) {
        (Some(code), None) => Ok(ByBrowser::Code(code)),
        (None, Some(error)) => Ok(ByBrowser::Denied(error)),
        _ => Err(Failure::MalformedAnswer),
    }
}

/// The parameter of this name. Two would be two answers (RFC 6749 section 3.1).
fn parameter(head: &Parts, name: &str) -> Result<Option<String>, Failure> {
    let mut values = in_query(head.uri.query(), name);
    match (values.next(), values.next()) {
        (Some(value), None) if value.len() <= PARAMETER_BYTES_MAX => Ok(Some(value.into_owned())),
        (None, _) => Ok(None),
        (Some(_), _) => Err(Failure::MalformedAnswer),
    }
}

fn redirect(status: StatusCode, to: &str, cookies: Vec<HeaderValue>) -> Result<Answered, Failure> {
    let location = HeaderValue::try_from(to).map_err(|_| Failure::MalformedAnswer)?;
    let mut headers = HeaderMap::with_capacity(cookies.len() + 3);
    headers.insert(header::LOCATION, location);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Codes and states are in the address of the page.
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    for cookie in cookies {
        headers.append(header::SET_COOKIE, cookie);
    }
    Ok(Answered {
        status,
        headers,
        body: Bytes::new(),
    })
}
