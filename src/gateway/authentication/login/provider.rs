//! The OpenID provider: what it says of itself, kept fresh, and requests to it.
//!
//! All that is sent to it is sent by the control thread, which lives as long as the process: a reload finds a provider
//! as it is, and a request that has begun comes to its end though its client leaves.

use super::{
    super::{
        config::{Issuer, Issuers, KeySource, KeyUrl, Names},
        jwks::{Error, KeySources},
        login_config::{ClientId, ClientSecret, IssuerUrl, Login, SecureUrl},
        verifier::{Keys, Verifier},
    },
    failure::Failure,
    form::{escaped, form},
    grant::{Answer, refusal},
    metadata::{ClientProof, Metadata, MetadataError},
};
use crate::{
    gateway::base64,
    upstream::{
        self, ByteSize, Call, CallError, Connections, Control, Egress, Endpoint, Response,
        TlsError, Upstream, UpstreamLimits,
    },
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use jsonwebtoken::Algorithm;
use std::{
    io,
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::{
    sync::{oneshot, watch},
    time::{Instant, timeout},
};

/// How long one request to it may take, and how long a browser waits for the first word of it.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// What it says of itself has some 5 KB, and so have tokens with hundreds of groups.
const ANSWER_BYTES_MAX: u64 = 256 * 1024;
/// Requests to it that are under way at the same time.
const REQUESTS_MAX: u32 = 64;
/// How often it is asked what it says of itself.
const RELOAD_INTERVAL: Duration = Duration::from_secs(3600);
/// Before it has said anything, failures are followed by tries after 1 s, 2 s, 4 s and so on, up to the second of these.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_LAST: Duration = Duration::from_secs(16);
const KEYS_POLL_INTERVAL: Duration = Duration::from_secs(300);
const DISCOVERY_PATH: &str = "/.well-known/openid-configuration";

/// Those with a public key: a token that we could sign ourselves proves nothing.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// A provider, as one client sees it.
pub(super) struct Provider {
    issuer: IssuerUrl,
    client_id: ClientId,
    client_secret: Option<ClientSecret>,
    /// What may be connected to.
    egress: Arc<Egress>,
    discovery: Upstream,
    /// Used on the control thread alone.
    connections: Connections,
    control: Arc<Control>,
    state: watch::Sender<State>,
}

/// What is known of it.
#[derive(Default)]
struct State {
    /// Whether it was asked at all.
    is_asked: bool,
    known: Option<Arc<Known>>,
}

/// What it said last that could be gone by.
pub(super) struct Known {
    text: Bytes,
    pub(super) metadata: Metadata,
    /// Of its ID tokens.
    pub(super) verifier: Verifier,
    token: Upstream,
    revocation: Option<Upstream>,
}

/// Why nothing is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotGranted {
    /// The code or the token is not good, or not any more.
    Refused,
    /// Another time it may be.
    Unavailable,
}

#[derive(Debug, thiserror::Error)]
enum LoadError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("the answer has status {0}")]
    Status(StatusCode),
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Keys(#[from] Error),
}

impl Provider {
    /// Begins to ask it.
    pub(super) fn open(
        config: &Login,
        egress: &Arc<Egress>,
        (control, sources): (&Arc<Control>, &Arc<KeySources>),
    ) -> Result<Arc<Self>, Error> {
        let url = config.issuer.0.text.trim_end_matches('/');
        // The issuer is a URL without a query.
        let endpoint = Endpoint::parse(&format!("{url}{DISCOVERY_PATH}"));
        let endpoint = endpoint.unwrap_or_else(|_| config.issuer.0.endpoint.clone());
        let provider = Arc::new(Self {
            issuer: config.issuer.clone(),
            client_id: config.client_id.clone(),
            client_secret: config.client_secret.clone(),
            discovery: upstream(endpoint, egress)?,
            egress: Arc::clone(egress),
            connections: Connections::new(),
            control: Arc::clone(control),
            state: watch::Sender::default(),
        });
        let keeping = keep(Arc::downgrade(&provider), Arc::clone(sources));
        control.spawn(keeping).map_err(Error::Thread)?;
        Ok(provider)
    }

    /// Whether it is the provider of this configuration.
    pub(super) fn is_of(&self, config: &Login, egress: &Egress) -> bool {
        self.issuer == config.issuer
            && self.client_id == config.client_id
            && self.client_secret == config.client_secret
            && *self.egress == *egress
    }

    /// What it has said of itself. Before it was ever asked, this is waited for.
    pub(super) async fn known(&self) -> Result<Arc<Known>, Failure> {
        let mut state = self.state.subscribe();
        let asked = timeout(ANSWER_TIMEOUT, state.wait_for(|state| state.is_asked)).await;
        let known = asked.ok().and_then(Result::ok);
        let known = known.and_then(|state| state.known.clone());
        known.ok_or(Failure::Unavailable)
    }

    /// Asks for tokens.
    pub(super) async fn grant(
        self: &Arc<Self>,
        known: &Arc<Known>,
        form: Vec<(&'static str, String)>,
    ) -> Result<Answer, NotGranted> {
        let (tell, told) = oneshot::channel();
        let (provider, known) = (Arc::clone(self), Arc::clone(known));
        let asking = async move {
            // Nobody may wait any more.
            let _ = tell.send(provider.ask_for_tokens(&known, form).await);
        };
        self.run(asking).map_err(|_| NotGranted::Unavailable)?;
        told.await.unwrap_or(Err(NotGranted::Unavailable))
    }

    /// Has it take a refresh token back (RFC 7009), if it can. Nobody waits for that.
    pub(super) fn revoke(self: &Arc<Self>, known: Arc<Known>, refresh_token: String) {
        let provider = Arc::clone(self);
        let revoking = async move {
            let Some(revocation) = &known.revocation else {
                return;
            };
            let form = vec![
                ("token", refresh_token),
                ("token_type_hint", "refresh_token".to_owned()),
            ];
            let answer = provider.post(revocation, &known.metadata, form).await;
            match answer.map(|answer| answer.status) {
                Ok(StatusCode::OK) => {}
                Ok(status) => {
                    tracing::warn!(%status, "the OpenID provider has not revoked a refresh token");
                }
                Err(error) => {
                    tracing::warn!(%error, "the OpenID provider has not revoked a refresh token");
                }
            }
        };
        if let Err(error) = self.run(revoking) {
            tracing::warn!(%error, "a refresh token cannot be revoked");
        }
    }

    /// Runs a task on the control thread.
    pub(super) fn run(&self, task: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        self.control.spawn(task)
    }

    async fn ask_for_tokens(
        &self,
        known: &Known,
        form: Vec<(&'static str, String)>,
    ) -> Result<Answer, NotGranted> {
        let answer = self.post(&known.token, &known.metadata, form).await;
        let answer = answer.map_err(|error| {
            tracing::warn!(%error, "the OpenID provider has given no tokens");
            NotGranted::Unavailable
        })?;
        if answer.status == StatusCode::OK {
            return Answer::parse(&answer.body).ok_or_else(|| {
                tracing::warn!("the OpenID provider has answered without bearer tokens");
                NotGranted::Unavailable
            });
        }
        let (status, code) = (answer.status, refusal(&answer.body));
        let error = code.as_deref();
        if error == Some("invalid_grant") {
            tracing::debug!("the OpenID provider does not take a code or a refresh token");
            return Err(NotGranted::Refused);
        }
        tracing::warn!(%status, error, "the OpenID provider has given no tokens");
        Err(NotGranted::Unavailable)
    }

    /// Sends a form, and shows who we are.
    async fn post(
        &self,
        to: &Upstream,
        metadata: &Metadata,
        mut pairs: Vec<(&'static str, String)>,
    ) -> Result<Response, CallError> {
        let mut headers = HeaderMap::with_capacity(4);
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(header::CONTENT_TYPE, form_type);
        headers.insert(header::ACCEPT, JSON);
        let id = &self.client_id.0;
        match (&self.client_secret, metadata.client_proof) {
            (Some(secret), ClientProof::Basic) => {
                // Both are written as in a form first (RFC 6749 section 2.3.1).
                let both = format!("{}:{}", escaped(id), escaped(&secret.0));
                let shown = format!("Basic {}", base64::encode(both.as_bytes()));
                if let Ok(mut shown) = HeaderValue::try_from(shown) {
                    shown.set_sensitive(true);
                    headers.insert(header::AUTHORIZATION, shown);
                }
            }
            (secret, _) => {
                pairs.push(("client_id", id.clone()));
                let secret = secret.iter().map(|secret| secret.0.clone());
                pairs.extend(secret.map(|secret| ("client_secret", secret)));
            }
        }
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let call = call(Method::POST, headers, form(&pairs).into());
        // Not again by itself: a code is taken once.
        to.call(&self.connections, call).await
    }

    /// Asks what it says of itself. False: it never has.
    async fn load(&self, sources: &KeySources) -> bool {
        let last = self.state.borrow().known.clone();
        let loaded = self.fetch(sources, last.as_deref()).await;
        let issuer = &self.issuer.0.text;
        match &loaded {
            Ok(Some(_)) => tracing::info!(issuer, "OpenID provider found"),
            Ok(None) => {}
            Err(error) if last.is_some() => {
                tracing::warn!(issuer, %error, "what an OpenID provider says of itself could not be loaded; what it said last is kept");
            }
            Err(error) => {
                tracing::warn!(issuer, %error, "what an OpenID provider says of itself could not be loaded; nobody can sign in yet");
            }
        }
        self.state.send_modify(|state| {
            state.is_asked = true;
            if let Ok(Some(known)) = loaded {
                state.known = Some(Arc::new(known));
            }
        });
        self.state.borrow().known.is_some()
    }

    /// None: it says what it said last.
    async fn fetch(
        &self,
        sources: &KeySources,
        last: Option<&Known>,
    ) -> Result<Option<Known>, LoadError> {
        let mut headers = HeaderMap::with_capacity(2);
        headers.insert(header::ACCEPT, JSON);
        let call = call(Method::GET, headers, Bytes::new());
        let answer = self.discovery.call_idempotent(&self.connections, call);
        let answer = answer.await?;
        if answer.status != StatusCode::OK {
            return Err(LoadError::Status(answer.status));
        }
        if last.is_some_and(|last| last.text == answer.body) {
            return Ok(None);
        }
        let has_secret = self.client_secret.is_some();
        let metadata = Metadata::parse(&answer.body, &self.issuer, has_secret)?;
        let of = |url: &SecureUrl| upstream(url.endpoint.clone(), &self.egress);
        Ok(Some(Known {
            text: answer.body,
            verifier: self.verifier(&metadata.keys, sources)?,
            token: of(&metadata.token)?,
            revocation: metadata.revocation.as_ref().map(of).transpose()?,
            metadata,
        }))
    }

    /// Of ID tokens for this client.
    fn verifier(&self, keys: &SecureUrl, sources: &KeySources) -> Result<Verifier, Error> {
        let issuer = Issuer {
            keys: KeySource {
                url: KeyUrl::Http(keys.endpoint.clone()),
                poll_interval: KEYS_POLL_INTERVAL,
                headers: Vec::new(),
            },
            issuers: Some(Names(vec![self.issuer.0.text.clone()])),
            audiences: Some(Names(vec![self.client_id.0.clone()])),
            algorithms: Some(ALGORITHMS.into()),
            allow_missing_exp: false,
        };
        // Whose consumer it is, is settled with the session.
        let keys = Keys {
            sources,
            egress: &self.egress,
        };
        Verifier::new(&Issuers(vec![issuer]), keys, &Arc::default())
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

fn upstream(endpoint: Endpoint, egress: &Arc<Egress>) -> Result<Upstream, TlsError> {
    let settings = upstream::Config {
        timeout: ANSWER_TIMEOUT,
        response_max_bytes: ByteSize(ANSWER_BYTES_MAX),
        egress: Arc::clone(egress),
        limits: UpstreamLimits {
            max_requests: Some(REQUESTS_MAX),
            ..UpstreamLimits::default()
        },
        ..upstream::Config::default()
    };
    Upstream::new("login", vec![endpoint.into()], settings)
}

fn call(method: Method, headers: HeaderMap, body: Bytes) -> Call {
    Call {
        method,
        headers,
        body,
        deadline: Some(Instant::now() + ANSWER_TIMEOUT),
        hash: None,
    }
}

/// Keeps what is known of a provider fresh until nobody uses it.
async fn keep(provider: Weak<Provider>, sources: Arc<KeySources>) {
    let Some(mut state) = provider.upgrade().map(|known| known.state.subscribe()) else {
        return;
    };
    let mut retry = RETRY_FIRST;
    while let Some(known) = provider.upgrade() {
        let rest = match known.load(&sources).await {
            true => RELOAD_INTERVAL,
            false => retry,
        };
        retry = (retry * 2).min(RETRY_LAST);
        drop(known);
        // Its end comes before that if it is dropped.
        let dropped = timeout(rest, state.wait_for(|_| false)).await;
        if dropped.is_ok() {
            return;
        }
    }
}
