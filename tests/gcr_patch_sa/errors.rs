//! Usage errors: one `error:` line, exit code 1 and no request.

use gcr_test_support::Session;

use crate::fixture::{Fixture, assert_output};

/// Runs the plugin without a cluster and returns its usage error. A request would lead to another error.
#[track_caller]
fn usage_error(args: &[&str]) -> String {
    let session = Session::without_cluster();
    let output = session.kubectl(["gcr-patch-sa"]).args(args).run().exits(1);
    assert_eq!(output.stdout, "", "{output}");
    let errors = output
        .stderr
        .lines()
        .filter(|line| line.starts_with("error: "))
        .count();
    assert_eq!(errors, 1, "{output}");
    output.stderr
}

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
    '.', and must start and end with an alphanumeric character\n";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
    start and end with an alphanumeric character\n";

#[test]
fn invalid_account_name_is_rejected() {
    for name in ["Default", "a_b", "pod/x", "-a", "a b", "../secrets/x"] {
        assert_eq!(
            usage_error(&["--", name]),
            format!("error: invalid ServiceAccount name \"{name}\": {SUBDOMAIN}")
        );
    }
}

#[test]
fn invalid_secret_name_is_rejected() {
    for name in ["GCR", "serviceaccount/x", "a..b", "x/y"] {
        assert_eq!(
            usage_error(&["--secret", name]),
            format!("error: invalid Secret name \"{name}\": {SUBDOMAIN}")
        );
    }
}

#[test]
fn invalid_namespace_name_is_rejected() {
    for name in ["Team", "a.b", "a b"] {
        assert_eq!(
            usage_error(&["-n", name]),
            format!("error: invalid Namespace name \"{name}\": {LABEL}")
        );
    }
}

#[test]
fn control_characters_in_name_are_escaped() {
    let text = usage_error(&["a\u{1b}]0;owned\u{7}"]);
    assert!(text.contains("^[]0;owned"), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{7}']), "{text}");
}

#[test]
fn unknown_dry_run_value_is_rejected() {
    assert_eq!(
        usage_error(&["--dry-run=bogus"]),
        "error: Invalid dry-run value (bogus). Must be \"none\", \"server\", or \"client\".\n"
    );
}

#[test]
fn unknown_output_format_is_rejected() {
    for format in ["wide", "jsonpath={.metadata.name}"] {
        assert_eq!(
            usage_error(&["-o", format]),
            format!(
                "error: unable to match a printer suitable for the output format \"{format}\", allowed formats are: \
                 json,name,yaml\n"
            )
        );
    }
}

#[test]
fn unknown_flags_and_missing_or_invalid_values_are_rejected() {
    let text = usage_error(&["--nope"]);
    assert!(text.starts_with("error: unknown flag: --nope\n"), "{text}");
    for args in [
        &["--secret"][..],
        &["-n"],
        &["--timeout"],
        &["-o"],
        &["--timeout", "10"],
        &["--timeout=-1s"],
        &["--timeout", "soon"],
        &["-v", "loud"],
        &["--all=maybe"],
        &["--as-user-extra", "no-equals-sign"],
    ] {
        usage_error(args);
    }
}

#[test]
fn usage_error_names_help_command() {
    let text = usage_error(&["--nope"]);
    assert_eq!(
        text.lines().nth(1),
        Some("See 'kubectl gcr-patch-sa --help' for usage.")
    );
}

#[test]
fn server_validation_error_is_reported_unchanged() {
    let fixture = Fixture::new("errors");
    let output = fixture
        .direct(&["--field-manager", &"x".repeat(200)])
        .run()
        .exits(1);
    assert_output(
        &output,
        "",
        "The PatchOptions \"\" is invalid: fieldManager: Too long: may not be more than 128 bytes\n",
    );
    let output = fixture.direct(&["-l", "x in y"]).run().exits(1);
    assert_output(
        &output,
        "",
        "Error from server (BadRequest): unable to parse requirement: found 'y' expected: '('\n",
    );
}

#[test]
fn empty_name_is_rejected_and_default_account_unchanged() {
    let fixture = Fixture::new("errors");
    for args in [
        &[""][..],
        &["--secret", ""],
        &["--secret", ","],
        &["--remove", ""],
        &["a,b"],
    ] {
        let output = fixture.via_kubectl(args).run().exits(1);
        assert_eq!(output.stdout, "", "{output}");
        assert!(output.stderr.starts_with("error: invalid "), "{output}");
    }
    assert_eq!(fixture.pull_secrets("default"), serde_json::Value::Null);
}

#[test]
fn empty_selector_is_rejected() {
    let fixture = Fixture::new("errors");
    let output = fixture.via_kubectl(&["-l", ""]).run().exits(1);
    assert_output(
        &output,
        "",
        "error: --selector is empty; use --all to select every ServiceAccount\n",
    );
    assert_eq!(fixture.pull_secrets("default"), serde_json::Value::Null);
}
