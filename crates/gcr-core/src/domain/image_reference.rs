//! Extracts the registry host from a container image reference.
//!
//! Parses `[HOST[:PORT]/]PATH[:TAG][@DIGEST]` by the grammar of `distribution/reference`, which Docker, containerd and
//! kubelet use, including its rule for recognizing a host. Refuses references without a host: they refer to Docker Hub, which
//! does not accept Google credentials.

use kube_clientcmd::escape_control::quoted;

/// The maximum length of the path of a repository, in characters.
pub const MAX_PATH: usize = 255;

/// An invalid image reference, or one without a registry host.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ImageReferenceError {
    /// The reference has a scheme, as in `https://…`.
    #[error("invalid image reference: a scheme such as https:// is not allowed")]
    Scheme,
    /// The text after `@` is not a digest. The message omits the reference, which may be `user:password@host`.
    #[error("invalid image reference: the text after '@' is not a digest such as sha256:…")]
    Digest,
    /// The text after the last `:` is not a tag.
    #[error("invalid image reference {}: the tag is not valid", quoted(.0))]
    Tag(String),
    /// The path does not match the grammar.
    #[error(
        "invalid image reference {}: {} is not a valid path component", quoted(.reference), quoted(.part)
    )]
    Path {
        /// The whole reference.
        reference: String,
        /// The invalid path component.
        part: String,
    },
    /// The path is longer than the grammar allows.
    #[error("invalid image reference: its path has more than {MAX_PATH} characters")]
    TooLong,
    /// The reference has no registry host, so that it refers to Docker Hub.
    #[error("image {} has no registry host, so it is pulled from Docker Hub", quoted(.0))]
    NoHost(String),
}

/// Returns the `HOST[:PORT]` of an image reference as written. The caller must validate it.
pub(super) fn host_of(reference: &str) -> Result<&str, ImageReferenceError> {
    if reference.contains("://") {
        return Err(ImageReferenceError::Scheme);
    }
    let named = match reference.split_once('@') {
        Some((named, digest)) if is_digest(digest) => named,
        Some(_) => return Err(ImageReferenceError::Digest),
        None => reference,
    };
    let no_host = || ImageReferenceError::NoHost(reference.to_owned());
    let (host, rest) = named.split_once('/').ok_or_else(no_host)?;
    // distribution's `splitDockerDomain`: the first component is a host if it cannot be a path component.
    let is_host =
        host.contains(['.', ':']) || host == "localhost" || host.contains(char::is_uppercase);
    if !is_host {
        return Err(no_host());
    }
    let path = match rest.split_once(':') {
        Some((path, tag)) if is_tag(tag) => path,
        Some(_) => return Err(ImageReferenceError::Tag(reference.to_owned())),
        None => rest,
    };
    // Docker Hub's images without a path belong to `library`.
    let is_library = matches!(host, "docker.io" | "index.docker.io") && !path.contains('/');
    let library = if is_library { "library/" } else { "" };
    if library.len() + path.len() > MAX_PATH {
        return Err(ImageReferenceError::TooLong);
    }
    match path.split('/').find(|part| !is_path_part(part)) {
        Some(part) => Err(ImageReferenceError::Path {
            reference: reference.to_owned(),
            part: part.to_owned(),
        }),
        None => Ok(host),
    }
}

/// Returns whether the text is a path component of a repository: `[a-z0-9]+`, joined by `.`, `_`, `__` or any number of `-`.
pub fn is_path_part(part: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = part.as_bytes();
    bytes.first().is_some_and(|first| is_word(*first))
        && bytes.last().is_some_and(|last| is_word(*last))
        && bytes
            .iter()
            .all(|byte| is_word(*byte) || b"._-".contains(byte))
        && part
            .split(|character: char| character.is_ascii_alphanumeric())
            .all(|between| {
                matches!(between, "" | "." | "_" | "__") || between.bytes().all(|byte| byte == b'-')
            })
}

/// Returns whether the text is a tag: `[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}`.
pub fn is_tag(tag: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    tag.len() <= 128
        && tag.bytes().next().is_some_and(is_word)
        && tag
            .bytes()
            .all(|byte| is_word(byte) || byte == b'.' || byte == b'-')
}

/// Returns whether the text is a digest whose length fits its algorithm, as `go-digest` requires. containerd and kubelet know
/// only these algorithms.
pub fn is_digest(digest: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    #[test]
    fn host_is_the_first_component() {
        for (reference, host) in [
            ("gcr.io/example-project/app", "gcr.io"),
            ("gcr.io/example-project/app:1.2", "gcr.io"),
            ("gcr.io/example.com/project/app:v1_2-rc.3", "gcr.io"),
            ("us-docker.pkg.dev/p/r/a__b/c---d", "us-docker.pkg.dev"),
            ("registry.example.com:5000/app", "registry.example.com:5000"),
            ("localhost/app", "localhost"),
            ("GCR/app", "GCR"),
        ] {
            assert_eq!(host_of(reference), Ok(host), "{reference}");
        }
        assert_eq!(host_of(&format!("gcr.io/p/i@{DIGEST}")), Ok("gcr.io"));
        assert_eq!(host_of(&format!("gcr.io/p/i:tag@{DIGEST}")), Ok("gcr.io"));
    }

    #[test]
    fn reference_without_host_fails() {
        for reference in [
            "",
            "nginx",
            "nginx:1.29",
            "library/nginx",
            "example/app:1",
            "gcr.io",
            "gcr.io:1",
        ] {
            let no_host = ImageReferenceError::NoHost(reference.to_owned());
            assert_eq!(host_of(reference), Err(no_host));
        }
    }

    #[test]
    fn invalid_reference_fails() {
        use ImageReferenceError::{Digest, Path, Scheme, Tag};
        assert_eq!(host_of("https://gcr.io/p/i"), Err(Scheme));
        assert_eq!(host_of("user:password@gcr.io/p/i"), Err(Digest));
        assert_eq!(host_of("gcr.io/p/i@sha256:short"), Err(Digest));
        for reference in [
            "gcr.io/p/i:",
            "gcr.io/p/i:-x",
            "gcr.io/p/i:a/b",
            "gcr.io/p/i:a:b",
            "gcr.io/p/i:t g",
        ] {
            assert_eq!(host_of(reference), Err(Tag(reference.to_owned())));
        }
        for (reference, part) in [
            ("gcr.io/p/", ""),
            ("gcr.io//i", ""),
            ("gcr.io/p/Upper", "Upper"),
            ("gcr.io/p/../i", ".."),
            ("gcr.io/p/a..b", "a..b"),
            ("gcr.io/p/a___b", "a___b"),
            ("gcr.io/p/a.-b", "a.-b"),
            ("gcr.io/-p/i", "-p"),
            ("gcr.io/p/i*", "i*"),
        ] {
            let (reference, part) = (reference.to_owned(), part.to_owned());
            assert_eq!(host_of(&reference.clone()), Err(Path { reference, part }));
        }
    }
}
