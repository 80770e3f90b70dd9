//! From flags, environment and kubeconfig files to a connection: which cluster, as whom, how.
//!
//! ```text
//! files ─▶ merged ─▶ chosen (flags laid over) ─▶ validation ─▶ address, trust, proxy, credentials ─▶ client
//! ```
//!
//! client-go's rules and words (`tools/clientcmd`, `rest`, `transport`, `plugin/pkg/client/auth`). kube does the HTTP; it
//! decides nothing. Never falls back to another cluster than the one that was asked for, sends no credential over plain
//! HTTP, and shows nothing of a kubeconfig but names and addresses.

mod chosen;
mod client;
mod credential;
pub mod environment;
mod files;
mod go_errors;
mod headers;
mod identify;
mod identity;
mod in_cluster;
mod kubeconfig;
mod no_proxy;
mod oidc;
mod oidc_file;
mod oidc_issuer;
pub mod options;
mod plain_yaml;
mod plugin;
pub mod proxy;
mod server_address;
mod shared;
pub(crate) mod transport;
pub(crate) mod trouble;
mod trust;
mod validation;
mod x509;

use std::sync::Arc;
use std::time::Duration;

use rustls::sign::CertifiedKey;
use tokio::sync::Mutex;

use chosen::Chosen;
pub use client::Client;
use credential::{Credential, Credentials, Source};
use environment::Environment;
use files::Merged;
use kubeconfig::{Cluster, User};
pub use options::ConnectionOptions;
use plugin::ClusterInfo;
use proxy::Proxy;
use server_address::ServerAddress;
use shared::Shared;
use transport::Envelope;
use trust::Trust;

/// The time limit of one try unless `--request-timeout` says otherwise: a second more than the 34 s after which a
/// kube-apiserver itself gives up on a write (apiserver `endpoints/handlers/rest.go`).
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(35);

/// All kubeconfig files of a run as one: gives a connection for each context that is asked for.
pub struct Kubeconfig {
    merged: Merged,
    environment: Environment,
    shared: Shared,
}

impl Kubeconfig {
    /// Reads the files that `options` and `environment` name.
    ///
    /// # Errors
    /// The line or lines to print.
    pub fn load(options: &ConnectionOptions, environment: Environment) -> Result<Self, String> {
        Ok(Self {
            merged: Merged::load(options, &environment)?,
            environment,
            shared: Shared::default(),
        })
    }

    /// The names of all contexts, clusters and users, in order.
    pub fn names(&self) -> [Vec<String>; 3] {
        let merged = &self.merged;
        [
            files::names(&merged.contexts),
            files::names(&merged.clusters),
            files::names(&merged.users),
        ]
    }

    /// The connection that `options` describe. Credential plugins are shared among those of one kubeconfig. Sends nothing
    /// and runs nothing.
    ///
    /// # Errors
    /// The line or lines to print.
    pub fn connection(&self, options: &ConnectionOptions) -> Result<Connection, String> {
        let environment = &self.environment;
        let mut chosen = Chosen::pick(&self.merged, options, environment)?;
        validation::check(&chosen)?;
        let mut address = address(&chosen)?;
        let insecure_by_file = chosen.cluster.insecure_skip_tls_verify == Some(true)
            && !options.insecure_skip_tls_verify;
        let key_may_not_travel = key_may_not_travel(&address, insecure_by_file, options);
        let namespace = chosen.context.namespace.take().filter(|it| !it.is_empty());
        let namespace = match namespace {
            None if in_cluster::is_possible(environment) => in_cluster::namespace(environment),
            namespace => namespace,
        };
        let times_out = matches!(options.request_timeout, Some(Some(_)));
        let mut key_may_not_travel = key_may_not_travel;
        if in_cluster::is_asked_for(&chosen, &address, times_out, environment) {
            let authority = options.certificate_authority.as_deref();
            in_cluster::adopt(
                &mut chosen,
                authority.filter(|it| !it.is_empty()),
                environment,
            );
            address = self::address(&chosen)?;
            key_may_not_travel = None;
        }
        let credentials = self.credentials(&mut chosen, &mut address, options);
        let headers = headers::of(&chosen.user, options)?;
        Ok(Connection {
            server: address
                .url
                .authority()
                .map(ToString::to_string)
                .unwrap_or_default(),
            request_timeout: options.request_timeout.unwrap_or(Some(REQUEST_TIMEOUT)),
            context: Some(chosen.context_name.clone()).filter(|name| !name.is_empty()),
            namespace,
            key_may_not_travel,
            inner: Arc::new(Inner {
                envelope: Envelope {
                    server: address.url.clone(),
                    headers,
                    compression: chosen.cluster.disable_compression != Some(true),
                },
                address,
                cluster: chosen.cluster,
                user: chosen.user,
                credentials,
                environment: environment.clone(),
                held: Mutex::new(None),
            }),
        })
    }

    fn credentials(
        &self,
        chosen: &mut Chosen,
        address: &mut ServerAddress,
        options: &ConnectionOptions,
    ) -> Arc<Credentials> {
        if !address.is_https() {
            // As client-go: no credential over a connection that anybody can read.
            chosen.user = User {
                impersonate: chosen.user.impersonate.take(),
                impersonate_uid: chosen.user.impersonate_uid.take(),
                impersonate_groups: chosen.user.impersonate_groups.take(),
                impersonate_user_extra: chosen.user.impersonate_user_extra.take(),
                ..User::default()
            };
            return Arc::new(Credentials::new(Source::None));
        }
        if let Some(info) = address.user_info.take()
            && chosen.user.token.is_none()
            && chosen.user.token_file.is_none()
            && chosen.user.username.is_none()
        {
            let (user, password) = info.split_once(':').unwrap_or((&info, ""));
            let plain = |text: &str| {
                percent_encoding::percent_decode_str(text)
                    .decode_utf8_lossy()
                    .into_owned()
            };
            chosen.user.username = Some(plain(user));
            chosen.user.password = Some(plain(password));
        }
        let cluster = chosen.cluster.clone();
        let environment = &self.environment;
        let url = address.url.clone();
        let info = || ClusterInfo::of(&cluster, &url, environment);
        identify::credentials(chosen, info, options.stdin_taken, &self.shared, environment)
    }
}

fn address(chosen: &Chosen) -> Result<ServerAddress, String> {
    ServerAddress::parse(chosen.cluster.server.as_deref().unwrap_or_default())
}

/// Why a key may not travel: a connection is not trusted with it just because a kubeconfig says so (CLI.md).
fn key_may_not_travel(
    address: &ServerAddress,
    insecure_by_file: bool,
    options: &ConnectionOptions,
) -> Option<String> {
    let url = &address.url;
    if !address.is_https() {
        let named = options.server.as_ref().is_some_and(|it| !it.is_empty());
        return (!address.is_loopback() && !named).then(|| {
            format!("error: the kubeconfig reaches {url} over plain HTTP, and a key would travel readable: give --server={url} to send it all the same")
        });
    }
    insecure_by_file.then(|| {
        format!("error: the kubeconfig switches certificate verification off for {url}, and a key would go to whoever answers there: give --insecure-skip-tls-verify to send it all the same")
    })
}

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
    key_may_not_travel: Option<String>,
    inner: Arc<Inner>,
}

struct Inner {
    envelope: Envelope,
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
    /// The line or lines to print.
    pub fn resolve(options: &ConnectionOptions) -> Result<Self, String> {
        Kubeconfig::load(options, Environment::of_process())?.connection(options)
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
            key_may_not_travel: None,
            inner: Arc::new(Inner {
                envelope: Envelope {
                    server: address.url.clone(),
                    headers: Vec::new(),
                    compression: false,
                },
                address,
                cluster: Cluster::default(),
                user: User::default(),
                credentials: Arc::new(Credentials::new(Source::None)),
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
        let client = self.inner.client(credential, held.as_ref())?;
        *held = Some(client.clone());
        Ok(client)
    }

    /// Another client after the server refused `refused`'s credential: one for all who wait. `None` where there is no
    /// other credential.
    ///
    /// # Errors
    /// The line or lines to print.
    pub async fn instead_of(&self, refused: &Client) -> Result<Option<Client>, String> {
        let mut held = self.inner.held.lock().await;
        if let Some(client) = held.as_ref()
            && !Arc::ptr_eq(&client.credential, &refused.credential)
        {
            return Ok(Some(client.clone()));
        }
        let Some(credential) = self
            .inner
            .credentials
            .instead_of(&refused.credential)
            .await?
        else {
            return Ok(None);
        };
        let client = self.inner.client(credential, held.as_ref())?;
        *held = Some(client.clone());
        Ok(Some(client))
    }

    /// Whether a credential plugin may ask the user something.
    pub fn may_ask(&self) -> bool {
        self.inner.credentials.may_ask()
    }

    /// Whether both reach the same server, the same way: whatever is done over one is done over the other.
    pub fn reaches_the_same(&self, other: &Self) -> bool {
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
    pub fn may_carry_a_key(&self) -> Result<(), String> {
        self.key_may_not_travel.clone().map_or(Ok(()), Err)
    }
}

impl Inner {
    /// A client with `credential`, over `last`'s connections unless it shows another certificate.
    fn client(&self, credential: Arc<Credential>, last: Option<&Client>) -> Result<Client, String> {
        if let Some(last) = last
            && credential.identity.is_none()
            && last.credential.identity.is_none()
        {
            return Ok(Client {
                credential,
                ..last.clone()
            });
        }
        let https = self.address.is_https();
        let trust = if https {
            Trust::of(&self.cluster)?
        } else {
            Trust::default()
        };
        let identity: Option<Arc<CertifiedKey>> = match &credential.identity {
            Some(identity) => Some(Arc::clone(identity)),
            None if https => identity::of(&self.user).map_err(|error| format!("error: {error}"))?,
            None => None,
        };
        let tls = trust.tls(https, identity.as_ref())?;
        let proxy = Proxy::to(
            &self.address.url,
            self.cluster.proxy_url.as_deref(),
            &self.environment,
        )?;
        let http = transport::client(transport::http(&tls, proxy.as_ref()), &self.envelope)?;
        Ok(Client {
            http,
            credential,
            leaves_for_authorities: trust.is_of_leaves(),
        })
    }
}

#[cfg(test)]
mod tests;
