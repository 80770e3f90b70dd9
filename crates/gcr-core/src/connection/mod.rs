//! From flags, environment and kubeconfig files to a connection: which cluster, as whom, how.
//!
//! ```text
//! files ─▶ merged ─▶ chosen (flags laid over) ─▶ validation ─▶ address, trust, proxy, credentials ─▶ client
//! ```
//!
//! client-go's rules and words (`tools/clientcmd`, `rest`, `transport`, `plugin/pkg/client/auth`). kube does the HTTP; it
//! decides nothing. Never falls back to another cluster than the one that was asked for, sends no credential over plain
//! HTTP, and shows nothing of a kubeconfig but names and addresses.

mod base64_data;
mod blocking;
mod client;
mod client_certificate;
mod cluster_info;
mod credential;
mod credential_cache;
mod credential_selection;
mod documents;
mod effective_config;
pub mod environment;
pub(crate) mod error_text;
mod exec_credential;
mod exec_plugin;
mod exec_plugin_file;
mod exec_plugin_policy;
mod files;
mod headers;
mod in_cluster;
mod kubeconfig;
mod kubeconfig_file;
mod no_proxy;
mod oidc;
mod oidc_file;
mod oidc_issuer;
pub mod options;
pub mod proxy;
mod resolution;
mod resolve_error;
mod server_address;
mod tls_probe;
pub(crate) mod transport;
mod trust;
mod validation;
mod x509;
mod yaml_as_json;

use std::sync::Arc;
use std::time::Duration;

use rustls::sign::CertifiedKey;
use tokio::sync::Mutex;

use blocking::run_blocking;
pub use client::Client;
#[cfg(test)]
use credential::CredentialSource;
use credential::{Credential, Credentials};
use environment::Environment;
use kubeconfig::{Cluster, User};
pub use options::ConnectionOptions;
use proxy::Proxy;
pub use resolution::{Kubeconfig, REQUEST_TIMEOUT};
pub use resolve_error::ResolveError;
use server_address::ServerAddress;
use transport::RequestDefaults;
use trust::{Tls, Trust};

/// A connection that can be made, and made anew. Its clones are one connection.
#[derive(Clone)]
pub struct Connection {
    /// `HOST:PORT` as in the server's address.
    pub server: String,
    /// The limit of one try.
    pub request_timeout: Option<Duration>,
    /// The context's name, where there is one.
    pub context: Option<String>,
    /// The context's namespace, where it names one, or the pod's.
    pub namespace: Option<String>,
    insecure_reason: Option<String>,
    inner: Arc<Inner>,
}

struct Inner {
    envelope: RequestDefaults,
    address: ServerAddress,
    cluster: Cluster,
    user: User,
    credentials: Arc<Credentials>,
    environment: Environment,
    held: Mutex<Option<Client>>,
}

impl Connection {
    /// Reads the kubeconfig, lays the flags over it and resolves the result.
    ///
    /// # Errors
    /// The kubeconfig, the flags or the environment describe no usable connection.
    pub fn resolve(options: &ConnectionOptions) -> Result<Self, ResolveError> {
        let kubeconfig = Kubeconfig::load(options, Environment::of_process())?;
        kubeconfig.connection(options)
    }

    /// A connection that is there already, to a server that a test has made.
    #[cfg(test)]
    pub(crate) fn over(http: kube::Client, server: &str, request_timeout: Duration) -> Self {
        let address = ServerAddress::parse(server).expect("a test's server has an address");
        let credential = Arc::new(Credential::default());
        Self {
            server: server.to_owned(),
            request_timeout: Some(request_timeout),
            context: None,
            namespace: None,
            insecure_reason: None,
            inner: Arc::new(Inner {
                envelope: RequestDefaults {
                    server: address.url.clone(),
                    headers: Vec::new(),
                    compression: false,
                },
                address,
                cluster: Cluster::default(),
                user: User::default(),
                credentials: Arc::new(Credentials::new(CredentialSource::None)),
                environment: Environment::default(),
                held: Mutex::new(Some(Client {
                    http,
                    credential,
                    leaves_for_authorities: false,
                })),
            }),
        }
    }

    /// The client to use now: made at the first call, and again when its credential has expired. Runs the credential
    /// plugin where there is one.
    ///
    /// # Errors
    /// The line or lines to print.
    pub async fn client(&self) -> Result<Client, String> {
        let mut held = self.inner.held.lock().await;
        if let Some(client) = held.as_ref().filter(|it| !it.credential.has_expired()) {
            return Ok(client.clone());
        }
        let credential = self.inner.credentials.current().await?;
        let client = self.inner.client(credential, held.as_ref()).await?;
        *held = Some(client.clone());
        Ok(client)
    }

    /// Another client after the server refused `refused`'s credential: one for all who wait. `None` where there is no
    /// other credential.
    ///
    /// # Errors
    /// The line or lines to print.
    pub async fn refresh_rejected(&self, refused: &Client) -> Result<Option<Client>, String> {
        let mut held = self.inner.held.lock().await;
        if let Some(client) = held.as_ref()
            && !Arc::ptr_eq(&client.credential, &refused.credential)
        {
            return Ok(Some(client.clone()));
        }
        let Some(credential) = self
            .inner
            .credentials
            .refresh_rejected(&refused.credential)
            .await?
        else {
            return Ok(None);
        };
        let client = self.inner.client(credential, held.as_ref()).await?;
        *held = Some(client.clone());
        Ok(Some(client))
    }

    /// Whether a credential plugin may ask the user something.
    pub fn can_prompt(&self) -> bool {
        self.inner.credentials.can_prompt()
    }

    /// Whether both reach the same server, the same way: whatever is done over one is done over the other.
    pub fn same_endpoint(&self, other: &Self) -> bool {
        let way = |connection: &Self| {
            let Inner {
                address, cluster, ..
            } = &*connection.inner;
            (
                address.url.clone(),
                cluster.proxy_url.clone(),
                cluster.tls_server_name.clone(),
            )
        };
        way(self) == way(other)
    }

    /// Whether a key may be sent over this connection.
    ///
    /// # Errors
    /// The line that says why not and what to do.
    pub fn ensure_confidential(&self) -> Result<(), String> {
        self.insecure_reason.clone().map_or(Ok(()), Err)
    }
}

impl Inner {
    /// A client with `credential`, over `last`'s connections unless it shows another certificate.
    async fn client(
        self: &Arc<Self>,
        credential: Arc<Credential>,
        last: Option<&Client>,
    ) -> Result<Client, String> {
        if let Some(last) = last
            && credential.identity.is_none()
            && last.credential.identity.is_none()
        {
            return Ok(Client {
                credential,
                ..last.clone()
            });
        }
        let (inner, identity) = (Arc::clone(self), credential.identity.clone());
        let (tls, leaves_for_authorities) = run_blocking(move || inner.tls(identity)).await?;
        let proxy = Proxy::to(
            &self.address.url,
            self.cluster.proxy_url.as_deref(),
            &self.environment,
        )?;
        let http = transport::client(transport::http(&tls, proxy.as_ref()), &self.envelope)?;
        Ok(Client {
            http,
            credential,
            leaves_for_authorities,
        })
    }

    /// Reads the certificate files and returns the TLS settings, and whether all certificate authorities are leaf
    /// certificates. `identity` replaces the user's client certificate. Blocks.
    ///
    /// # Errors
    /// The line to print.
    fn tls(&self, identity: Option<Arc<CertifiedKey>>) -> Result<(Tls, bool), String> {
        let https = self.address.is_https();
        let trust = if https {
            Trust::of(&self.cluster)?
        } else {
            Trust::default()
        };
        let identity = match identity {
            None if https => {
                client_certificate::of(&self.user).map_err(|error| format!("error: {error}"))?
            }
            identity => identity,
        };
        let tls = trust.tls(https, identity.as_ref())?;
        Ok((tls, trust.contains_only_leaf_certs()))
    }
}

#[cfg(test)]
mod tests;
