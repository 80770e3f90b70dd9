//! Registry hosts: which flags name them, how they are written, and which are refused.

use gcr_test_support::keys;
use serde_json::{Value, json};

use crate::setting::{Setting, assert_said, one_error};

#[test]
fn hosts_come_in_the_order_given_and_each_once() {
    let setting = Setting::new("hosts");
    let words = [
        "--registry",
        "eu.gcr.io,europe-west1-docker.pkg.dev/project/repo",
        "--registry=https://us-docker.pkg.dev",
        "--docker-server",
        "EU.gcr.io:443",
    ];
    let output = setting.typed().args(words).run();
    assert_said(&output, 0, &["secret/gcr-io created"], &[]);
    assert_hosts(
        &setting,
        &[
            "eu.gcr.io",
            "europe-west1-docker.pkg.dev/project/repo/",
            "us-docker.pkg.dev",
        ],
    );
}

#[test]
fn a_host_has_one_spelling_however_it_is_typed() {
    let setting = Setting::new("hosts");
    setting.create().run().success();
    for spelling in [
        "gcr.io",
        "GCR.IO",
        "gcr.io/",
        "gcr.io:443",
        "https://gcr.io",
        "http://gcr.io/",
    ] {
        let output = setting.create().args(["--registry", spelling]).run();
        assert_said(&output, 0, &["secret/gcr-io unchanged"], &[]);
    }
}

#[test]
fn kubectls_own_flag_names_a_host_too() {
    let setting = Setting::new("hosts");
    let output = setting.create().args(["--docker-server=us.gcr.io"]).run();
    assert_said(&output, 0, &["secret/gcr-io created"], &[]);
    assert_hosts(&setting, &["us.gcr.io"]);
}

#[test]
fn an_image_gives_its_host_in_the_defaults_place() {
    let setting = Setting::new("hosts");
    let digest = format!("asia.gcr.io/p/app@sha256:{}", "0".repeat(64));
    let words = [
        "--image",
        "us-docker.pkg.dev/p/r/app:1.2",
        "--image",
        &digest,
    ];
    let output = setting.create().args(words).run();
    assert_said(&output, 0, &["secret/gcr-io created"], &[]);
    assert_hosts(&setting, &["us-docker.pkg.dev", "asia.gcr.io"]);
}

#[test]
fn images_and_registries_add_up() {
    let setting = Setting::new("hosts");
    let words = [
        "--image",
        "us.gcr.io/p/app",
        "--registry",
        "gcr.io,us.gcr.io",
    ];
    setting.create().args(words).run().success();
    let mut hosts = hosts_of(&setting);
    hosts.sort();
    assert_eq!(hosts, ["gcr.io", "us.gcr.io"]);
}

#[test]
fn a_host_that_is_not_googles_is_refused_unless_allowed() {
    let setting = Setting::new("hosts");
    for host in [
        "gcr.io.evil.example",
        "evilgcr.io",
        "pkg.dev.example",
        "registry.example.com:5000",
        "localhost:5000",
    ] {
        let output = setting.create().args(["--registry", host]).run();
        let error = one_error(&output);
        assert!(
            error.contains(host) && error.contains("--allow-any-host"),
            "{error}"
        );
    }
    let output = setting
        .create()
        .args(["--image", "docker.example.com/app:1"])
        .run();
    assert!(one_error(&output).contains("docker.example.com"));
    assert_eq!(setting.find("secret/gcr-io"), None);

    let words = [
        "--registry",
        "registry.example.com:5000/team",
        "--allow-any-host",
    ];
    let output = setting.create().args(words).run();
    assert_said(&output, 0, &["secret/gcr-io created"], &[]);
    assert_hosts(&setting, &["registry.example.com:5000/team/"]);
}

#[test]
fn a_google_host_nobody_knows_is_written_with_a_warning() {
    let setting = Setting::new("hosts");
    let output = setting
        .create()
        .args(["--registry", "moon-west1-docker.pkg.dev"])
        .run();
    assert_said(
        &output,
        0,
        &["secret/gcr-io created"],
        &[
            "Warning: moon-west1-docker.pkg.dev is not a Google registry host known to this version; check its spelling",
        ],
    );
    assert_hosts(&setting, &["moon-west1-docker.pkg.dev"]);
}

#[test]
fn what_is_no_host_is_refused_by_name() {
    let setting = Setting::new("hosts");
    for (host, trouble) in [
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
        let output = setting.create().args(["--registry", host]).run();
        let error = one_error(&output);
        assert!(
            error.contains("invalid registry host") && error.contains(trouble),
            "{host:?}: {error}"
        );
        assert!(!error.contains('\u{1b}'), "{error:?}");
    }
    let output = setting.create().args(["--image", "nginx:1.29"]).run();
    assert!(one_error(&output).contains("nginx:1.29"));
    assert_eq!(setting.find("secret/gcr-io"), None);
}

#[test]
fn user_information_in_a_host_is_refused_and_not_repeated() {
    let setting = Setting::new("hosts");
    let output = setting
        .create()
        .args(["--registry", "https://somebody:hunter2@gcr.io"])
        .run();
    let error = one_error(&output);
    assert!(
        error.contains("user information") && !error.contains("hunter2"),
        "{error}"
    );
}

#[test]
fn a_host_that_is_no_longer_in_the_secret_earns_a_warning() {
    let setting = Setting::new("hosts");
    setting
        .create()
        .args(["--registry", "gcr.io,us.gcr.io,eu.gcr.io"])
        .run()
        .success();
    let output = setting.create().args(["--registry", "us.gcr.io"]).run();
    assert_said(
        &output,
        0,
        &["secret/gcr-io configured"],
        &[
            r#"Warning: secret "gcr-io" no longer holds a credential for gcr.io, eu.gcr.io; --merge keeps other hosts"#,
        ],
    );
    assert_hosts(&setting, &["us.gcr.io"]);
    let again = setting.create().args(["--registry", "us.gcr.io"]).run();
    assert_said(&again, 0, &["secret/gcr-io unchanged"], &[]);
}

/// These hosts in this order, all with the key, and in the annotation too.
#[track_caller]
fn assert_hosts(setting: &Setting, hosts: &[&str]) {
    assert_eq!(hosts_of(setting), hosts);
    let auth = json!({"auth": keys::key_auth()});
    let config = setting.config("gcr-io");
    let entries = config["auths"]
        .as_object()
        .unwrap_or_else(|| panic!("{config}"));
    assert!(entries.values().all(|entry| *entry == auth), "{config}");
    assert_eq!(
        setting.secret()["metadata"]["annotations"]["kubectl-gcr-secret/registries"],
        hosts.join(",")
    );
}

/// The hosts as they stand in the text; a JSON value would sort them.
#[track_caller]
fn hosts_of(setting: &Setting) -> Vec<String> {
    let text = setting.config_text("gcr-io");
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
