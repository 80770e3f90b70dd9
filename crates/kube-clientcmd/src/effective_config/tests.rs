//! Tests the selection of context, cluster and user.

use super::*;

const CONFIG: &str = "clusters:
- name: c
  cluster: {server: 'https://c.test', certificate-authority-data: QQ==, tls-server-name: inner}
- name: d
  cluster: {server: 'https://d.test'}
contexts:
- name: x
  context: {cluster: c, user: u, namespace: team}
- name: lost
  context: {cluster: gone, user: u}
current-context: x
users:
- name: u
  user: {client-certificate-data: QQ==, client-key-data: QQ==, tokenFile: /t, as-user-extra: {a: ['1'], b: ['2']}}
";

fn select(change: impl FnOnce(&mut ConnectionOptions)) -> Result<EffectiveConfig, String> {
    select_in(CONFIG, change)
}

fn select_in(
    text: &str,
    change: impl FnOnce(&mut ConnectionOptions),
) -> Result<EffectiveConfig, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config");
    std::fs::write(&path, text).unwrap();
    let mut options = ConnectionOptions {
        kubeconfig: Some(path),
        ..Default::default()
    };
    let environment = Environment::of(&[]);
    let merged = Merged::load(&options, &environment).unwrap();
    change(&mut options);
    let config = EffectiveConfig::select(&merged, &options, &environment);
    config
        .check_names(&options)
        .map(|()| config)
        .map_err(|error| error.to_string())
}

fn check_error(change: impl FnOnce(&mut ConnectionOptions)) -> String {
    select(change).err().expect("the names should be rejected")
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn check_names_with_missing_entry_returns_message_of_client_go() {
    assert_eq!(
        check_error(|it| it.context = some("nope")),
        "context \"nope\" does not exist"
    );
    assert_eq!(
        check_error(|it| it.cluster = some("nope")),
        "cluster \"nope\" does not exist"
    );
    assert_eq!(
        check_error(|it| it.user = some("nope")),
        "auth info \"nope\" does not exist"
    );
    // The user is checked first.
    assert_eq!(
        check_error(|it| {
            it.context = some("nope");
            it.cluster = some("nope");
            it.user = some("a");
        }),
        "auth info \"a\" does not exist"
    );
    assert_eq!(
        check_error(|it| it.context = some("lost")),
        "cluster \"gone\" was not found for context \"lost\""
    );
    let elsewhere = select(|it| {
        it.context = some("lost");
        it.server = some("https://e.test");
    });
    assert_eq!(
        elsewhere.unwrap().cluster.server.as_deref(),
        Some("https://e.test")
    );
}

#[test]
fn select_without_flags_uses_current_context() {
    let config = select(|it| it.context = some("")).unwrap();
    assert_eq!(config.cluster.server.as_deref(), Some("https://c.test"));
    assert_eq!(config.context.namespace.as_deref(), Some("team"));
    assert_eq!(config.cluster.tls_server_name.as_deref(), Some("inner"));
    assert_eq!(config.user_name, "u");
}

#[test]
fn select_with_server_or_trust_flags_clears_settings_of_kubeconfig() {
    let config = select(|it| it.server = some("https://e.test")).unwrap();
    assert_eq!(config.cluster.tls_server_name, None);
    assert_eq!(
        config.cluster.certificate_authority_data.as_deref(),
        Some("QQ==")
    );
    let config = select(|it| it.insecure_skip_tls_verify = true).unwrap();
    assert_eq!(config.cluster.certificate_authority_data, None);
    assert_eq!(config.cluster.insecure_skip_tls_verify, Some(true));
    let config = select(|it| it.certificate_authority = some("/ca")).unwrap();
    assert_eq!(config.cluster.certificate_authority.as_deref(), Some("/ca"));
    assert_eq!(config.cluster.certificate_authority_data, None);
    assert_eq!(config.cluster.insecure_skip_tls_verify, Some(false));
}

#[test]
fn select_with_user_flags_clears_replaced_settings() {
    let config = select(|it| {
        it.token = Some("flag".into());
        it.client_certificate = some("/crt");
        it.client_key = some("/key");
        it.impersonate = some("jane");
        it.impersonate_user_extra = vec![
            ("a".to_owned(), "x".to_owned()),
            ("a".to_owned(), "y".to_owned()),
        ];
    })
    .unwrap();
    let user = &config.user;
    assert_eq!(user.token.as_deref(), Some("flag"));
    assert_eq!(user.token_file, None);
    assert_eq!(user.client_certificate.as_deref(), Some("/crt"));
    assert_eq!(user.client_certificate_data, None);
    assert_eq!(user.client_key_data, None);
    assert_eq!(user.impersonate.as_deref(), Some("jane"));
    let extra = user.impersonate_user_extra.as_ref().unwrap();
    assert_eq!(extra["a"], Some(vec!["x".to_owned(), "y".to_owned()]));
    assert_eq!(extra["b"], Some(vec!["2".to_owned()]));
}

#[test]
fn select_with_empty_kubeconfig_uses_default_server() {
    let config = select_in("", |_| {}).unwrap();
    assert_eq!(
        config.cluster.server.as_deref(),
        Some("http://localhost:8080")
    );
}
