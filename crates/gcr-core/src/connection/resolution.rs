//! From the kubeconfigs of a run, and flags laid over them, to a connection. Sends nothing and runs nothing.

use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use tokio::sync::Mutex;

use super::ResolveError;
use super::cluster_info::ClusterInfo;
use super::credential::{CredentialSource, Credentials};
use super::credential_cache::CredentialCache;
use super::credential_selection::ExecPlugins;
use super::effective_config::EffectiveConfig;
use super::environment::Environment;
use super::exec_plugin_policy::Policy;
use super::files::Merged;
use super::kubeconfig::User;
use super::server_address::{ServerAddress, bare_host, is_loopback};
use super::transport::RequestDefaults;
use super::{
    Connection, ConnectionOptions, Inner, credential_selection, headers, in_cluster, validation,
};
use crate::domain::escape_control::escape_control;

/// The time limit of one try unless `--request-timeout` says otherwise: a second more than the 34 s after which a
/// kube-apiserver itself gives up on a write (apiserver `endpoints/handlers/rest.go`).
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(35);

/// All kubeconfig files of a run as one: gives a connection for each context that is asked for.
pub struct Kubeconfig {
    merged: Merged,
    environment: Environment,
    /// Which plugins may run, and what is to be said of the file that says so; or why nothing can be done.
    policy: Result<(Policy, Option<String>), String>,
    shared: CredentialCache,
}

impl Kubeconfig {
    /// Reads the files that `options` and `environment` name.
    ///
    /// # Errors
    /// The line or lines to print.
    pub fn load(options: &ConnectionOptions, environment: Environment) -> Result<Self, String> {
        let policy = Policy::of(&environment);
        // kubectl reads its preferences before anything else.
        let merged = Merged::load(options, &environment)
            .map_err(|error| policy.as_ref().err().cloned().unwrap_or(error))?;
        Ok(Self {
            merged,
            policy,
            environment,
            shared: CredentialCache::default(),
        })
    }

    /// The names of all contexts, clusters and users, in order.
    pub fn names(&self) -> [Vec<String>; 3] {
        self.merged.names()
    }

    /// What the user should know of their preferences, though it stops nothing: a line to print.
    pub fn notice(&self) -> Option<&str> {
        self.policy.as_ref().ok()?.1.as_deref()
    }

    /// The connection that `options` describe. Credential plugins are shared among those of one kubeconfig. Sends nothing
    /// and runs nothing.
    ///
    /// # Errors
    /// The kubeconfig, the flags or the environment describe no usable connection.
    pub fn connection(&self, options: &ConnectionOptions) -> Result<Connection, ResolveError> {
        let environment = &self.environment;
        let (policy, _) = self.policy.as_ref().map_err(Clone::clone)?;
        let mut chosen = EffectiveConfig::pick(&self.merged, options, environment);
        if options.validate_context_first {
            validation::check(&chosen)?;
            chosen.check_names(options)?;
        } else {
            chosen.check_names(options)?;
            validation::check(&chosen)?;
        }
        let mut address = address(&chosen)?;
        let insecure_by_file = chosen.cluster.insecure_skip_tls_verify == Some(true)
            && !options.insecure_skip_tls_verify;
        let proxy = chosen.cluster.proxy_url.as_deref();
        let insecure_reason = insecure_reason(&address, proxy, insecure_by_file, options);
        let namespace = chosen.context.namespace.take().filter(|it| !it.is_empty());
        let namespace = match namespace {
            None if in_cluster::is_possible(environment) => in_cluster::namespace(environment),
            namespace => namespace,
        };
        let times_out = matches!(options.request_timeout, Some(Some(_)));
        let mut insecure_reason = insecure_reason;
        if in_cluster::is_asked_for(&chosen, &address, times_out, environment) {
            let authority = options.certificate_authority.as_deref();
            in_cluster::adopt(
                &mut chosen,
                authority.filter(|it| !it.is_empty()),
                environment,
            );
            address = self::address(&chosen)?;
            insecure_reason = None;
        }
        let credentials = self.credentials(&mut chosen, &mut address, policy, options);
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
            insecure_reason,
            inner: Arc::new(Inner {
                envelope: RequestDefaults {
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
        chosen: &mut EffectiveConfig,
        address: &mut ServerAddress,
        policy: &Policy,
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
            return Arc::new(Credentials::new(CredentialSource::None));
        }
        if let Some(info) = address.user_info.take() {
            // Go's own HTTP client puts it in before client-go comes to look whether anything is missing.
            let (user, password) = info.split_once(':').unwrap_or((&info, ""));
            let plain = |text: &str| {
                percent_encoding::percent_decode_str(text)
                    .decode_utf8_lossy()
                    .into_owned()
            };
            chosen.user.username = Some(plain(user));
            chosen.user.password = Some(plain(password));
            chosen.user.token = None;
            chosen.user.token_file = None;
            chosen.user.auth_provider = None;
            chosen.user.exec = None;
        }
        let cluster = chosen.cluster.clone();
        let environment = &self.environment;
        let url = address.url.clone();
        let plugins = ExecPlugins {
            shared: &self.shared,
            policy,
            cluster: || ClusterInfo::of(&cluster, &url, environment),
        };
        credential_selection::credentials(chosen, plugins, options, environment)
    }
}

fn address(chosen: &EffectiveConfig) -> Result<ServerAddress, String> {
    ServerAddress::parse(chosen.cluster.server.as_deref().unwrap_or_default())
}

/// Whether an address is one of this machine's.
fn is_here(url: &str) -> bool {
    url.parse()
        .is_ok_and(|url: Uri| is_loopback(bare_host(&url)))
}

/// Why a key may not travel: a connection is not trusted with it just because a kubeconfig says so (CLI.md).
fn insecure_reason(
    address: &ServerAddress,
    proxy: Option<&str>,
    insecure_by_file: bool,
    options: &ConnectionOptions,
) -> Option<String> {
    let url = &address.url;
    if !address.is_https() {
        let named = options.server.as_ref().is_some_and(|it| !it.is_empty());
        let far_proxy = proxy.filter(|proxy| !is_here(proxy));
        let stays_here = address.is_loopback() && far_proxy.is_none();
        let by_way = match far_proxy.map(str::parse::<Uri>) {
            None => String::new(),
            Some(Ok(proxy)) => {
                format!(" by way of the proxy {}", escape_control(bare_host(&proxy)))
            }
            Some(Err(_)) => " by way of a proxy".to_owned(),
        };
        return (!stays_here && !named).then(|| {
            format!("error: the kubeconfig reaches {url} over plain HTTP{by_way}, and a key would travel readable: give --server={url} to send it all the same")
        });
    }
    insecure_by_file.then(|| {
        format!("error: the kubeconfig switches certificate verification off for {url}, and a key would go to whoever answers there: give --insecure-skip-tls-verify to send it all the same")
    })
}
