//! Help, as a text kept in a file (`tests/gcr_patch_sa/help`), and what other plugins have commands for.

use gcr_test_support::Session;
use gcr_test_support::snapshot::assert_snapshot;

#[test]
fn help_is_what_was_reviewed_and_lists_the_connection_flags_too() {
    let session = Session::without_cluster();
    let help = session.kubectl(["gcr-patch-sa", "--help"]).run().success();
    assert_snapshot("tests/gcr_patch_sa/help/gcr-patch-sa.txt", &help.stdout);
    // The very text that the other plugin has a command for.
    let options = session.kubectl(["gcr-secret", "options"]).run().success();
    let (_, flags) = options.stdout.split_once("\n\n").unwrap();
    let wanted = format!("\nConnection Options:\n{}\n\nUsage:\n", flags.trim_end());
    assert!(help.stdout.contains(&wanted), "{help}");
}

#[test]
fn version_is_a_flag_since_every_word_is_an_account() {
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
fn the_shim_completes_where_only_the_plugin_is_linked() {
    let session = Session::without_cluster();
    let place = session.bin().join("kubectl_complete-gcr_patch_sa");
    let complete = || {
        let words = ["__complete", "gcr-patch-sa", "--rem"];
        let output = session.kubectl(words).run().success();
        output.stdout.lines().next().unwrap_or_default().to_owned()
    };
    let linked = complete();
    assert!(linked.starts_with("--remove\t"), "{linked}");
    std::fs::remove_file(&place).unwrap();
    assert_eq!(complete(), ":0");
    let shim = session
        .kubectl(["gcr-patch-sa", "--completion=kubectl"])
        .run()
        .success();
    session.file(&place, shim.stdout, 0o755);
    assert_eq!(complete(), linked);
}
