//! Validates and normalizes registry hosts, the keys under `auths` in a Docker config.
//!
//! Each host has a single normalized form, so that different spellings do not become separate entries, and so that kubelet
//! matches it: kubelet compares the labels of a host, its port as text, and its path as a string prefix. Wildcards are
//! refused, because only some clients that read a Docker config support them.

use std::fmt;
use std::str::FromStr;

use super::google_hosts;
use super::image_reference::{self, ImageReferenceError};
use kube_clientcmd::escape_control::quoted;

/// A registry host, optionally with a port and a path: `gcr.io`, `registry.example.com:5000`,
/// `europe-west1-docker.pkg.dev/project/repo/`.
///
/// The normalized form is lower case, without a scheme and without the default port 443. A path always ends in `/`:
/// otherwise, by kubelet's prefix rule, the credential for `gcr.io/team` would also apply to images of `gcr.io/team-b`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RegistryHost(String);

/// The owner of a registry, determined from its host name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RegistryOwner {
    /// A known registry host of Google.
    Google,
    /// A host in a domain of Google that is not a known registry host.
    UnknownGoogle,
    /// A host outside the domains of Google.
    Foreign,
}

/// An invalid registry host.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RegistryHostError {
    /// The host, or an element of a comma-separated list, is empty.
    #[error("invalid registry host: it is empty")]
    Empty,
    /// The host has the form `user@host` or `user:password@host`. The message omits it, because it may contain a password.
    #[error(
        "invalid registry host: user information before '@' is not allowed; specify only the host"
    )]
    UserInformation,
    /// The host is invalid for another reason.
    #[error("invalid registry host {}: {reason}", quoted(value))]
    Invalid {
        /// The invalid value.
        value: String,
        /// The reason.
        reason: &'static str,
    },
    /// The image reference is invalid or has no registry host.
    #[error(transparent)]
    Image(#[from] ImageReferenceError),
}

impl RegistryHost {
    /// Returns the host of an image reference without a path: `gcr.io` for `gcr.io/project/app:1.2`.
    ///
    /// # Errors
    /// Fails for an invalid reference, and for one without a host, which refers to Docker Hub.
    pub fn from_image(reference: &str) -> Result<Self, RegistryHostError> {
        image_reference::host_of(reference)?.parse()
    }

    /// Parses a comma-separated list of hosts.
    ///
    /// # Errors
    /// Fails for the first invalid host, including an empty one, as in `gcr.io,`.
    #[cfg(test)]
    pub(crate) fn parse_list(list: &str) -> Result<Vec<Self>, RegistryHostError> {
        list.split(',').map(str::parse).collect()
    }

    /// Returns the normalized form, which is the key under `auths`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the owner of the registry. Compares whole labels of the host name, and makes no DNS queries.
    #[must_use]
    pub fn owner(&self) -> RegistryOwner {
        let authority = self
            .0
            .split_once('/')
            .map_or(self.as_str(), |(authority, _)| authority);
        let (name, port) = split_port(authority);
        match (
            google_hosts::is_google_domain(name),
            google_hosts::is_known(name),
        ) {
            (false, _) => RegistryOwner::Foreign,
            // Google's registries use only the default port.
            (true, true) if port.is_none() => RegistryOwner::Google,
            (true, _) => RegistryOwner::UnknownGoogle,
        }
    }
}

impl FromStr for RegistryHost {
    type Err = RegistryHostError;

    fn from_str(text: &str) -> Result<Self, RegistryHostError> {
        if text.is_empty() {
            return Err(RegistryHostError::Empty);
        }
        if text.contains('@') {
            return Err(RegistryHostError::UserInformation);
        }
        normalized(text)
            .map(Self)
            .map_err(|reason| RegistryHostError::Invalid {
                value: text.to_owned(),
                reason,
            })
    }
}

impl fmt::Display for RegistryHost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Returns the normalized form of a host, or the reason why it is invalid.
fn normalized(text: &str) -> Result<String, &'static str> {
    if text.contains(|character: char| character.is_whitespace() || character.is_control()) {
        return Err("it contains a space or a control character");
    }
    let bare = without_scheme(text);
    if bare.contains("://") {
        return Err("the scheme is neither http nor https");
    }
    if bare.contains(['*', '[', ']'])
        || bare
            .split('/')
            .next()
            .is_some_and(|host| host.contains('?'))
    {
        return Err(
            "wildcards are not supported, because only kubelet reads them; specify each host",
        );
    }
    if bare.contains(['?', '#']) {
        return Err("a query or fragment is not allowed");
    }
    let (authority, path) = bare.split_once('/').unwrap_or((bare, ""));
    let mut host = normalized_authority(authority)?;
    let path = without_api_version(path);
    if !path.is_empty() {
        if !path.split('/').all(image_reference::is_path_part) {
            return Err("its path is not a valid image path");
        }
        host.extend(["/", path, "/"]);
    }
    Ok(host)
}

fn without_scheme(text: &str) -> &str {
    ["http://", "https://"]
        .iter()
        .find_map(|scheme| {
            let front = text.get(..scheme.len())?;
            front
                .eq_ignore_ascii_case(scheme)
                .then(|| &text[scheme.len()..])
        })
        .unwrap_or(text)
}

/// Removes a leading `v1` or `v2` component and a trailing slash. Docker used to write hosts as `https://gcr.io/v2/`, and
/// kubelet removes this component too.
fn without_api_version(path: &str) -> &str {
    let path = path.strip_suffix('/').unwrap_or(path);
    match path.split_once('/') {
        Some(("v1" | "v2", rest)) => rest,
        None if matches!(path, "v1" | "v2") => "",
        _ => path,
    }
}

fn normalized_authority(authority: &str) -> Result<String, &'static str> {
    let (name, port) = split_port(authority);
    let name = name.to_ascii_lowercase();
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() > 253 || !name.split('.').all(is_label) {
        return Err("the part before the first '/' is not a host name");
    }
    match port {
        None | Some("443") => Ok(name),
        // kubelet compares ports as text, so that only the canonical spelling of a port is accepted.
        Some(port)
            if port
                .parse::<u16>()
                .is_ok_and(|number| number > 0 && number.to_string() == port) =>
        {
            Ok(format!("{name}:{port}"))
        }
        Some(_) => Err("the port is not a number between 1 and 65535"),
    }
}

fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (authority, None),
    }
}

#[cfg(test)]
mod tests;
