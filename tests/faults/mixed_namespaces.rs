//! Namespaces that will not have it, among good ones: a line each, exact counts, and everybody else is done.

use gcr_test_support::{ControlPlane, Report, Stored, keys};
use serde_json::{Value, json};

/// The rights of the run, in a namespace where it has them.
fn rights(namespace: &str, user: &str) -> [Value; 2] {
    let metadata = json!({"name": "puller", "namespace": namespace});
    let (_, name) = user.rsplit_once(':').expect("a ServiceAccount");
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
fn each_failure_has_its_line_and_the_good_ones_are_done() {
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
        panic!("too few");
    };
    let mut objects: Vec<Value> = names.iter().map(|it| Stored::initial_account(it)).collect();
    let may = names.iter().filter(|it| *it != forbidden);
    objects.extend(may.flat_map(|it| rights(it, &user.name())));
    // It is not gone as long as this is held.
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
        // Without the right to read namespaces it is forbidden to look whether there is one.
        (
            "no-such-namespace",
            "Error from server (Forbidden): secrets \"gcr-io\" is forbidden",
        ),
    ] {
        let place = format!(" -n {name}");
        let lines: Vec<_> = output
            .stderr
            .lines()
            .filter(|it| it.ends_with(&place))
            .collect();
        assert!(
            lines.len() == 1 && lines[0].contains(args),
            "{name}: {args}\n{output}"
        );
    }

    let stored = Stored::fetch(cluster);
    let again = create().run().exits(1);
    let second = Report::parse(&again);
    assert_eq!(
        again.stderr.lines().last(),
        Some("16 unchanged, 5 failed, 0 unknown, 5 not started"),
        "{again}"
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
