//! The output flags `-o name|json|yaml` (with masked data), `-q` and `-v`, and a closed standard output.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::fixture::{Fixture, assert_output, resource_version, single_error};

#[test]
fn name_output_prints_only_names() {
    let fixture = Fixture::new("output");
    let output = fixture
        .create_via_kubectl()
        .args(["-o", "name", "--attach"])
        .run();
    assert_output(
        &output,
        0,
        &["secret/gcr-io", "serviceaccount/default"],
        &[],
    );
}

#[test]
fn json_matches_kubectl_with_masked_data() {
    let fixture = Fixture::new("output");
    let output = fixture
        .create_via_kubectl()
        .args(["-o", "json"])
        .run()
        .success();
    assert_eq!(output.stderr, "");
    let mut shown: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(shown["data"], json!({".dockerconfigjson": "***"}));
    let kubectl_output = fixture
        .kubectl(["get", "secret", "gcr-io", "-o", "json"])
        .stdout;
    let kubectl_output: Value = serde_json::from_str(&kubectl_output).unwrap();
    shown["data"] = kubectl_output["data"].clone();
    assert_eq!(shown, kubectl_output);
    // kubectl indents with four spaces.
    assert!(
        output.stdout.starts_with("{\n    \"apiVersion\""),
        "{output}"
    );
}

#[test]
fn yaml_matches_kubectl_with_masked_data() {
    let fixture = Fixture::new("output");
    fixture.create().run().success();
    let output = fixture
        .create_via_kubectl()
        .args(["-o", "yaml"])
        .run()
        .success();
    let kubectl_output = fixture
        .kubectl(["get", "secret", "gcr-io", "-o", "yaml"])
        .stdout;
    let unmasked_lines = |text: &str| -> Vec<String> {
        let masked = |line: &str| !line.starts_with("  .dockerconfigjson:");
        text.lines()
            .filter(|line| masked(line))
            .map(String::from)
            .collect()
    };
    assert_eq!(
        unmasked_lines(&output.stdout),
        unmasked_lines(&kubectl_output)
    );
    assert!(
        output.stdout.contains("  .dockerconfigjson: \"***\"\n")
            || output.stdout.contains("  .dockerconfigjson: '***'\n"),
        "{output}"
    );
}

#[test]
fn managed_fields_are_printed_on_request() {
    let fixture = Fixture::new("output");
    let output = fixture
        .create()
        .args(["-o", "json", "--show-managed-fields"])
        .run()
        .success();
    let shown: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(
        shown["metadata"]["managedFields"],
        fixture.secret()["metadata"]["managedFields"]
    );
    assert!(shown["metadata"]["managedFields"].is_array());
}

#[test]
fn other_data_and_last_applied_annotation_are_masked() {
    let fixture = Fixture::new("output");
    fixture.create().run().success();
    fixture.kubectl([
        "patch",
        "secret",
        "gcr-io",
        "-p",
        r#"{"data":{"password":"aHVudGVyMg=="}}"#,
    ]);
    let copy = "kubectl.kubernetes.io/last-applied-configuration=aHVudGVyMg==";
    fixture.kubectl(["annotate", "secret", "gcr-io", copy]);
    for format in ["json", "yaml"] {
        let output = fixture.create().args(["-o", format]).run().success();
        assert!(!output.stdout.contains("aHVudGVyMg"), "{output}");
        assert!(output.stdout.contains("password"), "{output}");
    }
}

#[test]
fn several_objects_are_printed_as_sorted_list() {
    let fixture = Fixture::new("output");
    let other = fixture.cluster.create_namespace("output");
    let mut namespaces = [fixture.namespace.clone(), other];
    namespaces.sort();
    let list = format!("{},{}", namespaces[1], namespaces[0]);
    let args = ["--attach", "-o", "json", "-n", &list];
    let output = fixture.create().args(args).run().success();
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
    let mut expected = Vec::new();
    for namespace in &namespaces {
        expected.push((namespace.clone(), "Secret".to_owned(), "gcr-io".to_owned()));
        expected.push((
            namespace.clone(),
            "ServiceAccount".to_owned(),
            "default".to_owned(),
        ));
    }
    assert_eq!(items, expected);
    let account = fixture.get("serviceaccount/default");
    let shown_account = shown["items"].as_array().unwrap().iter().find(|item| {
        item["kind"] == "ServiceAccount" && item["metadata"]["namespace"] == fixture.namespace
    });
    assert_eq!(
        resource_version(shown_account.unwrap()),
        resource_version(&account)
    );
}

#[test]
fn unknown_format_is_rejected_before_any_write() {
    let fixture = Fixture::new("output");
    let output = fixture.create().args(["-o", "wide"]).run();
    assert!(
        single_error(&output).starts_with(
            r#"error: unable to match a printer suitable for the output format "wide", allowed formats are: "#
        ),
        "{output}"
    );
    assert_eq!(fixture.find("secret/gcr-io"), None);
}

#[test]
fn quiet_prints_only_errors_warnings_and_objects() {
    let fixture = Fixture::new("output");
    let list = format!("{},no-such-namespace", fixture.namespace);
    let args = ["-q", "-n", &list, "--registry", "moon-west1-docker.pkg.dev"];
    let output = fixture.create().args(args).run();
    assert_output(
        &output,
        1,
        &[],
        &[
            "Warning: moon-west1-docker.pkg.dev is not a Google registry host known to this version; check its spelling",
            r#"Error from server (NotFound): namespaces "no-such-namespace" not found -n no-such-namespace"#,
        ],
    );
    fixture.secret();
    let output = fixture.create().args(["--quiet", "-o", "name", "x"]).run();
    assert_output(&output, 0, &["secret/x"], &[]);
}

#[test]
fn verbosity_6_prints_requests_without_headers_and_bodies() {
    let fixture = Fixture::new("output");
    let output = fixture.create().args(["-v", "6"]).run().success();
    let lines: Vec<_> = output.stderr.lines().collect();
    let path = format!("/api/v1/namespaces/{}/secrets/gcr-io", fixture.namespace);
    assert_eq!(lines.len(), 2, "{output}");
    assert!(
        lines[0].starts_with(&format!("GET {path} 404 in ")),
        "{output}"
    );
    assert!(
        lines[1].starts_with(&format!("PATCH {path}?")) && lines[1].contains(" 201 in "),
        "{output}"
    );

    let token = fixture
        .kubectl([
            "config",
            "view",
            "--raw",
            "-o",
            "jsonpath={.users[0].user.token}",
        ])
        .stdout;
    let output = fixture.create().args(["-v=9"]).run().success();
    assert!(
        !token.is_empty() && !output.stderr.contains(&token),
        "{output}"
    );
    for word in ["uthorization", "Bearer", "dockerconfigjson", "application/"] {
        assert!(!output.stderr.contains(word), "{word} in {output}");
    }
}

#[test]
fn closed_stdout_is_not_an_error() {
    let fixture = Fixture::new("output");
    for args in [&[][..], &["-o", "json"], &["-o", "name"]] {
        let mut child = fixture
            .create()
            .args(args)
            .into_command()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}: {output:?}");
        assert_eq!(output.stderr, b"", "{args:?}: {output:?}");
    }
    fixture.secret();
}

#[cfg(target_os = "linux")]
#[test]
fn manifest_onto_full_disk_fails() {
    let fixture = Fixture::new("output");
    for args in [
        &[
            "create",
            "--key-file=key.json",
            "--dry-run=client",
            "-o",
            "yaml",
        ][..],
        &["version", "--client", "-o", "yaml"],
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full");
        let output = fixture
            .session
            .gcr_secret(args)
            .into_command()
            .stdout(full.expect("Linux has /dev/full"))
            .output()
            .expect("the plugin starts");
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert_eq!(
            String::from_utf8_lossy(&output.stderr),
            "error: write /dev/stdout: no space left on device\n"
        );
    }
}
