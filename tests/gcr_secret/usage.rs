//! What is typed wrong: said in kubectl's way, exit code 1, and nothing is sent.

use gcr_test_support::{Output, Session};

use crate::listener::Listener;
use crate::setting::{give_keys, one_error};

#[track_caller]
fn refused(words: &[&str]) -> Output {
    let session = Session::without_cluster();
    give_keys(&session);
    let listener = Listener::new();
    session.file("kubeconfig", listener.kubeconfig(), 0o600);
    let output = session
        .gcr_secret(["create", "--kubeconfig=kubeconfig"])
        .args(words)
        .run();
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (Some(1), ""),
        "{output}"
    );
    assert_eq!(listener.calls(), 0, "{output}");
    output
}

const KEY: &str = "--key-file=key.json";

#[test]
fn an_unknown_flag_is_named_as_kubectl_names_it() {
    for flag in ["--nope", "--key-filez"] {
        let output = refused(&[KEY, flag]);
        assert!(
            output
                .stderr
                .starts_with(&format!("error: unknown flag: {flag}\n")),
            "{output}"
        );
    }
}

#[test]
fn a_second_name_is_refused_as_by_kubectl_but_that_none_is_right_too() {
    let output = refused(&[KEY, "one", "two"]);
    let kubectls = Session::without_cluster()
        .kubectl(["create", "secret", "generic", "one", "two"])
        .run();
    assert_eq!(
        first_line(&output),
        first_line(&kubectls).replace(
            "exactly one NAME is required",
            "at most one NAME may be given"
        )
    );
}

#[test]
fn a_flag_without_its_value_is_refused_in_kubectls_words() {
    let output = refused(&["--key-file"]);
    let kubectls = Session::without_cluster()
        .kubectl(["create", "secret", "generic", "x", "--from-file"])
        .run();
    assert_eq!(
        first_line(&output),
        first_line(&kubectls).replace("--from-file", "--key-file")
    );
}

#[test]
fn a_time_that_is_none_is_refused_in_kubectls_words() {
    let output = refused(&[KEY, "--timeout", "soon"]);
    let kubectls = Session::without_cluster()
        .kubectl(["delete", "pod", "x", "--timeout", "soon"])
        .run();
    assert_eq!(first_line(&output), first_line(&kubectls));
}

#[test]
fn a_bad_name_is_refused_by_kubernetes_own_rules() {
    let long = "a".repeat(254);
    for name in [
        "Gcr",
        "gcr_io",
        "-gcr",
        "gcr-",
        "a..b",
        "secret/",
        "sa/gcr-io",
        "a/b",
        "",
        "a b",
        &long,
    ] {
        let output = refused(&[KEY, "--", name]);
        let error = one_error(&output);
        assert!(
            error.starts_with("error: invalid Secret name "),
            "{name:?}: {error}"
        );
        assert!(error.chars().count() < 600, "{error}");
    }
}

#[test]
fn a_value_that_is_none_of_the_allowed_ones_is_refused() {
    for (words, value) in [
        (["--auth", "basic"], "basic"),
        (["--output", "wide"], "wide"),
        (["--dry-run=maybe", "-q"], "maybe"),
    ] {
        let output = refused(&[KEY, words[0], words[1]]);
        assert!(one_error(&output).contains(value), "{output}");
    }
    let output = refused(&[KEY, "--request-timeout", "soon"]);
    assert_eq!(
        one_error(&output),
        "error: Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)"
    );
}

#[test]
fn what_kubectl_takes_for_a_dry_run_or_a_format_is_taken() {
    let session = Session::without_cluster();
    give_keys(&session);
    for (word, means) in [("true", "client"), ("T", "client"), ("false", "none")] {
        let output = session
            .gcr_secret([
                "create",
                KEY,
                "--kubeconfig=/dev/null",
                "--server=http://127.0.0.1:1",
            ])
            .arg(format!("--dry-run={word}"))
            .args(["-o", "NAME"])
            .run();
        let warning = format!(
            "Warning: --dry-run={word} is deprecated (boolean value) and can be replaced with --dry-run={means}.\n"
        );
        assert!(output.stderr.contains(&warning), "{output}");
        let done = if means == "client" {
            "secret/gcr-io\n"
        } else {
            ""
        };
        assert_eq!(output.stdout, done, "{output}");
    }
}

#[test]
fn an_empty_list_of_hosts_or_namespaces_is_refused() {
    assert!(one_error(&refused(&[KEY, "--registry="])).contains("registry"));
    one_error(&refused(&[KEY, "--image="]));
    one_error(&refused(&[KEY, "-n", ","]));
}

#[test]
fn without_a_command_the_help_is_shown_on_standard_error() {
    let session = Session::without_cluster();
    let output = session.kubectl(["gcr-secret"]).run().exits(1);
    assert!(
        output.stdout.is_empty() && output.stderr.contains("create"),
        "{output}"
    );
    let output = session.kubectl(["gcr-secret", "frobnicate"]).run().exits(1);
    assert!(
        output
            .stderr
            .starts_with("error: unknown command \"frobnicate\""),
        "{output}"
    );
}

#[track_caller]
fn first_line(output: &Output) -> &str {
    let line = output.stderr.lines().next().unwrap_or_default();
    assert!(line.starts_with("error: "), "{output}");
    line
}
