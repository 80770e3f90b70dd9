//! What client-go refuses before anything is sent (`clientcmd/validation.go`), in its words.
//!
//! Looks at the chosen entries only; others may be as broken as they like. One trouble is a line of its own, several are
//! a list.

use std::fs::File;
use std::path::Path;

use super::chosen::Chosen;
use super::kubeconfig::{Cluster, Exec, User};
use super::proxy::unsupported_scheme;
use crate::domain::go_errors::path_error;
use crate::domain::printable::printable;

/// The API version of a credential plugin that must say whether it is interactive.
pub(super) const EXEC_V1: &str = "client.authentication.k8s.io/v1";
/// The one that need not.
pub(super) const EXEC_V1BETA1: &str = "client.authentication.k8s.io/v1beta1";

/// Checks the entries a run uses: client-go's `ConfirmUsable`.
///
/// # Errors
/// The line or lines to print.
pub(super) fn check(chosen: &Chosen) -> Result<(), String> {
    if chosen.missing.context {
        return Err(format!(
            "Error in configuration: context was not found for specified context: {}",
            printable(&chosen.context_name)
        ));
    }
    let mut troubles = user_troubles(&chosen.user, &printable(&chosen.user_name));
    troubles.extend(cluster_troubles(
        &chosen.cluster,
        &printable(&chosen.cluster_name),
    ));
    match troubles.as_slice() {
        [] => Ok(()),
        [one] => Err(format!("error: {one}")),
        several => Err(format!(
            "Error in configuration: \n* {}",
            several.join("\n* ")
        )),
    }
}

fn unreadable(what: &str, file: &Option<String>, name: &str) -> Option<String> {
    let file = file.as_deref()?;
    let error = File::open(file).err()?;
    Some(format!(
        "unable to read {what} {} for {name} due to {}",
        printable(file),
        path_error("open", Path::new(file), &error)
    ))
}

fn cluster_troubles(cluster: &Cluster, name: &str) -> Vec<String> {
    let mut troubles = Vec::new();
    if cluster.server.is_none() {
        troubles.push(format!("no server found for cluster \"{name}\""));
    }
    if let Some(proxy) = &cluster.proxy_url
        && let Some(why) = unsupported_scheme(proxy)
    {
        troubles.push(format!(
            "invalid 'proxy-url' \"{}\" for cluster \"{name}\": {why}",
            printable(proxy)
        ));
    }
    if cluster.certificate_authority.is_some() && cluster.certificate_authority_data.is_some() {
        troubles.push(format!(
            "certificate-authority-data and certificate-authority are both specified for {name}. certificate-authority-data will override."
        ));
    }
    troubles.extend(unreadable(
        "certificate-authority",
        &cluster.certificate_authority,
        name,
    ));
    troubles
}

fn user_troubles(user: &User, name: &str) -> Vec<String> {
    let mut troubles = Vec::new();
    if user.client_certificate.is_some() || user.client_certificate_data.is_some() {
        if user.client_certificate.is_some() && user.client_certificate_data.is_some() {
            troubles.push(format!(
                "client-cert-data and client-cert are both specified for {name}. client-cert-data will override."
            ));
        }
        if user.client_key.is_some() && user.client_key_data.is_some() {
            troubles.push(format!(
                "client-key-data and client-key are both specified for {name}; client-key-data will override"
            ));
        }
        if user.client_key.is_none() && user.client_key_data.is_none() {
            troubles.push(format!(
                "client-key-data or client-key must be specified for {name} to use the clientCert authentication method."
            ));
        }
        troubles.extend(unreadable("client-cert", &user.client_certificate, name));
        troubles.extend(unreadable("client-key", &user.client_key, name));
    }
    if let Some(exec) = &user.exec {
        if user.auth_provider.is_some() {
            troubles.push(format!(
                "authProvider cannot be provided in combination with an exec plugin for {name}"
            ));
        }
        troubles.extend(exec_troubles(exec, name));
    }
    if user.token.is_some() && (user.username.is_some() || user.password.is_some()) {
        troubles.push(format!(
            "more than one authentication method found for {name}; found [token basicAuth], only one is allowed"
        ));
    }
    let as_somebody = user.impersonate_uid.is_some()
        || user
            .impersonate_groups
            .as_ref()
            .is_some_and(|it| !it.is_empty())
        || user
            .impersonate_user_extra
            .as_ref()
            .is_some_and(|it| !it.is_empty());
    if as_somebody && user.impersonate.is_none() {
        troubles.push(format!(
            "requesting uid, groups or user-extra for {name} without impersonating a user"
        ));
    }
    troubles
}

fn exec_troubles(exec: &Exec, name: &str) -> Vec<String> {
    let mut troubles = Vec::new();
    let empty = |text: &Option<String>| text.as_deref().unwrap_or_default().is_empty();
    let plugin = "to use exec authentication plugin";
    if empty(&exec.command) {
        troubles.push(format!("command must be specified for {name} {plugin}"));
    }
    if empty(&exec.api_version) {
        troubles.push(format!("apiVersion must be specified for {name} {plugin}"));
    }
    for variable in exec.env.iter().flatten() {
        if variable.as_ref().is_none_or(|it| empty(&it.name)) {
            troubles.push(format!(
                "env variable name must be specified for {name} {plugin}"
            ));
        }
    }
    match exec.interactive_mode.as_deref().unwrap_or_default() {
        // The older versions have a default (`clientcmd/api/v1/defaults.go`).
        "" => {
            let version = exec.api_version.as_deref().unwrap_or_default();
            if !matches!(
                version,
                EXEC_V1BETA1 | "client.authentication.k8s.io/v1alpha1"
            ) {
                troubles.push(format!(
                    "interactiveMode must be specified for {name} {plugin}"
                ));
            }
        }
        "Never" | "IfAvailable" | "Always" => {}
        other => troubles.push(format!(
            "invalid interactiveMode for {name}: \"{}\"",
            printable(other)
        )),
    }
    troubles
}

#[cfg(test)]
mod tests;
