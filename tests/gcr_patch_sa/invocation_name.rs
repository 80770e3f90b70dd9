//! The plugin's name in help and errors, which depends on how it is called.

use gcr_test_support::Session;

use crate::fixture::assert_output;

#[test]
fn help_mentions_pod_restart_and_flags() {
    let session = Session::without_cluster();
    for flag in ["--help", "-h"] {
        let output = session.kubectl(["gcr-patch-sa", flag]).run().success();
        assert_eq!(output.stderr, "");
        let text = output
            .stdout
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        assert!(text.contains("existing pods must be recreated"), "{output}");
        for word in [
            "kubectl gcr-patch-sa",
            "--secret",
            "--remove",
            "--all",
            "--selector",
            "--timeout",
            "--field-manager",
            "--namespace",
            "--dry-run",
            "--output",
            "--context",
            "--request-timeout",
        ] {
            assert!(text.contains(word), "no {word}\n{output}");
        }
    }
}

#[test]
fn executable_with_dashes_uses_its_file_name() {
    let session = Session::without_cluster();
    let file = session.bin().join("kubectl-gcr-patch-sa");
    std::fs::copy(session.bin().join("kubectl-gcr_patch_sa"), file).unwrap();
    let output = session
        .program("kubectl-gcr-patch-sa")
        .arg("--nope")
        .run()
        .exits(1);
    assert_output(
        &output,
        "",
        "error: unknown flag: --nope\nSee 'kubectl-gcr-patch-sa --help' for usage.\n",
    );
    let help = session
        .program("kubectl-gcr-patch-sa")
        .arg("--help")
        .run()
        .success();
    assert!(help.stdout.contains("  kubectl-gcr-patch-sa"), "{help}");
}

#[test]
fn version_flag_prints_client_version() {
    let session = Session::without_cluster();
    let output = session
        .kubectl(["gcr-patch-sa", "--version"])
        .run()
        .success();
    let line = format!("Client Version: v{}\n", env!("CARGO_PKG_VERSION"));
    assert_output(&output, &line, "");
}

#[test]
fn kubectl_plugin_list_shows_both_plugins_without_warning() {
    let session = Session::without_cluster();
    let output = session
        .kubectl(["plugin", "list"])
        .env("PATH", session.bin())
        .run()
        .success();
    let expected = format!(
        "The following compatible plugins are available:\n\n{0}/kubectl-gcr_patch_sa\n{0}/kubectl-gcr_secret\n",
        session.bin().display()
    );
    assert_output(&output, &expected, "");
}
