//! Completion as a shell gets it: through real kubectl, which runs the plugin's completion file.

use std::time::Duration;

use gcr_test_support::{ControlPlane, Session, keys};

use crate::listener::Listener;

/// What `kubectl gcr-secret WORDS<Tab>` offers: the candidates without their descriptions, and the directive.
fn offered(session: &Session, words: &[&str]) -> (Vec<String>, String) {
    let output = session
        .kubectl(["__complete", "gcr-secret"])
        .args(words)
        .run()
        .success();
    let mut lines: Vec<_> = output.stdout.lines().map(str::to_owned).collect();
    let directive = lines.pop().unwrap_or_default();
    let names = lines.iter().filter_map(|line| line.split('\t').next());
    (names.map(str::to_owned).collect(), directive)
}

fn list(names: &[&str], directive: &str) -> (Vec<String>, String) {
    let names = names.iter().map(ToString::to_string).collect();
    (names, directive.to_owned())
}

#[test]
fn commands_flags_and_values_are_offered_without_a_cluster() {
    let session = Session::without_cluster();
    let offered = |words: &[&str]| offered(&session, words);
    assert_eq!(
        offered(&[""]),
        list(
            &["completion", "create", "help", "options", "version"],
            ":4"
        )
    );
    assert_eq!(offered(&["cr"]), list(&["create"], ":4"));
    assert_eq!(
        offered(&["create", "--a"]),
        list(
            &[
                "--access-token-file",
                "--all-namespaces",
                "--allow-any-host",
                "--as",
                "--as-group",
                "--as-uid",
                "--as-user-extra",
                "--attach",
                "--auth"
            ],
            ":4"
        )
    );
    assert_eq!(
        offered(&["create", "--auth", ""]),
        list(&["json-key", "json-key-base64"], ":4")
    );
    assert_eq!(
        offered(&["create", "--dry-run="]),
        list(&["none", "server", "client"], ":4")
    );
    assert_eq!(
        offered(&["version", "-o", ""]),
        list(&["json", "yaml"], ":4")
    );
    assert_eq!(offered(&["completion", ""]), list(&["kubectl"], ":4"));
    assert_eq!(offered(&["create", "--key-file", ""]), list(&[], ":0"));
    assert_eq!(
        offered(&["create", "--docker-server", "gcr.io,europe-d"]),
        list(&["gcr.io,europe-docker.pkg.dev"], ":4")
    );
}

#[test]
fn what_the_cluster_has_is_offered() {
    let cluster = ControlPlane::shared();
    let namespace = cluster.create_namespace("complete");
    let session = cluster.session();
    session.file("key.json", keys::KEY, 0o600);
    let create = [
        "gcr-secret",
        "create",
        "tab-one",
        "--key-file=key.json",
        "-n",
        &namespace,
    ];
    session.kubectl(create).run().success();
    let other = ["create", "secret", "generic", "tab-other", "-n", &namespace];
    session.kubectl(other).run().success();

    let offered = |words: &[&str]| offered(&session, words);
    assert_eq!(
        offered(&["create", "-n", &namespace]),
        list(&[&namespace], ":4")
    );
    let several = format!("default,{namespace}");
    assert_eq!(
        offered(&["create", &format!("--namespace={several}")]),
        list(&[&several], ":4")
    );
    // Pull Secrets only.
    assert_eq!(
        offered(&["create", "-n", &namespace, "tab"]),
        list(&["tab-one"], ":4")
    );
    assert_eq!(
        offered(&["create", "-n", &namespace, "--serviceaccount", "sa/def"]),
        list(&["sa/default"], ":4")
    );
}

#[test]
fn the_kubeconfig_is_offered_without_asking_a_server() {
    let session = Session::without_cluster();
    let kubeconfig = "clusters: [{name: c-one, cluster: {server: https://127.0.0.1:1}}]\n\
                      contexts: [{name: x-one, context: {}}, {name: x-two, context: {cluster: nope}}]\n\
                      users: [{name: u-one, user: {}}]\n";
    session.file("kubeconfig", kubeconfig, 0o600);
    let offered = |words: &[&str]| {
        let mut all = vec!["--kubeconfig=kubeconfig"];
        all.extend(words);
        offered(&session, &all)
    };
    assert_eq!(
        offered(&["create", "--context", ""]),
        list(&["x-one", "x-two"], ":4")
    );
    assert_eq!(offered(&["--context=x-t"]), list(&["x-two"], ":4"));
    assert_eq!(
        offered(&["create", "--cluster", ""]),
        list(&["c-one"], ":4")
    );
    assert_eq!(offered(&["create", "--user", ""]), list(&["u-one"], ":4"));
}

#[test]
fn trouble_is_silent_and_short() {
    let session = Session::without_cluster();
    let listener = Listener::new();
    session.file("kubeconfig", listener.kubeconfig(), 0o600);
    let slow = "users: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: asks, interactiveMode: IfAvailable}}}]\n\
                clusters: [{name: c, cluster: {server: https://127.0.0.1:1}}]\n\
                contexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n";
    session.file("plugin", slow, 0o600);
    session.script(
        "asks",
        "echo 'Password:' >&2; read -r answer && touch answered; sleep 60",
    );
    session.file("broken", "{", 0o600);
    for kubeconfig in ["kubeconfig", "plugin", "broken", "nope"] {
        let output = session
            .program("kubectl_complete-gcr_secret")
            .args(["create", "--kubeconfig", kubeconfig, "-n", ""])
            .stdin("yes\n")
            .run()
            .success();
        assert_eq!(
            (output.stdout.as_str(), output.stderr.as_str()),
            (":4\n", ""),
            "{kubeconfig}"
        );
        assert!(output.elapsed < Duration::from_secs(4), "{output}");
    }
    assert!(!session.work().join("answered").exists());
}

/// A process that may end at any moment would lose what came for a refresh token, and nobody expects a Tab to ask.
#[test]
fn nothing_is_renewed_and_nobody_is_asked() {
    let session = Session::without_cluster();
    let issuer = Listener::new();
    // {"alg":"none"}.{"exp":1577836800}.
    let old = "eyJhbGciOiJub25lIn0.eyJleHAiOjE1Nzc4MzY4MDB9.old";
    let issued = format!(
        "auth-provider: {{name: oidc, config: {{client-id: me, idp-issuer-url: 'http://{}', refresh-token: r1, id-token: {old}}}}}",
        issuer.address()
    );
    let talks = "exec: {apiVersion: client.authentication.k8s.io/v1, command: asks, interactiveMode: Always}";
    for (name, user) in [("issued", issued.as_str()), ("talks", talks)] {
        let text = format!(
            "clusters: [{{name: c, cluster: {{server: 'https://127.0.0.1:1'}}}}]\nusers: [{{name: u, user: {{{user}}}}}]\n\
             contexts: [{{name: x, context: {{cluster: c, user: u}}}}]\ncurrent-context: x\n"
        );
        session.file(name, text, 0o600);
    }
    session.script("asks", "echo started >> started");
    session.file("key.json", keys::KEY, 0o600);
    let tab = |kubeconfig| {
        let words = ["create", "--kubeconfig", kubeconfig, "-n", ""];
        let tab = session.program("kubectl_complete-gcr_secret").args(words);
        tab.on_terminal().run().success()
    };
    let run = |kubeconfig| {
        let words = ["create", "--kubeconfig", kubeconfig, "--key-file=key.json"];
        session.gcr_secret(words).on_terminal().run().exits(1)
    };
    let has_started = || session.work().join("started").exists();

    let offered = tab("issued");
    assert_eq!(issuer.calls(), 0, "{offered}");
    let offered = tab("talks");
    assert!(!has_started(), "{offered}");
    // A command does both.
    let failed = run("issued");
    assert!(issuer.calls() > 0, "{failed}");
    let failed = run("talks");
    assert!(has_started(), "{failed}");
}

#[test]
fn the_shim_completes_where_only_the_plugin_is_linked() {
    let session = Session::without_cluster();
    let place = session.bin().join("kubectl_complete-gcr_secret");
    std::fs::remove_file(&place).unwrap();
    assert_eq!(offered(&session, &["cr"]), list(&[], ":0"));
    for words in [
        &["gcr-secret", "completion"][..],
        &["gcr-secret", "completion", "kubectl"],
    ] {
        let shim = session.kubectl(words).run().success().stdout;
        session.file(&place, shim, 0o755);
        assert_eq!(offered(&session, &["cr"]), list(&["create"], ":4"));
        assert_eq!(offered(&session, &["create", "--auth", ""]).1, ":4");
    }
}
