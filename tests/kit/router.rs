//! A router in this process, on a free port.

use graphway::{
    config::{self, Config, Environment},
    gateway::Gateway,
    schema::Supergraph,
    server::{self, Health, Listeners},
};
use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZero,
    sync::Arc,
    thread::{self, JoinHandle},
};
use tokio::{runtime, sync::oneshot};

/// A running router. It stops when it is dropped.
pub struct Router {
    pub address: SocketAddr,
    /// Where operators connect, if the configuration lets them.
    pub admin: Option<SocketAddr>,
    /// Where clients are sent on to TLS, if they are.
    pub redirect: Option<SocketAddr>,
    pub gateway: Arc<Gateway>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Router {
    /// Starts a router with this `router.yaml` over this supergraph.
    pub fn start(config: &str, supergraph: &str) -> Self {
        let environment = Environment {
            variable: &|_| None,
            file: &|path| std::fs::read_to_string(path),
        };
        let mut config = config::parse("router.yaml", config, &environment)
            .unwrap_or_else(|error| panic!("{error}"))
            .config;
        config.supergraph.listen = (Ipv4Addr::LOCALHOST, 0).into();
        config.admin.listen = (Ipv4Addr::LOCALHOST, 0).into();
        config.server.workers.get_or_insert(NonZero::<usize>::MIN);
        Self::serve(&config, Supergraph::parse(supergraph).unwrap())
    }

    fn serve(config: &Config, supergraph: Supergraph) -> Self {
        let gateway = Arc::new(Gateway::start(&config.gateway(), supergraph).unwrap());
        let server_config = config.server();
        let listeners = Listeners::bind(&server_config).unwrap();
        let address = listeners.address();
        let (admin, redirect) = (listeners.admin_address(), listeners.redirect_address());
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&gateway);
        let thread = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            let stopped = async {
                let _ = stopped.await;
            };
            let serve = server::serve(
                &server_config,
                listeners,
                served,
                Arc::new(Health::default()),
                stopped,
            );
            runtime.unwrap().block_on(serve).unwrap();
        });
        Self {
            address,
            admin,
            redirect,
            gateway,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Tells it to stop, as SIGTERM does, without waiting.
    pub fn begin_to_stop(&mut self) {
        self.stop.take();
    }

    /// Waits until it has stopped.
    pub fn wait(mut self) {
        self.begin_to_stop();
        self.thread.take().unwrap().join().unwrap();
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        self.begin_to_stop();
    }
}
