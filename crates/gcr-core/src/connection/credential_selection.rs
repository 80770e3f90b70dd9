//! From a user's entry to the source of its credential: which of several counts.
//!
//! client-go's order (`clientcmd/client_config.go`, `rest/transport.go`, `transport/round_trippers.go`), with one
//! deliberate difference: `--token` beats a `tokenFile`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ConnectionOptions;
use super::cluster_info::ClusterInfo;
use super::credential::{CredentialSource, Credentials, basic, bearer};
use super::credential_cache::CredentialCache;
use super::effective_config::EffectiveConfig;
use super::environment::Environment;
use super::exec_plugin::ExecPlugin;
use super::exec_plugin_file::SearchPath;
use super::exec_plugin_policy::{Lookup, Policy};
use super::kubeconfig::AuthProvider;
use super::oidc::Oidc;
use crate::domain::escape_control::escape_control;

/// What a credential plugin is started by.
pub(super) struct ExecPlugins<'a, C> {
    /// Those that are there already.
    pub(super) shared: &'a CredentialCache,
    /// Which of them may run.
    pub(super) policy: &'a Policy,
    /// What they may be told of the cluster.
    pub(super) cluster: C,
}

/// The credentials of `chosen`'s user for a server that is reached over TLS.
pub(super) fn credentials<C: FnOnce() -> Result<ClusterInfo, String>>(
    chosen: &mut EffectiveConfig,
    plugins: ExecPlugins<'_, C>,
    options: &ConnectionOptions,
    environment: &Environment,
) -> Arc<Credentials> {
    let ExecPlugins {
        shared,
        policy,
        cluster,
    } = plugins;
    let alone = |source| Arc::new(Credentials::new(source));
    let has_certificate =
        chosen.user.client_certificate.is_some() || chosen.user.client_certificate_data.is_some();
    let provider = match chosen.user.auth_provider.take() {
        Some(provider) => match oidc(provider, chosen, options, environment) {
            Ok(oidc) => Some(oidc),
            Err(why) => return alone(CredentialSource::Unavailable(format!("error: {why}"))),
        },
        None => None,
    };
    let user = &mut chosen.user;
    let has_token = user.token.is_some() || user.token_file.is_some();
    // A password alone identifies nobody.
    let has_basic = user.username.is_some();
    if has_token && has_basic {
        return alone(CredentialSource::Unavailable(
            "error: username/password or bearer token may be set, but not both".to_owned(),
        ));
    }
    if let Some(file) = user.token_file.take() {
        return alone(CredentialSource::TokenFile(file.into(), user.token.take()));
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
        return alone(fixed.map_or_else(CredentialSource::Unavailable, CredentialSource::Fixed));
    }
    if let Some(oidc) = provider {
        return shared.oidc(chosen.user_file.clone(), &chosen.user_name, || {
            CredentialSource::Oidc(Box::new(oidc))
        });
    }
    if has_certificate {
        return alone(CredentialSource::None);
    }
    let Some(exec) = user.exec.take() else {
        return alone(CredentialSource::Unavailable(missing_credentials(chosen)));
    };
    let cluster = match exec.provide_cluster_info {
        Some(true) => match cluster() {
            Ok(cluster) => Some(cluster),
            Err(line) => return alone(CredentialSource::Unavailable(line)),
        },
        _ => None,
    };
    shared.plugin(
        exec,
        cluster,
        options.stdin_taken,
        Lookup {
            search: SearchPath::of(environment),
            policy: policy.clone(),
        },
        |plugin: Result<ExecPlugin, String>| {
            plugin.map_or_else(CredentialSource::Unavailable, |plugin| {
                CredentialSource::ExecPlugin(Box::new(plugin))
            })
        },
    )
}

fn oidc(
    provider: AuthProvider,
    chosen: &EffectiveConfig,
    options: &ConnectionOptions,
    environment: &Environment,
) -> Result<Oidc, String> {
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
            Oidc::new(settings, &chosen.user_name, chosen.user_file.clone(), environment)
        }
        "gcp" => Err("The gcp auth plugin has been removed.\n\
            Please use the \"gke-gcloud-auth-plugin\" kubectl/client-go credential plugin instead.\n\
            See https://cloud.google.com/blog/products/containers-kubernetes/kubectl-auth-changes-in-gke for further details"
            .to_owned()),
        "azure" => Err("The azure auth plugin has been removed.\n\
            Please use the https://github.com/Azure/kubelogin kubectl/client-go credential plugin instead.\n\
            See https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins for further details"
            .to_owned()),
        other => Err(format!("no Auth Provider found for name \"{}\"", escape_control(other))),
    }
}

/// kubectl asks for a user name here; we say what is missing.
fn missing_credentials(chosen: &EffectiveConfig) -> String {
    let context = escape_control(&chosen.context_name);
    if !chosen.user_name.is_empty() && chosen.user_file.is_none() {
        let user = escape_control(&chosen.user_name);
        return format!("error: user \"{user}\" was not found for context \"{context}\"");
    }
    let whose = if chosen.user_name.is_empty() {
        "no user was given".to_owned()
    } else {
        format!(
            "user \"{}\" has no credentials",
            escape_control(&chosen.user_name)
        )
    };
    format!(
        "error: {whose}: name one with --user, --token, or --client-certificate and --client-key"
    )
}
