//! The surroundings a test's commands run in.

use std::time::Duration;

use gcr_test_support::{Session, Signal};

#[test]
fn a_command_sees_nothing_of_ours() {
    let session = Session::without_cluster();
    let output = session
        .shell("env | cut -d= -f1 | sort; pwd; ls \"$HOME\"")
        .run()
        .success();
    // PWD is set by the shell, and `_` by some.
    let names: Vec<_> = output
        .stdout
        .lines()
        .filter(|line| !["PWD", "OLDPWD", "SHLVL", "_"].contains(line))
        .collect();
    assert_eq!(names, ["HOME", "PATH", session.work().to_str().unwrap()]);
}

#[test]
fn kubectl_and_both_plugins_are_installed() {
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
fn files_have_the_mode_they_were_given() {
    let session = Session::without_cluster();
    session.file("key.json", "{}", 0o640);
    let output = session
        .shell("stat -c %a key.json 2>/dev/null || stat -f %Lp key.json; cat key.json")
        .run()
        .success();
    assert_eq!(output.stdout, "640\n{}");
}

#[test]
fn a_command_that_must_not_be_root_is_not() {
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
fn input_reaches_the_command_and_a_signal_ends_it() {
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
fn a_command_that_does_not_end_is_killed() {
    Session::without_cluster()
        .shell("echo before; exec sleep 30")
        .timeout(Duration::from_millis(200))
        .run();
}

#[test]
fn a_session_leaves_nothing_behind() {
    let session = Session::without_cluster();
    let home = session.home();
    assert!(home.is_dir());
    drop(session);
    assert!(!home.exists());
}
