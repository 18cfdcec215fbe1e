//! What makes two requests get the same stored answer. Keys are compared in full.
//!
//! There are two steps. A [`Url`] finds the [`Resource`] that is at it, which knows what its answers vary on; a
//! [`Variant`] finds one answer of a resource. So all answers at a URL, whoever they are for, go with their resource.

use crate::gateway::{Scheme, gate::Target, path::Path};
use arc_swap::ArcSwap;
use http::{HeaderMap, HeaderName, Uri, uri::Authority};
use std::{
    hash::{Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

/// Scheme, host, path and query as the client said them, the path in its one form. What headers claim of the host is no part of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Url(Box<str>);

impl Url {
    /// The URL of a request.
    pub(super) fn of(scheme: Scheme, target: &Target<'_>, query: Option<&str>) -> Self {
        let host = target.authority.as_ref().map_or("", Authority::as_str);
        Self::new(scheme, host, target.path.as_str(), query)
    }

    /// A URL as an operator writes it; none if it is not that of anything here.
    pub(super) fn parse(written: &str) -> Option<Self> {
        let uri: Uri = written.parse().ok()?;
        let authority = uri.authority()?;
        let path = Path::parse(uri.path()).ok()?;
        let mut schemes = [Scheme::Http, Scheme::Https].into_iter();
        let scheme = schemes.find(|scheme| uri.scheme_str() == Some(scheme.as_str()))?;
        Some(Self::new(
            scheme,
            authority.as_str(),
            path.as_str(),
            uri.query(),
        ))
    }

    fn new(scheme: Scheme, host: &str, path: &str, query: Option<&str>) -> Self {
        let port = match scheme {
            Scheme::Http => ":80",
            Scheme::Https => ":443",
        };
        let host = host.strip_suffix(port).unwrap_or(host);
        let scheme = scheme.as_str();
        let host = host.to_ascii_lowercase();
        let (mark, query) = query.map_or(("", ""), |query| ("?", query));
        Self(format!("{scheme}://{host}{path}{mark}{query}").into())
    }

    /// How many bytes it takes.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// What is at a URL.
#[derive(Debug)]
pub(super) struct Resource {
    /// No other has had it.
    id: u64,
    /// The headers that any of its answers has named in `Vary`, sorted. They only become more.
    varies_on: ArcSwap<Vec<HeaderName>>,
    /// Until when its fetches are not shared, in milliseconds since the cache was made.
    alone_until: AtomicU64,
    /// Whether it was purged. What is fetched for it is not stored any more.
    is_gone: AtomicBool,
}

/// How long after an answer that could not be shared nobody waits for another one's.
const ALONE_FOR: Duration = Duration::from_secs(10);

impl Resource {
    pub(super) fn new(id: u64) -> Self {
        Self {
            id,
            varies_on: ArcSwap::default(),
            alone_until: AtomicU64::new(0),
            is_gone: AtomicBool::new(false),
        }
    }

    /// Notes that its answers vary on these as well.
    pub(super) fn varies_on(&self, names: &[HeaderName]) {
        let is_known = |known: &[HeaderName]| names.iter().all(|name| known.contains(name));
        if is_known(&self.varies_on.load()) {
            return;
        }
        self.varies_on.rcu(|known| {
            let mut all = Vec::clone(known);
            all.extend_from_slice(names);
            all.sort_by(|a, b| a.as_str().cmp(b.as_str()));
            all.dedup();
            all
        });
    }

    /// Whether it is known that its answers vary.
    pub(super) fn varies(&self) -> bool {
        !self.varies_on.load().is_empty()
    }

    /// Notes that an answer could not be shared. `now` is the time since the cache was made.
    pub(super) fn leave_alone(&self, now: Duration) {
        self.alone_until
            .store(milliseconds(now + ALONE_FOR), Ordering::Relaxed);
    }

    /// Whether its fetches are not worth waiting for.
    pub(super) fn is_alone(&self, now: Duration) -> bool {
        milliseconds(now) < self.alone_until.load(Ordering::Relaxed)
    }

    /// Notes that it was purged.
    pub(super) fn go(&self) {
        self.is_gone.store(true, Ordering::SeqCst);
    }

    /// Whether it was purged.
    pub(super) fn is_gone(&self) -> bool {
        self.is_gone.load(Ordering::SeqCst)
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Which of a resource's answers.
#[derive(Clone, Debug)]
pub(super) struct Variant {
    resource: u64,
    /// All its settings, so that a reload that leaves a route alone leaves its answers.
    route: Arc<str>,
    /// The rest, written down: upstream, consumer, names and values of the headers that make a difference.
    rest: Arc<[u8]>,
}

/// For whom a request is answered, and by whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) route: &'a Arc<str>,
    pub(super) upstream: &'a str,
    /// None: whoever asks.
    pub(super) consumer: Option<&'a str>,
}

impl Variant {
    /// That of a request with these headers. `vary`: those that count in any case.
    pub(super) fn new(
        resource: &Resource,
        place: Place<'_>,
        vary: &[HeaderName],
        headers: &HeaderMap,
    ) -> Self {
        let mut rest = Vec::with_capacity(128);
        write(place.upstream.as_bytes(), &mut rest);
        rest.push(u8::from(place.consumer.is_some()));
        write(place.consumer.unwrap_or_default().as_bytes(), &mut rest);
        for name in vary.iter().chain(&**resource.varies_on.load()) {
            write(name.as_str().as_bytes(), &mut rest);
            for value in headers.get_all(name) {
                rest.push(1);
                write(value.as_bytes(), &mut rest);
            }
            rest.push(0);
        }
        Self {
            resource: resource.id,
            route: Arc::clone(place.route),
            rest: rest.into(),
        }
    }

    /// How many bytes it takes.
    pub(super) fn len(&self) -> usize {
        self.rest.len()
    }
}

/// With its length before it, so that no two lists of texts are written alike.
fn write(text: &[u8], written: &mut Vec<u8>) {
    // Heads of requests are far smaller than 4 GB.
    written.extend_from_slice(&(text.len() as u32).to_ne_bytes());
    written.extend_from_slice(text);
}

impl PartialEq for Variant {
    fn eq(&self, other: &Self) -> bool {
        self.resource == other.resource && self.rest == other.rest && self.route == other.route
    }
}

impl Eq for Variant {}

impl Hash for Variant {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.resource.hash(state);
        self.rest.hash(state);
    }
}
