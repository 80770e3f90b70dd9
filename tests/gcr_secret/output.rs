//! What is printed: `-o name|json|yaml` with masked data, `-q`, `-v`, and a pipe that nobody reads.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::setting::{Setting, assert_said, one_error, version};

#[test]
fn name_prints_names_alone() {
    let setting = Setting::new("output");
    let output = setting.typed().args(["-o", "name", "--attach"]).run();
    assert_said(
        &output,
        0,
        &["secret/gcr-io", "serviceaccount/default"],
        &[],
    );
}

#[test]
fn json_shows_the_object_as_kubectl_does_with_the_data_masked() {
    let setting = Setting::new("output");
    let output = setting.typed().args(["-o", "json"]).run().success();
    assert_eq!(output.stderr, "");
    let mut shown: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(shown["data"], json!({".dockerconfigjson": "***"}));
    let kubectls = setting
        .kubectl(["get", "secret", "gcr-io", "-o", "json"])
        .stdout;
    let kubectls: Value = serde_json::from_str(&kubectls).unwrap();
    shown["data"] = kubectls["data"].clone();
    assert_eq!(shown, kubectls);
    // Four spaces, as kubectl.
    assert!(
        output.stdout.starts_with("{\n    \"apiVersion\""),
        "{output}"
    );
}

#[test]
fn yaml_shows_what_kubectls_yaml_shows_but_for_the_data() {
    let setting = Setting::new("output");
    setting.create().run().success();
    let output = setting.typed().args(["-o", "yaml"]).run().success();
    let kubectls = setting
        .kubectl(["get", "secret", "gcr-io", "-o", "yaml"])
        .stdout;
    let ours = |text: &str| -> Vec<String> {
        let masked = |line: &str| !line.starts_with("  .dockerconfigjson:");
        text.lines()
            .filter(|line| masked(line))
            .map(String::from)
            .collect()
    };
    assert_eq!(ours(&output.stdout), ours(&kubectls));
    assert!(
        output.stdout.contains("  .dockerconfigjson: \"***\"\n")
            || output.stdout.contains("  .dockerconfigjson: '***'\n"),
        "{output}"
    );
}

#[test]
fn managed_fields_are_shown_when_asked_for() {
    let setting = Setting::new("output");
    let output = setting
        .create()
        .args(["-o", "json", "--show-managed-fields"])
        .run()
        .success();
    let shown: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(
        shown["metadata"]["managedFields"],
        setting.secret()["metadata"]["managedFields"]
    );
    assert!(shown["metadata"]["managedFields"].is_array());
}

#[test]
fn other_values_and_a_copy_of_the_object_are_masked_too() {
    let setting = Setting::new("output");
    setting.create().run().success();
    setting.kubectl([
        "patch",
        "secret",
        "gcr-io",
        "-p",
        r#"{"data":{"password":"aHVudGVyMg=="}}"#,
    ]);
    let copy = "kubectl.kubernetes.io/last-applied-configuration=aHVudGVyMg==";
    setting.kubectl(["annotate", "secret", "gcr-io", copy]);
    for format in ["json", "yaml"] {
        let output = setting.create().args(["-o", format]).run().success();
        assert!(!output.stdout.contains("aHVudGVyMg"), "{output}");
        assert!(output.stdout.contains("password"), "{output}");
    }
}

#[test]
fn several_objects_come_as_one_list_in_order() {
    let setting = Setting::new("output");
    let other = setting.cluster.create_namespace("output");
    let mut namespaces = [setting.namespace.clone(), other];
    namespaces.sort();
    let list = format!("{},{}", namespaces[1], namespaces[0]);
    let words = ["--attach", "-o", "json", "-n", &list];
    let output = setting.create().args(words).run().success();
    let shown: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(
        (&shown["apiVersion"], &shown["kind"]),
        (&json!("v1"), &json!("List"))
    );
    let items: Vec<_> = shown["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            (
                word(&item["metadata"]["namespace"]),
                word(&item["kind"]),
                word(&item["metadata"]["name"]),
            )
        })
        .collect();
    let mut wanted = Vec::new();
    for namespace in &namespaces {
        wanted.push((namespace.clone(), "Secret".to_owned(), "gcr-io".to_owned()));
        wanted.push((
            namespace.clone(),
            "ServiceAccount".to_owned(),
            "default".to_owned(),
        ));
    }
    assert_eq!(items, wanted);
    let account = setting.get("serviceaccount/default");
    let shown_account = shown["items"].as_array().unwrap().iter().find(|item| {
        item["kind"] == "ServiceAccount" && item["metadata"]["namespace"] == setting.namespace
    });
    assert_eq!(version(shown_account.unwrap()), version(&account));
}

#[test]
fn another_format_is_refused_before_anything_is_written() {
    let setting = Setting::new("output");
    let output = setting.create().args(["-o", "wide"]).run();
    assert!(
        one_error(&output).starts_with(
            r#"error: unable to match a printer suitable for the output format "wide", allowed formats are: "#
        ),
        "{output}"
    );
    assert_eq!(setting.find("secret/gcr-io"), None);
}

#[test]
fn quiet_prints_no_line_and_no_count_but_errors_warnings_and_objects() {
    let setting = Setting::new("output");
    let list = format!("{},no-such-namespace", setting.namespace);
    let words = ["-q", "-n", &list, "--registry", "moon-west1-docker.pkg.dev"];
    let output = setting.create().args(words).run();
    assert_said(
        &output,
        1,
        &[],
        &[
            "Warning: moon-west1-docker.pkg.dev is not a Google registry host known to this version; check its spelling",
            r#"Error from server (NotFound): namespaces "no-such-namespace" not found -n no-such-namespace"#,
        ],
    );
    setting.secret();
    let output = setting.create().args(["--quiet", "-o", "name", "x"]).run();
    assert_said(&output, 0, &["secret/x"], &[]);
}

#[test]
fn diagnostics_name_requests_and_hold_no_header_and_no_body() {
    let setting = Setting::new("output");
    let output = setting.create().args(["-v", "6"]).run().success();
    let lines: Vec<_> = output.stderr.lines().collect();
    let path = format!("/api/v1/namespaces/{}/secrets/gcr-io", setting.namespace);
    assert_eq!(lines.len(), 2, "{output}");
    assert!(
        lines[0].starts_with(&format!("GET {path} 404 in ")),
        "{output}"
    );
    assert!(
        lines[1].starts_with(&format!("PATCH {path}?")) && lines[1].contains(" 201 in "),
        "{output}"
    );

    let token = setting
        .kubectl([
            "config",
            "view",
            "--raw",
            "-o",
            "jsonpath={.users[0].user.token}",
        ])
        .stdout;
    let output = setting.create().args(["-v=9"]).run().success();
    assert!(
        !token.is_empty() && !output.stderr.contains(&token),
        "{output}"
    );
    for word in ["uthorization", "Bearer", "dockerconfigjson", "application/"] {
        assert!(!output.stderr.contains(word), "{word} in {output}");
    }
}

#[test]
fn a_pipe_that_nobody_reads_is_no_error() {
    let setting = Setting::new("output");
    for words in [&[][..], &["-o", "json"], &["-o", "name"]] {
        let mut child = setting
            .create()
            .args(words)
            .into_command()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{words:?}: {output:?}");
        assert_eq!(output.stderr, b"", "{words:?}: {output:?}");
    }
    setting.secret();
}
