//! Tests normalization, owners and error messages of registry hosts.

use super::*;

fn host(text: &str) -> String {
    text.parse::<RegistryHost>().unwrap().to_string()
}

fn parse_error(text: &str) -> String {
    text.parse::<RegistryHost>().unwrap_err().to_string()
}

#[test]
fn host_spellings_are_normalized() {
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
fn path_spellings_are_normalized_with_trailing_slash() {
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
fn valid_port_is_kept_and_invalid_port_fails() {
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
            parse_error(text),
            format!("invalid registry host \"{text}\": {reason}")
        );
    }
}

#[test]
fn invalid_host_fails_with_reason() {
    assert_eq!(parse_error(""), "invalid registry host: it is empty");
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
        (" gcr.io", "it contains a space"),
        ("gcr.io\u{1b}[2J", "it contains a space or a control"),
    ] {
        let error = parse_error(text);
        let expected = format!("invalid registry host {}: {reason}", quoted(text));
        assert!(error.starts_with(&expected), "{error}");
    }
}

#[test]
fn password_in_host_is_not_in_the_message() {
    for text in [
        "https://user:hunter2@gcr.io",
        "gcr.io/hunter2@x",
        "hunter2@",
    ] {
        assert!(!parse_error(text).contains("hunter2"), "{text}");
    }
}

#[test]
fn owner_is_determined_by_whole_labels() {
    for (text, owner) in [
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
            owner,
            "{text}"
        );
    }
}

#[test]
fn list_keeps_order_and_empty_element_fails() {
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
fn image_host_excludes_the_path() {
    let host_of = |image| RegistryHost::from_image(image).map(|host| host.to_string());
    assert_eq!(host_of("GCR.io/project/app:1"), Ok("gcr.io".to_owned()));
    assert_eq!(
        host_of("registry.example.com:5000/app"),
        Ok("registry.example.com:5000".to_owned())
    );
    let error = host_of("nginx:1.29").unwrap_err().to_string();
    assert_eq!(
        error,
        "image \"nginx:1.29\" has no registry host, so it is pulled from Docker Hub"
    );
    assert!(host_of("*.gcr.io/p/i").is_err());
    assert!(host_of("[::1]:5000/p/i").is_err());
}
