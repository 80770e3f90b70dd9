//! Which context, cluster and user a run uses.

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

fn pick(change: impl FnOnce(&mut ConnectionOptions)) -> Result<EffectiveConfig, String> {
    pick_from(CONFIG, change)
}

fn pick_from(
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
    let chosen = EffectiveConfig::pick(&merged, &options, &environment);
    chosen
        .check_names(&options)
        .map(|()| chosen)
        .map_err(|error| error.to_string())
}

fn api_error(change: impl FnOnce(&mut ConnectionOptions)) -> String {
    pick(change).err().expect("should be refused")
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn names_that_are_not_there_have_client_gos_messages() {
    assert_eq!(
        api_error(|it| it.context = some("nope")),
        "error: context \"nope\" does not exist"
    );
    assert_eq!(
        api_error(|it| it.cluster = some("nope")),
        "error: cluster \"nope\" does not exist"
    );
    assert_eq!(
        api_error(|it| it.user = some("nope")),
        "error: auth info \"nope\" does not exist"
    );
    // Of several the user comes first.
    assert_eq!(
        api_error(|it| {
            it.context = some("nope");
            it.cluster = some("nope");
            it.user = some("a");
        }),
        "error: auth info \"a\" does not exist"
    );
    assert_eq!(
        api_error(|it| it.context = some("lost")),
        "error: cluster \"gone\" was not found for context \"lost\""
    );
    let elsewhere = pick(|it| {
        it.context = some("lost");
        it.server = some("https://e.test");
    });
    assert_eq!(
        elsewhere.unwrap().cluster.server.as_deref(),
        Some("https://e.test")
    );
}

#[test]
fn without_flags_the_current_context_counts() {
    let chosen = pick(|it| it.context = some("")).unwrap();
    assert_eq!(chosen.cluster.server.as_deref(), Some("https://c.test"));
    assert_eq!(chosen.context.namespace.as_deref(), Some("team"));
    assert_eq!(chosen.cluster.tls_server_name.as_deref(), Some("inner"));
    assert_eq!(chosen.user_name, "u");
}

#[test]
fn another_server_clears_the_name_and_trust_flags_clear_trust() {
    let chosen = pick(|it| it.server = some("https://e.test")).unwrap();
    assert_eq!(chosen.cluster.tls_server_name, None);
    assert_eq!(
        chosen.cluster.certificate_authority_data.as_deref(),
        Some("QQ==")
    );
    let chosen = pick(|it| it.insecure_skip_tls_verify = true).unwrap();
    assert_eq!(chosen.cluster.certificate_authority_data, None);
    assert_eq!(chosen.cluster.insecure_skip_tls_verify, Some(true));
    let chosen = pick(|it| it.certificate_authority = some("/ca")).unwrap();
    assert_eq!(chosen.cluster.certificate_authority.as_deref(), Some("/ca"));
    assert_eq!(chosen.cluster.certificate_authority_data, None);
    assert_eq!(chosen.cluster.insecure_skip_tls_verify, Some(false));
}

#[test]
fn user_flags_clear_what_they_stand_in_for() {
    let chosen = pick(|it| {
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
    let user = &chosen.user;
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
fn nothing_at_all_is_the_default_address() {
    let chosen = pick_from("", |_| {}).unwrap();
    assert_eq!(
        chosen.cluster.server.as_deref(),
        Some("http://localhost:8080")
    );
}
