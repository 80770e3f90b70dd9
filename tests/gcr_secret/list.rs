//! `list`: its table and formats, what it reads, and the permissions it needs.

use std::time::Duration;

use gcr_test_support::fault_proxy::{Fault, FaultProxy, Rule};
use gcr_test_support::{Invocation, Output, PolicyRule, Session};
use serde_json::{Value, json};

use crate::fixture::{Fixture, assert_output};

const ACCOUNT: &str = "puller@example-project.iam.gserviceaccount.com";

pub(crate) fn list_in(session: &Session, namespace: &str) -> Invocation {
    session.gcr_secret(["list", "-n", namespace])
}

pub(crate) fn list(fixture: &Fixture) -> Invocation {
    list_in(&fixture.session, &fixture.namespace)
}

/// Returns the cells of each line.
fn cells(output: &Output) -> Vec<Vec<&str>> {
    let lines = output.stdout.lines();
    lines
        .map(|line| {
            line.split("   ")
                .map(str::trim)
                .filter(|it| !it.is_empty())
                .collect()
        })
        .collect()
}

/// Returns the values of a column.
pub(crate) fn column<'a>(output: &'a Output, header: &str) -> Vec<&'a str> {
    let lines = cells(output);
    let index = lines[0].iter().position(|it| *it == header);
    let index = index.unwrap_or_else(|| panic!("no column {header}\n{output}"));
    lines[1..].iter().map(|line| line[index]).collect()
}

/// Returns a Secret of this plugin without data, for [`gcr_test_support::TestCluster::create`].
pub(crate) fn managed(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": name, "namespace": namespace,
            "labels": {"app.kubernetes.io/managed-by": "kubectl-gcr-secret"},
            "annotations": {"kubectl-gcr-secret/registries": "gcr.io"}},
        "stringData": {".dockerconfigjson": "{}"},
    })
}

#[test]
fn table_shows_registries_credential_and_accounts() {
    let fixture = Fixture::new("list");
    fixture.create().arg("--attach").run().success();
    let output = fixture
        .session
        .kubectl(["gcr-secret", "list", "-n", &fixture.namespace])
        .run();
    let output = output.success();
    assert_eq!(output.stderr, "");
    let lines = cells(&output);
    let headers = [
        "NAMESPACE",
        "NAME",
        "REGISTRIES",
        "ACCOUNT",
        "KEY-ID",
        "TYPE",
        "EXPIRES",
        "USED-BY",
        "AGE",
    ];
    assert_eq!(lines[0], headers);
    let row = [
        &fixture.namespace,
        "gcr-io",
        "gcr.io",
        "puller@example-project.iam.gserviceacco…",
        "d06abdf…",
        "json-key",
        "<none>",
        "serviceaccount/default",
    ];
    assert_eq!(lines[1][..8], row);
    assert!(lines[1][8].ends_with('s'), "{output}");
    assert_eq!(lines.len(), 2);
    let header = output.stdout.find("NAME   ");
    let row = output
        .stdout
        .lines()
        .nth(1)
        .and_then(|line| line.find("gcr-io"));
    assert_eq!(row, header, "{output}");
}

#[test]
fn wide_table_has_whole_cells_and_pods() {
    let fixture = Fixture::new("list");
    fixture.create().run().success();
    fixture.create_pod("a", &["gcr-io", "other"]);
    fixture.create_pod("b", &["other"]);
    let output = list(&fixture).args(["-o", "wide"]).run().success();
    assert_eq!(column(&output, "PODS"), ["1"]);
    assert_eq!(column(&output, "ACCOUNT"), [ACCOUNT]);
    assert_eq!(column(&output, "USED-BY"), ["<none>"]);
}

#[test]
fn objects_and_names_are_printed() {
    let fixture = Fixture::new("list");
    fixture.create().arg("--attach").run().success();
    let name = list(&fixture).args(["-o", "name"]).run();
    assert_output(&name, 0, &["secret/gcr-io"], &[]);
    let output = list(&fixture).args(["-o", "json"]).run().success();
    let mut printed: Value = serde_json::from_str(&output.stdout).unwrap();
    let stored = fixture.secret();
    assert_eq!(
        printed["items"][0]["metadata"]["uid"],
        stored["metadata"]["uid"]
    );
    assert_eq!(
        printed["items"][0]["metadata"]["creationTimestamp"],
        stored["metadata"]["creationTimestamp"]
    );
    let key_id = &stored["metadata"]["annotations"]["kubectl-gcr-secret/key-id"];
    let context = printed["items"][0]["context"].take();
    assert!(context.is_string(), "{context}");
    assert_eq!(
        printed,
        json!({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": [{
            "apiVersion": "kubectl-gcr-secret/v1",
            "kind": "PullSecret",
            "metadata": {
                "name": "gcr-io",
                "namespace": fixture.namespace,
                "uid": stored["metadata"]["uid"],
                "creationTimestamp": stored["metadata"]["creationTimestamp"],
            },
            "context": null,
            "managed": true,
            "registries": ["gcr.io"],
            "account": ACCOUNT,
            "keyId": key_id,
            "credential": "json-key",
            "expires": null,
            "usedBy": ["default"],
        }]})
    );
    let yaml = list(&fixture).args(["-o", "yaml"]).run().success();
    assert!(yaml.stdout.contains("usedBy:\n- default\n"), "{yaml}");
}

#[test]
fn empty_namespace_has_no_resources() {
    let fixture = Fixture::new("list");
    fixture.create_docker_registry_secret("theirs");
    assert_output(&list(&fixture).run(), 0, &[], &["No resources found"]);
    assert_output(&list(&fixture).arg("-q").run(), 0, &[], &[]);
    let json = list(&fixture).args(["-o", "json"]).run().success();
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["items"], json!([]));
}

#[test]
fn labels_and_unmanaged_select_secrets() {
    let fixture = Fixture::new("list");
    fixture.create().run().success();
    fixture.create_docker_registry_secret("theirs");
    fixture.kubectl([
        "create",
        "secret",
        "generic",
        "opaque",
        "--from-literal=a=b",
    ]);
    let all = list(&fixture).arg("--unmanaged").run().success();
    assert_eq!(column(&all, "NAME"), ["gcr-io", "theirs"]);
    assert_eq!(column(&all, "TYPE"), ["json-key", "<unmanaged>"]);
    assert_eq!(column(&all, "REGISTRIES"), ["gcr.io", "gcr.io"]);
    assert!(!all.stdout.contains("password"), "{all}");
    fixture.kubectl(["label", "secret", "theirs", "team=a"]);
    let labelled = list(&fixture).args(["--unmanaged", "-l", "team=a"]).run();
    assert_eq!(column(&labelled.success(), "NAME"), ["theirs"]);
    let none = list(&fixture).args(["-l", "team=a"]).run();
    assert_output(&none, 0, &[], &["No resources found"]);
}

#[test]
fn rows_are_sorted_by_column() {
    let fixture = Fixture::new("list");
    let namespace = &fixture.namespace;
    fixture.cluster.create(vec![managed(namespace, "b")]);
    std::thread::sleep(Duration::from_millis(1100));
    fixture
        .cluster
        .create(vec![managed(namespace, "a"), managed(namespace, "c")]);
    for (by, expected) in [("name", ["a", "b", "c"]), ("age", ["a", "c", "b"])] {
        let output = list(&fixture).args(["--sort-by", by]).run().success();
        assert_eq!(column(&output, "NAME"), expected, "{by}");
    }
    let bare = list(&fixture).arg("--no-headers").run().success();
    assert_eq!(cells(&bare).len(), 3);
    let error = list(&fixture).args(["--sort-by", "NAME"]).run();
    assert!(
        error
            .clone()
            .exits(1)
            .stderr
            .starts_with("error: Invalid sort-by value (NAME). ")
    );
}

#[test]
fn context_column_appears_with_contexts() {
    let fixture = Fixture::new("list");
    fixture.create().run().success();
    let context = fixture.session.kubectl(["config", "current-context"]).run();
    let context = context.success().stdout.trim().to_owned();
    let output = list(&fixture)
        .args(["--contexts", &context])
        .run()
        .success();
    assert_eq!(cells(&output)[0][..2], ["CONTEXT", "NAMESPACE"]);
    assert_eq!(column(&output, "CONTEXT"), [context.as_str()]);
}

#[test]
fn all_namespaces_are_merged_without_system_namespaces() {
    let fixture = Fixture::new("list");
    fixture.create().arg("--attach").run().success();
    let other = fixture
        .cluster
        .create_namespace(&format!("{}-b", fixture.namespace));
    fixture.cluster.create(vec![
        managed(&other, "gcr-io"),
        managed("kube-system", &other),
    ]);
    let all = fixture
        .session
        .gcr_secret(["list", "-A", "-o", "wide"])
        .run();
    let rows = cells(&all)
        .into_iter()
        .filter(|row| row[0].starts_with(&fixture.namespace));
    let rows: Vec<_> = rows
        .map(|row| (row[0].to_owned(), row[7].to_owned()))
        .collect();
    // The order is that of the server's keys: `-` comes before `/`.
    let used = "serviceaccount/default".to_owned();
    let expected = [
        (other.clone(), "<none>".to_owned()),
        (fixture.namespace.clone(), used),
    ];
    assert_eq!(rows, expected, "{all}");
    assert!(
        all.stderr
            .contains("in system namespaces (use --include-system-namespaces"),
        "{all}"
    );
    let system = ["list", "-A", "--include-system-namespaces", "-o", "name"];
    let system = fixture.session.gcr_secret(system).run().success();
    assert!(
        system.stdout.contains(&format!("secret/{other}\n")),
        "{system}"
    );
    let label = format!("listed={other}");
    fixture
        .cluster
        .kubectl(["label", "namespace", &other, &label])
        .run()
        .success();
    let labelled = ["list", "--namespace-selector", &label, "--no-headers"];
    let labelled = fixture.session.gcr_secret(labelled).run().success();
    assert_eq!(cells(&labelled).len(), 1, "{labelled}");
    fixture
        .cluster
        .kubectl(["delete", "secret", &other, "-n", "kube-system"])
        .run()
        .success();
}

#[test]
fn three_pages_are_listed_completely_and_without_secret_data() {
    let fixture = Fixture::new("list");
    let names: Vec<String> = (0..1001).map(|at| format!("s-{at:04}")).collect();
    let secrets = names.iter().map(|name| managed(&fixture.namespace, name));
    fixture.cluster.create(secrets.collect());
    let proxy = FaultProxy::new(fixture.cluster);
    // Counts the requests for metadata; all others fail.
    let metadata = Rule::on("*", "secrets").header("accept", "as=PartialObjectMetadataList");
    let metadata = proxy.inject(metadata, Fault::Delay(Duration::ZERO));
    let output = list_in(&proxy.session(), &fixture.namespace)
        .run()
        .success();
    assert_eq!(column(&output, "NAME"), names);
    assert_eq!(proxy.hits(metadata), 3);
    let traffic = proxy.traffic();
    assert_eq!(traffic.request_count("list", "secrets"), 3);
    assert_eq!(traffic.request_count("get", "secrets"), 0);
    assert_eq!(traffic.write_count(), 0);
    let widths: Vec<_> = output
        .stdout
        .lines()
        .map(|line| line.find("gcr.io"))
        .collect();
    assert!(
        widths[1..].windows(2).all(|pair| pair[0] == pair[1]),
        "columns are aligned"
    );
}

#[test]
fn exact_role_is_sufficient_and_each_rule_is_needed() {
    let fixture = Fixture::new("list");
    fixture.create().arg("--attach").run().success();
    let rules = ["secrets", "serviceaccounts", "pods"];
    let run = |granted: &[&str]| {
        let granted: Vec<_> = granted
            .iter()
            .map(|it| PolicyRule::new("list", it))
            .collect();
        let user = fixture.cluster.user().allow(&fixture.namespace, &granted);
        list_in(&user.session(), &fixture.namespace)
            .args(["-o", "wide"])
            .run()
    };
    let output = run(&rules).success();
    assert_eq!(
        (output.stderr.as_str(), column(&output, "PODS")),
        ("", vec!["0"])
    );
    for missing in rules {
        let granted: Vec<_> = rules.into_iter().filter(|it| *it != missing).collect();
        let output = run(&granted).exits(1);
        let error = format!(r#"cannot list resource "{missing}""#);
        let rule = format!(r#"{{"apiGroups":[""],"resources":["{missing}"],"verbs":["list"]}}"#);
        let hint = format!("hint: grant this Role rule: {rule}\n");
        assert!(
            output.stderr.contains(&error) && output.stderr.ends_with(&hint),
            "{output}"
        );
        match missing {
            "secrets" => assert_eq!(output.stdout, ""),
            "serviceaccounts" => assert_eq!(column(&output, "USED-BY"), ["<unknown>"]),
            _ => assert_eq!(column(&output, "PODS"), ["<unknown>"]),
        }
    }
}
