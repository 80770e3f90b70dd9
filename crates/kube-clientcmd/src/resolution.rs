//! Resolves the kubeconfig files and flags of a run into connections. Sends no request and runs no exec plugin.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
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
use crate::escape_control::escape_control;

/// The time limit of one attempt unless `--request-timeout` sets another: a second more than the 34 s after which a
/// kube-apiserver itself gives up on a write (apiserver `endpoints/handlers/rest.go`).
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(35);

/// The merged kubeconfig files of a run, from which a connection to each context can be resolved.
pub struct Kubeconfig {
    merged: Merged,
    environment: Environment,
    /// The policy for exec plugins with a notice about an unusable kuberc, or the error that ends the run.
    policy: Result<(Policy, Option<String>), String>,
    credential_cache: CredentialCache,
}

impl Kubeconfig {
    /// Reads the kubeconfig files that `options` and `environment` name, and the user's kuberc.
    ///
    /// # Errors
    /// The message to print: a file cannot be read or is no kubeconfig.
    pub fn load(options: &ConnectionOptions, environment: Environment) -> Result<Self, String> {
        let policy = Policy::of(&environment);
        // kubectl reads its kuberc first, so that an error there comes before one in a kubeconfig.
        let merged = Merged::load(options, &environment)
            .map_err(|error| policy.as_ref().err().cloned().unwrap_or(error))?;
        Ok(Self {
            merged,
            policy,
            environment,
            credential_cache: CredentialCache::default(),
        })
    }

    /// Returns the sorted names of all contexts, clusters and users.
    pub fn names(&self) -> [Vec<String>; 3] {
        self.merged.names()
    }

    /// Returns a line to print about a kuberc that cannot be used but does not end the run.
    pub fn notice(&self) -> Option<&str> {
        self.policy.as_ref().ok()?.1.as_deref()
    }

    /// Resolves the connection that `options` describe. Connections of one `Kubeconfig` share exec plugins and their
    /// credentials. Sends no request and runs no exec plugin.
    ///
    /// # Errors
    /// The kubeconfig, the flags or the environment describe no usable connection.
    pub fn connection(&self, options: &ConnectionOptions) -> Result<Connection, ResolveError> {
        let environment = &self.environment;
        let (policy, _) = self.policy.as_ref().map_err(Clone::clone)?;
        let mut config = EffectiveConfig::select(&self.merged, options, environment);
        if options.validate_context_first {
            validation::check(&config)?;
            config.check_names(options)?;
        } else {
            config.check_names(options)?;
            validation::check(&config)?;
        }
        let mut address = address(&config)?;
        let insecure_by_file = config.cluster.insecure_skip_tls_verify == Some(true)
            && !options.insecure_skip_tls_verify;
        let proxy = config.cluster.proxy_url.as_deref();
        let insecure_reason = insecure_reason(&address, proxy, insecure_by_file, options);
        let namespace = config.context.namespace.take().filter(|it| !it.is_empty());
        let namespace = match namespace {
            None if in_cluster::is_possible(environment) => in_cluster::namespace(environment),
            namespace => namespace,
        };
        let has_timeout = matches!(options.request_timeout, Some(Some(_)));
        let mut insecure_reason = insecure_reason;
        if in_cluster::is_requested(&config, &address, has_timeout, environment) {
            let authority = options.certificate_authority.as_deref();
            in_cluster::configure(
                &mut config,
                authority.filter(|it| !it.is_empty()),
                environment,
            );
            address = self::address(&config)?;
            insecure_reason = None;
        }
        let credentials = self.credentials(&mut config, &mut address, policy, options);
        let headers = headers::of(&config.user, options)?;
        Ok(Connection {
            server: address
                .url
                .authority()
                .map(ToString::to_string)
                .unwrap_or_default(),
            request_timeout: options.request_timeout.unwrap_or(Some(REQUEST_TIMEOUT)),
            context: Some(config.context_name.clone()).filter(|name| !name.is_empty()),
            namespace,
            insecure_reason,
            inner: Arc::new(Inner {
                request_defaults: RequestDefaults {
                    server: address.url.clone(),
                    headers,
                    compression: config.cluster.disable_compression != Some(true),
                },
                address,
                cluster: config.cluster,
                user: config.user,
                credentials,
                environment: environment.clone(),
                transport: Mutex::new(None),
                trusts_only_leaf_certs: AtomicBool::new(false),
            }),
        })
    }

    fn credentials(
        &self,
        config: &mut EffectiveConfig,
        address: &mut ServerAddress,
        policy: &Policy,
        options: &ConnectionOptions,
    ) -> Arc<Credentials> {
        if !address.is_https() {
            // Like client-go, sends no credential over plain HTTP.
            config.user = User {
                impersonate: config.user.impersonate.take(),
                impersonate_uid: config.user.impersonate_uid.take(),
                impersonate_groups: config.user.impersonate_groups.take(),
                impersonate_user_extra: config.user.impersonate_user_extra.take(),
                ..User::default()
            };
            return Arc::new(Credentials::new(CredentialSource::None));
        }
        if let Some(info) = address.user_info.take() {
            // Go's HTTP client turns user and password of a URL into basic authentication before client-go's round
            // trippers run, so that they take precedence.
            let (user, password) = info.split_once(':').unwrap_or((&info, ""));
            let decoded = |text: &str| {
                percent_encoding::percent_decode_str(text)
                    .decode_utf8_lossy()
                    .into_owned()
            };
            config.user.username = Some(decoded(user));
            config.user.password = Some(decoded(password));
            config.user.token = None;
            config.user.token_file = None;
            config.user.auth_provider = None;
            config.user.exec = None;
        }
        let cluster = config.cluster.clone();
        let environment = &self.environment;
        let url = address.url.clone();
        let exec_plugins = ExecPlugins {
            cache: &self.credential_cache,
            policy,
            cluster: || ClusterInfo::of(&cluster, &url, environment),
        };
        credential_selection::credentials(config, exec_plugins, options, environment)
    }
}

fn address(config: &EffectiveConfig) -> Result<ServerAddress, String> {
    ServerAddress::parse(config.cluster.server.as_deref().unwrap_or_default())
}

/// Returns whether a URL's host is this machine.
fn is_local(url: &str) -> bool {
    url.parse()
        .is_ok_and(|url: Uri| is_loopback(bare_host(&url)))
}

/// Returns the error for sending a key over this connection, if it is not confidential. An insecure setting in a kubeconfig
/// is not enough: the user must confirm it with a flag of this run.
fn insecure_reason(
    address: &ServerAddress,
    proxy: Option<&str>,
    insecure_by_file: bool,
    options: &ConnectionOptions,
) -> Option<String> {
    let url = &address.url;
    if !address.is_https() {
        let named = options.server.as_ref().is_some_and(|it| !it.is_empty());
        let remote_proxy = proxy.filter(|proxy| !is_local(proxy));
        let is_local = address.is_loopback() && remote_proxy.is_none();
        let through = match remote_proxy.map(str::parse::<Uri>) {
            None => String::new(),
            Some(Ok(proxy)) => {
                format!(" through the proxy {}", escape_control(bare_host(&proxy)))
            }
            Some(Err(_)) => " through a proxy".to_owned(),
        };
        return (!is_local && !named).then(|| {
            format!("error: refusing to send the key to {url} over plain HTTP{through}, as the kubeconfig says; pass --server={url} to allow it")
        });
    }
    insecure_by_file.then(|| {
        format!("error: refusing to send the key to {url}, for which the kubeconfig disables certificate verification; pass --insecure-skip-tls-verify to allow it")
    })
}
