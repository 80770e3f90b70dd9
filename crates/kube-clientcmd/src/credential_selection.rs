//! Selects the source of a user's credential.
//!
//! The precedence is client-go's (`clientcmd/client_config.go`, `rest/transport.go`, `transport/round_trippers.go`), with one
//! deliberate difference: `--token` takes precedence over `tokenFile`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::cluster_info::{ClusterInfo, ClusterInfoError};
use super::credential_cache::CredentialCache;
use super::credential_error::CredentialCause;
use super::credential_source::{CredentialSource, Credentials};
use super::effective_config::EffectiveConfig;
use super::environment::Environment;
use super::exec_plugin_file::SearchPath;
use super::exec_plugin_policy::{Lookup, Policy};
use super::headers::{basic, bearer, user_agent};
use super::kubeconfig::AuthProvider;
use super::oidc::Oidc;
use super::options::ConnectionOptions;

/// The parameters of an exec plugin besides its settings.
pub(super) struct ExecPlugins<'a, C> {
    /// The credentials that the connections of the run share.
    pub(super) cache: &'a CredentialCache,
    /// Which exec plugins may run.
    pub(super) policy: &'a Policy,
    /// Returns the cluster information for an exec plugin that requests it.
    pub(super) cluster: C,
}

/// Returns the credentials of the user in `config`, for a server that is reached over TLS.
pub(super) fn credentials<C: FnOnce() -> Result<ClusterInfo, ClusterInfoError>>(
    config: &mut EffectiveConfig,
    exec_plugins: ExecPlugins<'_, C>,
    options: &ConnectionOptions,
    environment: &Environment,
) -> Arc<Credentials> {
    let ExecPlugins {
        cache,
        policy,
        cluster,
    } = exec_plugins;
    let unshared = |source| Arc::new(Credentials::new(source));
    let has_certificate =
        config.user.client_certificate.is_some() || config.user.client_certificate_data.is_some();
    let provider = match config.user.auth_provider.take() {
        Some(provider) => match oidc(provider, config, options, environment) {
            Ok(oidc) => Some(oidc),
            Err(cause) => return unshared(unavailable(cause)),
        },
        None => None,
    };
    let user = &mut config.user;
    let has_token = user.token.is_some() || user.token_file.is_some();
    // client-go ignores a password without a user name.
    let has_basic = user.username.is_some();
    if has_token && has_basic {
        return unshared(unavailable(CredentialCause::BasicAndToken));
    }
    if let Some(file) = user.token_file.take() {
        return unshared(CredentialSource::TokenFile(file.into(), user.token.take()));
    }
    let fixed = match (user.token.take(), has_basic) {
        (Some(token), _) => Some(bearer(&token)),
        (None, true) => Some(basic(
            user.username.as_deref().unwrap_or_default(),
            user.password.as_deref().unwrap_or_default(),
        )),
        (None, false) => None,
    };
    if let Some(fixed) = fixed {
        return unshared(fixed.map_or_else(unavailable, CredentialSource::Fixed));
    }
    if let Some(oidc) = provider {
        return cache.oidc(config.user_file.clone(), &config.user_name, || {
            CredentialSource::Oidc(Box::new(oidc))
        });
    }
    if has_certificate {
        return unshared(CredentialSource::None);
    }
    let Some(exec) = user.exec.take() else {
        return unshared(unavailable(missing_credentials(config)));
    };
    let cluster = match exec.provide_cluster_info {
        Some(true) => match cluster() {
            Ok(cluster) => Some(cluster),
            Err(cause) => return unshared(unavailable(cause)),
        },
        _ => None,
    };
    cache.exec_plugin(
        exec,
        cluster,
        options.stdin_taken,
        Lookup {
            search: SearchPath::of(environment),
            policy: policy.clone(),
        },
        |plugin| {
            plugin.map_or_else(unavailable, |plugin| {
                CredentialSource::ExecPlugin(Box::new(plugin))
            })
        },
    )
}

fn unavailable(cause: impl Into<CredentialCause>) -> CredentialSource {
    CredentialSource::Unavailable(cause.into().into())
}

/// Returns the `oidc` user of an auth provider.
///
/// # Errors
/// The auth provider does not exist or is not configured.
fn oidc(
    provider: AuthProvider,
    config: &EffectiveConfig,
    options: &ConnectionOptions,
    environment: &Environment,
) -> Result<Oidc, CredentialCause> {
    match provider.name.as_deref().unwrap_or_default() {
        "oidc" => {
            let mut settings: BTreeMap<String, String> = provider
                .config
                .unwrap_or_default()
                .into_iter()
                .map(|(key, value)| (key, value.unwrap_or_default()))
                .collect();
            if options.disable_token_refresh {
                settings.remove("refresh-token");
            }
            let file = config.user_file.clone();
            let user_agent = user_agent(options)?;
            Ok(Oidc::new(
                settings,
                &config.user_name,
                file,
                environment,
                user_agent,
            )?)
        }
        "gcp" => Err(CredentialCause::RemovedProvider(
            "gcp",
            "\"gke-gcloud-auth-plugin\"",
            "https://cloud.google.com/blog/products/containers-kubernetes/kubectl-auth-changes-in-gke",
        )),
        "azure" => Err(CredentialCause::RemovedProvider(
            "azure",
            "https://github.com/Azure/kubelogin",
            "https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins",
        )),
        other => Err(CredentialCause::UnknownProvider(other.to_owned())),
    }
}

/// Returns the error for a user without credentials. kubectl would prompt for a user name here.
fn missing_credentials(config: &EffectiveConfig) -> CredentialCause {
    let user = config.user_name.clone();
    if user.is_empty() {
        CredentialCause::NoUser
    } else if config.user_file.is_none() {
        CredentialCause::UserNotFound {
            user,
            context: config.context_name.clone(),
        }
    } else {
        CredentialCause::NoCredentials(user)
    }
}
