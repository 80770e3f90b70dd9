//! Tests that contradictory flags are rejected before any request.

use gcr_test_support::Session;

#[test]
fn contradictory_flags_fail_with_one_error_line() {
    let session = Session::without_cluster();
    let with_namespace = "error: --namespace cannot be used with --all-namespaces, --namespace-selector or --exclude-namespace";
    for (args, error) in [
        (&["-n", "a", "-A"][..], with_namespace),
        (&["-n=a", "--namespace-selector=b"], with_namespace),
        (&["-na", "--exclude-namespace=b"], with_namespace),
        (
            &["--exclude-namespace=b"],
            "error: --exclude-namespace requires --all-namespaces or --namespace-selector",
        ),
        (
            &["--include-system-namespaces"],
            "error: --include-system-namespaces requires --all-namespaces or --namespace-selector",
        ),
        (
            &["--namespace-selector="],
            "error: --namespace-selector is empty; use --all-namespaces to select every namespace",
        ),
        (
            &["-A", "--exclude-namespace="],
            "error: invalid namespace pattern \"\": it is empty",
        ),
        (
            &["-A", "--exclude-namespace=Team-*"],
            "error: invalid namespace pattern \"Team-*\": it contains a character that namespace names cannot have",
        ),
        (
            &["--contexts=a,"],
            "error: --contexts contains an empty name",
        ),
        (
            &["--contexts=a", "--context=b"],
            "error: --contexts cannot be used with --context, which applies to a single cluster",
        ),
        (
            &["--contexts=a", "-s=https://b"],
            "error: --contexts cannot be used with --server, which applies to a single cluster",
        ),
        (
            &["--contexts=a", "--token=b"],
            "error: --contexts cannot be used with --token, which applies to a single cluster",
        ),
        (
            &["--contexts=a", "--insecure-skip-tls-verify"],
            "error: --contexts cannot be used with --insecure-skip-tls-verify, which applies to a single cluster",
        ),
        (&["--report="], "error: --report requires a file name"),
    ] {
        let output = session.gcr_patch_sa(args).run().exits(1);
        assert_eq!(
            (output.stdout.as_str(), output.stderr.trim_end()),
            ("", error),
            "{args:?}"
        );
    }
}
