//! A group of endpoints that answer the same requests, and the first and last step of calling it: pick and report.

use super::{
    Config, Endpoint, OutlierDetection, TlsError, WeightedEndpoint,
    balance::Choice,
    breaker::{Admission, Breaker, Standing},
    budget::Budget,
    call_error::{CallError, Unavailable},
    dial::Dialer,
    measured::Measured,
    member::{Group, InFlight, Member},
    outlier::{Detector, Outcome},
    pool::{Ceilings, Pools},
    retry,
    tls::{Material, Tls},
};
use arc_swap::ArcSwap;
use http::StatusCode;
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

/// A named group of endpoints.
#[derive(Debug)]
pub struct Upstream {
    name: String,
    endpoints: Vec<WeightedEndpoint>,
    pub(super) config: Config,
    group: Arc<Group>,
    members: ArcSwap<Vec<Arc<Member>>>,
    pub(super) pools: Arc<Pools>,
    /// How often an endpoint was picked; the next one takes its turn by it.
    picked: AtomicUsize,
    breaker: Option<Arc<Mutex<Breaker>>>,
    detector: Option<Mutex<Detector>>,
    pub(super) budget: Budget,
    /// Retries and hedges in flight.
    pub(super) retrying: AtomicU32,
    pub(super) measured: Measured,
}

/// The endpoint of a try, and what has to be given back when it ends.
#[derive(Debug)]
pub(super) struct Picked {
    pub(super) in_flight: InFlight,
    admitted: Option<Admitted>,
    began: Instant,
}

/// A call that a breaker has let through. Unless something is recorded, it is withdrawn.
#[derive(Debug)]
struct Admitted {
    breaker: Arc<Mutex<Breaker>>,
    admission: Option<Admission>,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        if let Some(admission) = self.admission.take() {
            lock(&self.breaker).withdraw(admission);
        }
    }
}

impl Picked {
    pub(super) fn member(&self) -> &Arc<Member> {
        self.in_flight.member()
    }
}

impl Upstream {
    /// A group of endpoints. While it has none, calls fail. An error: the files of `tls` cannot be used.
    pub fn new(
        name: impl Into<String>,
        endpoints: Vec<WeightedEndpoint>,
        config: Config,
    ) -> Result<Self, TlsError> {
        let material = Material::load(&config.tls)?;
        Self::with(name.into(), endpoints, config, material)
    }

    pub(super) fn with(
        name: String,
        endpoints: Vec<WeightedEndpoint>,
        config: Config,
        material: Material,
    ) -> Result<Self, TlsError> {
        let now = Instant::now();
        let dialer = Dialer {
            http2: config.http2,
            tls: Tls::new(material, config.http2)?,
            connect_timeout: config.connect_timeout,
            write_timeout: config.write_timeout,
            egress: Arc::clone(&config.egress),
        };
        let ceilings = Ceilings {
            connections: config.limits.max_connections.map(Into::into),
            pending: config.limits.max_pending_requests.map(Into::into),
            idle_timeout: config.idle_timeout,
        };
        let group = Group::new(config.limits.max_requests, now);
        let member = |given: &WeightedEndpoint| {
            let endpoint = given.endpoint.clone();
            Arc::new(Member::new(&group, endpoint, None, given.weight))
        };
        let members: Vec<_> = endpoints.iter().map(member).collect();
        let breaker = config.circuit_breaker.clone().map(Breaker::new);
        let detector = config
            .outlier_detection
            .clone()
            .map(|detection| new_detector(detection, &members, now));
        Ok(Self {
            measured: Measured::new(&name),
            name,
            endpoints,
            members: ArcSwap::from_pointee(members),
            pools: Arc::new(Pools::new(Arc::new(dialer), ceilings)),
            picked: AtomicUsize::new(0),
            breaker: breaker.map(|breaker| Arc::new(Mutex::new(breaker))),
            detector: detector.map(Mutex::new),
            budget: Budget::new(config.retry.budget, now),
            retrying: AtomicU32::new(0),
            group,
            config,
        })
    }

    /// What configuration and logs call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is the upstream that these settings describe.
    pub(super) fn is(
        &self,
        name: &str,
        endpoints: &[WeightedEndpoint],
        (config, material): (&Config, &Material),
    ) -> bool {
        self.name == name
            && self.endpoints == endpoints
            && self.config == *config
            && self.pools.dialer.tls.material == *material
    }

    /// How long a call may take.
    pub fn timeout(&self) -> Duration {
        self.config.timeout
    }

    /// Its endpoints, each address of a name by itself if names are looked up here.
    pub(super) fn members(&self) -> Arc<Vec<Arc<Member>>> {
        self.members.load_full()
    }

    /// The endpoints as they are written.
    pub(super) fn endpoints(&self) -> &[WeightedEndpoint] {
        &self.endpoints
    }

    /// Takes in the addresses that names have now. Those that were there keep what is known of them.
    pub(super) fn set_addresses(&self, found: &[(Endpoint, Option<SocketAddr>, u32)]) {
        let (before, now) = (self.members.load_full(), Instant::now());
        let member = |(endpoint, address, weight): &(Endpoint, Option<SocketAddr>, u32)| {
            let same = before.iter().find(|member| {
                member.place.endpoint == *endpoint
                    && member.place.address == *address
                    && member.weight == *weight
            });
            same.map_or_else(
                || {
                    let member = Member::new(&self.group, endpoint.clone(), *address, *weight);
                    Arc::new(member.joins(now))
                },
                Arc::clone,
            )
        };
        let after: Vec<_> = found.iter().map(member).collect();
        let is_same = after.len() == before.len()
            && after
                .iter()
                .zip(before.iter())
                .all(|(a, b)| Arc::ptr_eq(a, b));
        if is_same {
            return;
        }
        tracing::info!(
            upstream = self.name,
            endpoints = after.len(),
            "endpoints have changed"
        );
        if let Some(detector) = &self.detector {
            lock(detector).set_members(&ids(&after));
        }
        self.members.store(Arc::new(after));
    }

    /// The endpoint for a try, if one may be made. `avoid` has failed already.
    pub(super) fn pick(&self, hash: Option<u64>, avoid: Option<u64>) -> Result<Picked, CallError> {
        self.choose(hash, avoid).map_err(|reason| {
            self.measured.unavailable(reason);
            CallError::Unavailable(reason)
        })
    }

    fn choose(&self, hash: Option<u64>, avoid: Option<u64>) -> Result<Picked, Unavailable> {
        let now = Instant::now();
        let members = self.members.load();
        let chosen = match members.as_slice() {
            [] => return Err(Unavailable::NoEndpoint),
            [only] if only.is_available(now) => Some(only),
            several => {
                let turn = self.picked.fetch_add(1, Ordering::Relaxed);
                let choice = Choice {
                    now,
                    turn,
                    hash,
                    avoid,
                };
                self.config.load_balancing.choose(several, choice)
            }
        };
        let chosen = chosen.ok_or(Unavailable::NoHealthyEndpoint)?;
        let in_flight = chosen.begin().ok_or(Unavailable::TooManyRequests)?;
        let admit = |breaker: &Arc<Mutex<Breaker>>| {
            let admission = lock(breaker).admit(now);
            let admission = admission.map_err(|left| Unavailable::BreakerOpen { left })?;
            Ok(Admitted {
                breaker: Arc::clone(breaker),
                admission: Some(admission),
            })
        };
        Ok(Picked {
            in_flight,
            admitted: self.breaker.as_ref().map(admit).transpose()?,
            began: now,
        })
    }

    /// Notes how a try went. The cause of a failure is told here, once, where the endpoint is known. What is given back is
    /// in flight until it is dropped.
    pub(super) fn report(
        &self,
        picked: Picked,
        outcome: Result<StatusCode, &CallError>,
    ) -> InFlight {
        let Picked {
            in_flight,
            admitted,
            began,
        } = picked;
        let now = Instant::now();
        let member = in_flight.member();
        let endpoint = &member.place.endpoint;
        let seen = match outcome {
            Ok(status) if !status.is_server_error() => Outcome::Success,
            Ok(status) => {
                tracing::warn!(upstream = self.name, %endpoint, status = status.as_u16(), "upstream failed");
                match retry::is_gateway_failure(status) {
                    true => Outcome::GatewayFailure,
                    false => Outcome::ServerError,
                }
            }
            Err(error) => {
                tracing::warn!(upstream = self.name, %endpoint, %error, "upstream gave no answer");
                Outcome::GatewayFailure
            }
        };
        match outcome {
            Ok(_) if seen == Outcome::Success => self.measured.succeeded.add_one(),
            Ok(_) => self.measured.failed.add_one(),
            Err(_) => self.measured.unanswered.add_one(),
        }
        if let Some(mut admitted) = admitted
            && let Some(admission) = admitted.admission.take()
        {
            self.judge(&admitted.breaker, admission, (seen, now));
        }
        if let Some(detector) = &self.detector {
            self.watch(detector, member.place.id, (seen, now));
        }
        if self.members.load().len() > 1 {
            member.measure(now.saturating_duration_since(began), now);
        }
        in_flight
    }

    fn judge(&self, breaker: &Mutex<Breaker>, admission: Admission, seen: (Outcome, Instant)) {
        let (before, after) = {
            let mut breaker = lock(breaker);
            let before = breaker.standing();
            breaker.record(admission, seen.0 != Outcome::Success, seen.1);
            (before, breaker.standing())
        };
        match after {
            _ if after == before => {}
            Standing::Open => tracing::warn!(upstream = self.name, "the circuit breaker opens"),
            Standing::Closed | Standing::HalfOpen => {
                tracing::info!(upstream = self.name, "the circuit breaker closes");
            }
        }
    }

    fn watch(&self, detector: &Mutex<Detector>, id: u64, (seen, now): (Outcome, Instant)) {
        let members = self.members.load();
        lock(detector).record(id, seen, now, |ejection| {
            let ejected = members.iter().find(|member| member.place.id == ejection.id);
            let Some(ejected) = ejected else { return };
            ejected.eject_until(ejection.until);
            self.measured.ejections.add_one();
            let seconds = (ejection.until - now).as_secs();
            tracing::warn!(
                upstream = self.name, endpoint = %ejected.place.endpoint, why = ejection.why, seconds,
                "an endpoint is left out"
            );
        });
    }

    /// Takes in what an active check has changed about an endpoint.
    pub(super) fn note_health(&self, member: &Member, is_healthy: bool) {
        let endpoint = &member.place.endpoint;
        if is_healthy {
            tracing::info!(upstream = self.name, %endpoint, "an endpoint is healthy");
        } else {
            tracing::warn!(upstream = self.name, %endpoint, "an endpoint is not healthy");
        }
        member.set_unhealthy(!is_healthy, Instant::now());
    }

    /// An active check has passed: whatever it was ejected for is over.
    pub(super) fn readmit(&self, member: &Member) {
        let now = Instant::now();
        if member.ejection_left(now).is_some() {
            if let Some(detector) = &self.detector {
                lock(detector).forgive(member.place.id);
            }
            member.readmit(now);
        }
    }

    /// Where its breaker stands, if it has one.
    pub(super) fn standing(&self) -> Option<Standing> {
        let breaker = self.breaker.as_ref();
        breaker.map(|breaker| lock(breaker).standing())
    }

    /// Requests on their way.
    pub(super) fn in_flight(&self) -> u32 {
        self.group.in_flight()
    }

    /// Brings its gauges up to date.
    pub(super) fn refresh(&self) {
        let (members, now) = (self.members.load(), Instant::now());
        let healthy = members.iter().filter(|member| member.is_available(now));
        self.measured.healthy.set(healthy.count() as f64);
        self.measured.members.set(members.len() as f64);
        self.measured.in_flight.set(self.in_flight());
        self.measured.pending.set(self.pools.pending() as f64);
        self.measured.breaker.set(match self.standing() {
            None | Some(Standing::Closed) => 0,
            Some(Standing::HalfOpen) => 1,
            Some(Standing::Open) => 2,
        });
    }
}

fn new_detector(detection: OutlierDetection, members: &[Arc<Member>], now: Instant) -> Detector {
    let mut detector = Detector::new(detection, now);
    detector.set_members(&ids(members));
    detector
}

fn ids(members: &[Arc<Member>]) -> Vec<u64> {
    members.iter().map(|member| member.place.id).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
