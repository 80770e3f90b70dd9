//! Tests the validation of the selected entries.

use super::*;
use crate::environment::Environment;
use crate::files::Merged;
use crate::options::ConnectionOptions;

fn check_error(cluster: &str, user: &str, change: impl FnOnce(&mut ConnectionOptions)) -> String {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config");
    let text = format!(
        "clusters:\n- name: c\n  cluster: {{server: 'https://c.test', {cluster}}}\ncontexts:\n- name: x\n  context: {{cluster: c, user: u}}\ncurrent-context: x\nusers:\n- name: u\n  user: {{{user}}}\n"
    );
    std::fs::write(&path, text).unwrap();
    let mut options = ConnectionOptions {
        kubeconfig: Some(path),
        ..Default::default()
    };
    change(&mut options);
    let environment = Environment::of(&[]);
    let merged = Merged::load(&options, &environment).unwrap();
    let config = EffectiveConfig::select(&merged, &options, &environment);
    check(&config)
        .expect_err("the configuration should be rejected")
        .to_string()
}

// The expected texts are those of kubectl 1.37.2.

#[test]
fn check_with_one_problem_returns_line() {
    let v1 = "exec: {command: x, apiVersion: client.authentication.k8s.io/v1}";
    for (cluster, user, expected) in [
        (
            "",
            v1,
            "interactiveMode must be specified for u to use exec authentication plugin",
        ),
        (
            "",
            "token: t, username: me",
            "more than one authentication method found for u; found [token basicAuth], only one is allowed",
        ),
        (
            "",
            "as-uid: '5'",
            "requesting uid, groups or user-extra for u without impersonating a user",
        ),
        (
            "",
            "client-certificate-data: QQ==",
            "client-key-data or client-key must be specified for u to use the clientCert authentication method.",
        ),
        (
            "certificate-authority: /nope",
            "",
            "unable to read certificate-authority /nope for c due to open /nope: no such file or directory",
        ),
        (
            "proxy-url: 'ftp://x'",
            "",
            "invalid 'proxy-url' \"ftp://x\" for cluster \"c\": unsupported scheme \"ftp\", must be http, https, or socks5",
        ),
        (
            "",
            "auth-provider: {name: oidc}, exec: {command: x, apiVersion: client.authentication.k8s.io/v1beta1}",
            "authProvider cannot be provided in combination with an exec plugin for u",
        ),
    ] {
        assert_eq!(check_error(cluster, user, |_| {}), expected);
    }
    assert_eq!(
        check_error("", "", |it| it.impersonate_groups = vec!["g".to_owned()]),
        "requesting uid, groups or user-extra for u without impersonating a user"
    );
}

#[test]
fn check_with_several_problems_returns_list() {
    let user =
        "token: t, username: me, exec: {command: '', apiVersion: client.authentication.k8s.io/v1}";
    assert_eq!(
        check_error("", user, |_| {}),
        "Error in configuration: \n* command must be specified for u to use exec authentication plugin\n* interactiveMode must be specified for u to use exec authentication plugin\n* more than one authentication method found for u; found [token basicAuth], only one is allowed"
    );
}

#[test]
fn check_with_authority_as_data_and_file_fails() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let cluster = format!(
        "certificate-authority-data: QQ==, certificate-authority: {}",
        file.path().display()
    );
    assert_eq!(
        check_error(&cluster, "", |_| {}),
        "certificate-authority-data and certificate-authority are both specified for c. certificate-authority-data will override."
    );
}
