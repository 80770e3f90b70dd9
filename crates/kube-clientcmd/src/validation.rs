//! Validates the selected entries of a kubeconfig before any request, with client-go's rules and messages
//! (`clientcmd/validation.go`).
//!
//! Entries that are not selected may be invalid. A single problem is printed as one line, several as a list.

use std::fs::File;
use std::path::Path;

use super::effective_config::EffectiveConfig;
use super::kubeconfig::{Cluster, EXEC_V1BETA1, Exec, User};
use super::proxy::unsupported_scheme;
use crate::escape_control::escape_control;
use crate::go::errors::PathError;

/// A selected entry is invalid. The messages are client-go's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ValidationError {
    #[error("Error in configuration: context was not found for specified context: {}", escape_control(.0))]
    NoContext(String),
    /// One problem, or several as a list.
    #[error("{}", list(.0))]
    Problems(Vec<String>),
}

fn list(problems: &[String]) -> String {
    match problems {
        [one] => one.clone(),
        several => format!("Error in configuration: \n* {}", several.join("\n* ")),
    }
}

/// Checks the selected entries like client-go's `ConfirmUsable`.
///
/// # Errors
/// The context does not exist, or an entry is invalid.
pub(super) fn check(config: &EffectiveConfig) -> Result<(), ValidationError> {
    if config.missing.context {
        return Err(ValidationError::NoContext(config.context_name.clone()));
    }
    let mut problems = user_problems(&config.user, &escape_control(&config.user_name));
    problems.extend(cluster_problems(
        &config.cluster,
        &escape_control(&config.cluster_name),
    ));
    if problems.is_empty() {
        Ok(())
    } else {
        Err(ValidationError::Problems(problems))
    }
}

/// Returns a problem if `file` cannot be opened.
fn unreadable(field: &str, file: &Option<String>, name: &str) -> Option<String> {
    let file = file.as_deref()?;
    let error = File::open(file).err()?;
    Some(format!(
        "unable to read {field} {} for {name} due to {}",
        escape_control(file),
        PathError::open(Path::new(file), error)
    ))
}

fn cluster_problems(cluster: &Cluster, name: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if cluster.server.is_none() {
        problems.push(format!("no server found for cluster \"{name}\""));
    }
    if let Some(proxy) = &cluster.proxy_url
        && let Some(why) = unsupported_scheme(proxy)
    {
        problems.push(format!(
            "invalid 'proxy-url' \"{}\" for cluster \"{name}\": {why}",
            escape_control(proxy)
        ));
    }
    if cluster.certificate_authority.is_some() && cluster.certificate_authority_data.is_some() {
        problems.push(format!(
            "certificate-authority-data and certificate-authority are both specified for {name}. certificate-authority-data will override."
        ));
    }
    problems.extend(unreadable(
        "certificate-authority",
        &cluster.certificate_authority,
        name,
    ));
    problems
}

fn user_problems(user: &User, name: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if user.client_certificate.is_some() || user.client_certificate_data.is_some() {
        if user.client_certificate.is_some() && user.client_certificate_data.is_some() {
            problems.push(format!(
                "client-cert-data and client-cert are both specified for {name}. client-cert-data will override."
            ));
        }
        if user.client_key.is_some() && user.client_key_data.is_some() {
            problems.push(format!(
                "client-key-data and client-key are both specified for {name}; client-key-data will override"
            ));
        }
        if user.client_key.is_none() && user.client_key_data.is_none() {
            problems.push(format!(
                "client-key-data or client-key must be specified for {name} to use the clientCert authentication method."
            ));
        }
        problems.extend(unreadable("client-cert", &user.client_certificate, name));
        problems.extend(unreadable("client-key", &user.client_key, name));
    }
    if let Some(exec) = &user.exec {
        if user.auth_provider.is_some() {
            problems.push(format!(
                "authProvider cannot be provided in combination with an exec plugin for {name}"
            ));
        }
        problems.extend(exec_problems(exec, name));
    }
    if user.token.is_some() && (user.username.is_some() || user.password.is_some()) {
        problems.push(format!(
            "more than one authentication method found for {name}; found [token basicAuth], only one is allowed"
        ));
    }
    let has_impersonation_details = user.impersonate_uid.is_some()
        || user
            .impersonate_groups
            .as_ref()
            .is_some_and(|it| !it.is_empty())
        || user
            .impersonate_user_extra
            .as_ref()
            .is_some_and(|it| !it.is_empty());
    if has_impersonation_details && user.impersonate.is_none() {
        problems.push(format!(
            "requesting uid, groups or user-extra for {name} without impersonating a user"
        ));
    }
    problems
}

fn exec_problems(exec: &Exec, name: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let empty = |text: &Option<String>| text.as_deref().unwrap_or_default().is_empty();
    let suffix = "to use exec authentication plugin";
    if empty(&exec.command) {
        problems.push(format!("command must be specified for {name} {suffix}"));
    }
    if empty(&exec.api_version) {
        problems.push(format!("apiVersion must be specified for {name} {suffix}"));
    }
    for variable in exec.env.iter().flatten() {
        if variable.as_ref().is_none_or(|it| empty(&it.name)) {
            problems.push(format!(
                "env variable name must be specified for {name} {suffix}"
            ));
        }
    }
    match exec.interactive_mode.as_deref().unwrap_or_default() {
        // The beta and alpha versions have a default (`clientcmd/api/v1/defaults.go`).
        "" => {
            let version = exec.api_version.as_deref().unwrap_or_default();
            if !matches!(
                version,
                EXEC_V1BETA1 | "client.authentication.k8s.io/v1alpha1"
            ) {
                problems.push(format!(
                    "interactiveMode must be specified for {name} {suffix}"
                ));
            }
        }
        "Never" | "IfAvailable" | "Always" => {}
        other => problems.push(format!(
            "invalid interactiveMode for {name}: \"{}\"",
            escape_control(other)
        )),
    }
    problems
}

#[cfg(test)]
mod tests;
