//! Counting in Redis, with all routers that share it: one script a decision, whatever it is about.
//!
//! The connection is kept by a task on the control thread, so workers only send and wait. One that fails or does not answer
//! in time is given up at once; until there is another, nobody waits.

use super::{
    counter::Count,
    quota::Period,
    redis_config::{Config, Fallback, Material},
    resolver::Resolver,
    rule::{NEVER, Standing},
};
use crate::{
    gateway::seldom::Seldom,
    upstream::{Control, Egress},
};
use metrics::Counter;
use redis::{
    AsyncConnectionConfig, Client, ErrorKind, RedisError, Script, aio::MultiplexedConnection,
};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    sync::{oneshot, watch},
    time::{sleep, timeout},
};

/// What one limit asks.
pub(super) struct Question {
    pub(super) key: String,
    pub(super) count: Count,
    pub(super) units: u64,
    /// Whether its no is one for the whole request.
    pub(super) is_enforced: bool,
}

/// There was no decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Undecided;

/// A Redis.
pub(super) struct Store {
    settings: Config,
    egress: Egress,
    material: Material,
    link: Arc<Link>,
    script: Script,
    /// The task that connects ends with this.
    _stop: oneshot::Sender<()>,
}

/// What the task that connects and those who ask have in common.
struct Link {
    state: watch::Sender<State>,
    unreachable: Trouble,
    late: Trouble,
    refused: Trouble,
    /// Whether it was told that there is trouble, and not yet that it is over.
    is_told: AtomicBool,
}

/// How often something went wrong.
struct Trouble {
    errors: Counter,
    seldom: Seldom,
}

enum State {
    /// For the first time; it is worth waiting for.
    Connecting,
    Up(Connection),
    Down,
}

#[derive(Clone)]
struct Connection {
    number: u64,
    redis: MultiplexedConnection,
}

/// What went wrong.
enum Fault {
    Unreachable(RedisError),
    Late,
    /// It said something else.
    Refused(Option<RedisError>),
}

impl Store {
    /// Begins to connect. None: there is no Redis. An error: there is no thread to do so.
    pub(super) fn open(
        settings: &Config,
        egress: &Egress,
        control: &Control,
    ) -> io::Result<Option<Self>> {
        let material = settings.material().map_err(io::Error::other)?;
        let client = settings.client(&material).map_err(io::Error::other)?;
        let Some(client) = client else {
            return Ok(None);
        };
        let trouble = |kind: &'static str| Trouble {
            errors: metrics::counter!("api_rate_limit_store_errors_total", "error_type" => kind),
            seldom: Seldom::default(),
        };
        let link = Arc::new(Link {
            state: watch::Sender::new(State::Connecting),
            unreachable: trouble("unreachable"),
            late: trouble("timeout"),
            refused: trouble("answer"),
            is_told: AtomicBool::new(false),
        });
        let script = Script::new(include_str!("decide.lua"));
        let (stop, stopped) = oneshot::channel();
        let resolver = Resolver::new(egress.clone());
        let connecting = keep_connected(
            (client, resolver),
            script.clone(),
            settings.timeout,
            Arc::clone(&link),
        );
        control.spawn(async move {
            tokio::select! {
                () = connecting => {}
                _ = stopped => {}
            }
        })?;
        Ok(Some(Self {
            settings: settings.clone(),
            egress: egress.clone(),
            material,
            link,
            script,
            _stop: stop,
        }))
    }

    /// Whether it is the one of these settings, and of what their files hold now.
    pub(super) fn is_of(&self, settings: &Config, egress: &Egress) -> bool {
        self.settings == *settings
            && self.egress == *egress
            && settings.material().is_ok_and(|now| now == self.material)
    }

    /// What to do without a decision.
    pub(super) fn fallback(&self) -> Fallback {
        self.settings.fallback
    }

    /// The key under which something is counted, together with whom it is about. Keys of one subject lie together.
    pub(super) fn key(&self, limit: &str, subject: &str) -> String {
        let prefix = &self.settings.key_prefix;
        format!("{prefix}:{limit}:{{{subject}}}")
    }

    /// Counts a request for all of these or for none.
    pub(super) async fn decide(&self, questions: &[Question]) -> Result<Vec<Standing>, Undecided> {
        let deadline = tokio::time::Instant::now() + self.settings.timeout;
        let connected = tokio::time::timeout_at(deadline, self.link.connection());
        let Ok(Some(mut connection)) = connected.await else {
            self.link.unreachable.errors.increment(1);
            return Err(Undecided);
        };
        let asking = self.ask(questions, &mut connection.redis);
        let fault = match tokio::time::timeout_at(deadline, asking).await {
            Ok(Ok(standings)) => {
                self.link.decided();
                return Ok(standings);
            }
            Ok(Err(fault)) => fault,
            Err(_) => Fault::Late,
        };
        if fault.is_of_connection() {
            self.link.give_up(connection.number);
        }
        self.link.tell(&fault);
        Err(Undecided)
    }

    async fn ask(
        &self,
        questions: &[Question],
        redis: &mut MultiplexedConnection,
    ) -> Result<Vec<Standing>, Fault> {
        let mut script = self.script.prepare_invoke();
        for question in questions {
            let (kind, most, span) = arguments(question.count);
            script.key(question.key.as_str());
            script.arg(kind).arg(most).arg(span).arg(question.units);
            script.arg(u8::from(question.is_enforced));
        }
        let answer: Vec<i64> = script.invoke_async(redis).await.map_err(Fault::of)?;
        let standings: Option<Vec<Standing>> = answer.chunks(3).map(standing).collect();
        let standings = standings.filter(|standings| standings.len() == questions.len());
        standings.ok_or(Fault::Refused(None))
    }
}

/// How the script is told to count.
fn arguments(count: Count) -> (&'static str, u64, u64) {
    match count {
        Count::Bucket(bucket) => ("bucket", bucket.capacity, bucket.per_unit.div_ceil(1000)),
        Count::Window(window) => ("window", window.capacity, window.span.div_ceil(1000)),
        Count::Quota(quota) => match quota.period {
            Period::Day => ("day", quota.limit, 0),
            Period::Week => ("week", quota.limit, 0),
            Period::Month => ("month", quota.limit, 0),
        },
    }
}

/// Three numbers of the script's answer.
fn standing(numbers: &[i64]) -> Option<Standing> {
    let [admitted, remaining, reset] = *numbers else {
        return None;
    };
    Some(Standing {
        is_admitted: match admitted {
            0 => false,
            1 => true,
            _ => return None,
        },
        remaining: u64::try_from(remaining).ok()?,
        reset: match reset {
            -1 => NEVER,
            micros => u64::try_from(micros).ok()?.saturating_mul(1000),
        },
    })
}

impl Fault {
    fn of(error: RedisError) -> Self {
        match error.kind() {
            ErrorKind::Server(_) | ErrorKind::Extension | ErrorKind::UnexpectedReturnType => {
                Self::Refused(Some(error))
            }
            _ => Self::Unreachable(error),
        }
    }

    /// Whether another connection may do better: to a server that is there, or is not one that others are to be asked for.
    fn is_of_connection(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Late => true,
            Self::Refused(error) => {
                let code = error.as_ref().and_then(RedisError::code);
                matches!(code, Some("READONLY" | "LOADING" | "MASTERDOWN"))
            }
        }
    }
}

impl Link {
    /// The connection, if there is one; it is waited for while it is the first.
    async fn connection(&self) -> Option<Connection> {
        let up = |state: &State| match state {
            State::Up(connection) => Some(connection.clone()),
            State::Connecting | State::Down => None,
        };
        if !matches!(*self.state.borrow(), State::Connecting) {
            return up(&self.state.borrow());
        }
        let mut changes = self.state.subscribe();
        let settled = changes.wait_for(|state| !matches!(state, State::Connecting));
        settled.await.ok().and_then(|state| up(&state))
    }

    /// Has nobody use this connection again.
    fn give_up(&self, number: u64) {
        self.state.send_if_modified(|state| {
            let is_it = matches!(state, State::Up(connection) if connection.number == number);
            if is_it {
                *state = State::Down;
            }
            is_it
        });
    }

    /// There was a decision. Whoever was told of trouble is told so.
    fn decided(&self) {
        if self.is_told.load(Ordering::Relaxed) && self.is_told.swap(false, Ordering::Relaxed) {
            tracing::info!("rate limits: Redis decides again");
        }
    }

    /// Counts what went wrong, and tells of it now and then.
    fn tell(&self, fault: &Fault) {
        let (trouble, what, error) = match fault {
            Fault::Unreachable(error) => (&self.unreachable, "cannot be reached", Some(error)),
            Fault::Late => (&self.late, "did not answer in time", None),
            Fault::Refused(error) => (&self.refused, "gave no decision", error.as_ref()),
        };
        trouble.errors.increment(1);
        if let Some(times) = trouble.seldom.happened(Instant::now()) {
            self.is_told.store(true, Ordering::Relaxed);
            // Not the error itself: what it quotes may hold secrets.
            let kind = error.map_or("", RedisError::category);
            let code = error.and_then(RedisError::code).unwrap_or_default();
            tracing::warn!(
                times,
                kind,
                code,
                "rate limits: Redis {what} (redis.fallback holds)"
            );
        }
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// After a connection that lasted for so long, the next one is not put off.
const LASTING: Duration = Duration::from_secs(10);
/// How often a connection that nobody may be using is tried.
const CHECK: Duration = Duration::from_secs(1);

/// Connects, and connects again when it must.
async fn keep_connected(
    (client, resolver): (Client, Resolver),
    script: Script,
    patience: Duration,
    link: Arc<Link>,
) {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(LONGEST_PAUSE))
        .set_response_timeout(None)
        .set_dns_resolver(resolver);
    let (mut number, mut pause) = (0, FIRST_PAUSE);
    loop {
        let connecting = async {
            let connecting = client.get_multiplexed_async_connection_with_config(&config);
            let mut redis = connecting.await.map_err(Fault::Unreachable)?;
            let loading = timeout(patience, script.load_async(&mut redis));
            let loaded = loading.await.map_err(|_| Fault::Late)?;
            loaded.map(|_| redis).map_err(Fault::of)
        };
        match connecting.await {
            Ok(redis) => {
                number += 1;
                if number == 1 {
                    tracing::info!("rate limits: connected to Redis");
                }
                let connection = Connection { number, redis };
                let began = Instant::now();
                link.state.send_replace(State::Up(connection.clone()));
                watch_over(connection, patience, &link).await;
                if began.elapsed() >= LASTING {
                    pause = FIRST_PAUSE;
                    continue;
                }
            }
            Err(fault) => {
                link.state.send_replace(State::Down);
                link.tell(&fault);
            }
        }
        sleep(pause).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

/// Returns when a connection is to be used no more.
async fn watch_over(mut connection: Connection, patience: Duration, link: &Link) {
    let mut changes = link.state.subscribe();
    loop {
        let ended = changes.wait_for(|state| !matches!(state, State::Up(_)));
        if timeout(CHECK, ended).await.is_ok() {
            return;
        }
        let ping = redis::cmd("PING");
        let ping = ping.query_async::<String>(&mut connection.redis);
        let fault = match timeout(patience, ping).await {
            Ok(Ok(_)) => continue,
            Ok(Err(error)) => Fault::of(error),
            Err(_) => Fault::Late,
        };
        link.give_up(connection.number);
        link.tell(&fault);
        return;
    }
}
