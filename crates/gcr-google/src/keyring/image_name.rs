//! Normalizes the name of an image as containerd and kubelet do (`distribution/reference`, `ParseNormalizedNamed`).

use gcr_core::domain::image_reference::{MAX_PATH, is_digest, is_path_part, is_tag};
use kube_clientcmd::escape_control::quoted;

/// An invalid image name: kubelet reports `InvalidImageName`.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("invalid image name {}", quoted(.0))]
pub struct ImageNameError(String);

/// The name of an image as containerd pulls it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ImageName<'a> {
    /// The repository with its host: `docker.io/library/ubuntu` for `ubuntu:24.04`.
    pub repository: String,
    /// The digest, or the tag if there is no digest; `latest` without either.
    pub reference: &'a str,
}

impl<'a> ImageName<'a> {
    /// Parses the name of an image.
    ///
    /// # Errors
    /// Fails for a name that kubelet refuses.
    pub fn parse(image: &'a str) -> Result<Self, ImageNameError> {
        let invalid = || ImageNameError(image.to_owned());
        let is_hash = image.len() == 64
            && image
                .bytes()
                .all(|it| it.is_ascii_digit() || (b'a'..=b'f').contains(&it));
        if is_hash {
            return Err(invalid());
        }
        let (domain, remainder) = split_domain(image);
        let (named, digest) = match remainder.split_once('@') {
            Some((named, digest)) => (named, Some(digest)),
            None => (remainder, None),
        };
        let (path, tag) = match named.split_once(':') {
            Some((path, tag)) => (path, Some(tag)),
            None => (named, None),
        };
        let library = domain == "docker.io" && !path.contains('/');
        let library = if library { "library/" } else { "" };
        // The grammar also reads a first part that is no host, such as `a_b.c`, as part of the path.
        let length = match is_domain(domain) {
            true => library.len() + path.len(),
            false => domain.len() + 1 + path.len(),
        };
        let is_valid = (is_domain(domain) || is_path_part(domain))
            && length <= MAX_PATH
            && path.split('/').all(is_path_part)
            && tag.is_none_or(is_tag)
            && digest.is_none_or(is_digest);
        if !is_valid {
            return Err(invalid());
        }
        Ok(Self {
            repository: format!("{domain}/{library}{path}"),
            reference: digest.or(tag).unwrap_or("latest"),
        })
    }
}

/// Splits the host off, if the first part is one: it contains a dot, a colon or an upper-case letter, or is `localhost`.
fn split_domain(name: &str) -> (&str, &str) {
    let (domain, remainder) = match name.split_once('/') {
        Some((first, rest))
            if first.contains(['.', ':'])
                || first == "localhost"
                || first.chars().any(char::is_uppercase) =>
        {
            (first, rest)
        }
        _ => ("docker.io", name),
    };
    if domain == "index.docker.io" {
        return ("docker.io", remainder);
    }
    (domain, remainder)
}

fn is_domain(domain: &str) -> bool {
    let is_word = |text: &str, others: &[u8]| {
        !text.is_empty()
            && text
                .bytes()
                .all(|it| it.is_ascii_alphanumeric() || others.contains(&it))
    };
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|it| it.is_ascii_digit());
    if let Some(rest) = domain.strip_prefix('[') {
        let Some((address, port)) = rest.split_once(']') else {
            return false;
        };
        let is_address = address
            .bytes()
            .all(|it| it.is_ascii_hexdigit() || it == b':')
            && !address.is_empty();
        return is_address && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port));
    }
    let (host, port) = match domain.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (domain, None),
    };
    let is_label =
        |label: &str| is_word(label, b"-") && !label.starts_with('-') && !label.ends_with('-');
    host.split('.').all(is_label) && port.is_none_or(is_port)
}
