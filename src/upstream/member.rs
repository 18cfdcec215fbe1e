//! An endpoint as one of a group: what is known of it, and shared by all threads that call it.

use super::Endpoint;
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

/// Where a member is.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Of this process, and never used again.
    pub(super) id: u64,
    pub(super) endpoint: Endpoint,
    /// One of the addresses of the endpoint's name. None: the name is looked up for each connection.
    pub(super) address: Option<SocketAddr>,
}

/// A member of a group of endpoints.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) place: Place,
    pub(super) weight: u32,
    /// What keys are compared by: the same in every process that knows this endpoint.
    pub(super) key: u64,
    group: Arc<Group>,
    in_flight: AtomicU32,
    /// The moving average of its answers' times, in nanoseconds. 0: there was none yet.
    ewma_nanos: AtomicU64,
    /// When that was, in microseconds of the group.
    ewma_at: AtomicU64,
    /// In microseconds of the group.
    ejected_until: AtomicU64,
    is_unhealthy: AtomicBool,
    /// Since when it takes part, in microseconds of the group; 0: since the group began.
    since: AtomicU64,
}

/// What the members of a group have in common.
#[derive(Debug)]
pub(super) struct Group {
    began: Instant,
    in_flight: AtomicU32,
    /// How many requests may be in flight. None: any number.
    requests_max: Option<u32>,
}

/// A request that is on its way until this is dropped.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Member>);

static IDS: AtomicU64 = AtomicU64::new(0);

/// How long a measured time counts: after so long, a newer one has replaced two thirds of it.
const EWMA_DECAY: Duration = Duration::from_secs(10);
/// With how much of its weight an endpoint begins.
const SLOW_START_LEAST: f64 = 0.1;

impl Group {
    pub(super) fn new(requests_max: Option<u32>, now: Instant) -> Arc<Self> {
        Arc::new(Self {
            began: now,
            in_flight: AtomicU32::new(0),
            requests_max,
        })
    }

    /// Requests on their way to any member.
    pub(super) fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    fn micros(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.began).as_micros() as u64
    }
}

impl Member {
    pub(super) fn new(
        group: &Arc<Group>,
        endpoint: Endpoint,
        address: Option<SocketAddr>,
        weight: u32,
    ) -> Self {
        let key = match address {
            Some(address) => stable_hash(&format!("{} {address}", endpoint.whole())),
            None => stable_hash(&endpoint.whole()),
        };
        let id = IDS.fetch_add(1, Ordering::Relaxed);
        Self {
            place: Place {
                id,
                endpoint,
                address,
            },
            weight,
            key,
            group: Arc::clone(group),
            in_flight: AtomicU32::new(0),
            ewma_nanos: AtomicU64::new(0),
            ewma_at: AtomicU64::new(0),
            ejected_until: AtomicU64::new(0),
            is_unhealthy: AtomicBool::new(false),
            since: AtomicU64::new(0),
        }
    }

    /// Takes part from now on, not from the beginning.
    pub(super) fn joins(self, now: Instant) -> Self {
        self.since
            .store(self.group.micros(now).max(1), Ordering::Relaxed);
        self
    }

    /// Counts a request, unless too many are in flight in the whole group.
    pub(super) fn begin(self: &Arc<Self>) -> Option<InFlight> {
        let before = self.group.in_flight.fetch_add(1, Ordering::Relaxed);
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        let begun = InFlight(Arc::clone(self));
        self.group
            .requests_max
            .is_none_or(|most| before < most)
            .then_some(begun)
    }

    pub(super) fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Takes in how long an answer took. A longer one counts at once, shorter ones little by little.
    pub(super) fn measure(&self, took: Duration, now: Instant) {
        let (took, at) = (took.as_nanos() as u64, self.group.micros(now));
        let since = at.saturating_sub(self.ewma_at.swap(at, Ordering::Relaxed));
        let before = self.ewma_nanos.load(Ordering::Relaxed);
        let after = if took >= before {
            took
        } else {
            let kept = kept_after(since);
            (before as f64 * kept + took as f64 * (1.0 - kept)) as u64
        };
        // Of two measured at once one may be lost: it is an average.
        self.ewma_nanos.store(after.max(1), Ordering::Relaxed);
    }

    /// The moving average of its times, if it has answered. It fades: what was slow once must be tried again to show
    /// that it no longer is.
    pub(super) fn ewma(&self, now: Instant) -> Option<Duration> {
        let nanos = self.ewma_nanos.load(Ordering::Relaxed);
        let since = self
            .group
            .micros(now)
            .saturating_sub(self.ewma_at.load(Ordering::Relaxed));
        (nanos > 0).then(|| Duration::from_nanos((nanos as f64 * kept_after(since)) as u64))
    }

    /// Whether requests should go there.
    pub(super) fn is_available(&self, now: Instant) -> bool {
        !self.is_unhealthy.load(Ordering::Relaxed) && self.ejection_left(now).is_none()
    }

    /// For how much longer it is ejected.
    pub(super) fn ejection_left(&self, now: Instant) -> Option<Duration> {
        let until = self.ejected_until.load(Ordering::Relaxed);
        if until == 0 {
            return None;
        }
        let left = until.saturating_sub(self.group.micros(now));
        (left > 0).then(|| Duration::from_micros(left))
    }

    pub(super) fn eject_until(&self, until: Instant) {
        self.ejected_until
            .store(self.group.micros(until), Ordering::Relaxed);
    }

    /// Takes it back before its time.
    pub(super) fn readmit(&self, now: Instant) {
        if self.ejection_left(now).is_some() {
            self.ejected_until
                .store(self.group.micros(now), Ordering::Relaxed);
        }
    }

    pub(super) fn is_unhealthy(&self) -> bool {
        self.is_unhealthy.load(Ordering::Relaxed)
    }

    /// Takes in what active checks say.
    pub(super) fn set_unhealthy(&self, is_unhealthy: bool, now: Instant) {
        let was = self.is_unhealthy.swap(is_unhealthy, Ordering::Relaxed);
        if was && !is_unhealthy {
            self.since.store(self.group.micros(now), Ordering::Relaxed);
        }
    }

    /// Its weight, or less while it has been back for less than `slow_start`.
    pub(super) fn weight_at(&self, now: Instant, slow_start: Duration) -> f64 {
        let weight = f64::from(self.weight);
        let since = self.since.load(Ordering::Relaxed);
        let since = since.max(self.ejected_until.load(Ordering::Relaxed));
        if since == 0 || slow_start.is_zero() {
            return weight;
        }
        let age = self.group.micros(now).saturating_sub(since) as f64;
        let part = age / slow_start.as_micros().max(1) as f64;
        weight * part.clamp(SLOW_START_LEAST, 1.0)
    }
}

impl InFlight {
    pub(super) fn member(&self) -> &Arc<Member> {
        &self.0
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.0.group.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How much a measured time still counts after so many microseconds.
fn kept_after(micros: u64) -> f64 {
    (-(micros as f64) / EWMA_DECAY.as_micros() as f64).exp()
}

/// FNV-1a with a finish that spreads it: it must be the same for every instance, today and after an update.
fn stable_hash(text: &str) -> u64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    mix(hash)
}

/// Spreads what is in a number over all its bits.
pub(super) fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(now: Instant) -> Member {
        let endpoint = Endpoint::parse("http://a.test").unwrap();
        Member::new(&Group::new(Some(1), now), endpoint, None, 4)
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn what_is_in_flight_is_counted_until_it_is_dropped() {
        let member = Arc::new(member(Instant::now()));
        let only = member.begin();
        assert!(only.is_some());
        assert!(member.begin().is_none(), "one may be in flight");
        assert_eq!((member.in_flight(), member.group.in_flight()), (1, 1));
        drop(only);
        assert_eq!((member.in_flight(), member.group.in_flight()), (0, 0));
    }

    #[test]
    fn slow_answers_count_at_once() {
        let now = Instant::now();
        let member = member(now);
        assert_eq!(member.ewma(now), None);
        member.measure(Duration::from_millis(5), now);
        member.measure(Duration::from_millis(80), now);
        assert_eq!(member.ewma(now), Some(Duration::from_millis(80)));
        member.measure(Duration::from_millis(5), now + 10 * SECOND);
        let after = member.ewma(now + 10 * SECOND).unwrap();
        assert!((32..34).contains(&after.as_millis()), "{after:?}");
        let faded = member.ewma(now + 20 * SECOND).unwrap();
        assert!(faded < after / 2, "{faded:?}");
    }

    #[test]
    fn whoever_comes_back_begins_slowly() {
        let now = Instant::now();
        let member = member(now);
        let weight = |seconds| member.weight_at(now + seconds * SECOND, 10 * SECOND);
        assert_eq!(weight(0), 4.0);
        member.eject_until(now + 30 * SECOND);
        assert!(!member.is_available(now + 29 * SECOND));
        assert!(member.is_available(now + 30 * SECOND));
        assert!((weight(30) - 0.4).abs() < 1e-9);
        assert!((weight(35) - 2.0).abs() < 1e-9);
        assert_eq!(weight(40), 4.0);
        member.readmit(now + 5 * SECOND);
        assert!(member.is_available(now + 5 * SECOND));
    }
}
