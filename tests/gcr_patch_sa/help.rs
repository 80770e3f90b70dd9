//! `--help` (compared with the files in `tests/gcr_patch_sa/help`), `--version` and `--completion`.

use gcr_test_support::Session;
use gcr_test_support::snapshot::assert_snapshot;

#[test]
fn help_matches_snapshot_and_lists_connection_flags() {
    let session = Session::without_cluster();
    let help = session.kubectl(["gcr-patch-sa", "--help"]).run().success();
    assert_snapshot("tests/gcr_patch_sa/help/gcr-patch-sa.txt", &help.stdout);
    // The flags and texts equal those of `kubectl gcr-secret options`.
    let options = session.kubectl(["gcr-secret", "options"]).run().success();
    let (_, flags) = options.stdout.split_once("\n\n").unwrap();
    let expected = format!("\nConnection Options:\n{}\n\nUsage:\n", flags.trim_end());
    assert!(help.stdout.contains(&expected), "{help}");
}

#[test]
fn version_flag_prints_version() {
    let session = Session::without_cluster();
    let version = session
        .kubectl(["gcr-patch-sa", "--version"])
        .run()
        .success();
    let other = session.kubectl(["gcr-secret", "version"]).run().success();
    assert_eq!(version.stdout, other.stdout);
    let json = session
        .kubectl(["gcr-patch-sa", "--version", "-o", "json"])
        .run()
        .success();
    assert!(json.stdout.contains("\"gitVersion\""), "{json}");
}

#[test]
fn completion_shim_works_without_installed_completion_file() {
    let session = Session::without_cluster();
    let shim_path = session.bin().join("kubectl_complete-gcr_patch_sa");
    let complete = || {
        let args = ["__complete", "gcr-patch-sa", "--rem"];
        let output = session.kubectl(args).run().success();
        output.stdout.lines().next().unwrap_or_default().to_owned()
    };
    let installed = complete();
    assert!(installed.starts_with("--remove\t"), "{installed}");
    std::fs::remove_file(&shim_path).unwrap();
    assert_eq!(complete(), ":0");
    let shim = session
        .kubectl(["gcr-patch-sa", "--completion=kubectl"])
        .run()
        .success();
    session.file(&shim_path, shim.stdout, 0o755);
    assert_eq!(complete(), installed);
}
