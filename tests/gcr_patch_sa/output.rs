//! `-o`, `-q` and `-v`: what is printed beside and instead of the lines.

use serde_json::{Value, json};

use crate::place::Place;
use crate::place::says;

#[test]
fn names_alone() {
    let place = Place::new("output");
    let output = place.typed(&["-o", "name"]).run().success();
    says(&output, "serviceaccount/default\n", "");
    let output = place.typed(&["-o", "name", "-q"]).run().success();
    says(&output, "serviceaccount/default\n", "");
}

#[test]
fn json_and_yaml_are_what_kubectl_would_show() {
    let place = Place::new("output");
    place.account("builder", json!([{"name": "theirs"}, {}]));
    for format in ["json", "yaml"] {
        // Written the first time, unchanged the second: both show the object as it is now.
        let output = place.typed(&["builder", "-o", format]).run().success();
        let kubectl = place
            .cluster
            .kubectl(["get", "sa", "builder", "-o", format, "-n"])
            .arg(&place.namespace)
            .run()
            .success();
        says(&output, &kubectl.stdout, "");
        place.called(&["builder", "--remove", "-q"]).run().success();
    }
}

#[test]
fn managed_fields_show_where_they_were_asked_for() {
    let place = Place::new("output");
    place.account("builder", json!([{"name": "theirs"}]));
    let shown = |words: &[&str]| -> Value {
        let output = place
            .called(&["builder", "-o", "json"])
            .args(words)
            .run()
            .success();
        serde_json::from_str(&output.stdout).unwrap()
    };
    assert_eq!(shown(&[])["metadata"]["managedFields"], Value::Null);
    assert_eq!(shown(&["--show-managed-fields"]), place.stored("builder"));
}

#[test]
fn several_objects_are_one_list_in_order() {
    let (one, two) = (Place::new("output-b"), Place::new("output-a"));
    one.account("zulu", json!([]));
    two.account("zulu", json!([]));
    let both = format!("{},{}", one.namespace, two.namespace);
    for format in ["json", "yaml"] {
        let output = one
            .session
            .kubectl(["gcr-patch-sa", "zulu", "default", "-n", &both, "-o", format])
            .run()
            .success();
        let kind = ["kind: List\n", "\n    \"kind\": \"List\","];
        assert!(
            kind.iter().any(|kind| output.stdout.contains(kind)),
            "{output}"
        );
        // kubectl reads either, and shows one object after the other.
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
fn a_list_leaves_out_what_failed() {
    let place = Place::new("output");
    let output = place
        .called(&["default", "nobody", "builder", "-o", "json"])
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
fn quiet_says_nothing_of_what_went_well() {
    let place = Place::without_secret("output");
    let both = format!("{},no-such-namespace", place.namespace);
    let output = place
        .session
        .gcr_patch_sa(["-q", "-n", &both])
        .run()
        .exits(1);
    assert_eq!(output.stdout, "");
    let mut lines: Vec<_> = output.stderr.lines().collect();
    lines.sort_unstable();
    // Errors and warnings stay; the count goes.
    assert_eq!(
        lines,
        [
            "Error from server (NotFound): namespaces \"no-such-namespace\" not found -n no-such-namespace".to_owned(),
            format!(
                "Warning: secret \"gcr-io\" is not there: pods that refer to it cannot pull until it is made -n {}",
                place.namespace
            ),
        ]
    );
    let nothing = place.called(&["-l", "a=b", "--quiet"]).run().success();
    says(&nothing, "", "");
}

/// The line without the time it took, which is the last but one word.
fn without_time(line: &str) -> String {
    match line.rsplit_once(" in ") {
        Some((request, time)) if time.ends_with(" milliseconds") => request.to_owned(),
        _ => line.to_owned(),
    }
}

#[test]
fn verbosity_6_shows_every_request_and_no_content() {
    let place = Place::new("output");
    let output = place.typed(&["-v", "6"]).run().success();
    assert_eq!(output.stdout, "serviceaccount/default patched\n");
    let root = format!("/api/v1/namespaces/{}", place.namespace);
    let lines: Vec<_> = output.stderr.lines().map(without_time).collect();
    assert_eq!(
        lines,
        [
            format!("GET {root}/serviceaccounts/default 200"),
            format!("GET {root}/secrets/gcr-io 200"),
            format!("PATCH {root}/serviceaccounts/default?fieldManager=kubectl-gcr-patch-sa 200"),
        ]
    );
    let loudest = place.typed(&["--v=10", "--remove"]).run().success();
    assert!(
        !loudest.stderr.contains("Bearer") && !loudest.stderr.contains("imagePullSecrets"),
        "{loudest}"
    );
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let place = Place::new("output");
    let line = format!(
        "(kubectl gcr-patch-sa -n {}; echo $? > code) | true",
        place.namespace
    );
    place.session.shell(&line).run().success();
    let code = std::fs::read_to_string(place.session.work().join("code")).unwrap();
    assert_eq!(code, "0\n");
    assert_eq!(place.entries("default"), json!([{"name": "gcr-io"}]));
}
