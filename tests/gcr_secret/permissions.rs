//! RBAC permissions: the documented minimum is sufficient, and an error names the missing permissions.

use gcr_test_support::{PolicyRule, Session, User, wait_until};
use serde_json::{Value, json};

use crate::fixture::{Fixture, assert_output, resource_version, write_key_files};

/// Returns the command `create --key-file KEY -n NAMESPACE` in another user's session.
fn create(session: &Session, fixture: &Fixture, key: &str) -> gcr_test_support::Invocation {
    let args = ["create", "--key-file", key, "-n", &fixture.namespace];
    session.gcr_secret(args)
}

#[track_caller]
fn session_of(user: &User<'_>) -> Session {
    let session = user.session();
    write_key_files(&session);
    session
}

#[test]
fn patch_and_create_on_named_secret_are_sufficient() {
    let fixture = Fixture::new("rights");
    let rule = PolicyRule::new("patch,create", "secrets").resource_names("gcr-io");
    let user = fixture.cluster.user().allow(&fixture.namespace, &[rule]);
    let session = session_of(&user);

    let trial = create(&session, &fixture, "key.json")
        .args(["--dry-run=server"])
        .run();
    assert_output(&trial, 0, &["secret/gcr-io created (server dry run)"], &[]);
    assert_eq!(fixture.find("secret/gcr-io"), None);

    let mut before: Option<Value> = None;
    for (key, word) in [
        ("key.json", "created"),
        ("key.json", "unchanged"),
        ("rotated-key.json", "configured"),
        ("rotated-key.json", "unchanged"),
    ] {
        let output = create(&session, &fixture, key).run();
        assert_output(&output, 0, &[&format!("secret/gcr-io {word}")], &[]);
        let secret = fixture.secret();
        if let Some(before) = before {
            assert_eq!(
                resource_version(&before) == resource_version(&secret),
                word == "unchanged"
            );
        }
        before = Some(secret);
    }
    for (key, word) in [
        ("key.json", "configured"),
        ("rotated-key.json", "unchanged"),
    ] {
        let output = create(&session, &fixture, key)
            .args(["--dry-run=server"])
            .run();
        assert_output(
            &output,
            0,
            &[&format!("secret/gcr-io {word} (server dry run)")],
            &[],
        );
    }
    let args = [
        "create",
        "--key-file=key.json",
        "other",
        "-n",
        &fixture.namespace,
    ];
    session.gcr_secret(args).run().exits(1);
}

#[test]
fn user_without_permissions_gets_hint_with_sufficient_rule() {
    let fixture = Fixture::new("rights");
    let user = fixture.cluster.user();
    let session = session_of(&user);
    let output = session
        .kubectl([
            "gcr-secret",
            "create",
            "--key-file=key.json",
            "-n",
            &fixture.namespace,
        ])
        .run();
    let error = format!(
        r#"Error from server (Forbidden): secrets "gcr-io" is forbidden: User "{}" cannot patch resource "secrets" in API group "" in the namespace "{}""#,
        user.name(),
        fixture.namespace
    );
    let rule = r#"{"apiGroups":[""],"resources":["secrets"],"resourceNames":["gcr-io"],"verbs":["patch","create"]}"#;
    let hint = format!("hint: grant this Role rule: {rule}");
    assert_output(&output, 1, &[], &[&error, &hint]);
    assert_eq!(fixture.find("secret/gcr-io"), None);

    grant(&fixture, &user, &[&output.stderr]);
    let output = create(&session, &fixture, "key.json").run();
    assert_output(&output, 0, &["secret/gcr-io created"], &[]);
}

#[test]
fn hints_for_merge_and_recreate_contain_sufficient_rules() {
    for (args, verbs) in [
        (&["--merge"][..], r#""verbs":["get","patch","create"]"#),
        (
            &["--recreate"],
            r#""verbs":["get","patch","create","delete"]"#,
        ),
    ] {
        let fixture = Fixture::new("rights");
        fixture.create_object(json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {"name": "gcr-io", "labels": {"app.kubernetes.io/managed-by": "kubectl-gcr-secret"}},
        }));
        if args == ["--merge"] {
            fixture.kubectl(["delete", "secret", "gcr-io"]);
        }
        let user = fixture.cluster.user();
        let session = session_of(&user);
        let output = create(&session, &fixture, "key.json")
            .args(args)
            .run()
            .exits(1);
        assert!(
            output.stderr.contains(r#"cannot get resource "secrets""#)
                && output.stderr.contains(verbs),
            "{output}"
        );
        grant(&fixture, &user, &[&output.stderr]);
        create(&session, &fixture, "key.json")
            .args(args)
            .run()
            .success();
    }
}

#[test]
fn hints_for_attach_contain_sufficient_rules() {
    let fixture = Fixture::new("rights");
    let user = fixture.cluster.user();
    let session = session_of(&user);
    let attach = || {
        create(&session, &fixture, "key.json")
            .args(["--attach"])
            .run()
    };
    let first = attach().exits(1);
    grant(&fixture, &user, &[&first.stderr]);
    let second = attach().exits(1);
    grant(&fixture, &user, &[&second.stderr]);
    let done = ["secret/gcr-io unchanged", "serviceaccount/default patched"];
    assert_output(&attach(), 0, &done, &[]);
}

#[test]
fn exceeded_quota_is_not_reported_as_missing_permission() {
    let fixture = Fixture::new("rights");
    fixture.create_object(json!({
        "apiVersion": "v1", "kind": "ResourceQuota",
        "metadata": {"name": "none"},
        "spec": {"hard": {"count/secrets": "0"}},
    }));
    // This control plane has no quota controller, so the test writes the status.
    let status = r#"{"status":{"hard":{"count/secrets":"0"},"used":{"count/secrets":"0"}}}"#;
    fixture.kubectl([
        "patch",
        "resourcequota",
        "none",
        "--subresource=status",
        "--type=merge",
        "-p",
        status,
    ]);
    wait_until("the quota is enforced", || {
        let args = ["create", "secret", "generic", "x", "--dry-run=server", "-n"];
        let trial = fixture.cluster.kubectl(args).arg(&fixture.namespace);
        trial.run().stderr.contains("exceeded quota")
    });

    let output = fixture.create().run();
    assert_output(
        &output,
        1,
        &[],
        &[
            r#"Error from server (Forbidden): secrets "gcr-io" is forbidden: exceeded quota: none, requested: count/secrets=1, used: count/secrets=0, limited: count/secrets=0"#,
            "hint: the permissions are sufficient, so admission control rejected it: a quota, a policy or a webhook",
        ],
    );
}

/// Grants the user the rules of the hints in `outputs`.
#[track_caller]
fn grant(fixture: &Fixture, user: &User<'_>, outputs: &[&str]) {
    let rules: Vec<Value> = outputs
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| line.split_once("grant this Role rule: "))
        .map(|(_, rule)| {
            serde_json::from_str(rule).unwrap_or_else(|error| panic!("{error}: {rule}"))
        })
        .collect();
    assert!(!rules.is_empty(), "no rule in {outputs:?}");
    let account = user.name();
    let account = account.rsplit(':').next().unwrap_or_default();
    let name = format!(
        "hint-{}",
        rules[0]["resources"][0].as_str().unwrap_or_default()
    );
    fixture.create_object(json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "metadata": {"name": name}, "rules": rules,
    }));
    fixture.create_object(json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": "kube-system"}],
    }));
    // The authorizer sees the role with a delay.
    let rule = &rules[0];
    let verb = rule["verbs"]
        .as_array()
        .and_then(|verbs| verbs.last())
        .and_then(Value::as_str);
    let resource = format!(
        "{}/{}",
        rule["resources"][0].as_str().unwrap_or_default(),
        rule["resourceNames"][0].as_str().unwrap_or_default()
    );
    wait_until("the role is effective", || {
        let args = [
            "auth",
            "can-i",
            verb.unwrap_or_default(),
            &resource,
            "--as",
            &user.name(),
            "-n",
        ];
        fixture
            .cluster
            .kubectl(args)
            .arg(&fixture.namespace)
            .run()
            .code
            == Some(0)
    });
}
