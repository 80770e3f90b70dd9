//! What was typed wrong: one `error:` line, exit code 1, and nothing is asked of any server.

use gcr_test_support::Session;

use crate::place::{Place, says};

/// Runs where there is no cluster at all: whatever reaches for one would say something else.
#[track_caller]
fn refused(words: &[&str]) -> String {
    let session = Session::without_cluster();
    let output = session.kubectl(["gcr-patch-sa"]).args(words).run().exits(1);
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
fn a_name_no_account_can_have() {
    for name in ["Default", "a_b", "pod/x", "-a", "a b", "../secrets/x"] {
        assert_eq!(
            refused(&["--", name]),
            format!("error: invalid ServiceAccount name \"{name}\": {SUBDOMAIN}")
        );
    }
}

#[test]
fn a_name_no_secret_can_have() {
    for name in ["GCR", "serviceaccount/x", "a..b", "x/y"] {
        assert_eq!(
            refused(&["--secret", name]),
            format!("error: invalid Secret name \"{name}\": {SUBDOMAIN}")
        );
    }
}

#[test]
fn a_name_no_namespace_can_have() {
    for name in ["Team", "a.b", "a b"] {
        assert_eq!(
            refused(&["-n", name]),
            format!("error: invalid Namespace name \"{name}\": {LABEL}")
        );
    }
}

#[test]
fn a_name_that_acts_on_a_terminal_is_shown_made_visible() {
    let text = refused(&["a\u{1b}]0;owned\u{7}"]);
    assert!(text.contains("^[]0;owned"), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{7}']), "{text}");
}

#[test]
fn a_dry_run_of_another_kind() {
    assert_eq!(
        refused(&["--dry-run=bogus"]),
        "error: Invalid dry-run value (bogus). Must be \"none\", \"server\", or \"client\".\n"
    );
}

#[test]
fn an_output_format_that_is_none_of_ours() {
    for format in ["wide", "jsonpath={.metadata.name}"] {
        assert_eq!(
            refused(&["-o", format]),
            format!(
                "error: unable to match a printer suitable for the output format \"{format}\", allowed formats are: \
                 json,name,yaml\n"
            )
        );
    }
}

#[test]
fn flags_that_are_unknown_or_lack_their_value() {
    let text = refused(&["--nope"]);
    assert!(text.starts_with("error: unknown flag: --nope\n"), "{text}");
    for words in [
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
        refused(words);
    }
}

#[test]
fn a_refused_line_points_to_the_help_of_the_command_that_was_typed() {
    let text = refused(&["--nope"]);
    assert_eq!(
        text.lines().nth(1),
        Some("See 'kubectl gcr-patch-sa --help' for usage.")
    );
}

#[test]
fn what_the_server_finds_wrong_is_said_in_its_words() {
    let place = Place::new("errors");
    let output = place
        .called(&["--field-manager", &"x".repeat(200)])
        .run()
        .exits(1);
    says(
        &output,
        "",
        "The PatchOptions \"\" is invalid: fieldManager: Too long: may not be more than 128 bytes\n",
    );
    let output = place.called(&["-l", "x in y"]).run().exits(1);
    says(
        &output,
        "",
        "Error from server (BadRequest): unable to parse requirement: found 'y' expected: '('\n",
    );
}

#[test]
fn an_empty_word_is_refused_and_never_means_the_default() {
    let place = Place::new("errors");
    for words in [
        &[""][..],
        &["--secret", ""],
        &["--secret", ","],
        &["--remove", ""],
        &["a,b"],
    ] {
        let output = place.typed(words).run().exits(1);
        assert_eq!(output.stdout, "", "{output}");
        assert!(output.stderr.starts_with("error: invalid "), "{output}");
    }
    assert_eq!(place.entries("default"), serde_json::Value::Null);
}

#[test]
fn an_empty_selector_does_not_mean_every_account() {
    let place = Place::new("errors");
    let output = place.typed(&["-l", ""]).run().exits(1);
    says(
        &output,
        "",
        "error: --selector is empty; --all means every ServiceAccount\n",
    );
    assert_eq!(place.entries("default"), serde_json::Value::Null);
}
