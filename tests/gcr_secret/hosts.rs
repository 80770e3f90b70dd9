//! Registry hosts: the flags that select them, their normal form, and rejected hosts.

use gcr_test_support::keys;
use serde_json::{Value, json};

use crate::fixture::{Fixture, assert_output, single_error};

#[test]
fn hosts_are_written_once_in_argument_order() {
    let fixture = Fixture::new("hosts");
    let args = [
        "--registry",
        "eu.gcr.io,europe-west1-docker.pkg.dev/project/repo",
        "--registry=https://us-docker.pkg.dev",
        "--docker-server",
        "EU.gcr.io:443",
    ];
    let output = fixture.create_via_kubectl().args(args).run();
    assert_output(&output, 0, &["secret/gcr-io created"], &[]);
    assert_hosts(
        &fixture,
        &[
            "eu.gcr.io",
            "europe-west1-docker.pkg.dev/project/repo/",
            "us-docker.pkg.dev",
        ],
    );
}

#[test]
fn host_spellings_are_normalised() {
    let fixture = Fixture::new("hosts");
    fixture.create().run().success();
    for spelling in [
        "gcr.io",
        "GCR.IO",
        "gcr.io/",
        "gcr.io:443",
        "https://gcr.io",
        "http://gcr.io/",
    ] {
        let output = fixture.create().args(["--registry", spelling]).run();
        assert_output(&output, 0, &["secret/gcr-io unchanged"], &[]);
    }
}

#[test]
fn docker_server_flag_selects_host() {
    let fixture = Fixture::new("hosts");
    let output = fixture.create().args(["--docker-server=us.gcr.io"]).run();
    assert_output(&output, 0, &["secret/gcr-io created"], &[]);
    assert_hosts(&fixture, &["us.gcr.io"]);
}

#[test]
fn image_flag_replaces_default_host() {
    let fixture = Fixture::new("hosts");
    let digest = format!("asia.gcr.io/p/app@sha256:{}", "0".repeat(64));
    let args = [
        "--image",
        "us-docker.pkg.dev/p/r/app:1.2",
        "--image",
        &digest,
    ];
    let output = fixture.create().args(args).run();
    assert_output(&output, 0, &["secret/gcr-io created"], &[]);
    assert_hosts(&fixture, &["us-docker.pkg.dev", "asia.gcr.io"]);
}

#[test]
fn image_and_registry_flags_are_combined() {
    let fixture = Fixture::new("hosts");
    let args = [
        "--image",
        "us.gcr.io/p/app",
        "--registry",
        "gcr.io,us.gcr.io",
    ];
    fixture.create().args(args).run().success();
    let mut hosts = hosts_of(&fixture);
    hosts.sort();
    assert_eq!(hosts, ["gcr.io", "us.gcr.io"]);
}

#[test]
fn host_outside_google_is_rejected_unless_allowed() {
    let fixture = Fixture::new("hosts");
    for host in [
        "gcr.io.evil.example",
        "evilgcr.io",
        "pkg.dev.example",
        "registry.example.com:5000",
        "localhost:5000",
    ] {
        let output = fixture.create().args(["--registry", host]).run();
        let error = single_error(&output);
        assert!(
            error.contains(host) && error.contains("--allow-any-host"),
            "{error}"
        );
    }
    let output = fixture
        .create()
        .args(["--image", "docker.example.com/app:1"])
        .run();
    assert!(single_error(&output).contains("docker.example.com"));
    assert_eq!(fixture.find("secret/gcr-io"), None);

    let args = [
        "--registry",
        "registry.example.com:5000/team",
        "--allow-any-host",
    ];
    let output = fixture.create().args(args).run();
    assert_output(&output, 0, &["secret/gcr-io created"], &[]);
    assert_hosts(&fixture, &["registry.example.com:5000/team/"]);
}

#[test]
fn unknown_google_host_is_written_with_warning() {
    let fixture = Fixture::new("hosts");
    let output = fixture
        .create()
        .args(["--registry", "moon-west1-docker.pkg.dev"])
        .run();
    assert_output(
        &output,
        0,
        &["secret/gcr-io created"],
        &[
            "Warning: moon-west1-docker.pkg.dev is not a Google registry host known to this version; check its spelling",
        ],
    );
    assert_hosts(&fixture, &["moon-west1-docker.pkg.dev"]);
}

#[test]
fn invalid_host_is_rejected_with_reason() {
    let fixture = Fixture::new("hosts");
    for (host, reason) in [
        ("*.gcr.io", "wildcard"),
        ("gcr.io/team-*/", "wildcard"),
        ("gcr.io/../x", "path"),
        ("gcr.io/..", "path"),
        ("ftp://gcr.io", "scheme"),
        ("gcr..io", "host name"),
        ("gcr.io:0", "port"),
        ("gcr.io:99999", "port"),
        ("gcr.io\u{1b}[2J", "control character"),
    ] {
        let output = fixture.create().args(["--registry", host]).run();
        let error = single_error(&output);
        assert!(
            error.contains("invalid registry host") && error.contains(reason),
            "{host:?}: {error}"
        );
        assert!(!error.contains('\u{1b}'), "{error:?}");
    }
    let output = fixture.create().args(["--image", "nginx:1.29"]).run();
    assert!(single_error(&output).contains("nginx:1.29"));
    assert_eq!(fixture.find("secret/gcr-io"), None);
}

#[test]
fn host_with_user_information_is_rejected_and_not_printed() {
    let fixture = Fixture::new("hosts");
    let output = fixture
        .create()
        .args(["--registry", "https://user:hunter2@gcr.io"])
        .run();
    let error = single_error(&output);
    assert!(
        error.contains("user information") && !error.contains("hunter2"),
        "{error}"
    );
}

#[test]
fn removed_host_is_warned_of() {
    let fixture = Fixture::new("hosts");
    fixture
        .create()
        .args(["--registry", "gcr.io,us.gcr.io,eu.gcr.io"])
        .run()
        .success();
    let output = fixture.create().args(["--registry", "us.gcr.io"]).run();
    assert_output(
        &output,
        0,
        &["secret/gcr-io configured"],
        &[
            r#"Warning: secret "gcr-io" no longer holds a credential for gcr.io, eu.gcr.io; --merge keeps other hosts"#,
        ],
    );
    assert_hosts(&fixture, &["us.gcr.io"]);
    let again = fixture.create().args(["--registry", "us.gcr.io"]).run();
    assert_output(&again, 0, &["secret/gcr-io unchanged"], &[]);
}

/// Asserts that the docker config contains exactly these hosts in this order, each with the key, and the annotation lists
/// them.
#[track_caller]
fn assert_hosts(fixture: &Fixture, hosts: &[&str]) {
    assert_eq!(hosts_of(fixture), hosts);
    let auth = json!({"auth": keys::key_auth()});
    let config = fixture.docker_config("gcr-io");
    let entries = config["auths"]
        .as_object()
        .unwrap_or_else(|| panic!("{config}"));
    assert!(entries.values().all(|entry| *entry == auth), "{config}");
    assert_eq!(
        fixture.secret()["metadata"]["annotations"]["kubectl-gcr-secret/registries"],
        hosts.join(",")
    );
}

/// Returns the hosts in the order of the text. A parsed JSON value would sort them.
#[track_caller]
fn hosts_of(fixture: &Fixture) -> Vec<String> {
    let text = fixture.docker_config_text("gcr-io");
    let config: Value =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let entries = config["auths"].as_object();
    let mut hosts: Vec<_> = entries
        .into_iter()
        .flat_map(|entries| entries.keys().cloned())
        .collect();
    hosts.sort_by_key(|host| text.find(&format!("\"{host}\":")));
    hosts
}
