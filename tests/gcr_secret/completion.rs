//! Shell completion through the real kubectl, which runs the plugin's completion executable.

use std::time::Duration;

use gcr_test_support::{ControlPlane, Session, keys};

use crate::fixture::Fixture;
use crate::listener::Listener;

/// Returns the completion of `kubectl gcr-secret ARGS<Tab>`: the candidates without descriptions, and the directive.
fn complete(session: &Session, args: &[&str]) -> (Vec<String>, String) {
    let output = session
        .kubectl(["__complete", "gcr-secret"])
        .args(args)
        .run()
        .success();
    let mut lines: Vec<_> = output.stdout.lines().map(str::to_owned).collect();
    let directive = lines.pop().unwrap_or_default();
    let names = lines.iter().filter_map(|line| line.split('\t').next());
    (names.map(str::to_owned).collect(), directive)
}

fn candidates(names: &[&str], directive: &str) -> (Vec<String>, String) {
    let names = names.iter().map(ToString::to_string).collect();
    (names, directive.to_owned())
}

#[test]
fn commands_flags_and_values_complete_without_cluster() {
    let session = Session::without_cluster();
    let complete = |args: &[&str]| complete(&session, args);
    assert_eq!(
        complete(&[""]),
        candidates(
            &[
                "completion",
                "create",
                "delete",
                "describe",
                "docker-login",
                "doctor",
                "help",
                "list",
                "options",
                "rbac",
                "refresh",
                "rotate",
                "setup",
                "verify",
                "version"
            ],
            ":4"
        )
    );
    assert_eq!(complete(&["cr"]), candidates(&["create"], ":4"));
    assert_eq!(
        complete(&["create", "--a"]),
        candidates(
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
        complete(&["create", "--auth", ""]),
        candidates(&["json-key", "json-key-base64"], ":4")
    );
    for (flag, values) in [
        ("--role=", ["reader", "writer"]),
        ("--credential=", ["key", "token"]),
        ("--attach=", ["true", "false"]),
    ] {
        assert_eq!(complete(&["setup", flag]), candidates(&values, ":4"));
    }
    assert_eq!(
        complete(&["setup", "--registry=asia.g"]),
        candidates(&["asia.gcr.io"], ":4")
    );
    assert_eq!(
        complete(&["list", "--sort-by", "a"]),
        candidates(&["account", "age"], ":4")
    );
    assert_eq!(
        complete(&["list", "-o", ""]),
        candidates(&["json", "yaml", "name", "wide"], ":4")
    );
    assert_eq!(
        complete(&["rbac", "d"]),
        candidates(&["delete", "describe", "docker-login", "doctor"], ":4")
    );
    assert_eq!(
        complete(&["create", "--dry-run="]),
        candidates(&["none", "server", "client"], ":4")
    );
    for command in ["setup", "rotate", "docker-login"] {
        assert_eq!(
            complete(&[command, "--dry-run="]),
            candidates(&["none", "client"], ":4")
        );
    }
    assert_eq!(
        complete(&["version", "-o", ""]),
        candidates(&["json", "yaml"], ":4")
    );
    assert_eq!(
        complete(&["completion", ""]),
        candidates(&["kubectl"], ":4")
    );
    assert_eq!(
        complete(&["create", "--key-file", ""]),
        candidates(&[], ":0")
    );
    assert_eq!(
        complete(&["create", "--docker-server", "gcr.io,europe-d"]),
        candidates(&["gcr.io,europe-docker.pkg.dev"], ":4")
    );
}

#[test]
fn cluster_objects_complete() {
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

    let complete = |args: &[&str]| complete(&session, args);
    assert_eq!(
        complete(&["create", "-n", &namespace]),
        candidates(&[&namespace], ":4")
    );
    let several = format!("default,{namespace}");
    assert_eq!(
        complete(&["create", &format!("--namespace={several}")]),
        candidates(&[&several], ":4")
    );
    // Only pull Secrets are offered.
    assert_eq!(
        complete(&["create", "-n", &namespace, "tab"]),
        candidates(&["tab-one"], ":4")
    );
    assert_eq!(
        complete(&["create", "-n", &namespace, "--serviceaccount", "sa/def"]),
        candidates(&["sa/default"], ":4")
    );
}

#[test]
fn secrets_pods_and_images_complete_where_they_are_asked_for() {
    let fixture = Fixture::new("complete");
    fixture.create().run().success();
    fixture.create_pod("web", &["gcr-io"]);
    fixture.create_pod("worker", &["gcr-io"]);
    let namespace = fixture.namespace.as_str();
    for (command, word, expected) in [
        (&["list"][..], "--image", &[][..]),
        (&["describe"], "", &["gcr-io"]),
        (&["delete"], "", &["gcr-io"]),
        (&["verify"], "", &["gcr-io"]),
        (&["doctor"], "", &["web", "worker"]),
        (&["doctor", "--image"], "", &["gcr.io/p/i"]),
        (&["verify", "--image"], "gcr", &["gcr.io/p/i"]),
        (&["create", "--image"], "", &["gcr.io/p/i"]),
        (&["setup", "--image"], "eu", &[]),
    ] {
        let args = [&["-n", namespace][..], command, &[word]].concat();
        assert_eq!(complete(&fixture.session, &args).0, expected, "{args:?}");
    }
}

#[test]
fn kubeconfig_entries_complete_without_request() {
    let session = Session::without_cluster();
    let kubeconfig = "clusters: [{name: c-one, cluster: {server: https://127.0.0.1:1}}]\n\
                      contexts: [{name: x-one, context: {}}, {name: x-two, context: {cluster: nope}}]\n\
                      users: [{name: u-one, user: {}}]\n";
    session.file("kubeconfig", kubeconfig, 0o600);
    let complete = |args: &[&str]| {
        let mut all = vec!["--kubeconfig=kubeconfig"];
        all.extend(args);
        complete(&session, &all)
    };
    assert_eq!(
        complete(&["create", "--context", ""]),
        candidates(&["x-one", "x-two"], ":4")
    );
    assert_eq!(complete(&["--context=x-t"]), candidates(&["x-two"], ":4"));
    assert_eq!(
        complete(&["create", "--cluster", ""]),
        candidates(&["c-one"], ":4")
    );
    assert_eq!(
        complete(&["create", "--user", ""]),
        candidates(&["u-one"], ":4")
    );
}

#[test]
fn failing_completion_is_silent_and_fast() {
    let session = Session::without_cluster();
    let listener = Listener::new();
    session.file("kubeconfig", listener.kubeconfig(), 0o600);
    let slow = "users: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: prompt, interactiveMode: IfAvailable}}}]\n\
                clusters: [{name: c, cluster: {server: https://127.0.0.1:1}}]\n\
                contexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n";
    session.file("plugin", slow, 0o600);
    session.script(
        "prompt",
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

/// The shell can kill the completion at any time, which would lose a new refresh token, and a Tab must not prompt.
#[test]
fn completion_neither_renews_tokens_nor_prompts() {
    let session = Session::without_cluster();
    let issuer = Listener::new();
    // {"alg":"none"}.{"exp":1577836800}.
    let old = "eyJhbGciOiJub25lIn0.eyJleHAiOjE1Nzc4MzY4MDB9.old";
    let issued = format!(
        "auth-provider: {{name: oidc, config: {{client-id: me, idp-issuer-url: 'http://{}', refresh-token: r1, id-token: {old}}}}}",
        issuer.address()
    );
    let interactive = "exec: {apiVersion: client.authentication.k8s.io/v1, command: prompt, interactiveMode: Always}";
    for (name, user) in [("issued", issued.as_str()), ("interactive", interactive)] {
        let text = format!(
            "clusters: [{{name: c, cluster: {{server: 'https://127.0.0.1:1'}}}}]\nusers: [{{name: u, user: {{{user}}}}}]\n\
             contexts: [{{name: x, context: {{cluster: c, user: u}}}}]\ncurrent-context: x\n"
        );
        session.file(name, text, 0o600);
    }
    session.script("prompt", "echo started >> started");
    session.file("key.json", keys::KEY, 0o600);
    let tab = |kubeconfig| {
        let args = ["create", "--kubeconfig", kubeconfig, "-n", ""];
        let tab = session.program("kubectl_complete-gcr_secret").args(args);
        tab.on_terminal().run().success()
    };
    let run = |kubeconfig| {
        let args = ["create", "--kubeconfig", kubeconfig, "--key-file=key.json"];
        session.gcr_secret(args).on_terminal().run().exits(1)
    };
    let has_started = || session.work().join("started").exists();

    let complete = tab("issued");
    assert_eq!(issuer.connections(), 0, "{complete}");
    let complete = tab("interactive");
    assert!(!has_started(), "{complete}");
    // A command renews the token and starts the exec plugin.
    let failed = run("issued");
    assert!(issuer.connections() > 0, "{failed}");
    let failed = run("interactive");
    assert!(has_started(), "{failed}");
}

#[test]
fn completion_shim_works_without_installed_completion_file() {
    let session = Session::without_cluster();
    let shim_path = session.bin().join("kubectl_complete-gcr_secret");
    std::fs::remove_file(&shim_path).unwrap();
    assert_eq!(complete(&session, &["cr"]), candidates(&[], ":0"));
    for args in [
        &["gcr-secret", "completion"][..],
        &["gcr-secret", "completion", "kubectl"],
    ] {
        let shim = session.kubectl(args).run().success().stdout;
        session.file(&shim_path, shim, 0o755);
        assert_eq!(complete(&session, &["cr"]), candidates(&["create"], ":4"));
        assert_eq!(complete(&session, &["create", "--auth", ""]).1, ":4");
    }
}
