//! The listener for operators. It has a thread to itself, so that it answers when the workers are busy.

use super::stream::Socket;
use crate::gateway::{self, Gateway};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{convert::Infallible, io, net::TcpListener, sync::Arc, thread, time::Duration};
use tokio::{
    net,
    runtime::{self, Runtime},
    sync::{Semaphore, oneshot},
    time,
};

/// Operators are few.
const CONNECTIONS_MAX: usize = 16;
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one may take nothing of an answer.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to wait when the system has no more file descriptors.
const PAUSE_WITHOUT_DESCRIPTORS: Duration = Duration::from_millis(50);

/// The running listener. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Admin {
    _stop: oneshot::Sender<()>,
}

impl Admin {
    /// Answers from now on.
    pub(super) fn start(
        listener: TcpListener,
        hosts: &[String],
        gateway: Arc<Gateway>,
    ) -> io::Result<Self> {
        let hosts = Arc::from(hosts);
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        thread::Builder::new()
            .name("admin".to_owned())
            .spawn(move || run(&runtime, listener, (gateway, hosts), stopped))?;
        Ok(Self { _stop: stop })
    }
}

/// What answers, and the names that it is reached by.
type Answers = (Arc<Gateway>, Arc<[String]>);

fn run(runtime: &Runtime, listener: TcpListener, answers: Answers, stopped: oneshot::Receiver<()>) {
    runtime.block_on(async {
        tokio::select! {
            served = accept(listener, answers) => if let Err(error) = served {
                tracing::error!(%error, "operators are not answered");
            },
            // Nobody sends: the other end is dropped.
            _ = stopped => {}
        }
    });
}

/// Accepts until that is impossible.
async fn accept(listener: TcpListener, (gateway, hosts): Answers) -> io::Result<()> {
    let listener = net::TcpListener::from_std(listener)?;
    if let Ok(address) = listener.local_addr() {
        tracing::info!("operators are answered at http://{address}/admin/upstreams");
    }
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    // The semaphore is never closed.
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "cannot accept an operator's connection");
                time::sleep(PAUSE_WITHOUT_DESCRIPTORS).await;
                continue;
            }
        };
        let (gateway, hosts) = (Arc::clone(&gateway), Arc::clone(&hosts));
        tokio::spawn(async move {
            let answer = service_fn(move |request: Request<Incoming>| {
                let (head, _) = request.into_parts();
                let response = gateway::admin(&gateway, &hosts, &head);
                async { Ok::<_, Infallible>(response) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .serve_connection(TokioIo::new(Socket::new(stream, WRITE_TIMEOUT)), answer);
            if let Err(error) = connection.await {
                tracing::debug!(%error, "an operator's connection ended early");
            }
            drop(place);
        });
    }
    Ok(())
}
