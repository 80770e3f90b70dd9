//! Proxies requests to a real control plane and injects faults: it can drop, delay, change or replace a request or a
//! response, before or after the server has handled the request. All others pass unchanged.
//!
//! ```no_run
//! use gcr_test_support::fault_proxy::{CannedResponse, Fault, FaultProxy, Rule};
//! use gcr_test_support::ControlPlane;
//!
//! let proxy = FaultProxy::new(ControlPlane::shared());
//! // On the third patch of a Secret in namespace x, the server writes it but the client gets no response.
//! proxy.inject(Rule::on("patch", "secrets").namespace("x").nth(3), Fault::ResponseLost);
//! proxy.session().gcr_secret(["create", "--key-file", "key.json", "-n", "x"]).run();
//! assert_eq!(proxy.traffic().request_count("patch", "secrets"), 3);
//! // Lists over all namespaces do not show the accounts named builder; admission refuses dry runs.
//! proxy.filter_items(Rule::on("list", "serviceaccounts").namespace(""), |item| item["metadata"]["name"] != "builder");
//! let refused = CannedResponse::status(403, "Forbidden", "dry runs are refused");
//! proxy.answer(Rule::on("*", "*").query("dryRun", "All"), refused);
//! ```
//!
//! Speaks TLS and HTTP/1.1 with keep-alive on both sides, buffers each request and response (so it does not support
//! watches), and forwards the client's token. Runs on one thread.

mod body;
mod canned_response;
mod certificate;
mod client_connection;
mod fault;
mod in_flight;
mod injection;
mod json_edit;
mod listener;
mod request_handler;
mod request_info;
mod route;
mod rule;
mod traffic;
mod upstream;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use crate::error::{Error, Result};
use crate::scratch::ScratchDir;
use crate::session::Session;
use crate::test_cluster::TestCluster;

pub use self::canned_response::CannedResponse;
pub use self::fault::Fault;
pub use self::json_edit::JsonEdit;
pub use self::route::Route;
pub use self::rule::{Rule, RuleId};
pub use self::traffic::Traffic;

use self::certificate::Certificate;
use self::listener::Listener;
use self::request_handler::ProxyState;

/// A running proxy. Dropping it stops it and closes its connections.
pub struct FaultProxy {
    url: String,
    authority: String,
    /// URL and CA data of the server, as in its kubeconfigs.
    upstream: (String, String),
    kubeconfig: PathBuf,
    state: Arc<ProxyState>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    dir: ScratchDir,
}

impl FaultProxy {
    /// Starts a proxy in front of a cluster, without faults.
    ///
    /// # Panics
    /// It does not start.
    #[track_caller]
    pub fn new(cluster: &TestCluster) -> Self {
        Self::start(cluster, Route::new()).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts a proxy in front of a cluster.
    ///
    /// # Errors
    /// The system provides no port, thread or directory, or the cluster's CA data is invalid.
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
            .map_err(|error| Error::during("start a thread for the proxy", error))?;
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

    /// Returns how many requests got a rule's fault.
    pub fn hits(&self, rule: RuleId) -> usize {
        self.state.rules.hits(rule)
    }

    /// Removes all rules.
    pub fn clear_faults(&self) {
        self.state.rules.clear();
    }

    /// Returns the traffic since the start or since [`FaultProxy::reset_counters`].
    pub fn traffic(&self) -> Traffic {
        self.state.traffic.snapshot()
    }

    /// Resets the traffic counters to zero.
    pub fn reset_counters(&self) {
        self.state.traffic.reset();
    }

    /// Returns the proxy's URL, for example `https://127.0.0.1:40000`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the administrator's kubeconfig, changed to connect through the proxy.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Copies a kubeconfig of the cluster and changes it to connect through the proxy. Its users must authenticate with
    /// a token.
    ///
    /// # Errors
    /// The kubeconfig cannot be read, or names another server.
    pub fn kubeconfig_for(&self, original: &Path) -> Result<PathBuf> {
        let failed = |error| Error::during(original.display(), error);
        let text = fs::read_to_string(original).map_err(failed)?;
        let (server, authority) = &self.upstream;
        if !text.contains(server) || !text.contains(authority) {
            return Err(Error::during(
                original.display(),
                "it does not name the server behind the proxy",
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

    /// Returns a new session as the administrator, through the proxy.
    #[track_caller]
    pub fn session(&self) -> Session {
        Session::new(&self.kubeconfig)
    }

    /// Returns a new session with a kubeconfig of the cluster, through the proxy.
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
