//! Resolves the kubeconfig files and flags of a run into connections. Sends no request and runs no exec plugin.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::Mutex;

use super::cluster_info::ClusterInfo;
use super::connection::{Connection, Inner};
use super::credential_cache::CredentialCache;
use super::credential_selection::{self, ExecPlugins};
use super::credential_source::{CredentialSource, Credentials};
use super::effective_config::EffectiveConfig;
use super::environment::Environment;
use super::exec_plugin_policy::{KubercError, Policy};
use super::files::Merged;
use super::kubeconfig::User;
use super::options::{ConnectionOptions, REQUEST_TIMEOUT};
use super::resolve_error::ResolveError;
use super::server_address::{AddressError, ServerAddress};
use super::transport::RequestDefaults;
use super::{headers, in_cluster, validation};

/// The merged kubeconfig files of a run, from which a connection to each context can be resolved.
pub struct Kubeconfig {
    merged: Merged,
    environment: Environment,
    /// The policy for exec plugins with a notice about an unusable kuberc, or the error that ends the run.
    policy: Result<(Policy, Option<String>), KubercError>,
    credential_cache: CredentialCache,
}

impl Kubeconfig {
    /// Reads the kubeconfig files that `options` and `environment` name, and the user's kuberc.
    ///
    /// # Errors
    /// A file cannot be read or is no kubeconfig.
    pub fn load(
        options: &ConnectionOptions,
        environment: Environment,
    ) -> Result<Self, ResolveError> {
        let policy = Policy::of(&environment);
        // kubectl reads its kuberc first, so that an error there comes before one in a kubeconfig.
        let merged = Merged::load(options, &environment).map_err(|error| match &policy {
            Err(kuberc) => ResolveError::from(kuberc.clone()),
            Ok(_) => error.into(),
        })?;
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
        let namespace = config.context.namespace.take().filter(|it| !it.is_empty());
        let namespace = match namespace {
            None if in_cluster::is_possible(environment) => in_cluster::namespace(environment),
            namespace => namespace,
        };
        let has_timeout = matches!(options.request_timeout, Some(Some(_)));
        if in_cluster::is_requested(&config, &address, has_timeout, environment) {
            let authority = options.certificate_authority.as_deref();
            in_cluster::configure(
                &mut config,
                authority.filter(|it| !it.is_empty()),
                environment,
            );
            address = self::address(&config)?;
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
            inner: Arc::new(Inner {
                request_defaults: RequestDefaults {
                    server: address.url.clone(),
                    user_agent: headers::user_agent(options)?,
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

fn address(config: &EffectiveConfig) -> Result<ServerAddress, AddressError> {
    ServerAddress::parse(config.cluster.server.as_deref().unwrap_or_default())
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
}
