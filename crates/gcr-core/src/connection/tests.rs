//! From kubeconfig and flags to a connection, as client-go has it.

use super::*;

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
    let kubeconfig = Kubeconfig::load(&options, Environment::of(variables))?;
    kubeconfig
        .connection(&options)
        .map_err(|error| error.to_string())
}

fn config(cluster: &str, user: &str) -> String {
    format!(
        "clusters:\n- name: c\n  cluster: {{{cluster}}}\ncontexts:\n- name: x\n  context: {{cluster: c, user: u}}\ncurrent-context: x\nusers:\n- name: u\n  user: {{{user}}}\n"
    )
}

async fn authorization(connection: &Connection) -> Result<Option<String>, String> {
    let credential = connection.inner.credentials.current().await?;
    Ok(credential
        .authorization
        .as_ref()
        .map(|value| value.to_str().unwrap().to_owned()))
}

#[tokio::test]
async fn no_credential_goes_over_plain_http_and_no_plugin_is_run_for_it() {
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
async fn the_order_of_credentials_is_client_gos() {
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
async fn nobody_is_asked_for_a_user_name() {
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
async fn ways_to_log_in_that_are_gone_say_so() {
    for (name, begins) in [
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
        assert!(error.starts_with(begins), "{error}");
    }
}

#[test]
fn a_plugin_of_several_contexts_is_one() {
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
fn a_key_does_not_travel_just_because_a_kubeconfig_says_so() {
    let insecure = config(
        "server: 'https://c.test', insecure-skip-tls-verify: true",
        "",
    );
    let connection = resolve(&insecure, &[], |_| {}).unwrap();
    let why = connection.ensure_confidential().unwrap_err();
    assert!(why.contains("--insecure-skip-tls-verify"), "{why}");
    let told = resolve(&insecure, &[], |it| it.insecure_skip_tls_verify = true).unwrap();
    assert_eq!(told.ensure_confidential(), Ok(()));
    let plain = config("server: 'http://c.test:80'", "");
    let connection = resolve(&plain, &[], |_| {}).unwrap();
    assert!(
        connection
            .ensure_confidential()
            .unwrap_err()
            .contains("--server=http://c.test:80/")
    );
    let told = resolve(&plain, &[], |it| {
        it.server = Some("http://c.test".to_owned())
    })
    .unwrap();
    assert_eq!(told.ensure_confidential(), Ok(()));
    let here = resolve(&config("server: 'http://127.0.0.1:1'", ""), &[], |_| {}).unwrap();
    assert_eq!(here.ensure_confidential(), Ok(()));
}

#[test]
fn a_pods_account_is_used_only_where_nothing_is_configured() {
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
        "it is the credentials' now"
    );
    let elsewhere = connection("", |it| it.server = Some("http://other:1".to_owned()));
    assert_eq!(elsewhere.server, "other:1");
    let configured = connection(&config("server: 'https://c.test'", "token: t"), |_| {});
    assert_eq!(configured.server, "c.test");
    assert_eq!(configured.namespace.as_deref(), Some("pod-ns"));
    let as_somebody = connection("", |it| it.impersonate = Some("jane".to_owned()));
    assert_eq!(as_somebody.server, "localhost:8080");
}

#[tokio::test]
async fn trust_that_contradicts_itself_is_refused() {
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
        connection.client().await.err().unwrap(),
        "error: specifying a root certificates file with the insecure flag is not allowed"
    );
    let empty = config(
        &format!("server: 'https://c.test', {authority}"),
        "token: t",
    );
    // As if it were not named: the system's authorities.
    let connection = resolve(&empty, &[], |_| {}).unwrap();
    assert!(connection.client().await.is_ok());
    std::fs::write(file.path(), "nonsense").unwrap();
    let connection = resolve(&empty, &[], |_| {}).unwrap();
    assert_eq!(
        connection.client().await.err().unwrap(),
        "error: unable to load root certificates: unable to parse bytes as PEM block"
    );
}

#[test]
fn an_oidc_user_of_several_clusters_spends_its_refresh_token_once() {
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
