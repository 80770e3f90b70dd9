//! The connection to one cluster: resolved, but not yet made.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{HeaderValue, Uri};
use rustls::sign::CertifiedKey;
use tokio::sync::Mutex;

use crate::blocking::run_blocking;
use crate::credential::Credential;
use crate::credential_error::CredentialError;
use crate::credential_source::{CredentialSource, Credentials};
use crate::environment::Environment;
use crate::kubeconfig::{Cluster, User};
use crate::proxy::Proxy;
use crate::resolve_error::ResolveError;
use crate::send_error::SendError;
use crate::server_address::ServerAddress;
use crate::transport::{self, RequestDefaults, Transport};
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
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) request_defaults: RequestDefaults,
    pub(crate) address: ServerAddress,
    pub(crate) cluster: Cluster,
    pub(crate) user: User,
    pub(crate) credentials: Arc<Credentials>,
    pub(crate) environment: Environment,
    pub(crate) transport: Mutex<Option<AuthenticatedTransport>>,
    /// Whether all configured certificate authorities are leaf certificates. Known once the first transport exists.
    pub(crate) trusts_only_leaf_certs: AtomicBool,
}

/// The HTTP connections to the server, and the credential to send over them.
#[derive(Clone)]
pub(crate) struct AuthenticatedTransport {
    pub(crate) http: Transport,
    pub(crate) credential: Arc<Credential>,
}

impl Connection {
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
    ) -> Result<Self, ResolveError> {
        let address = ServerAddress::parse(server)?;
        let credential = Arc::new(Credential::default());
        Ok(Self {
            server: server.to_owned(),
            request_timeout: Some(request_timeout),
            context: None,
            namespace: None,
            inner: Arc::new(Inner {
                request_defaults: RequestDefaults {
                    server: address.url.clone(),
                    user_agent: HeaderValue::from_static(""),
                    headers: Vec::new(),
                    compression: false,
                },
                address,
                cluster: Cluster::default(),
                user: User::default(),
                credentials: Arc::new(Credentials::new(CredentialSource::None)),
                environment: Environment::default(),
                transport: Mutex::new(Some(AuthenticatedTransport {
                    http: transport::of_client(http),
                    credential,
                })),
                trusts_only_leaf_certs: AtomicBool::new(false),
            }),
        })
    }

    /// Obtains the credential in advance if there is none or it has expired, which may run an exec plugin. Returns at once
    /// otherwise.
    ///
    /// # Errors
    /// No credential could be obtained, or a certificate cannot be used.
    pub async fn authenticate(&self) -> Result<(), CredentialError> {
        self.transport().await.map(|_| ())
    }

    /// Classifies the error of a request that [`Connection::client`] sent.
    pub fn send_error(&self, error: &kube::Error) -> SendError {
        let trusts_only_leaf_certs = self.inner.trusts_only_leaf_certs.load(Ordering::Relaxed);
        SendError::new(error, &self.server, trusts_only_leaf_certs)
    }

    /// Returns the transport with the current credential. Creates it at the first call and again when its credential has
    /// expired.
    pub(crate) async fn transport(&self) -> Result<AuthenticatedTransport, CredentialError> {
        let mut current = self.inner.transport.lock().await;
        if let Some(transport) = current.as_ref().filter(|it| !it.credential.has_expired()) {
            return Ok(transport.clone());
        }
        let credential = self.inner.credentials.current().await?;
        let transport = self.inner.transport(credential, current.as_ref()).await?;
        *current = Some(transport.clone());
        Ok(transport)
    }

    /// Returns a transport with a new credential after the server rejected that of `rejected` with a 401. Concurrent
    /// callers share one refresh. `None` if the user has no other credential.
    pub(crate) async fn refresh_rejected(
        &self,
        rejected: &AuthenticatedTransport,
    ) -> Result<Option<AuthenticatedTransport>, CredentialError> {
        let mut current = self.inner.transport.lock().await;
        if let Some(transport) = current.as_ref()
            && !Arc::ptr_eq(&transport.credential, &rejected.credential)
        {
            return Ok(Some(transport.clone()));
        }
        let Some(credential) = self
            .inner
            .credentials
            .refresh_rejected(&rejected.credential)
            .await?
        else {
            return Ok(None);
        };
        let transport = self.inner.transport(credential, current.as_ref()).await?;
        *current = Some(transport.clone());
        Ok(Some(transport))
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

    /// Returns the server's URL, without user information.
    pub fn url(&self) -> &Uri {
        &self.inner.address.url
    }

    /// Returns whether requests are sent over TLS.
    pub fn is_https(&self) -> bool {
        self.inner.address.is_https()
    }

    /// Returns whether the server's certificate is verified; meaningless for plain HTTP.
    pub fn verifies_certificate(&self) -> bool {
        self.inner.cluster.insecure_skip_tls_verify != Some(true)
    }

    /// Returns whether the server's host is `localhost` or a loopback address.
    pub fn is_loopback(&self) -> bool {
        self.inner.address.is_loopback()
    }

    /// Returns the `proxy-url` of the kubeconfig or the flag, which may contain a password. Not the environment's proxy,
    /// which never applies to loopback addresses.
    pub fn proxy_url(&self) -> Option<&str> {
        self.inner.cluster.proxy_url.as_deref()
    }
}

impl Inner {
    /// Returns a transport with `credential`. Reuses the open connections of `last` unless the client certificate differs.
    async fn transport(
        self: &Arc<Self>,
        credential: Arc<Credential>,
        last: Option<&AuthenticatedTransport>,
    ) -> Result<AuthenticatedTransport, CredentialError> {
        if let Some(last) = last
            && credential.client_certificate.is_none()
            && last.credential.client_certificate.is_none()
        {
            return Ok(AuthenticatedTransport {
                credential,
                http: last.http.clone(),
            });
        }
        let (inner, certificate) = (Arc::clone(self), credential.client_certificate.clone());
        let (tls, trusts_only_leaf_certs) = run_blocking(move || inner.tls(certificate)).await?;
        self.trusts_only_leaf_certs
            .store(trusts_only_leaf_certs, Ordering::Relaxed);
        let proxy = Proxy::to(
            &self.address.url,
            self.cluster.proxy_url.as_deref(),
            &self.environment,
        )?;
        let http = transport::http(&tls, proxy.as_ref(), &self.request_defaults.user_agent);
        Ok(AuthenticatedTransport {
            http: transport::to_server(http, &self.request_defaults)?,
            credential,
        })
    }

    /// Reads the certificate files and returns the TLS settings, and whether all certificate authorities are leaf
    /// certificates. `certificate` replaces the user's client certificate. Blocks.
    ///
    /// # Errors
    /// A certificate or key cannot be read or used.
    fn tls(&self, certificate: Option<Arc<CertifiedKey>>) -> Result<(Tls, bool), CredentialError> {
        let https = self.address.is_https();
        let trust = if https {
            Trust::of(&self.cluster)?
        } else {
            Trust::default()
        };
        let certificate = match certificate {
            None if https => crate::client_certificate::of(&self.user)?,
            certificate => certificate,
        };
        let tls = trust.tls(https, certificate.as_ref())?;
        Ok((tls, trust.contains_only_leaf_certs()))
    }
}
