//! A registry host: the key of one entry under `auths` in a Docker config.
//!
//! There is one way to write each host, so that two spellings never become two entries, and so that kubelet finds
//! it: kubelet compares a key with an image by its labels, its port as text and its path as a plain string prefix.
//! Refuses whatever only some readers of a Docker config understand (globs) or that is no host at all.

use std::fmt;
use std::str::FromStr;

use super::escape_control::quoted;
use super::google_hosts;
use super::image_reference::{self, ImageReferenceError};

/// `HOST`, `HOST:PORT` or either with a path: `gcr.io`, `registry.example.com:5000`,
/// `europe-west1-docker.pkg.dev/project/repo/`.
///
/// In lower case, without scheme and without the port 443 that https means anyway. A path always ends in `/`:
/// kubelet's prefix rule would give the key of `gcr.io/team` to images of `gcr.io/team-b` as well.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RegistryHost(String);

/// Whose a registry is, by its name alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RegistryOwner {
    /// Google is known to serve images there.
    Google,
    /// The name is Google's, but no known place for images.
    UnknownGoogle,
    /// Somebody else's: every node would send it the credential.
    Foreign,
}

/// Why something is not a registry host.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RegistryHostError {
    /// Nothing there, or nothing between two commas.
    #[error("invalid registry host: it is empty")]
    Empty,
    /// `user@host` or `user:password@host`; shown without what stands before the `@`.
    #[error(
        "invalid registry host: user information before an '@' is not accepted; give the host alone"
    )]
    UserInformation,
    /// Anything else.
    #[error("invalid registry host {}: {reason}", quoted(value))]
    Invalid {
        /// What was given.
        value: String,
        /// What is wrong with it, in a few words.
        reason: &'static str,
    },
    /// Not an image reference that names its registry.
    #[error(transparent)]
    Image(#[from] ImageReferenceError),
}

impl RegistryHost {
    /// The host of an image reference, without its path: `gcr.io` of `gcr.io/project/app:1.2`.
    ///
    /// # Errors
    /// Where it is no reference, or one without a host, which means Docker Hub.
    pub fn from_image(reference: &str) -> Result<Self, RegistryHostError> {
        image_reference::host_of(reference)?.parse()
    }

    /// Several hosts in one value, separated by commas, in the order given.
    ///
    /// # Errors
    /// For the first that is not a host; an empty one, as in `gcr.io,`, is an error too.
    #[cfg(test)]
    pub(crate) fn parse_list(list: &str) -> Result<Vec<Self>, RegistryHostError> {
        list.split(',').map(str::parse).collect()
    }

    /// The key as it stands under `auths`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whose registry this is, by whole labels of its name. Nothing is looked up.
    #[must_use]
    pub fn owner(&self) -> RegistryOwner {
        let authority = self
            .0
            .split_once('/')
            .map_or(self.as_str(), |(authority, _)| authority);
        let (name, port) = split_port(authority);
        match (google_hosts::is_googles(name), google_hosts::is_known(name)) {
            (false, _) => RegistryOwner::Foreign,
            // Google serves https on its own port only.
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
        normalised(text)
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

/// The one way to write this host, or what is wrong with it.
fn normalised(text: &str) -> Result<String, &'static str> {
    if text.contains(|character: char| character.is_whitespace() || character.is_control()) {
        return Err("it holds a space or a control character");
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
        return Err("wildcards are not accepted, as only kubelet reads them; name each host");
    }
    if bare.contains(['?', '#']) {
        return Err("a query or fragment is not accepted");
    }
    let (authority, path) = bare.split_once('/').unwrap_or((bare, ""));
    let mut host = normalised_authority(authority)?;
    let path = without_api_version(path);
    if !path.is_empty() {
        if !path.split('/').all(image_reference::is_path_part) {
            return Err("its path is not one that an image can have");
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

/// Docker's old spelling `https://gcr.io/v2/`: kubelet too drops one such part in front of a path. What is left has
/// no slash at its end.
fn without_api_version(path: &str) -> &str {
    let path = path.strip_suffix('/').unwrap_or(path);
    match path.split_once('/') {
        Some(("v1" | "v2", rest)) => rest,
        None if matches!(path, "v1" | "v2") => "",
        _ => path,
    }
}

fn normalised_authority(authority: &str) -> Result<String, &'static str> {
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
        // Kubelet compares ports as text, so a port has one spelling only.
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
mod tests {
    use super::*;

    fn host(text: &str) -> String {
        text.parse::<RegistryHost>().unwrap().to_string()
    }

    fn api_error(text: &str) -> String {
        text.parse::<RegistryHost>().unwrap_err().to_string()
    }

    #[test]
    fn a_bare_host_has_one_spelling() {
        for spelling in [
            "gcr.io",
            "GCR.io",
            "gcr.io/",
            "gcr.io:443",
            "http://gcr.io",
            "https://gcr.io",
            "HTTPS://GCR.IO:443/",
            "https://gcr.io/v1/",
            "https://gcr.io/v2/",
            "https://gcr.io/v2",
        ] {
            assert_eq!(host(spelling), "gcr.io", "{spelling}");
        }
    }

    #[test]
    fn a_path_ends_in_a_slash() {
        for spelling in [
            "europe-west1-docker.pkg.dev/project/repo",
            "https://Europe-West1-docker.pkg.dev:443/project/repo/",
            "https://europe-west1-docker.pkg.dev/v2/project/repo",
        ] {
            assert_eq!(
                host(spelling),
                "europe-west1-docker.pkg.dev/project/repo/",
                "{spelling}"
            );
        }
        assert_eq!(
            host("gcr.io/example.com/project"),
            "gcr.io/example.com/project/"
        );
    }

    #[test]
    fn a_port_is_kept() {
        assert_eq!(
            host("registry.example.com:5000"),
            "registry.example.com:5000"
        );
        assert_eq!(host("http://localhost:5000/team/"), "localhost:5000/team/");
        for text in [
            "gcr.io:",
            "gcr.io:0",
            "gcr.io:65536",
            "gcr.io:0443",
            "gcr.io:+5",
            "gcr.io:x",
            "gcr.io:1:2",
        ] {
            let reason = "the port is not a number between 1 and 65535";
            assert_eq!(
                api_error(text),
                format!("invalid registry host \"{text}\": {reason}")
            );
        }
    }

    #[test]
    fn a_refusal_says_what_is_wrong() {
        assert_eq!(api_error(""), "invalid registry host: it is empty");
        for (text, reason) in [
            ("*.gcr.io", "wildcards"),
            ("gcr.io/team-*/", "wildcards"),
            ("gcr.i[o]", "wildcards"),
            ("gcr?io", "wildcards"),
            ("gcr.io/a?b=c", "a query or fragment"),
            ("gcr.io#top", "a query or fragment"),
            ("gcr.io/a/../b", "its path"),
            ("gcr.io/..", "its path"),
            ("gcr.io//a", "its path"),
            ("gcr.io/project/app:tag", "its path"),
            ("gcr.io/Project", "its path"),
            ("gcr..io", "the part before"),
            (".gcr.io", "the part before"),
            ("gcr.io.", "the part before"),
            ("-gcr.io", "the part before"),
            ("gcr_io", "the part before"),
            ("gсr.io", "the part before"), // Cyrillic
            ("/project", "the part before"),
            ("https://", "the part before"),
            ("ftp://gcr.io", "the scheme"),
            ("https://https://gcr.io", "the scheme"),
            (" gcr.io", "it holds a space"),
            ("gcr.io\u{1b}[2J", "it holds a space or a control"),
        ] {
            let error = api_error(text);
            let desired = format!("invalid registry host {}: {reason}", quoted(text));
            assert!(error.starts_with(&desired), "{error}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_not_repeated() {
        for text in [
            "https://user:hunter2@gcr.io",
            "gcr.io/hunter2@x",
            "hunter2@",
        ] {
            assert!(!api_error(text).contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn standing_goes_by_whole_labels() {
        for (text, standing) in [
            ("gcr.io", RegistryOwner::Google),
            ("us-docker.pkg.dev/project/repo", RegistryOwner::Google),
            (
                "https://docker.europe-west4.rep.pkg.dev",
                RegistryOwner::Google,
            ),
            ("fr.gcr.io", RegistryOwner::UnknownGoogle),
            ("moon-west1-docker.pkg.dev", RegistryOwner::UnknownGoogle),
            ("gcr.io:5000", RegistryOwner::UnknownGoogle),
            ("gcr.io.evil.example", RegistryOwner::Foreign),
            ("evilgcr.io", RegistryOwner::Foreign),
            ("pkg.dev.example", RegistryOwner::Foreign),
            ("evil.example/gcr.io/", RegistryOwner::Foreign),
            ("registry.example.com:5000", RegistryOwner::Foreign),
        ] {
            assert_eq!(
                text.parse::<RegistryHost>().unwrap().owner(),
                standing,
                "{text}"
            );
        }
    }

    #[test]
    fn a_list_keeps_its_order_and_has_no_holes() {
        let hosts = RegistryHost::parse_list("us.gcr.io,GCR.io").unwrap();
        assert_eq!(
            hosts.iter().map(RegistryHost::as_str).collect::<Vec<_>>(),
            ["us.gcr.io", "gcr.io"]
        );
        for list in ["", ",", "gcr.io,", "gcr.io,,us.gcr.io"] {
            assert_eq!(
                RegistryHost::parse_list(list),
                Err(RegistryHostError::Empty),
                "{list:?}"
            );
        }
    }

    #[test]
    fn an_image_gives_its_host_alone() {
        let of = |image| RegistryHost::from_image(image).map(|host| host.to_string());
        assert_eq!(of("GCR.io/project/app:1"), Ok("gcr.io".to_owned()));
        assert_eq!(
            of("registry.example.com:5000/app"),
            Ok("registry.example.com:5000".to_owned())
        );
        let error = of("nginx:1.29").unwrap_err().to_string();
        assert_eq!(
            error,
            "image \"nginx:1.29\" names no registry, so it is pulled from Docker Hub"
        );
        assert!(of("*.gcr.io/p/i").is_err());
        assert!(of("[::1]:5000/p/i").is_err());
    }
}
