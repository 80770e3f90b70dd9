//! The connection to one cluster: resolved, but not yet made.

use std::sync::Arc;
use std::time::Duration;

use rustls::sign::CertifiedKey;
use tokio::sync::Mutex;

use crate::blocking::run_blocking;
use crate::client::Client;
use crate::credential::{Credential, CredentialSource, Credentials};
use crate::environment::Environment;
use crate::kubeconfig::{Cluster, User};
use crate::options::ConnectionOptions;
use crate::proxy::Proxy;
use crate::resolution::Kubeconfig;
use crate::resolve_error::ResolveError;
use crate::server_address::ServerAddress;
use crate::transport::RequestDefaults;
use crate::trust::{Tls, Trust};

/// A resolved connection to a cluster. Clones share the client and its credential.
#[derive(Clone)]
pub struct Connection {
    /// `HOST:PORT` of the server's address.
    pub server: String,
    /// The time limit of one attempt; `None` for no limit.
    pub request_timeout: Option<Duration>,
    /// The context's name, if there is one.
    pub context: Option<String>,
    /// The context's namespace, or else the pod's namespace when running in a cluster.
    pub namespace: Option<String>,
    pub(crate) insecure_reason: Option<String>,
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) request_defaults: RequestDefaults,
    pub(crate) address: ServerAddress,
    pub(crate) cluster: Cluster,
    pub(crate) user: User,
    pub(crate) credentials: Arc<Credentials>,
    pub(crate) environment: Environment,
    pub(crate) client: Mutex<Option<Client>>,
}

impl Connection {
    /// Reads the kubeconfig, applies the flags and resolves the result.
    ///
    /// # Errors
    /// The kubeconfig, the flags or the environment describe no usable connection.
    pub fn resolve(options: &ConnectionOptions) -> Result<Self, ResolveError> {
        let kubeconfig = Kubeconfig::load(options, Environment::of_process())?;
        kubeconfig.connection(options)
    }

    /// Wraps a client that the caller has built, for example over a transport of its own. Adds no credential.
    ///
    /// `server` is its URL or `HOST:PORT`.
    ///
    /// # Errors
    /// `server` is no address.
    pub fn from_client(
        http: kube::Client,
        server: &str,
        request_timeout: Duration,
    ) -> Result<Self, String> {
        let address = ServerAddress::parse(server)?;
        let credential = Arc::new(Credential::default());
        Ok(Self {
            server: server.to_owned(),
            request_timeout: Some(request_timeout),
            context: None,
            namespace: None,
            insecure_reason: None,
            inner: Arc::new(Inner {
                request_defaults: RequestDefaults {
                    server: address.url.clone(),
                    headers: Vec::new(),
                    compression: false,
                },
                address,
                cluster: Cluster::default(),
                user: User::default(),
                credentials: Arc::new(Credentials::new(CredentialSource::None)),
                environment: Environment::default(),
                client: Mutex::new(Some(Client {
                    http,
                    credential,
                    trusts_only_leaf_certs: false,
                })),
            }),
        })
    }

    /// Returns the current client. Creates it at the first call and again when its credential has expired, which may run
    /// an exec plugin.
    ///
    /// # Errors
    /// The message to print: no credential could be obtained, or a certificate cannot be used.
    pub async fn client(&self) -> Result<Client, String> {
        let mut current = self.inner.client.lock().await;
        if let Some(client) = current.as_ref().filter(|it| !it.credential.has_expired()) {
            return Ok(client.clone());
        }
        let credential = self.inner.credentials.current().await?;
        let client = self.inner.client(credential, current.as_ref()).await?;
        *current = Some(client.clone());
        Ok(client)
    }

    /// Returns a client with a new credential after the server rejected that of `rejected` with a 401. Concurrent callers
    /// share one refresh. `None` if the user has no other credential.
    ///
    /// # Errors
    /// The message to print: the refresh failed.
    pub async fn refresh_rejected(&self, rejected: &Client) -> Result<Option<Client>, String> {
        let mut current = self.inner.client.lock().await;
        if let Some(client) = current.as_ref()
            && !Arc::ptr_eq(&client.credential, &rejected.credential)
        {
            return Ok(Some(client.clone()));
        }
        let Some(credential) = self
            .inner
            .credentials
            .refresh_rejected(&rejected.credential)
            .await?
        else {
            return Ok(None);
        };
        let client = self.inner.client(credential, current.as_ref()).await?;
        *current = Some(client.clone());
        Ok(Some(client))
    }

    /// Returns whether an exec plugin may prompt the user.
    pub fn can_prompt(&self) -> bool {
        self.inner.credentials.can_prompt()
    }

    /// Returns whether both connections reach the same server: URL, proxy and TLS server name are equal.
    pub fn same_endpoint(&self, other: &Self) -> bool {
        let endpoint = |connection: &Self| {
            let Inner {
                address, cluster, ..
            } = &*connection.inner;
            (
                address.url.clone(),
                cluster.proxy_url.clone(),
                cluster.tls_server_name.clone(),
            )
        };
        endpoint(self) == endpoint(other)
    }

    /// Checks that a key may be sent over this connection.
    ///
    /// # Errors
    /// The message to print: the connection is not confidential, with the flag that allows it anyway.
    pub fn ensure_confidential(&self) -> Result<(), String> {
        self.insecure_reason.clone().map_or(Ok(()), Err)
    }
}

impl Inner {
    /// Returns a client with `credential`. Reuses the open connections of `last` unless the client certificate differs.
    async fn client(
        self: &Arc<Self>,
        credential: Arc<Credential>,
        last: Option<&Client>,
    ) -> Result<Client, String> {
        if let Some(last) = last
            && credential.client_certificate.is_none()
            && last.credential.client_certificate.is_none()
        {
            return Ok(Client {
                credential,
                ..last.clone()
            });
        }
        let (inner, certificate) = (Arc::clone(self), credential.client_certificate.clone());
        let (tls, trusts_only_leaf_certs) = run_blocking(move || inner.tls(certificate)).await?;
        let proxy = Proxy::to(
            &self.address.url,
            self.cluster.proxy_url.as_deref(),
            &self.environment,
        )?;
        let http = crate::transport::client(
            crate::transport::http(&tls, proxy.as_ref()),
            &self.request_defaults,
        )?;
        Ok(Client {
            http,
            credential,
            trusts_only_leaf_certs,
        })
    }

    /// Reads the certificate files and returns the TLS settings, and whether all certificate authorities are leaf
    /// certificates. `certificate` replaces the user's client certificate. Blocks.
    ///
    /// # Errors
    /// The message to print: a certificate or key cannot be read or used.
    fn tls(&self, certificate: Option<Arc<CertifiedKey>>) -> Result<(Tls, bool), String> {
        let https = self.address.is_https();
        let trust = if https {
            Trust::of(&self.cluster)?
        } else {
            Trust::default()
        };
        let certificate = match certificate {
            None if https => crate::client_certificate::of(&self.user)
                .map_err(|error| format!("error: {error}"))?,
            certificate => certificate,
        };
        let tls = trust.tls(https, certificate.as_ref())?;
        Ok((tls, trust.contains_only_leaf_certs()))
    }
}
