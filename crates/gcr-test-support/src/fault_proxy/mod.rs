//! A proxy in front of a real control plane that knows which request it is looking at, and can lose it, delay it or
//! answer something else, before or after the server has carried it out. What it does not touch is the server's own.
//!
//! ```no_run
//! use gcr_test_support::fault_proxy::{Fault, FaultProxy, Rule};
//! use gcr_test_support::ControlPlane;
//!
//! let proxy = FaultProxy::new(ControlPlane::shared());
//! // On the third patch of a Secret in namespace x: the server writes it, and the client gets no response.
//! proxy.inject(Rule::on("patch", "secrets").namespace("x").nth(3), Fault::ResponseLost);
//! proxy.session().gcr_secret(["create", "--key-file", "key.json", "-n", "x"]).run();
//! assert_eq!(proxy.traffic().requests("patch", "secrets"), 3);
//! ```
//!
//! It speaks TLS and HTTP/1.1 with keep-alive on both sides, reads each request and each answer whole (so it is not
//! for watches), and hands the caller's token on. One thread.

mod body;
mod canned_response;
mod certificate;
mod client_connection;
mod fault;
mod in_flight;
mod listener;
mod request_handler;
mod request_info;
mod rule;
mod traffic;
mod upstream;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::error::{Error, Result};
use crate::scratch::ScratchDir;
use crate::session::Session;
use crate::test_cluster::TestCluster;

pub use self::canned_response::CannedResponse;
pub use self::fault::Fault;
pub use self::rule::{Rule, RuleId};
pub use self::traffic::Traffic;

use self::certificate::Certificate;
use self::listener::Listener;
use self::request_handler::ProxyState;

/// The way to the server, beside what single requests meet.
#[derive(Clone, Copy, Debug, Default)]
pub struct Route {
    latency: Duration,
    capacity: Option<usize>,
}

impl Route {
    /// As short as it is, with room for everybody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every request is answered so much later, and a connection takes twice that to be made: the round trips of TCP
    /// and of TLS 1.3.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Requests beyond so many in flight are answered with 429 and `Retry-After: 1`, as kube-apiserver does
    /// (apiserver `server/filters/maxinflight.go`).
    pub fn shed_above(mut self, capacity: usize) -> Self {
        self.capacity = Some(capacity);
        self
    }
}

/// A running proxy. It ends, with all its connections, when this is dropped.
pub struct FaultProxy {
    url: String,
    authority: String,
    /// What stands in the kubeconfigs of the server: its URL and its authority.
    upstream: (String, String),
    kubeconfig: PathBuf,
    state: Arc<ProxyState>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    dir: ScratchDir,
}

impl FaultProxy {
    /// A proxy in front of a cluster that does nothing yet.
    ///
    /// # Panics
    /// It does not start.
    #[track_caller]
    pub fn new(cluster: &TestCluster) -> Self {
        Self::start(cluster, Route::new()).unwrap_or_else(|error| panic!("{error}"))
    }

    /// A proxy in front of a cluster.
    ///
    /// # Errors
    /// The system gives no port, thread or directory, or the cluster's authority cannot be read.
    pub fn start(cluster: &TestCluster, route: Route) -> Result<Self> {
        let connection = cluster.connection();
        let certificate = Certificate::make()?;
        let state = Arc::new(ProxyState::new(connection, route)?);
        let (port_sender, port_receiver) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let serving = Arc::clone(&state);
        let tls = certificate.server()?;
        let thread = std::thread::Builder::new()
            .name("fault-proxy".into())
            .spawn(move || Listener::run(serving, tls, &port_sender, stopped))
            .map_err(|error| Error::during("a thread for the proxy", error))?;
        let port: u16 = port_receiver
            .recv()
            .map_err(|_| Error::new("the proxy did not start"))??;
        let dir = ScratchDir::new("fault-proxy")?;
        let mut proxy = Self {
            url: format!("https://127.0.0.1:{port}"),
            authority: certificate.authority(),
            upstream: (connection.server.clone(), connection.ca_data.clone()),
            kubeconfig: PathBuf::new(),
            state,
            stop: Some(stop),
            thread: Some(thread),
            dir,
        };
        proxy.kubeconfig = proxy.kubeconfig_for(cluster.kubeconfig())?;
        Ok(proxy)
    }

    /// From now on, requests that a rule is about meet a fault. Of several rules that fit, the first that was given acts;
    /// the others count the request all the same.
    pub fn inject(&self, rule: Rule, fault: Fault) -> RuleId {
        self.state.rules.add(rule, fault)
    }

    /// How many requests have met a rule's fault.
    pub fn hits(&self, rule: RuleId) -> usize {
        self.state.rules.hits(rule)
    }

    /// Takes all rules away.
    pub fn clear_faults(&self) {
        self.state.rules.clear();
    }

    /// What has passed since the start, or since [`FaultProxy::reset_counters`].
    pub fn traffic(&self) -> Traffic {
        self.state.traffic.snapshot()
    }

    /// Begins to count anew.
    pub fn reset_counters(&self) {
        self.state.traffic.reset();
    }

    /// Where it listens, as `https://127.0.0.1:40000`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The kubeconfig of the cluster's administrator, by way of the proxy.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// A kubeconfig of the cluster, changed to come by way of the proxy. Its users have to bring a token.
    ///
    /// # Errors
    /// It cannot be read, or is of another server.
    pub fn kubeconfig_for(&self, original: &Path) -> Result<PathBuf> {
        let failed = |error| Error::during(original.display(), error);
        let text = fs::read_to_string(original).map_err(failed)?;
        let (server, authority) = &self.upstream;
        if !text.contains(server) || !text.contains(authority) {
            return Err(Error::during(
                original.display(),
                "it does not name the server that the proxy stands before",
            ));
        }
        let text = text
            .replace(server, &self.url)
            .replace(authority, &self.authority);
        let name = original.file_name().unwrap_or(original.as_os_str());
        let path = self.dir.path().join(name);
        fs::write(&path, text).map_err(failed)?;
        Ok(path)
    }

    /// A session of the administrator's, by way of the proxy.
    #[track_caller]
    pub fn session(&self) -> Session {
        Session::new(&self.kubeconfig)
    }

    /// A session of whoever a kubeconfig of the cluster is for, by way of the proxy.
    #[track_caller]
    pub fn session_for(&self, original: &Path) -> Session {
        let kubeconfig = self.kubeconfig_for(original);
        Session::new(&kubeconfig.unwrap_or_else(|error| panic!("{error}")))
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
