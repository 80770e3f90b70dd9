//! Tests `--namespace-selector`, `--exclude-namespace`, and long lists of names.

use std::fs;

use gcr_test_support::Report;
use gcr_test_support::fault_proxy::{CannedResponse, Fault, FaultProxy, Rule};
use serde_json::json;

use crate::fixture::{Fixture, split_summary, with_key};

#[test]
fn selector_with_exclusion_writes_only_matching_namespaces() {
    let fixture = Fixture::new("selection", 4);
    let unlabelled = fixture.cluster.create_namespace("selection");
    let excluded = &fixture.names[2];
    // The excluded name ends in 0002. A pattern without matches is not an error.
    let (base, _) = excluded
        .rsplit_once('-')
        .expect("the name ends in a number");
    let pattern = format!("{base}-*2,no-such-*");
    let output = fixture
        .create()
        .args(["--exclude-namespace", &pattern])
        .run()
        .success();
    let report = Report::parse(&output);
    report.assert_all_succeeded(6);
    for name in fixture.names.iter().filter(|name| *name != excluded) {
        assert_eq!(
            report.outcome(name, "secret/gcr-io"),
            Some("created"),
            "{output}"
        );
    }
    for name in [excluded, &unlabelled] {
        assert_eq!(fixture.cluster.get_opt("secret/gcr-io", name), None);
    }
}

#[test]
fn selector_without_matches_fails() {
    let fixture = Fixture::new("selection", 1);
    let args = ["--namespace-selector", "no=such", "--exclude-namespace=a-*"];
    let output = fixture.session.gcr_patch_sa(args).run().exits(1);
    assert_eq!(output.stdout, "");
    assert_eq!(
        output.stderr,
        "error: no namespaces match --namespace-selector=no=such --exclude-namespace=a-*\n\
         0 failed, 0 unknown, 0 not started\n"
    );
    let args = ["--namespace-selector", "a in b"];
    let output = fixture.session.gcr_patch_sa(args).run().exits(1);
    assert!(output.stderr.contains("(BadRequest)"), "{output}");
}

#[test]
fn selector_skips_system_namespaces_by_default() {
    let fixture = Fixture::new("selection", 1);
    let name = format!("kube-{}", fixture.names[0]);
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    fixture.cluster.create(vec![namespace]);
    fixture.label(std::slice::from_ref(&name));
    let output = fixture.create().run().success();
    let (notes, count) = split_summary(&output);
    let note = "skipped 1 system namespace (use --include-system-namespaces to include them)";
    assert_eq!(notes, [note]);
    assert_eq!(
        count,
        "1 created, 1 patched, 0 failed, 0 unknown, 0 not started"
    );
    let output = fixture.create().arg("-q").run().success();
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("", ""));

    let output = fixture
        .create()
        .arg("--include-system-namespaces")
        .run()
        .success();
    Report::parse(&output).assert_all_succeeded(4);
    fixture.cluster.get("secret/gcr-io", &name);
}

#[test]
fn selector_with_one_match_prints_namespaces_and_list() {
    let fixture = Fixture::new("selection", 1);
    let output = fixture.create().run().success();
    let name = &fixture.names[0];
    let lines =
        format!("secret/gcr-io created -n {name}\nserviceaccount/default patched -n {name}\n");
    assert_eq!(output.stdout, lines);
    let output = fixture.create().args(["-o", "json"]).run().success();
    let list: serde_json::Value = serde_json::from_str(&output.stdout).expect("JSON");
    assert_eq!(list["kind"], "List");
    assert_eq!(list["items"].as_array().map(Vec::len), Some(2));
}

#[test]
fn many_named_namespaces_use_cluster_lists() {
    let fixture = Fixture::new("selection", 60);
    let proxy = FaultProxy::new(fixture.cluster);
    let session = with_key(proxy.session());
    let list = format!("no-such-namespace,{}", fixture.names.join(","));
    let args = ["create", "--key-file=key.json", "--attach", "-n", &list];
    let output = session.gcr_secret(args).run().exits(1);
    let (errors, count) = split_summary(&output);
    assert_eq!(
        count,
        "60 created, 60 patched, 1 failed, 0 unknown, 1 not started"
    );
    let error = "Error from server (NotFound): namespaces \"no-such-namespace\" not found -n no-such-namespace";
    assert_eq!(errors, [error]);
    let count_of = |verb, resource| proxy.traffic().request_count(verb, resource);
    assert_eq!(count_of("get", "secrets"), 0);
    assert_eq!(
        count_of("get", "serviceaccounts"),
        1,
        "one request for the missing namespace"
    );
}

#[test]
fn expired_namespace_list_is_restarted_without_repeated_writes() {
    let fixture = Fixture::new("selection", 3);
    let proxy = FaultProxy::new(fixture.cluster);
    let session = with_key(proxy.session());
    // The shared cluster has too few namespaces for a second page, so the response announces one whose continue token
    // has expired.
    let page = json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
        "metadata": {"continue": "old"},
        "items": [{"metadata": {"name": fixture.names[0]}}, {"metadata": {"name": fixture.names[1]}}]});
    let first = CannedResponse::new(200, "application/json", &page.to_string());
    let expired = CannedResponse::status(
        410,
        "Expired",
        "The provided continue parameter is too old to display a consistent list result.",
    );
    proxy.inject(Rule::on("list", "namespaces").nth(1), Fault::Replace(first));
    proxy.inject(
        Rule::on("list", "namespaces").nth(2),
        Fault::Replace(expired),
    );
    let output = fixture.create_as(&session).run().success();
    Report::parse(&output).assert_all_succeeded(6);
    assert_eq!(proxy.traffic().request_count("list", "namespaces"), 3);
    assert_eq!(proxy.traffic().request_count("patch", "secrets"), 3);
}

#[test]
fn namespaces_without_matching_account_send_no_requests() {
    let fixture = Fixture::new("selection", 60);
    let label = fixture.selector.replace('=', "-");
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata":
        {"name": "builder", "namespace": fixture.names[30], "labels": {"with": label}}});
    fixture.cluster.create(vec![account]);
    let proxy = FaultProxy::new(fixture.cluster);
    let args = [
        "-l",
        &format!("with={label}"),
        "--namespace-selector",
        &fixture.selector,
    ];
    let output = proxy.session().gcr_patch_sa(args).run().success();
    let line = format!("serviceaccount/builder patched -n {}\n", fixture.names[30]);
    assert_eq!(output.stdout, line);
    assert!(
        output
            .stderr
            .ends_with("1 patched, 0 failed, 0 unknown, 0 not started\n")
    );
    assert_eq!(proxy.traffic().request_count("get", "namespaces"), 0);
    assert_eq!(proxy.traffic().request_count("list", "serviceaccounts"), 1);
}

#[test]
fn merge_over_namespaces_keeps_other_registries() {
    let fixture = Fixture::new("selection", 2);
    let namespace_with_secret = &fixture.names[0];
    let args = [
        "create",
        "secret",
        "docker-registry",
        "gcr-io",
        "--docker-server=quay.io",
    ];
    let create_secret = fixture.cluster.kubectl(args);
    let create_secret = create_secret.args([
        "--docker-username=u",
        "--docker-password=p",
        "-n",
        namespace_with_secret,
    ]);
    create_secret.run().success();
    let output = fixture
        .create()
        .args(["--merge", "--force-conflicts"])
        .run()
        .success();
    let report = Report::parse(&output);
    assert_eq!(
        report.outcome(namespace_with_secret, "secret/gcr-io"),
        Some("configured")
    );
    assert_eq!(
        report.outcome(&fixture.names[1], "secret/gcr-io"),
        Some("created")
    );
    let annotations =
        &fixture.cluster.get("secret/gcr-io", namespace_with_secret)["metadata"]["annotations"];
    assert_eq!(
        annotations["kubectl-gcr-secret/registries"],
        "gcr.io,quay.io"
    );
}

#[test]
fn duplicate_names_are_merged() {
    let fixture = Fixture::new("selection", 1);
    let args = [
        "default",
        "sa/default",
        "default",
        "--secret=a,a",
        "--secret=secret/a",
    ];
    let output = fixture.session.gcr_patch_sa(args);
    let output = output
        .args(["--namespace-selector", &fixture.selector])
        .run()
        .success();
    let line = format!("serviceaccount/default patched -n {}\n", fixture.names[0]);
    assert_eq!(output.stdout, line);
    let account = fixture
        .cluster
        .get("serviceaccount/default", &fixture.names[0]);
    assert_eq!(account["imagePullSecrets"], json!([{"name": "a"}]));
}

#[test]
fn concurrent_label_change_is_reported_as_unchanged() {
    let fixture = Fixture::new("selection", 52);
    fixture.create().run().success();
    // Another client owns our label too, so that metadata alone does not prove the content and the plugin sends its apply.
    let shared = r#"{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "gcr-io",
        "labels": {"app.kubernetes.io/managed-by": "kubectl-gcr-secret"}}}"#;
    let args = [
        "apply",
        "--server-side",
        "--field-manager=theirs",
        "-f",
        "-",
        "-n",
    ];
    let apply = fixture.cluster.kubectl(args).arg(&fixture.names[40]);
    apply.stdin(shared).run().success();
    // Managed field timestamps have a resolution of one second.
    std::thread::sleep(std::time::Duration::from_millis(2100));
    // Between the list and the apply another client labels a Secret. Its resourceVersion changes, but the plugin's
    // apply does not change it.
    let proxy = FaultProxy::new(fixture.cluster);
    let labelled = &fixture.names[40];
    let rule = Rule::on("patch", "secrets").namespace(labelled);
    proxy.inject(
        rule.nth(1),
        Fault::Replace(CannedResponse::too_many_requests(1)),
    );
    let session = with_key(proxy.session());
    let run = fixture.create_as(&session).spawn();
    let begun = std::time::Instant::now();
    while proxy.traffic().request_count("patch", "secrets") == 0 {
        assert!(begun.elapsed().as_secs() < 60, "the plugin sends no apply");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let args = ["label", "secret", "gcr-io", "somebody=else", "-n", labelled];
    fixture.cluster.kubectl(args).run().success();
    let output = run.wait().success();
    let report = Report::parse(&output);
    assert_eq!(
        report.outcome(labelled, "secret/gcr-io"),
        Some("unchanged"),
        "{output}"
    );
    let secret = fixture.cluster.get("secret/gcr-io", labelled);
    assert_eq!(secret["metadata"]["labels"]["somebody"], "else");
}

#[test]
fn empty_selection_gives_no_missing_secret_warning() {
    let fixture = Fixture::new("selection", 52);
    let args = [
        "--remove",
        "nobody",
        "--namespace-selector",
        &fixture.selector,
    ];
    let output = fixture.session.gcr_patch_sa(args).run().success();
    let (notes, count) = split_summary(&output);
    assert_eq!(
        (notes.as_slice(), count),
        (
            &["No resources found"][..],
            "0 failed, 0 unknown, 0 not started"
        )
    );
    let args = [
        "-l",
        "no=such",
        "--secret=nosuch",
        "--namespace-selector",
        &fixture.selector,
    ];
    let output = fixture.session.gcr_patch_sa(args).run().success();
    let (notes, _) = split_summary(&output);
    assert_eq!(notes, ["No resources found"]);
}

#[test]
fn dry_run_over_namespaces_writes_nothing() {
    let fixture = Fixture::new("selection", 2);
    for (mode, suffix) in [("client", "(dry run)"), ("server", "(server dry run)")] {
        let output = fixture
            .create()
            .arg(format!("--dry-run={mode}"))
            .args(["--report", "report.jsonl"])
            .run()
            .success();
        assert_eq!(output.stdout.matches(suffix).count(), 4, "{output}");
        let (_, count) = split_summary(&output);
        assert_eq!(
            count,
            "2 created, 2 patched, 0 failed, 0 unknown, 0 not started"
        );
        // The report marks the dry run.
        let report = fs::read_to_string(fixture.session.work().join("report.jsonl"))
            .expect("the report is readable");
        let marked = format!("\"reason\":null,\"dryRun\":\"{mode}\"}}");
        assert_eq!(report.matches(&marked).count(), 4, "{report}");
        for name in &fixture.names {
            assert_eq!(fixture.cluster.get_opt("secret/gcr-io", name), None);
        }
    }
}
