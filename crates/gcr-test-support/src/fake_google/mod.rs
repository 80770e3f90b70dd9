//! Stands in for Google: Service Usage, IAM, Artifact Registry, Resource Manager, IAM Credentials, the OAuth and STS
//! token endpoints, the metadata server and the registries' token endpoint, with state, in one process.
//!
//! Clients reach it under Google's own host names: [`FakeGoogle::environment`] sets `HTTPS_PROXY` to its proxy and
//! `SSL_CERT_FILE` to its certificate authority. The proxy refuses every host that is not Google's. gcloud and Google's Go
//! clients check the fake in `cargo xtask test google`.
//!
//! ```no_run
//! use gcr_test_support::fake_google::{CannedError, FakeGoogle, Fault, Rule};
//! use gcr_test_support::Session;
//!
//! let google = FakeGoogle::new();
//! google.inject(Rule::on("keys.create").nth(1), Fault::ReplyLost);
//! google.inject(Rule::on("services.get").first(2), Fault::Respond(CannedError::unavailable()));
//! let session = Session::without_cluster();
//! session.gcr_secret(["version"]).envs(google.operator_environment()).run();
//! assert_eq!(google.count("keys.create"), 0);
//! ```
//!
//! A method's name in rules and counts is its id in Google's discovery documents, or the end of it.

mod artifact_registry;
mod authorization;
mod body;
mod call;
mod canned_error;
mod certificate_authority;
mod credential_files;
mod faults;
mod gcloud;
mod handlers;
mod iam_accounts;
mod iam_credentials;
mod iam_keys;
mod iam_policy;
mod image_path;
mod journal;
mod listener;
mod metadata_server;
mod method;
mod oauth_token;
mod operations;
mod pages;
mod pending_operation;
mod propagation;
mod registry_gateway;
mod registry_token;
mod reply;
mod resource_manager;
mod roles;
mod rsa_key;
mod server;
mod service_usage;
mod setup;
mod state;
mod stored_key;
mod sts;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use self::certificate_authority::CertificateAuthority;
use self::listener::Listener;
use self::server::Server;
use self::state::{CLOUD_PLATFORM, State};
use crate::error::{Error, Result};
use crate::scratch::ScratchDir;

pub use self::canned_error::CannedError;
pub use self::faults::{Fault, Rule, RuleId};
pub use self::journal::RecordedRequest;
pub use self::propagation::Propagation;

/// Project that every fake has: without enabled APIs except Service Usage and Resource Manager, accounts or repositories.
pub const PROJECT: &str = "demo-project";
/// User that operates the project, with all permissions.
pub const OPERATOR: &str = "user:operator@example.com";

/// Environment variable: a directory into which each fake writes its requests when it stops, one per line as JSON.
pub const REQUESTS: &str = "GCR_TEST_GOOGLE_REQUESTS";

/// A running fake. Dropping it stops it and closes its connections.
pub struct FakeGoogle {
    port: u16,
    server: Arc<Server>,
    operator_token: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    dir: ScratchDir,
}

impl FakeGoogle {
    /// Starts a fake with [`PROJECT`] and [`OPERATOR`].
    ///
    /// # Panics
    /// It does not start.
    #[track_caller]
    #[expect(
        clippy::new_without_default,
        reason = "starting a server is not a default"
    )]
    pub fn new() -> Self {
        Self::start(0).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts a fake on this port; 0 selects a free one.
    ///
    /// # Errors
    /// The system provides no port, thread or directory.
    pub fn start(port: u16) -> Result<Self> {
        let mut state = State::new();
        let project = state.add_project(PROJECT);
        let enabled = "cloudresourcemanager.googleapis.com";
        project
            .services
            .insert(enabled.into(), propagation::Delay::default());
        let operator_token = state.issue_token(OPERATOR, 3599, &[CLOUD_PLATFORM.to_owned()]);
        let server = Arc::new(Server::new(state));
        let authority = Arc::new(CertificateAuthority::make()?);
        let dir = ScratchDir::new("fake-google")?;
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            fs::write(&path, text).map_err(|error| Error::during(path.display(), error))
        };
        write("ca.crt", authority.pem())?;
        write("operator-token", &operator_token)?;

        let (port_sender, port_receiver) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let listener = Arc::new(Listener {
            server: Arc::clone(&server),
            authority,
        });
        let thread = std::thread::Builder::new()
            .name("fake-google".into())
            .spawn(move || listener.run(port, &port_sender, stopped))
            .map_err(|error| Error::during("start a thread for the fake Google", error))?;
        let port = port_receiver
            .recv()
            .map_err(|_| Error::new("the fake Google did not start"))??;
        Ok(Self {
            port,
            server,
            operator_token,
            stop: Some(stop),
            thread: Some(thread),
            dir,
        })
    }

    /// Returns the fake's own address, which serves all APIs without TLS, for clients with a setting for it.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns the file with the certificate of the fake's authority.
    pub fn authority_file(&self) -> PathBuf {
        self.dir.path().join("ca.crt")
    }

    /// Returns a directory for files that are removed with the fake.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Returns an access token of [`OPERATOR`].
    pub fn operator_token(&self) -> &str {
        &self.operator_token
    }

    /// Returns the file with [`FakeGoogle::operator_token`].
    pub fn operator_token_file(&self) -> PathBuf {
        self.dir.path().join("operator-token")
    }

    /// Returns the environment in which clients reach the fake under Google's host names, without a credential. API
    /// servers on this machine are reached directly.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let file = self.authority_file().display().to_string();
        vec![
            ("HTTPS_PROXY", self.url()),
            ("HTTP_PROXY", self.url()),
            ("NO_PROXY", "127.0.0.1,localhost,::1".into()),
            ("SSL_CERT_FILE", file),
        ]
    }

    /// Returns [`FakeGoogle::environment`] with the operator's credential and [`PROJECT`], as gcloud names them.
    pub fn operator_environment(&self) -> Vec<(&'static str, String)> {
        let mut environment = self.environment();
        let file = self.operator_token_file().display().to_string();
        environment.push(("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE", file));
        environment.push(("CLOUDSDK_CORE_PROJECT", PROJECT.into()));
        environment
    }

    /// Injects a fault into the requests that a rule selects. If several rules select a request, the first one
    /// installed applies; the others still count the request.
    pub fn inject(&self, rule: Rule, fault: Fault) -> RuleId {
        self.server.rules().add(rule, fault)
    }

    /// Returns how many requests got a rule's fault.
    pub fn hits(&self, rule: RuleId) -> usize {
        self.server.rules().hits(rule)
    }

    /// Removes all rules.
    pub fn clear_faults(&self) {
        self.server.rules().clear();
    }

    /// Delays each response by `latency`, and each new connection by twice that.
    pub fn set_latency(&self, latency: Duration) {
        self.server.set_latency(latency);
    }

    /// Returns all requests so far.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.server.journal().clone()
    }

    /// Forgets the requests so far.
    pub fn reset_requests(&self) {
        self.server.journal().clear();
    }

    /// Returns the number of requests of a method, named as in [`Rule::on`].
    pub fn count(&self, method: &str) -> usize {
        let end = format!(".{method}");
        let journal = self.server.journal();
        let counted = journal.iter();
        counted
            .filter(|it| it.method == method || it.method.ends_with(&end))
            .count()
    }
}

impl Drop for FakeGoogle {
    fn drop(&mut self) {
        if let Some(directory) = std::env::var_os(REQUESTS) {
            let file = format!("{}-{}.jsonl", std::process::id(), self.port);
            journal::append(&Path::new(&directory).join(file), &self.requests());
        }
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
