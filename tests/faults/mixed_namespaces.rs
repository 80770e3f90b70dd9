//! Tests a run over healthy namespaces and namespaces that reject writes: one error line per failure, exact counts, and
//! all healthy namespaces are written.

use gcr_test_support::{ControlPlane, Report, Stored, keys};
use serde_json::{Value, json};

/// Returns the Role and RoleBinding that grant a user the permissions of the run in a namespace.
fn role_and_binding(namespace: &str, user: &str) -> [Value; 2] {
    let metadata = json!({"name": "puller", "namespace": namespace});
    let (_, name) = user.rsplit_once(':').expect("the user is a ServiceAccount");
    let group = "rbac.authorization.k8s.io";
    [
        json!({"apiVersion": format!("{group}/v1"), "kind": "Role", "metadata": metadata, "rules": [
            {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "patch", "create"]},
            {"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["get", "patch"]},
        ]}),
        json!({"apiVersion": format!("{group}/v1"), "kind": "RoleBinding", "metadata": metadata,
            "roleRef": {"apiGroup": group, "kind": "Role", "name": "puller"},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": "kube-system"}]}),
    ]
}

#[test]
fn run_with_failing_namespaces_reports_each_and_writes_the_others() {
    let cluster = ControlPlane::shared();
    let user = cluster.user();
    let names = cluster.create_namespaces("partial", 12);
    let [
        forbidden,
        terminating,
        wrong_type,
        conflicting,
        healthy @ ..,
    ] = names.as_slice()
    else {
        panic!("expected at least four namespaces");
    };
    let mut objects: Vec<Value> = names.iter().map(|it| Stored::initial_account(it)).collect();
    let permitted = names.iter().filter(|it| *it != forbidden);
    objects.extend(permitted.flat_map(|it| role_and_binding(it, &user.name())));
    // The finalizer keeps the namespace in the terminating phase.
    objects.push(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata":
        {"name": "held", "namespace": terminating, "finalizers": ["example.com/hold"]}}));
    objects.push(json!({"apiVersion": "v1", "kind": "Secret", "metadata":
        {"name": "gcr-io", "namespace": wrong_type}, "type": "Opaque"}));
    cluster.create(objects);
    cluster
        .kubectl([
            "create",
            "secret",
            "docker-registry",
            "gcr-io",
            "-n",
            conflicting,
        ])
        .args([
            "--docker-server=gcr.io",
            "--docker-username=somebody",
            "--docker-password=else",
        ])
        .run()
        .success();
    cluster
        .kubectl(["delete", "namespace", terminating, "--wait=false"])
        .run()
        .success();

    let session = user.session();
    session.file("key.json", keys::KEY, 0o600);
    let list = format!("{},no-such-namespace", names.join(","));
    let create = || {
        session
            .gcr_secret(["create", "--key-file=key.json", "--serviceaccount=builder"])
            .args(["-n", &list])
    };
    let output = create().run().exits(1);
    let report = Report::parse(&output);
    let count = output.stderr.lines().last();
    assert_eq!(
        count,
        Some("8 created, 8 patched, 5 failed, 0 unknown, 5 not started"),
        "{output}"
    );
    for name in healthy {
        assert_eq!(
            report.outcome(name, "secret/gcr-io"),
            Some("created"),
            "{output}"
        );
        assert_eq!(
            report.outcome(name, "serviceaccount/builder"),
            Some("patched"),
            "{output}"
        );
    }
    for (name, args) in [
        (
            forbidden.as_str(),
            "Error from server (Forbidden): secrets \"gcr-io\" is forbidden",
        ),
        (terminating, "because it is being terminated"),
        (
            wrong_type,
            "error: secret \"gcr-io\" has another type than kubernetes.io/dockerconfigjson",
        ),
        (
            conflicting,
            "error: secret \"gcr-io\" is held by \"kubectl-create\"",
        ),
        // Without permission to read namespaces the client cannot find out whether the namespace exists.
        (
            "no-such-namespace",
            "Error from server (Forbidden): secrets \"gcr-io\" is forbidden",
        ),
    ] {
        let suffix = format!(" -n {name}");
        let lines: Vec<_> = output
            .stderr
            .lines()
            .filter(|it| it.ends_with(&suffix))
            .collect();
        assert!(
            lines.len() == 1 && lines[0].contains(args),
            "{name}: {args}\n{output}"
        );
    }

    let stored = Stored::fetch(cluster);
    let rerun = create().run().exits(1);
    let second = Report::parse(&rerun);
    assert_eq!(
        rerun.stderr.lines().last(),
        Some("16 unchanged, 5 failed, 0 unknown, 5 not started"),
        "{rerun}"
    );
    let now = Stored::fetch(cluster);
    for object in second.lines.keys() {
        assert_eq!(
            stored.resource_version(object),
            now.resource_version(object),
            "{object:?}"
        );
    }
}
