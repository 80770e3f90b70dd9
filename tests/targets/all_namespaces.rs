//! Tests `-A` on a dedicated cluster: which namespaces it selects, how many requests it sends, and that a second run
//! changes nothing.

use std::collections::BTreeMap;

use gcr_test_support::fault_proxy::FaultProxy;
use gcr_test_support::{ControlPlane, Options, Report};
use serde_json::{Value, json};

use crate::fixture::{split_summary, with_key};

/// Returns the `resourceVersion` of each object of a resource, by namespace and name.
fn versions(cluster: &ControlPlane, resource: &str) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let key = |object: &Value| {
        let metadata = &object["metadata"];
        format!(
            "{}/{}",
            text(&metadata["namespace"]),
            text(&metadata["name"])
        )
    };
    let objects = cluster.list(resource);
    let pairs = objects
        .iter()
        .map(|object| (key(object), text(&object["metadata"]["resourceVersion"])));
    pairs.collect()
}

#[test]
fn all_namespaces_uses_few_lists_and_rerun_changes_nothing() {
    let cluster = ControlPlane::dedicated(Options::new().throwaway());
    // More than one list page, and names that extend others with a hyphen: etcd sorts namespaces and namespaced objects
    // differently for such names.
    let mut names = cluster.create_namespaces("many", 560);
    let base = names[0].trim_end_matches("-0000").to_owned();
    let namespace =
        |name: &str| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    let hyphenated = [
        base.clone(),
        format!("{base}-0001-x"),
        "gke-ours".to_owned(),
    ];
    cluster.create(hyphenated.iter().map(|name| namespace(name)).collect());
    names.extend(hyphenated[..2].to_vec());
    names.push("default".to_owned());
    let builder_account = json!({"apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": "builder", "namespace": base}, "imagePullSecrets": [{"name": "theirs"}]});
    cluster.create(vec![builder_account]);

    let proxy = FaultProxy::new(&cluster);
    let session = with_key(proxy.session());
    let create = || session.gcr_secret(["create", "--key-file=key.json", "--attach", "-A"]);
    let output = create().run().success();
    let report = Report::parse(&output);
    report.assert_all_succeeded(2 * names.len());
    for name in &names {
        assert_eq!(
            report.outcome(name, "secret/gcr-io"),
            Some("created"),
            "{name}"
        );
        let account = report.outcome(name, "serviceaccount/default");
        assert_eq!(account, Some("patched"), "{name}");
    }
    let (notes, _) = split_summary(&output);
    // kube-node-lease, kube-public, kube-system, gke-ours.
    let note = "skipped 4 system namespaces (use --include-system-namespaces to include them)";
    assert_eq!(notes, [note]);
    let traffic = proxy.traffic();
    let count = |verb, resource| proxy.traffic().request_count(verb, resource);
    assert_eq!(traffic.write_count(), 2 * names.len() as u64);
    assert_eq!(count("list", "namespaces"), 2);
    assert_eq!(count("list", "serviceaccounts"), 2);
    assert_eq!(count("list", "secrets"), 1);
    // The plugin reads accounts that were created after their list.
    assert!(count("get", "serviceaccounts") <= 2, "{traffic:?}");
    assert_eq!(count("get", "secrets"), 0);

    let before = [
        versions(&cluster, "secrets"),
        versions(&cluster, "serviceaccounts"),
    ];
    proxy.reset_counters();
    let output = create().run().success();
    let report = Report::parse(&output);
    assert_eq!(report.count_of("unchanged"), 2 * names.len() as u64);
    let after = [
        versions(&cluster, "secrets"),
        versions(&cluster, "serviceaccounts"),
    ];
    assert_eq!(before, after);
    let traffic = proxy.traffic();
    assert_eq!(traffic.write_count(), 0, "{traffic:?}");
    let lists = 2 + 2 + 2;
    assert_eq!(traffic.total_requests(), lists, "{traffic:?}");

    // All accounts of all these namespaces, with the other plugin.
    let output = session.gcr_patch_sa(["--all", "-A"]).run().success();
    let report = Report::parse(&output);
    report.assert_all_succeeded(names.len() + 1);
    assert_eq!(report.count_of("patched"), 1);
    let builder = cluster.get("serviceaccount/builder", &base);
    assert_eq!(
        builder["imagePullSecrets"],
        json!([{"name": "theirs"}, {"name": "gcr-io"}])
    );

    // Remove the references again, this time also from system namespaces, which have none.
    let args = ["--remove", "--all", "-A", "--include-system-namespaces"];
    let output = session.gcr_patch_sa(args).run().success();
    let report = Report::parse(&output);
    assert_eq!(report.count_of("patched"), names.len() as u64 + 1);
    assert!(report.count_of("unchanged") >= 4, "{output}");
    let accounts = cluster.list("serviceaccounts");
    let refers = |account: &&Value| account["imagePullSecrets"].to_string().contains("gcr-io");
    assert_eq!(accounts.iter().filter(refers).count(), 0);
    let secrets = cluster.list("secrets");
    let in_system = |secret: &&Value| {
        let namespace = secret["metadata"]["namespace"].as_str().unwrap_or_default();
        secret["metadata"]["name"] == "gcr-io" && namespace.starts_with("kube-")
    };
    assert_eq!(secrets.iter().filter(in_system).count(), 0);
}
