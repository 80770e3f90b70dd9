//! The output flags `-o`, `-q` and `-v`.

use serde_json::{Value, json};

use crate::fixture::Fixture;
use crate::fixture::assert_output;

#[test]
fn name_output_prints_only_names() {
    let fixture = Fixture::new("output");
    let output = fixture.via_kubectl(&["-o", "name"]).run().success();
    assert_output(&output, "serviceaccount/default\n", "");
    let output = fixture.via_kubectl(&["-o", "name", "-q"]).run().success();
    assert_output(&output, "serviceaccount/default\n", "");
}

#[test]
fn json_and_yaml_match_kubectl() {
    let fixture = Fixture::new("output");
    fixture.create_account("builder", json!([{"name": "theirs"}, {}]));
    for format in ["json", "yaml"] {
        // The object is written the first time and unchanged the second time; both print its current state.
        let output = fixture
            .via_kubectl(&["builder", "-o", format])
            .run()
            .success();
        let kubectl = fixture
            .cluster
            .kubectl(["get", "sa", "builder", "-o", format, "-n"])
            .arg(&fixture.namespace)
            .run()
            .success();
        assert_output(&output, &kubectl.stdout, "");
        fixture
            .direct(&["builder", "--remove", "-q"])
            .run()
            .success();
    }
}

#[test]
fn managed_fields_are_printed_only_on_request() {
    let fixture = Fixture::new("output");
    fixture.create_account("builder", json!([{"name": "theirs"}]));
    let shown = |args: &[&str]| -> Value {
        let output = fixture
            .direct(&["builder", "-o", "json"])
            .args(args)
            .run()
            .success();
        serde_json::from_str(&output.stdout).unwrap()
    };
    assert_eq!(shown(&[])["metadata"]["managedFields"], Value::Null);
    assert_eq!(
        shown(&["--show-managed-fields"]),
        fixture.get_account("builder")
    );
}

#[test]
fn several_objects_are_printed_sorted_as_json_list_or_yaml_documents() {
    let (one, two) = (Fixture::new("output-b"), Fixture::new("output-a"));
    one.create_account("zulu", json!([]));
    two.create_account("zulu", json!([]));
    let both = format!("{},{}", one.namespace, two.namespace);
    for format in ["json", "yaml"] {
        let output = one
            .session
            .kubectl(["gcr-patch-sa", "zulu", "default", "-n", &both, "-o", format])
            .run()
            .success();
        let is_list = output.stdout.contains("\n    \"kind\": \"List\",");
        let documents = output.stdout.matches("---\napiVersion: v1\n").count() + 1;
        assert_eq!(
            (is_list, documents),
            if format == "json" {
                (true, 1)
            } else {
                (false, 4)
            },
            "{output}"
        );
        // kubectl reads both formats and prints the objects one after the other.
        let read = one
            .cluster
            .kubectl(["create", "--dry-run=client", "-o", "json", "-f", "-"])
            .stdin(output.stdout)
            .run()
            .success();
        let items: Vec<_> = serde_json::Deserializer::from_str(&read.stdout)
            .into_iter::<Value>()
            .map(|item| {
                let item = item.unwrap();
                assert_eq!(item["imagePullSecrets"], json!([{"name": "gcr-io"}]));
                let metadata = &item["metadata"];
                (metadata["namespace"].clone(), metadata["name"].clone())
            })
            .collect();
        let expected = [
            (json!(two.namespace), json!("default")),
            (json!(two.namespace), json!("zulu")),
            (json!(one.namespace), json!("default")),
            (json!(one.namespace), json!("zulu")),
        ];
        assert_eq!(items, expected);
    }
}

#[test]
fn list_omits_failed_objects() {
    let fixture = Fixture::new("output");
    let output = fixture
        .direct(&["default", "missing", "builder", "-o", "json"])
        .run()
        .exits(1);
    let shown: Value = serde_json::from_str(&output.stdout).unwrap();
    let names: Vec<_> = match shown["items"].as_array() {
        Some(items) => items.iter().map(|item| &item["metadata"]["name"]).collect(),
        None => vec![&shown["metadata"]["name"]],
    };
    assert_eq!(names, ["default"]);
    assert_eq!(output.stderr.lines().count(), 2, "{output}");
}

#[test]
fn quiet_prints_only_errors_and_warnings() {
    let fixture = Fixture::without_secret("output");
    let both = format!("{},no-such-namespace", fixture.namespace);
    let output = fixture
        .session
        .gcr_patch_sa(["-q", "-n", &both])
        .run()
        .exits(1);
    assert_eq!(output.stdout, "");
    let mut lines: Vec<_> = output.stderr.lines().collect();
    lines.sort_unstable();
    // Errors and warnings are printed, the count is not.
    assert_eq!(
        lines,
        [
            "Error from server (NotFound): namespaces \"no-such-namespace\" not found -n no-such-namespace".to_owned(),
            format!(
                "Warning: secret \"gcr-io\" not found; pods that reference it cannot pull until it exists -n {}",
                fixture.namespace
            ),
        ]
    );
    let nothing = fixture.direct(&["-l", "a=b", "--quiet"]).run().success();
    assert_output(&nothing, "", "");
}

/// Removes the duration from a request line.
fn without_time(line: &str) -> String {
    match line.rsplit_once(" in ") {
        Some((request, time)) if time.ends_with(" milliseconds") => request.to_owned(),
        _ => line.to_owned(),
    }
}

#[test]
fn verbosity_6_prints_requests_without_content() {
    let fixture = Fixture::new("output");
    let output = fixture.via_kubectl(&["-v", "6"]).run().success();
    assert_eq!(output.stdout, "serviceaccount/default patched\n");
    let root = format!("/api/v1/namespaces/{}", fixture.namespace);
    let lines: Vec<_> = output.stderr.lines().map(without_time).collect();
    assert_eq!(
        lines,
        [
            format!("GET {root}/serviceaccounts/default 200"),
            format!("GET {root}/secrets/gcr-io 200"),
            format!("PATCH {root}/serviceaccounts/default?fieldManager=kubectl-gcr-patch-sa 200"),
        ]
    );
    let loudest = fixture.via_kubectl(&["--v=10", "--remove"]).run().success();
    assert!(
        !loudest.stderr.contains("Bearer") && !loudest.stderr.contains("imagePullSecrets"),
        "{loudest}"
    );
}

#[test]
fn closed_stdout_is_not_an_error() {
    let fixture = Fixture::new("output");
    let line = format!(
        "(kubectl gcr-patch-sa -n {}; echo $? > code) | true",
        fixture.namespace
    );
    fixture.session.shell(&line).run().success();
    let code = std::fs::read_to_string(fixture.session.work().join("code")).unwrap();
    assert_eq!(code, "0\n");
    assert_eq!(fixture.pull_secrets("default"), json!([{"name": "gcr-io"}]));
}
