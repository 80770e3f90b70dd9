//! Selects the context, cluster and user of a connection and applies the flags to them.
//!
//! The override rules and messages are those of client-go (`clientcmd/client_config.go`, `getContext`, `getAuthInfo`,
//! `getCluster`). A flag with an empty value counts as not set. The module never falls back to a cluster other than the
//! named one.

use std::path::PathBuf;

use secrecy::ExposeSecret as _;

use super::environment::Environment;
use super::files::Merged;
use super::kubeconfig::{Cluster, Context, User};
use super::options::ConnectionOptions;
use crate::escape_control::escape_control;
use crate::go::quote::go_quoted;

/// An entry that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NameError {
    /// client-go's kind of the entry, and the name that a flag has for it.
    #[error("{kind} {} does not exist", go_quoted(name.as_bytes()))]
    Flag { kind: &'static str, name: String },
    #[error(
        "cluster \"{}\" was not found for context \"{}\"",
        escape_control(cluster),
        escape_control(context)
    )]
    Cluster { cluster: String, context: String },
}

impl NameError {
    /// Returns whether the message names the context.
    pub(super) fn names_context(&self) -> bool {
        matches!(
            self,
            Self::Flag {
                kind: "context",
                ..
            } | Self::Cluster { .. }
        )
    }
}

/// The context, cluster and user of a connection, with flags applied. An entry that no kubeconfig has is empty. Empty
/// strings are `None`.
pub(super) struct EffectiveConfig {
    pub(super) context: Context,
    pub(super) cluster: Cluster,
    pub(super) user: User,
    pub(super) context_name: String,
    pub(super) cluster_name: String,
    pub(super) user_name: String,
    /// The kubeconfig file that has the user's entry.
    pub(super) user_file: Option<PathBuf>,
    pub(super) missing: Missing,
    /// Whether `--token` is set: it takes precedence over `tokenFile`.
    pub(super) token_flag: bool,
}

/// Which of the three names no kubeconfig has.
#[derive(Clone, Copy, Default)]
pub(super) struct Missing {
    /// Reported by [`super::validation::check`], unless a flag names the context.
    pub(super) context: bool,
    cluster: bool,
    user: bool,
}

/// Returns the value of a flag that is set and not empty.
fn given(flag: &Option<String>) -> Option<String> {
    flag.clone().filter(|value| !value.is_empty())
}

fn override_value(field: &mut Option<String>, flag: &Option<String>) {
    if let Some(value) = given(flag) {
        *field = Some(value);
    }
}

impl EffectiveConfig {
    /// Selects entries by the flags, or else by the current context. Missing entries are reported by
    /// [`EffectiveConfig::check_names`] and [`super::validation::check`].
    pub(super) fn select(
        merged: &Merged,
        options: &ConnectionOptions,
        environment: &Environment,
    ) -> Self {
        let context_name =
            given(&options.context).unwrap_or_else(|| merged.current_context().to_owned());
        let context = merged.context(&context_name);
        let named = context.as_ref();
        let cluster_name = given(&options.cluster)
            .or_else(|| named?.cluster.clone())
            .unwrap_or_default();
        let user_name = given(&options.user)
            .or_else(|| named?.user.clone())
            .unwrap_or_default();
        let (cluster, user) = (merged.cluster(&cluster_name), merged.user(&user_name));
        let missing = Missing {
            context: context.is_none() && !context_name.is_empty(),
            cluster: cluster.is_none() && !cluster_name.is_empty(),
            user: user.is_none() && !user_name.is_empty(),
        };
        let mut cluster = cluster.unwrap_or_default();
        clear_empty_in_cluster(&mut cluster);
        // client-go applies no further flags to an entry that does not exist but is named by a flag.
        if !missing.cluster || given(&options.cluster).is_none() {
            override_cluster(&mut cluster, options, environment);
        }
        let (mut user, user_file) = match user {
            Some((user, file)) => (user, Some(file.to_owned())),
            None => (User::default(), None),
        };
        clear_empty_in_user(&mut user);
        if !missing.user || given(&options.user).is_none() {
            override_user(&mut user, options);
        }
        Self {
            context: context.unwrap_or_default(),
            cluster,
            user,
            context_name,
            cluster_name,
            user_name,
            user_file,
            missing,
            token_flag: token_flag(options).is_some(),
        }
    }

    /// Checks, in client-go's order, that the entries exist which the flags name, and the context's cluster.
    ///
    /// # Errors
    /// An entry does not exist.
    pub(super) fn check_names(&self, options: &ConnectionOptions) -> Result<(), NameError> {
        let missing = self.missing;
        for (is_missing, flag, kind) in [
            (missing.user, &options.user, "auth info"),
            (missing.context, &options.context, "context"),
            (missing.cluster, &options.cluster, "cluster"),
        ] {
            if let Some(name) = given(flag).filter(|_| is_missing) {
                return Err(NameError::Flag { kind, name });
            }
        }
        // kubectl would connect to localhost:8080 here.
        if missing.cluster && given(&options.server).is_none() {
            return Err(NameError::Cluster {
                cluster: self.cluster_name.clone(),
                context: self.context_name.clone(),
            });
        }
        Ok(())
    }
}

fn token_flag(options: &ConnectionOptions) -> Option<&str> {
    options
        .token
        .as_ref()
        .map(|token| token.expose_secret())
        .filter(|token| !token.is_empty())
}

/// Returns the server's address if neither a kubeconfig nor a flag names one (client-go `getDefaultServer`).
pub(super) fn default_server(environment: &Environment) -> String {
    environment
        .text("KUBERNETES_MASTER")
        .unwrap_or("http://localhost:8080")
        .to_owned()
}

fn override_cluster(cluster: &mut Cluster, options: &ConnectionOptions, environment: &Environment) {
    if cluster.server.is_none() {
        cluster.server = Some(default_server(environment));
    }
    override_value(&mut cluster.server, &options.server);
    override_value(&mut cluster.proxy_url, &options.proxy_url);
    if options.disable_compression {
        cluster.disable_compression = Some(true);
    }
    // Either flag replaces all settings about the server's certificate.
    let authority = given(&options.certificate_authority);
    if options.insecure_skip_tls_verify || authority.is_some() {
        cluster.insecure_skip_tls_verify = Some(options.insecure_skip_tls_verify);
        cluster.certificate_authority = authority;
        cluster.certificate_authority_data = None;
    }
    // The kubeconfig's TLS server name belongs to the kubeconfig's server.
    if given(&options.tls_server_name).is_some() || given(&options.server).is_some() {
        cluster.tls_server_name = given(&options.tls_server_name);
    }
}

fn override_user(user: &mut User, options: &ConnectionOptions) {
    if let Some(certificate) = given(&options.client_certificate) {
        user.client_certificate = Some(certificate);
        user.client_certificate_data = None;
    }
    if let Some(key) = given(&options.client_key) {
        user.client_key = Some(key);
        user.client_key_data = None;
    }
    if let Some(token) = token_flag(options) {
        user.token = Some(token.to_owned());
        user.token_file = None;
    }
    override_value(&mut user.impersonate, &options.impersonate);
    override_value(&mut user.impersonate_uid, &options.impersonate_uid);
    if !options.impersonate_groups.is_empty() {
        user.impersonate_groups = Some(options.impersonate_groups.clone());
    }
    // A key on the command line replaces all values that the kubeconfig has for it.
    let extra = &options.impersonate_user_extra;
    for (key, _) in extra {
        let values = extra
            .iter()
            .filter(|(other, _)| other == key)
            .map(|(_, value)| value.clone())
            .collect();
        user.impersonate_user_extra
            .get_or_insert_default()
            .insert(key.clone(), Some(values));
    }
}

/// Sets empty fields to `None`: in a kubeconfig, empty and absent mean the same.
fn clear_empty<const N: usize>(fields: [&mut Option<String>; N]) {
    for field in fields {
        if field.as_ref().is_some_and(String::is_empty) {
            *field = None;
        }
    }
}

fn clear_empty_in_cluster(cluster: &mut Cluster) {
    clear_empty([
        &mut cluster.server,
        &mut cluster.tls_server_name,
        &mut cluster.certificate_authority,
        &mut cluster.certificate_authority_data,
        &mut cluster.proxy_url,
    ]);
}

fn clear_empty_in_user(user: &mut User) {
    clear_empty([
        &mut user.client_certificate,
        &mut user.client_certificate_data,
        &mut user.client_key,
        &mut user.client_key_data,
        &mut user.token,
        &mut user.token_file,
        &mut user.impersonate,
        &mut user.impersonate_uid,
        &mut user.username,
        &mut user.password,
    ]);
}

#[cfg(test)]
mod tests;
