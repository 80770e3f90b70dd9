//! Output formats, dry runs and secrecy.

use serde_json::{Value, json};

use crate::fixture::{EMAIL, EXPIRES, Fixture, OLD_TOKEN};

#[test]
fn client_dry_run_gets_no_token_and_writes_nothing() {
    let fixture = Fixture::new("refresh-dry");
    fixture.add_secret("due", 1);
    fixture.add_secret("valid", 50);
    let output = fixture.refresh(["--dry-run=client"]).run().success();
    let mut lines: Vec<&str> = output.stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            &*format!("accesstoken/{EMAIL} issued (dry run)"),
            "secret/due configured (dry run)",
            "secret/valid unchanged (dry run)",
        ],
        "{output}"
    );
    assert!(fixture.google.requests().is_empty());
    assert_eq!(fixture.token("due"), OLD_TOKEN);
}

#[test]
fn server_dry_run_writes_nothing() {
    let fixture = Fixture::new("refresh-server-dry");
    fixture.add_secret("gcr-io", 1);
    let output = fixture.refresh(["--dry-run=server"]).run().success();
    assert!(
        output
            .stdout
            .ends_with("secret/gcr-io configured (server dry run)\n"),
        "{output}"
    );
    assert_eq!(fixture.token("gcr-io"), OLD_TOKEN);
}

#[test]
fn objects_are_printed_without_their_tokens() {
    let fixture = Fixture::new("refresh-objects");
    fixture.add_secret("due", 1);
    fixture.add_secret("valid", 50);
    let output = fixture.refresh(["-o", "json"]).run().success();
    let list: Value = serde_json::from_str(&output.stdout).expect("JSON");
    let items = list["items"].as_array().expect("a list");
    let find = |name: &str| items.iter().find(|it| it["metadata"]["name"] == name);
    let due = find("due").expect("the renewed Secret");
    assert_eq!(due["data"], json!({".dockerconfigjson": "***"}));
    assert_ne!(due["metadata"]["annotations"][EXPIRES], Value::Null);
    assert!(
        find("valid").is_some_and(|it| it["data"].is_null()),
        "{output}"
    );
    let output = fixture.refresh(["--all", "-o", "name"]).run().success();
    let mut lines: Vec<&str> = output.stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["secret/due", "secret/valid"]);
    assert_eq!(output.stderr, format!("accesstoken/{EMAIL} issued\n"));
    let output = fixture.refresh(["--all", "-q"]).run().success();
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("", ""));
}

#[test]
fn report_states_google_and_kubernetes_objects() {
    let fixture = Fixture::new("refresh-report");
    fixture.add_secret("gcr-io", 1);
    fixture.refresh(["--report=report.jsonl"]).run().success();
    let text = std::fs::read_to_string(fixture.session.work().join("report.jsonl")).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect();
    assert_eq!(lines.len(), 2, "{text}");
    let token = lines.iter().find(|it| it["kind"] == "AccessToken").unwrap();
    assert_eq!(
        *token,
        json!({"context": null, "namespace": null, "project": "demo-project", "kind": "AccessToken", "name": EMAIL, "result": "issued", "reason": null})
    );
    let secret = lines.iter().find(|it| it["kind"] == "Secret").unwrap();
    assert_eq!(secret["result"], "configured");
}

#[test]
fn no_output_contains_a_token() {
    let fixture = Fixture::new("refresh-canary");
    for args in [
        &["-v=9"][..],
        &["-v=9", "--all", "-o", "yaml", "--show-managed-fields"],
        &["-v=9", "--all", "--dry-run=server", "-o", "json"],
        &["-v=9", "--all", "--dry-run=client", "-o", "yaml"],
    ] {
        fixture.add_secret("gcr-io", 1);
        let output = fixture.refresh(args).run().success();
        let token = fixture.token("gcr-io");
        let all = format!("{}{}", output.stdout, output.stderr);
        for secret in [&token, OLD_TOKEN, fixture.google.operator_token(), "ya29."] {
            assert!(!all.contains(secret), "{args:?}");
        }
        if !args.contains(&"--dry-run=client") {
            let url = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/";
            assert!(output.stderr.contains(url), "{output}");
        }
    }
}

#[test]
fn project_of_the_address_comes_before_the_flag() {
    let fixture = Fixture::new("refresh-project");
    fixture.add_secret("gcr-io", 1);
    let args = ["--report=report.jsonl", "--project=other-project"];
    fixture.refresh(args).run().success();
    let text = std::fs::read_to_string(fixture.session.work().join("report.jsonl")).unwrap();
    assert!(
        text.contains("\"demo-project\"") && !text.contains("other-project"),
        "{text}"
    );
}
