//! Tests resolving a kubeconfig and flags into a connection.

use super::*;
use crate::environment::Environment;
use std::sync::Arc;

fn resolve(
    text: &str,
    variables: &[(&str, &str)],
    change: impl FnOnce(&mut ConnectionOptions),
) -> Result<Connection, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config");
    std::fs::write(&path, text).unwrap();
    let mut options = ConnectionOptions {
        kubeconfig: Some(path),
        ..Default::default()
    };
    change(&mut options);
    let kubeconfig = Kubeconfig::load(&options, Environment::of(variables));
    kubeconfig
        .and_then(|kubeconfig| kubeconfig.connection(&options))
        .map_err(|error| error.kubectl_line())
}

fn config(cluster: &str, user: &str) -> String {
    format!(
        "clusters:\n- name: c\n  cluster: {{{cluster}}}\ncontexts:\n- name: x\n  context: {{cluster: c, user: u}}\ncurrent-context: x\nusers:\n- name: u\n  user: {{{user}}}\n"
    )
}

async fn authorization(connection: &Connection) -> Result<Option<String>, String> {
    let credential = connection.inner.credentials.current().await;
    let credential = credential.map_err(|error| error.kubectl_line())?;
    Ok(credential
        .authorization
        .as_ref()
        .map(|value| value.to_str().unwrap().to_owned()))
}

#[tokio::test]
async fn connection_over_plain_http_sends_no_credential_and_runs_no_exec_plugin() {
    let exec = "exec: {command: /nope, apiVersion: client.authentication.k8s.io/v1beta1}";
    for user in [
        "token: t",
        "tokenFile: /nope",
        "username: a, password: b",
        exec,
    ] {
        let text = config("server: '127.0.0.1:1'", user);
        let connection = resolve(&text, &[], |_| {}).unwrap();
        assert_eq!(authorization(&connection).await, Ok(None), "{user}");
    }
    let flag = resolve("", &[], |it| it.token = Some("t".into())).unwrap();
    assert_eq!(flag.server, "localhost:8080");
    assert_eq!(authorization(&flag).await, Ok(None));
}

#[tokio::test]
async fn connection_with_several_credentials_uses_precedence_of_client_go() {
    let exec = "exec: {command: /nope, apiVersion: client.authentication.k8s.io/v1beta1}";
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    std::fs::write(&file, "from-file\n").unwrap();
    let both = format!("token: inline, tokenFile: {}, {exec}", file.display());
    let text = config("server: 'https://c.test'", &both);
    let connection = resolve(&text, &[], |_| {}).unwrap();
    assert_eq!(
        authorization(&connection).await.unwrap().unwrap(),
        "Bearer from-file"
    );
    let connection = resolve(&text, &[], |it| it.token = Some("flag".into())).unwrap();
    assert_eq!(
        authorization(&connection).await.unwrap().unwrap(),
        "Bearer flag"
    );
    let text = config("server: 'https://c.test'", exec);
    let connection = resolve(&text, &[], |_| {}).unwrap();
    assert_eq!(
        authorization(&connection).await.unwrap_err(),
        "Unable to connect to the server: getting credentials: exec: fork/exec /nope: no such file or directory"
    );
}

#[tokio::test]
async fn connection_without_credentials_fails_without_prompt() {
    let text = config("server: 'https://c.test'", "");
    let connection = resolve(&text, &[], |_| {}).unwrap();
    assert_eq!(
        authorization(&connection).await.unwrap_err(),
        "error: user \"u\" has no credentials: name one with --user, --token, or --client-certificate and --client-key"
    );
    let text = text.replace("- name: u", "- name: v");
    let connection = resolve(&text, &[], |_| {}).unwrap();
    assert_eq!(
        authorization(&connection).await.unwrap_err(),
        "error: user \"u\" was not found for context \"x\""
    );
}

#[tokio::test]
async fn connection_with_removed_auth_provider_fails() {
    for (name, prefix) in [
        (
            "gcp",
            "error: The gcp auth plugin has been removed.\nPlease use the \"gke-gcloud-auth-plugin\"",
        ),
        (
            "azure",
            "error: The azure auth plugin has been removed.\nPlease use the https://github.com/Azure/kubelogin",
        ),
        ("other", "error: no Auth Provider found for name \"other\""),
        ("oidc", "error: Must provide idp-issuer-url"),
    ] {
        let text = config(
            "server: 'https://c.test'",
            &format!("auth-provider: {{name: {name}}}"),
        );
        let connection = resolve(&text, &[], |_| {}).unwrap();
        let error = authorization(&connection).await.unwrap_err();
        assert!(error.starts_with(prefix), "{error}");
    }
}

#[test]
fn contexts_with_same_exec_plugin_share_credentials() {
    let text = config(
        "server: 'https://c.test'",
        "exec: {command: /nope, apiVersion: client.authentication.k8s.io/v1beta1}",
    ) + "- name: v\n  user: {exec: {command: /nope, apiVersion: client.authentication.k8s.io/v1beta1}}\n- name: w\n  user: {exec: {command: /other, apiVersion: client.authentication.k8s.io/v1beta1}}\n";
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config");
    std::fs::write(&path, text).unwrap();
    let options = |user: &str| ConnectionOptions {
        kubeconfig: Some(path.clone()),
        user: Some(user.to_owned()),
        ..Default::default()
    };
    let kubeconfig = Kubeconfig::load(&options("u"), Environment::of(&[])).unwrap();
    let of = |user: &str| kubeconfig.connection(&options(user)).unwrap();
    assert!(Arc::ptr_eq(
        &of("u").inner.credentials,
        &of("v").inner.credentials
    ));
    assert!(!Arc::ptr_eq(
        &of("u").inner.credentials,
        &of("w").inner.credentials
    ));
}

#[test]
fn service_account_of_pod_is_used_only_without_configuration() {
    let account = tempfile::tempdir().unwrap();
    std::fs::write(account.path().join("token"), "t").unwrap();
    std::fs::write(account.path().join("namespace"), "pod-ns\n").unwrap();
    let mut environment = Environment::of(&[
        ("KUBERNETES_SERVICE_HOST", "fd00::1"),
        ("KUBERNETES_SERVICE_PORT", "443"),
    ]);
    environment.account = account.path().to_owned();
    let connection = |text: &str, change: fn(&mut ConnectionOptions)| {
        let path = account.path().join("config");
        std::fs::write(&path, text).unwrap();
        let mut options = ConnectionOptions {
            kubeconfig: Some(path),
            ..Default::default()
        };
        change(&mut options);
        Kubeconfig::load(&options, environment.clone())
            .unwrap()
            .connection(&options)
            .unwrap()
    };
    let pod = connection("", |_| {});
    assert_eq!(pod.server, "[fd00::1]:443");
    assert_eq!(pod.namespace.as_deref(), Some("pod-ns"));
    assert!(
        pod.inner.user.token_file.is_none(),
        "the token file should have moved to the credentials"
    );
    let elsewhere = connection("", |it| it.server = Some("http://other:1".to_owned()));
    assert_eq!(elsewhere.server, "other:1");
    let configured = connection(&config("server: 'https://c.test'", "token: t"), |_| {});
    assert_eq!(configured.server, "c.test");
    assert_eq!(configured.namespace.as_deref(), Some("pod-ns"));
    let impersonated = connection("", |it| it.impersonate = Some("jane".to_owned()));
    assert_eq!(impersonated.server, "localhost:8080");
}

#[tokio::test]
async fn client_with_invalid_certificate_authority_fails() {
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let file = tempfile::NamedTempFile::new().unwrap();
    let authority = format!("certificate-authority: {}", file.path().display());
    let both = config(
        &format!("server: 'https://c.test', insecure-skip-tls-verify: true, {authority}"),
        "token: t",
    );
    let connection = resolve(&both, &[], |_| {}).unwrap();
    assert_eq!(
        connection.authenticate().await.unwrap_err().kubectl_line(),
        "error: specifying a root certificates file with the insecure flag is not allowed"
    );
    let empty = config(
        &format!("server: 'https://c.test', {authority}"),
        "token: t",
    );
    // An empty file means the system's certificate authorities.
    let connection = resolve(&empty, &[], |_| {}).unwrap();
    assert!(connection.authenticate().await.is_ok());
    std::fs::write(file.path(), "nonsense").unwrap();
    let connection = resolve(&empty, &[], |_| {}).unwrap();
    assert_eq!(
        connection.authenticate().await.unwrap_err().kubectl_line(),
        "error: unable to load root certificates: unable to parse bytes as PEM block"
    );
}

#[test]
fn clusters_with_same_oidc_user_share_credentials() {
    let text = config(
        "server: 'https://c.test'",
        "auth-provider: {name: oidc, config: {client-id: me, idp-issuer-url: 'https://i.test', refresh-token: r}}",
    ) + "- name: v\n  user: {auth-provider: {name: oidc, config: {client-id: me, idp-issuer-url: 'https://i.test', refresh-token: s}}}\n";
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config");
    std::fs::write(&path, text).unwrap();
    let options = |user: &str, server: &str| ConnectionOptions {
        kubeconfig: Some(path.clone()),
        user: Some(user.to_owned()),
        server: Some(server.to_owned()),
        ..Default::default()
    };
    let kubeconfig = Kubeconfig::load(&options("u", ""), Environment::of(&[])).unwrap();
    let of = |user: &str, server: &str| kubeconfig.connection(&options(user, server)).unwrap();
    let [one, other] = ["https://one.test", "https://other.test"].map(|it| of("u", it));
    assert!(Arc::ptr_eq(
        &one.inner.credentials,
        &other.inner.credentials
    ));
    let another = of("v", "https://one.test");
    assert!(!Arc::ptr_eq(
        &one.inner.credentials,
        &another.inner.credentials
    ));
}
