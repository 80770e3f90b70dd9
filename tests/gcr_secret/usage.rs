//! Usage errors: they are reported in kubectl's words, with exit code 1 and without a request.

use gcr_test_support::{Output, Session};

use crate::fixture::{single_error, write_key_files};
use crate::listener::Listener;

#[track_caller]
fn usage_error(args: &[&str]) -> Output {
    let session = Session::without_cluster();
    write_key_files(&session);
    let listener = Listener::new();
    session.file("kubeconfig", listener.kubeconfig(), 0o600);
    let output = session
        .gcr_secret(["create", "--kubeconfig=kubeconfig"])
        .args(args)
        .run();
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (Some(1), ""),
        "{output}"
    );
    assert_eq!(listener.connections(), 0, "{output}");
    output
}

const KEY: &str = "--key-file=key.json";

#[test]
fn unknown_flag_is_reported_in_kubectls_words() {
    for flag in ["--nope", "--key-filez"] {
        let output = usage_error(&[KEY, flag]);
        assert!(
            output
                .stderr
                .starts_with(&format!("error: unknown flag: {flag}\n")),
            "{output}"
        );
    }
}

#[test]
fn second_name_is_rejected_in_kubectls_words() {
    let output = usage_error(&[KEY, "one", "two"]);
    let kubectl_output = Session::without_cluster()
        .kubectl(["create", "secret", "generic", "one", "two"])
        .run();
    assert_eq!(
        first_line(&output),
        first_line(&kubectl_output).replace(
            "exactly one NAME is required",
            "at most one NAME may be given"
        )
    );
}

#[test]
fn flag_without_value_is_rejected_in_kubectls_words() {
    let output = usage_error(&["--key-file"]);
    let kubectl_output = Session::without_cluster()
        .kubectl(["create", "secret", "generic", "x", "--from-file"])
        .run();
    assert_eq!(
        first_line(&output),
        first_line(&kubectl_output).replace("--from-file", "--key-file")
    );
}

#[test]
fn invalid_timeout_is_rejected_in_kubectls_words() {
    let output = usage_error(&[KEY, "--timeout", "soon"]);
    let kubectl_output = Session::without_cluster()
        .kubectl(["delete", "pod", "x", "--timeout", "soon"])
        .run();
    assert_eq!(first_line(&output), first_line(&kubectl_output));
}

#[test]
fn invalid_secret_name_is_rejected() {
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
        let output = usage_error(&[KEY, "--", name]);
        let error = single_error(&output);
        assert!(
            error.starts_with("error: invalid Secret name "),
            "{name:?}: {error}"
        );
        assert!(error.chars().count() < 600, "{error}");
    }
}

#[test]
fn unknown_flag_value_is_rejected() {
    for (args, value) in [
        (["--auth", "basic"], "basic"),
        (["--output", "wide"], "wide"),
        (["--dry-run=maybe", "-q"], "maybe"),
    ] {
        let output = usage_error(&[KEY, args[0], args[1]]);
        assert!(single_error(&output).contains(value), "{output}");
    }
    let output = usage_error(&[KEY, "--request-timeout", "soon"]);
    assert_eq!(
        single_error(&output),
        "error: Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)"
    );
}

#[test]
fn kubectls_dry_run_and_format_spellings_are_accepted() {
    let session = Session::without_cluster();
    write_key_files(&session);
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
fn empty_host_or_namespace_list_is_rejected() {
    assert!(single_error(&usage_error(&[KEY, "--registry="])).contains("registry"));
    single_error(&usage_error(&[KEY, "--image="]));
    single_error(&usage_error(&[KEY, "-n", ","]));
}

#[test]
fn missing_or_unknown_command_is_reported_on_stderr() {
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
