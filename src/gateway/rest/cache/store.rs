//! All stored answers, bounded by bytes, and what is being fetched for them.

use super::{
    config::Config,
    flights::Flights,
    key::{Resource, Url, Variant},
    room::{Room, Rooms},
    stored::Stored,
};
use metrics::{Counter, Gauge};
use quick_cache::{
    DefaultHashBuilder, Lifecycle, OptionsBuilder, Weighter,
    sync::{Cache as Bounded, DefaultLifecycle},
};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};
use tokio::time::Instant;

/// The cache of all routes. It outlives reloads; what is in it is found as long as its route stays as it is.
pub struct Cache {
    resources: Bounded<Url, Arc<Resource>, Weight>,
    answers: Bounded<Variant, Arc<Stored>, Weight, DefaultHashBuilder, Evictions>,
    pub(super) flights: Flights,
    bytes_max: AtomicU64,
    /// Whether any route has ever stored something here.
    is_used: AtomicBool,
    /// For bodies that are on their way.
    rooms: Rooms,
    /// The number of the next resource.
    next: AtomicU64,
    /// How often answers were purged that may be under way.
    purges: AtomicU64,
    /// The time when it was made, by two clocks. The monotonic one counts on, so that no answer gets younger or older when
    /// somebody sets the other.
    made: (SystemTime, Instant),
    bytes: Gauge,
    entries: Gauge,
}

/// Of the cache, what resources may take: a quarter. More than one for each answer, for most URLs are asked for once.
const RESOURCES_SHARE: u64 = 4;
const BYTES_PER_RESOURCE: u64 = 256;
/// The cache is divided into this many parts at most, each with a lock of its own; and each has to hold some of the
/// largest answers, or it would refuse them.
const PARTS_MAX: u64 = 16;
const LARGEST_PER_PART: u64 = 4;
/// Only sizes first tables.
const BYTES_PER_ANSWER_ESTIMATE: u64 = 8 * 1024;

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").finish_non_exhaustive()
    }
}

impl Cache {
    /// Nothing stored yet.
    pub(in crate::gateway) fn new(config: &Config) -> Self {
        describe();
        let (resources, answers) = shares(config.max_bytes.0);
        let largest = config.max_entry_bytes.0.max(1) * LARGEST_PER_PART;
        let parts = (answers / largest).clamp(1, PARTS_MAX);
        let estimate = (answers / BYTES_PER_ANSWER_ESTIMATE).clamp(PARTS_MAX * 32, 1 << 16);
        let options = |bytes: u64| {
            OptionsBuilder::new()
                .shards(parts as usize)
                .estimated_items_capacity(estimate as usize)
                .weight_capacity(bytes)
                .build()
        };
        let hash = DefaultHashBuilder::default;
        // The options are complete, so they can be built; the other way only has more parts.
        let resources = match options(resources) {
            Ok(options) => {
                Bounded::with_options(options, Weight, hash(), DefaultLifecycle::default())
            }
            Err(_) => Bounded::with_weighter(estimate as usize, resources, Weight),
        };
        let evictions = Evictions(metrics::counter!("api_cache_evictions_total"));
        let answers = match options(answers) {
            Ok(options) => Bounded::with_options(options, Weight, hash(), evictions),
            Err(_) => Bounded::with(estimate as usize, answers, Weight, hash(), evictions),
        };
        Self {
            resources,
            answers,
            flights: Flights::default(),
            bytes_max: AtomicU64::new(config.max_bytes.0),
            is_used: AtomicBool::new(false),
            rooms: Rooms::default(),
            next: AtomicU64::new(0),
            purges: AtomicU64::new(0),
            made: (SystemTime::now(), Instant::now()),
            bytes: metrics::gauge!("api_cache_bytes"),
            entries: metrics::gauge!("api_cache_entries"),
        }
    }

    /// Takes over a limit that a reload has changed.
    pub(in crate::gateway) fn resize(&self, config: &Config) {
        let bytes = config.max_bytes.0;
        if self.bytes_max.swap(bytes, Ordering::Relaxed) != bytes {
            let (resources, answers) = shares(bytes);
            self.resources.set_capacity(resources);
            self.answers.set_capacity(answers);
        }
    }

    /// A route stores answers here.
    pub(super) fn begin_use(&self) {
        self.is_used.store(true, Ordering::Relaxed);
    }

    /// Whether there may be anything to forget.
    pub(super) fn is_used(&self) -> bool {
        self.is_used.load(Ordering::Relaxed)
    }

    /// Brings the gauges up to date.
    pub(in crate::gateway) fn refresh(&self) {
        self.bytes.set(self.weight() as f64);
        self.entries.set(self.answers.len() as f64);
    }

    /// What there is takes so many bytes.
    pub(super) fn weight(&self) -> u64 {
        self.resources.weight() + self.answers.weight()
    }

    /// What time it is.
    pub(super) fn now(&self) -> SystemTime {
        self.made.0 + self.running()
    }

    /// How long there has been a cache.
    pub(super) fn running(&self) -> Duration {
        self.made.1.elapsed()
    }

    /// What is at a URL.
    pub(super) fn resource(&self, url: &Url) -> Arc<Resource> {
        let resource = || {
            let id = self.next.fetch_add(1, Ordering::Relaxed);
            Ok::<_, std::convert::Infallible>(Arc::new(Resource::new(id)))
        };
        match self.resources.get_or_insert_with(url, resource) {
            Ok(resource) => resource,
        }
    }

    /// The answer that is stored under a key.
    pub(super) fn get(&self, key: &Variant) -> Option<Arc<Stored>> {
        self.answers.get(key)
    }

    /// How many purges there were: what was asked for before one is not stored after it.
    pub(super) fn purges(&self) -> u64 {
        self.purges.load(Ordering::SeqCst)
    }

    /// Stores an answer of a resource that was asked for when there had been so many purges.
    pub(super) fn store(
        &self,
        resource: &Resource,
        key: &Variant,
        stored: &Arc<Stored>,
        purges: u64,
    ) {
        self.answers.insert(key.clone(), Arc::clone(stored));
        // Looked at afterwards: whoever purges counts first and removes then, so that one of the two sees the other.
        if resource.is_gone() || self.purges() != purges {
            self.answers.remove(key);
        }
    }

    /// Room for a body of so many bytes on its way here: all of them may take as much as what is stored.
    pub(super) fn room(&self, bytes: u64) -> Option<Arc<Room>> {
        let most = self.bytes_max.load(Ordering::Relaxed);
        self.rooms.take(bytes.min(most), most)
    }

    /// Forgets an answer.
    pub(super) fn forget(&self, key: &Variant) {
        self.answers.remove(key);
    }

    /// Forgets all that is at a URL; whether there was anything.
    pub(super) fn forget_all_at(&self, url: &Url) -> bool {
        let removed = self.resources.remove(url);
        if let Some((_, resource)) = &removed {
            resource.go();
        }
        removed.is_some()
    }

    /// Forgets all answers at a URL, for whomever they are; whether there may have been any. None: it is no URL of this
    /// router.
    pub fn purge_url(&self, url: &str) -> Option<bool> {
        Url::parse(url).map(|url| self.forget_all_at(&url))
    }

    /// Forgets all answers with a tag; how many there were.
    pub fn purge_tag(&self, tag: &str) -> usize {
        self.purges.fetch_add(1, Ordering::SeqCst);
        let purged = AtomicUsize::new(0);
        self.answers.retain(|_, stored| {
            let is_kept = !stored.head.tags.iter().any(|known| &**known == tag);
            purged.fetch_add(usize::from(!is_kept), Ordering::Relaxed);
            is_kept
        });
        purged.into_inner()
    }

    /// Forgets everything; how many answers there were.
    pub fn purge_all(&self) -> usize {
        self.purges.fetch_add(1, Ordering::SeqCst);
        let purged = self.answers.len();
        self.answers.clear();
        self.resources.clear();
        purged
    }
}

/// Of all bytes, those for resources and those for answers.
fn shares(bytes: u64) -> (u64, u64) {
    let resources = bytes / RESOURCES_SHARE;
    (resources, bytes - resources)
}

fn describe() {
    metrics::describe_counter!(
        "api_cache_requests_total",
        "Requests to routes with a cache, by what it did for them."
    );
    metrics::describe_counter!(
        "api_cache_evictions_total",
        "Stored answers that made room for others."
    );
    metrics::describe_gauge!("api_cache_bytes", "What the stored answers take.");
    metrics::describe_gauge!("api_cache_entries", "How many answers are stored.");
}

#[derive(Clone)]
struct Weight;

impl Weighter<Url, Arc<Resource>> for Weight {
    fn weight(&self, url: &Url, _: &Arc<Resource>) -> u64 {
        BYTES_PER_RESOURCE + url.len() as u64
    }
}

impl Weighter<Variant, Arc<Stored>> for Weight {
    fn weight(&self, key: &Variant, stored: &Arc<Stored>) -> u64 {
        (key.len() + stored.len()) as u64
    }
}

/// Counts what has to go.
#[derive(Clone)]
struct Evictions(Counter);

impl Lifecycle<Variant, Arc<Stored>> for Evictions {
    type RequestState = ();

    fn on_evict(&self, (): &mut (), _: Variant, _: Arc<Stored>) {
        self.0.increment(1);
    }
}
