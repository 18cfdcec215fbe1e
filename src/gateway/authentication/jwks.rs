//! A key set at its source, and how it is kept fresh.
//!
//! One task for each source loads it when a poll is due, and when a token names a key that is not there. The latter
//! anybody can bring about, so it happens once for all who ask at the same time, and then not again for
//! [`REFRESH_COOLDOWN`], whatever it brought. A source that is down, empty or broken leaves the last good set as it is.
//!
//! The tasks run on the control thread, which lives as long as the process: a reload finds its sources as they are.

use super::{
    config::{KeySource, KeyUrl},
    key_set::{KeySet, KeySetError},
};
use crate::upstream::{
    self, ByteSize, Call, CallError, Connections, Control, Egress, TlsError, Upstream,
    UpstreamError,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use std::{
    fs, io,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

/// How long after a refresh that a token brought about the next one may begin.
const REFRESH_COOLDOWN: Duration = Duration::from_secs(30);
/// How long one loading may take, and how long a request waits for one.
const LOAD_TIMEOUT: Duration = Duration::from_secs(5);
/// A set of dozens of keys has some 50 KB.
const SET_BYTES_MAX: u64 = 1024 * 1024;
/// Before the first set is there, failures are followed by tries after 1 s, 2 s, 4 s and so on, up to the poll interval.
const RETRY_FIRST: Duration = Duration::from_secs(1);

/// A source with its keys as they were last seen.
pub(super) struct Jwks {
    source: KeySource,
    /// Where it may be.
    egress: Arc<Egress>,
    state: watch::Sender<State>,
}

/// What is known of a source.
#[derive(Default)]
struct State {
    /// The last good set.
    keys: Option<Arc<KeySet>>,
    /// Whether a loading is wanted or running.
    pending: bool,
    /// When a token last brought a loading about.
    refreshed: Option<Instant>,
}

/// Why a key set is not there.
#[derive(Debug, thiserror::Error)]
pub enum JwksError {
    #[error("cannot read it: {0}")]
    File(#[from] io::Error),
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("the answer has status {0}")]
    Status(StatusCode),
    #[error(transparent)]
    Set(#[from] KeySetError),
}

/// Why callers cannot be authenticated as a configuration says.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "authorization.require_authentication would refuse every request: there is no authentication.router.jwt"
    )]
    NobodyTrusted,
    #[error("the key set {url} (authentication.router.jwt.jwks) cannot be used: {error}")]
    File { url: String, error: JwksError },
    #[error("the service of authentication.forward cannot be called: {0}")]
    Forward(#[from] UpstreamError),
    #[error("the system gives no random numbers")]
    NoRandomNumbers,
    #[error("cannot start the thread that loads key sets: {0}")]
    Thread(io::Error),
}

/// The sources in use.
#[derive(Default)]
pub(in crate::gateway) struct KeySources {
    known: Mutex<Vec<Weak<Jwks>>>,
    /// Where they are kept fresh.
    control: Arc<Control>,
}

impl KeySources {
    /// None yet.
    pub(in crate::gateway) fn new(control: Arc<Control>) -> Self {
        Self {
            known: Mutex::default(),
            control,
        }
    }

    /// The source with these settings. One that is in use is shared, with its keys; a new file is read at once.
    pub(super) fn source(
        &self,
        source: &KeySource,
        egress: &Arc<Egress>,
    ) -> Result<Arc<Jwks>, Error> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|jwks| jwks.strong_count() > 0);
        let mut in_use = known.iter().filter_map(Weak::upgrade);
        if let Some(same) = in_use.find(|jwks| jwks.source == *source && jwks.egress == *egress) {
            return Ok(same);
        }
        let jwks = Arc::new(Jwks::open(source, egress)?);
        let keeping = keep(Arc::downgrade(&jwks));
        self.control.spawn(keeping).map_err(Error::Thread)?;
        known.push(Arc::downgrade(&jwks));
        Ok(jwks)
    }
}

impl Jwks {
    /// A file must be there and good; what is asked for over HTTP may come later.
    fn open(source: &KeySource, egress: &Arc<Egress>) -> Result<Self, Error> {
        let mut state = State::default();
        match &source.url {
            KeyUrl::Http(_) => state.pending = true,
            KeyUrl::File(path) => {
                let set = fs::read(path).map_err(JwksError::from).and_then(set);
                let set = set.map_err(|error| Error::File {
                    url: source.url.to_string(),
                    error,
                })?;
                state.keys = Some(Arc::new(set));
            }
        }
        Ok(Self {
            source: source.clone(),
            egress: Arc::clone(egress),
            state: watch::Sender::new(state),
        })
    }

    /// The last good set, if there ever was one.
    pub(super) fn keys(&self) -> Option<Arc<KeySet>> {
        self.state.borrow().keys.clone()
    }

    /// Waits for the keys to be loaded anew, unless a token has brought that about a short time ago.
    /// `seen` is what the caller has looked at: if there are other keys meanwhile, those come first.
    pub(super) async fn refresh(&self, seen: Option<&Arc<KeySet>>) {
        let now = Instant::now();
        let mut is_loading = false;
        self.state.send_if_modified(|state| {
            if state.keys.as_ref().map(Arc::as_ptr) != seen.map(Arc::as_ptr) {
                return false;
            }
            let rests = state
                .refreshed
                .is_some_and(|last| now.duration_since(last) < REFRESH_COOLDOWN);
            let begins = !state.pending && !rests;
            if begins {
                state.pending = true;
                state.refreshed = Some(now);
            }
            is_loading = state.pending;
            begins
        });
        if is_loading {
            let mut state = self.state.subscribe();
            let settled = state.wait_for(|state| !state.pending);
            // If it takes longer, whoever waits goes on with what is there.
            let _ = timeout(LOAD_TIMEOUT, settled).await.is_ok();
        }
    }

    /// Loads the set if that is wanted. False: it failed, and there still is none.
    async fn load_if_wanted(&self, connections: &Connections) -> bool {
        if self.state.borrow().pending {
            let raw = self.fetch(connections).await;
            self.settle(raw);
        }
        self.state.borrow().keys.is_some()
    }

    /// Takes in what a loading has brought.
    fn settle(&self, raw: Result<Bytes, JwksError>) {
        let known = self.keys();
        let loaded = match raw {
            Ok(raw) if known.as_ref().is_some_and(|known| known.is(&raw)) => Ok(None),
            Ok(raw) => KeySet::parse(raw).map(Some).map_err(JwksError::from),
            Err(error) => Err(error),
        };
        let url = &self.source.url;
        match &loaded {
            Ok(Some(_)) => tracing::info!(%url, "key set loaded"),
            Ok(None) => {}
            Err(error) if known.is_some() => {
                tracing::warn!(%url, %error, "a key set could not be loaded; the last good one is kept");
            }
            Err(error) => {
                tracing::warn!(%url, %error, "a key set could not be loaded; its tokens cannot be verified yet");
            }
        }
        self.state.send_modify(|state| {
            state.pending = false;
            if let Ok(Some(set)) = loaded {
                state.keys = Some(Arc::new(set));
            }
        });
    }

    async fn fetch(&self, connections: &Connections) -> Result<Bytes, JwksError> {
        match &self.source.url {
            KeyUrl::File(path) => Ok(fs::read(path)?.into()),
            KeyUrl::Http(endpoint) => {
                let settings = upstream::Config {
                    timeout: LOAD_TIMEOUT,
                    response_max_bytes: ByteSize(SET_BYTES_MAX),
                    egress: Arc::clone(&self.egress),
                    ..upstream::Config::default()
                };
                let upstream = Upstream::new("jwks", vec![endpoint.clone().into()], settings)?;
                let call = Call {
                    method: Method::GET,
                    headers: self.request_headers(),
                    body: Bytes::new(),
                    deadline: Some(Instant::now() + LOAD_TIMEOUT),
                    hash: None,
                };
                let response = upstream.call(connections, call).await?;
                if response.status != StatusCode::OK {
                    return Err(JwksError::Status(response.status));
                }
                Ok(response.body)
            }
        }
    }

    fn request_headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::ACCEPT,
            HeaderValue::from_static("application/json, application/jwk-set+json"),
        );
        for header in &self.source.headers {
            headers.insert(&header.name.0, header.value.0.clone());
        }
        headers
    }
}

fn set(raw: Vec<u8>) -> Result<KeySet, JwksError> {
    Ok(KeySet::parse(raw.into())?)
}

/// Keeps a source fresh until nobody uses it.
async fn keep(jwks: Weak<Jwks>) {
    let connections = Connections::new();
    let Some(mut state) = jwks.upgrade().map(|jwks| jwks.state.subscribe()) else {
        return;
    };
    let mut retry = RETRY_FIRST;
    let mut due = false;
    while let Some(jwks) = jwks.upgrade() {
        if std::mem::take(&mut due) {
            jwks.state.send_modify(|state| state.pending = true);
        }
        let poll_interval = jwks.source.poll_interval;
        let rest = if jwks.load_if_wanted(&connections).await {
            poll_interval
        } else {
            retry.min(poll_interval)
        };
        retry = (retry * 2).min(poll_interval.max(RETRY_FIRST));
        drop(jwks);
        let wanted = timeout(rest, state.wait_for(|state| state.pending)).await;
        match wanted.map(|wanted| wanted.is_ok()) {
            Ok(true) => {}
            Ok(false) => return,
            Err(_) => due = true,
        }
    }
}

#[cfg(test)]
mod tests {
    //! The clock of these stands still, unless it is moved.

    use super::*;
    use jsonwebtoken::Algorithm;
    use std::path::{Path, PathBuf};
    use tokio::time::advance;

    const HOUR: Duration = Duration::from_secs(3600);
    const SECOND: Duration = Duration::from_secs(1);

    /// A source in a file, and the task that keeps it.
    fn source(test: &str) -> (PathBuf, Arc<Jwks>) {
        let name = format!("graphway-{}-{test}.json", std::process::id());
        let path = std::env::temp_dir().join(name);
        write(&path, "first");
        let source = KeySource {
            url: KeyUrl::File(path.clone()),
            poll_interval: HOUR,
            headers: Vec::new(),
        };
        let jwks = Jwks::open(&source, &Arc::default());
        let jwks = Arc::new(jwks.unwrap());
        tokio::spawn(keep(Arc::downgrade(&jwks)));
        (path, jwks)
    }

    /// Has the file hold one key with this id.
    fn write(path: &Path, id: &str) {
        let x = "A".repeat(43);
        let keys = serde_json::json!({
            "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": id, "x": x }]
        });
        fs::write(path, keys.to_string()).unwrap();
    }

    fn knows(jwks: &Jwks, id: &str) -> bool {
        jwks.keys().unwrap().knows(id, Algorithm::EdDSA)
    }

    #[tokio::test(start_paused = true)]
    async fn a_refresh_is_followed_by_a_cooldown() {
        let (path, jwks) = source("cooldown");
        write(&path, "second");
        jwks.refresh(jwks.keys().as_ref()).await;
        assert!(knows(&jwks, "second"));
        write(&path, "third");
        for _ in 0..29 {
            advance(SECOND).await;
            // As in a flood: none of these may put the next one off.
            jwks.refresh(jwks.keys().as_ref()).await;
            assert!(knows(&jwks, "second"));
        }
        advance(SECOND).await;
        jwks.refresh(jwks.keys().as_ref()).await;
        assert!(knows(&jwks, "third"));
        fs::remove_file(path).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_refresh_that_brings_nothing_has_its_cooldown_too() {
        let (path, jwks) = source("nothing");
        for broken in ["{\"keys\":[]}", "", "<html>"] {
            fs::write(&path, broken).unwrap();
            jwks.refresh(jwks.keys().as_ref()).await;
            assert!(knows(&jwks, "first"));
            write(&path, "second");
            jwks.refresh(jwks.keys().as_ref()).await;
            assert!(knows(&jwks, "first"), "{broken}");
            write(&path, "first");
            advance(REFRESH_COOLDOWN).await;
        }
        fs::remove_file(path).unwrap();
    }

    /// Nobody answers: whoever waits is told within the timeout, and the last good set stays.
    #[tokio::test(start_paused = true)]
    async fn a_source_that_hangs_leaves_the_last_good_set() {
        let hanging = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/keys", hanging.local_addr().unwrap());
        let (path, known) = source("hangs");
        let jwks = Arc::new(Jwks {
            source: KeySource {
                url: url.try_into().unwrap(),
                poll_interval: HOUR,
                headers: Vec::new(),
            },
            egress: Arc::default(),
            state: watch::Sender::new(State {
                keys: known.keys(),
                ..State::default()
            }),
        });
        tokio::spawn(keep(Arc::downgrade(&jwks)));
        let begun = Instant::now();
        jwks.refresh(jwks.keys().as_ref()).await;
        assert!(begun.elapsed() <= LOAD_TIMEOUT + SECOND);
        assert!(knows(&jwks, "first"));
        // And nobody waits again before the cooldown is over.
        let begun = Instant::now();
        advance(LOAD_TIMEOUT).await;
        jwks.refresh(jwks.keys().as_ref()).await;
        assert!(begun.elapsed() <= LOAD_TIMEOUT + SECOND);
        assert!(knows(&jwks, "first"));
        fs::remove_file(path).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_poll_comes_by_itself() {
        let (path, jwks) = source("poll");
        let mut state = jwks.state.subscribe();
        write(&path, "second");
        // With nothing else to do, the clock goes on to the poll.
        let polled = state.wait_for(|state| {
            let keys = state.keys.as_ref();
            keys.is_some_and(|keys| keys.knows("second", Algorithm::EdDSA))
        });
        let begun = Instant::now();
        drop(polled.await.unwrap());
        assert_eq!(begun.elapsed().as_secs(), HOUR.as_secs());
        fs::remove_file(path).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_that_nobody_uses_is_left_alone() {
        let (path, jwks) = source("unused");
        let gone = Arc::downgrade(&jwks);
        let kept = tokio::spawn(keep(Weak::clone(&gone)));
        tokio::task::yield_now().await;
        drop(jwks);
        kept.await.unwrap();
        assert!(gone.upgrade().is_none());
        fs::remove_file(path).unwrap();
    }
}
