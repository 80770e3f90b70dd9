//! Tests the environment in which commands run.

use std::time::Duration;

use gcr_test_support::{Session, Signal};

#[test]
fn command_inherits_no_environment() {
    let session = Session::without_cluster();
    let output = session
        .shell("env | cut -d= -f1 | sort; pwd; ls \"$HOME\"")
        .run()
        .success();
    // Shells set PWD, and some set `_`.
    let names: Vec<_> = output
        .stdout
        .lines()
        .filter(|line| !["PWD", "OLDPWD", "SHLVL", "_"].contains(line))
        .collect();
    assert_eq!(names, ["HOME", "PATH", session.work().to_str().unwrap()]);
}

#[test]
fn session_has_kubectl_and_both_plugins_on_path() {
    let session = Session::without_cluster();
    for plugin in ["kubectl-gcr_secret", "kubectl-gcr_patch_sa"] {
        let found = session
            .shell(&format!("command -v {plugin}"))
            .run()
            .success();
        assert_eq!(
            found.stdout.trim(),
            session.bin().join(plugin).to_str().unwrap()
        );
    }
    let listed = session.kubectl(["plugin", "list"]).run().success();
    assert!(
        listed.stdout.contains("kubectl-gcr_secret")
            && listed.stdout.contains("kubectl-gcr_patch_sa"),
        "{listed}"
    );
}

#[test]
fn file_has_given_mode() {
    let session = Session::without_cluster();
    session.file("key.json", "{}", 0o640);
    let output = session
        .shell("stat -c %a key.json 2>/dev/null || stat -f %Lp key.json; cat key.json")
        .run()
        .success();
    assert_eq!(output.stdout, "640\n{}");
}

#[test]
fn as_non_root_does_not_run_as_root() {
    let session = Session::without_cluster();
    session.file("secret", "x", 0o600);
    let output = session
        .shell("id -u; touch ~/mine && kubectl version --client")
        .as_non_root()
        .run()
        .success();
    assert_ne!(output.stdout.lines().next(), Some("0"), "{output}");
}

#[test]
fn command_gets_stdin_and_signal() {
    let session = Session::without_cluster();
    assert_eq!(
        session.shell("cat").stdin("words").run().success().stdout,
        "words"
    );
    let mut running = session.shell("exec sleep 30").spawn();
    running.signal(Signal::TERM);
    let output = running.wait();
    assert_eq!((output.code, output.signal), (None, Some(15)));
}

#[test]
#[should_panic(expected = "killed after 200ms")]
fn command_exceeding_timeout_is_killed() {
    Session::without_cluster()
        .shell("echo before; exec sleep 30")
        .timeout(Duration::from_millis(200))
        .run();
}

#[test]
fn drop_removes_session_directory() {
    let session = Session::without_cluster();
    let home = session.home();
    assert!(home.is_dir());
    drop(session);
    assert!(!home.exists());
}
