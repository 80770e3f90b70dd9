//! Normalizes the name of an image as containerd and kubelet do (`distribution/reference`, `ParseNormalizedNamed`).

use kube_clientcmd::escape_control::quoted;

/// The maximum length of the path of a repository, in characters.
const MAX_PATH: usize = 255;

/// An invalid image name: kubelet reports `InvalidImageName`.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("invalid image name {}", quoted(.0))]
pub struct ImageNameError(String);

/// Returns the repository of an image with its host: `docker.io/library/ubuntu` for `ubuntu:24.04`.
///
/// # Errors
/// Fails for a name that kubelet refuses.
pub fn repository(image: &str) -> Result<String, ImageNameError> {
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
    // The grammar also reads a first part that is no host, such as `a_b.c`, as part of the path.
    let is_valid = (is_domain(domain) || is_path_part(domain))
        && path.len() <= MAX_PATH
        && path.split('/').all(is_path_part)
        && tag.is_none_or(is_tag)
        && digest.is_none_or(is_digest);
    if !is_valid {
        return Err(invalid());
    }
    let library = domain == "docker.io" && !path.contains('/');
    let library = if library { "library/" } else { "" };
    Ok(format!("{domain}/{library}{path}"))
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

/// Returns whether the text is `[a-z0-9]+`, joined by `.`, `_`, `__` or any number of `-`.
fn is_path_part(part: &str) -> bool {
    let is_word = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit();
    part.starts_with(is_word)
        && part.ends_with(is_word)
        && part.split(is_word).all(|between| {
            matches!(between, "" | "." | "_" | "__") || between.bytes().all(|it| it == b'-')
        })
}

fn is_tag(tag: &str) -> bool {
    let is_word = |it: u8| it.is_ascii_alphanumeric() || it == b'_';
    tag.len() <= 128
        && tag.bytes().next().is_some_and(is_word)
        && tag
            .bytes()
            .all(|it| is_word(it) || it == b'.' || it == b'-')
}

/// Returns whether the text is a digest whose length fits its algorithm, as `go-digest` requires.
fn is_digest(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else {
        return false;
    };
    let length = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return false,
    };
    hex.len() == length
        && hex
            .bytes()
            .all(|it| it.is_ascii_digit() || (b'a'..=b'f').contains(&it))
}
