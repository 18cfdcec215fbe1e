//! A subgraph as an HTTP server: `POST /graphql`, WebSocket (graphql-transport-ws) on the same path, `GET /health`,
//! and the troubles an experiment asks for. It knows no type of any schema.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_graphql::{Executor, Response, ServerError};
use async_graphql_axum::{GraphQLRequest, GraphQLResponse, GraphQLSubscription};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, get_service};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

use crate::{Subgraph, orders, products, users};

/// How a subgraph listens and how well it behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    pub host: IpAddr,
    /// Waited before each operation is answered.
    pub delay: Duration,
    /// The share of operations that fail, 0 to 1: every second of them by HTTP status 500, the others by a GraphQL
    /// error. Which ones fail follows from counting, so that a run can be repeated.
    pub fail_rate: f64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            delay: Duration::ZERO,
            fail_rate: 0.0,
        }
    }
}

/// A subgraph that owns its port and whose data is ready; clients that connect now wait until it is served.
pub struct Bound {
    pub subgraph: Subgraph,
    pub address: SocketAddr,
    listener: TcpListener,
    routes: Router,
}

/// Takes a port, or any free one for port 0. Each call opens a shop of its own.
pub async fn bind(subgraph: Subgraph, settings: Settings, port: u16) -> io::Result<Bound> {
    let listener = TcpListener::bind((settings.host, port)).await?;
    let routes = match subgraph {
        Subgraph::Users => routes(users::schema(), settings),
        Subgraph::Orders => routes(orders::schema(), settings),
        Subgraph::Products => routes(products::schema(), settings),
    };
    Ok(Bound {
        subgraph,
        address: listener.local_addr()?,
        listener,
        routes,
    })
}

impl Bound {
    /// Answers until `shutdown` is ready, then finishes the requests in flight. Subscriptions are not waited for.
    pub async fn serve(
        self,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        // Answers are small and written in parts; without this each would wait for the client's delayed ACK.
        let listener = self.listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, self.routes)
            .with_graceful_shutdown(shutdown)
            .await
    }
}

/// What a resolver may know of the HTTP request.
pub(crate) struct Caller(Option<String>);

impl Caller {
    fn of(headers: &HeaderMap) -> Caller {
        let id = headers
            .get("x-user-id")
            .and_then(|value| value.to_str().ok());
        Caller(id.map(str::to_owned))
    }

    #[cfg(test)]
    pub(crate) fn named(id: Option<&str>) -> Caller {
        Caller(id.map(str::to_owned))
    }

    pub(crate) fn user_id(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

struct Endpoint<E> {
    schema: E,
    delay: Duration,
    faults: Faults,
}

fn routes<E: Executor>(schema: E, settings: Settings) -> Router {
    let endpoint = Endpoint {
        schema: schema.clone(),
        delay: settings.delay,
        faults: Faults::new(settings.fail_rate),
    };
    let graphql = get_service(GraphQLSubscription::new(schema)).post(answer::<E>);
    Router::new()
        .route("/graphql", graphql)
        .route("/health", get(|| async { "ok\n" }))
        .with_state(Arc::new(endpoint))
}

async fn answer<E: Executor>(
    State(endpoint): State<Arc<Endpoint<E>>>,
    headers: HeaderMap,
    request: GraphQLRequest,
) -> axum::response::Response {
    let fault = endpoint.faults.next();
    if !endpoint.delay.is_zero() {
        tokio::time::sleep(endpoint.delay).await;
    }
    let response = match fault {
        Some(Fault::Status) => {
            return (
                StatusCode::INTERNAL_SERVER_ERROR,
                "failed as --fail-rate asks\n",
            )
                .into_response();
        }
        Some(Fault::Error) => {
            let error = ServerError::new("failed as --fail-rate asks", None);
            Response::from_errors(vec![error])
        }
        None => {
            let request = request.into_inner().data(Caller::of(&headers));
            endpoint.schema.execute(request).await
        }
    };
    GraphQLResponse::from(response).into_response()
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    Status,
    Error,
}

/// Spreads the failures evenly: after n operations, the whole part of n × rate have failed.
struct Faults {
    rate: f64,
    seen: AtomicU64,
}

impl Faults {
    fn new(rate: f64) -> Faults {
        Faults {
            // `clamp` keeps a NaN, which then fails nothing below.
            rate: rate.clamp(0.0, 1.0),
            seen: AtomicU64::new(0),
        }
    }

    fn next(&self) -> Option<Fault> {
        let seen = self.seen.fetch_add(1, Ordering::Relaxed);
        let failed = |operations: u64| (operations as f64 * self.rate) as u64;
        let (before, after) = (failed(seen), failed(seen + 1));
        match after > before {
            false => None,
            true if after % 2 == 1 => Some(Fault::Status),
            true => Some(Fault::Error),
        }
    }
}

#[cfg(test)]
mod tests;
