//! The required RBAC permissions, and the hints when they are missing.

use std::time::Duration;

use gcr_test_support::{PolicyRule, User};
use serde_json::{Value, json};

use crate::fixture::{Fixture, assert_output};

fn forbidden(user: &User, verb: &str, name: &str, namespace: &str) -> String {
    format!(
        "Error from server (Forbidden): serviceaccounts {name}is forbidden: User \"{}\" cannot {verb} resource \
         \"serviceaccounts\" in API group \"\" in the namespace \"{namespace}\"",
        user.name()
    )
}

/// Grants the user the rule that the hint contains, and returns the rule.
#[track_caller]
fn grant_hinted_rule(fixture: &Fixture, user: &User, stderr: &str) -> Value {
    let hint = stderr
        .lines()
        .find_map(|line| line.strip_prefix("hint: "))
        .unwrap_or_else(|| panic!("no hint in\n{stderr}"));
    let rule = hint
        .find('{')
        .and_then(|start| serde_json::from_str::<Value>(&hint[start..]).ok())
        .unwrap_or_else(|| panic!("no rule in the hint\n{stderr}"));
    let metadata = json!({"name": "as-hinted", "namespace": fixture.namespace});
    let group = "rbac.authorization.k8s.io";
    let version = format!("{group}/v1");
    fixture.cluster.create(vec![
        json!({"apiVersion": version, "kind": "Role", "metadata": metadata, "rules": [rule]}),
        json!({"apiVersion": version, "kind": "RoleBinding", "metadata": metadata,
            "roleRef": {"apiGroup": group, "kind": "Role", "name": "as-hinted"},
            "subjects": [{"apiGroup": group, "kind": "User", "name": user.name()}]}),
    ]);
    rule
}

#[test]
fn get_and_patch_on_named_account_are_sufficient() {
    let fixture = Fixture::without_secret("rights");
    fixture.create_account("builder", json!([{"name": "theirs"}]));
    let rule = PolicyRule::new("get,patch", "serviceaccounts").resource_names("builder");
    let user = fixture.cluster.user().allow(&fixture.namespace, &[rule]);
    let session = user.session();
    let output = session
        .kubectl(["gcr-patch-sa", "builder", "-n", &fixture.namespace])
        .run()
        .success();
    // The Secret is missing, but the user cannot read Secrets, so there is no warning.
    assert_output(&output, "serviceaccount/builder patched\n", "");
    assert_eq!(
        fixture.pull_secrets("builder"),
        json!([{"name": "theirs"}, {"name": "gcr-io"}])
    );
    let output = session
        .kubectl([
            "gcr-patch-sa",
            "builder",
            "--remove",
            "-n",
            &fixture.namespace,
        ])
        .run()
        .success();
    assert_output(&output, "serviceaccount/builder patched\n", "");
}

#[test]
fn secret_reads_stop_after_first_forbidden() {
    let fixture = Fixture::without_secret("rights");
    let user = fixture.cluster.user().allow(
        &fixture.namespace,
        &[PolicyRule::new("get,list,patch", "serviceaccounts")],
    );
    let output = user
        .session()
        .gcr_patch_sa(["--secret", "a,b,c", "-v", "6", "-n", &fixture.namespace])
        .run()
        .success();
    assert_eq!(output.stderr.matches("/secrets/").count(), 1, "{output}");
    assert!(!output.stderr.contains("Warning"), "{output}");
}

#[test]
fn get_permission_on_named_secret_enables_warning() {
    let fixture = Fixture::without_secret("rights");
    let rules = [
        PolicyRule::new("get,patch", "serviceaccounts"),
        PolicyRule::new("get", "secrets").resource_names("gcr-io"),
    ];
    let user = fixture.cluster.user().allow(&fixture.namespace, &rules);
    let output = user
        .session()
        .gcr_patch_sa(["-n", &fixture.namespace])
        .run()
        .success();
    assert_output(
        &output,
        "serviceaccount/default patched\n",
        "Warning: secret \"gcr-io\" not found; pods that reference it cannot pull until it exists\n",
    );
}

#[test]
fn user_without_permissions_gets_hint_with_sufficient_rule() {
    let fixture = Fixture::new("rights");
    let user = fixture.cluster.user();
    let session = user.session();
    let run = || {
        session
            .kubectl(["gcr-patch-sa", "-n", &fixture.namespace])
            .run()
    };
    let output = run().exits(1);
    let error = forbidden(&user, "get", "\"default\" ", &fixture.namespace);
    assert_output(
        &output,
        "",
        &format!(
            "{error}\nhint: grant this Role rule: {{\"apiGroups\":[\"\"],\"resources\":[\"serviceaccounts\"],\
             \"resourceNames\":[\"default\"],\"verbs\":[\"get\",\"patch\"]}}\n"
        ),
    );
    grant_hinted_rule(&fixture, &user, &output.stderr);
    assert_output(&run().success(), "serviceaccount/default patched\n", "");
}

#[test]
fn user_without_patch_permission_gets_hint_with_sufficient_rule() {
    let fixture = Fixture::new("rights");
    let user = fixture.cluster.user().allow(
        &fixture.namespace,
        &[PolicyRule::new("get", "serviceaccounts")],
    );
    let session = user.session();
    let run = || session.gcr_patch_sa(["-n", &fixture.namespace]).run();
    let output = run().exits(1);
    let error = forbidden(&user, "patch", "\"default\" ", &fixture.namespace);
    assert_eq!(output.stderr.lines().next(), Some(error.as_str()));
    assert_eq!(output.stderr.lines().count(), 2, "{output}");
    assert_eq!(fixture.pull_secrets("default"), Value::Null);
    grant_hinted_rule(&fixture, &user, &output.stderr);
    assert_output(&run().success(), "serviceaccount/default patched\n", "");
}

#[test]
fn hint_for_all_accounts_contains_list_verb() {
    for args in [&["--all"][..], &["-l", "team=payments"]] {
        let fixture = Fixture::new("rights");
        fixture.cluster.create(vec![json!({
            "apiVersion": "v1", "kind": "ServiceAccount", "imagePullSecrets": [{"name": "gcr-io"}],
            "metadata": {"name": "pay", "namespace": fixture.namespace, "labels": {"team": "payments"}},
        })]);
        let user = fixture.cluster.user();
        let session = user.session();
        let run = || {
            session
                .gcr_patch_sa(args)
                .args(["-n", &fixture.namespace])
                .run()
        };
        let output = run().exits(1);
        let error = forbidden(&user, "list", "", &fixture.namespace);
        assert_eq!(output.stderr.lines().next(), Some(error.as_str()));
        let rule = grant_hinted_rule(&fixture, &user, &output.stderr);
        assert_eq!(
            rule,
            json!({"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["list", "patch"]})
        );
        let output = run().success();
        assert!(
            output
                .stdout
                .contains("serviceaccount/pay patched (no change)\n"),
            "{output}"
        );
        assert_eq!(output.stderr, "");
    }
}

#[test]
fn list_permission_limited_to_names_is_reported_as_missing() {
    let fixture = Fixture::new("rights");
    let rule = PolicyRule::new("list,get,patch", "serviceaccounts").resource_names("default");
    let user = fixture.cluster.user().allow(&fixture.namespace, &[rule]);
    let output = user
        .session()
        .gcr_patch_sa(["--all", "-n", &fixture.namespace])
        .run()
        .exits(1);
    let error = forbidden(&user, "list", "", &fixture.namespace);
    assert_eq!(output.stderr.lines().next(), Some(error.as_str()));
    let rule = grant_hinted_rule(&fixture, &user, &output.stderr);
    assert_eq!(
        rule,
        json!({"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["list", "patch"]})
    );
}

#[test]
fn hint_for_several_namespaces_is_printed_once_with_count() {
    let (one, two) = (Fixture::new("rights"), Fixture::new("rights"));
    let user = one.cluster.user();
    let both = format!("{},{}", one.namespace, two.namespace);
    let output = user.session().gcr_patch_sa(["-n", &both]).run().exits(1);
    assert_eq!(output.stdout, "");
    let mut lines: Vec<_> = output.stderr.lines().collect();
    lines[..2].sort_unstable();
    let mut errors = [&one, &two].map(|fixture| {
        let namespace = &fixture.namespace;
        let error = forbidden(&user, "get", "\"default\" ", namespace);
        format!("{error} -n {namespace}")
    });
    errors.sort_unstable();
    assert_eq!(lines[..2], errors);
    assert_eq!(
        lines[2..],
        [
            "hint: (for 2) grant this Role rule: {\"apiGroups\":[\"\"],\"resources\":[\"serviceaccounts\"],\
             \"resourceNames\":[\"default\"],\"verbs\":[\"get\",\"patch\"]}",
            "2 failed, 0 unknown, 0 not started"
        ]
    );
}

#[test]
fn admission_policy_denial_is_reported_without_rbac_hint() {
    let fixture = Fixture::new("rights");
    let name = format!("no-patch-{}", fixture.namespace);
    let metadata = json!({"name": name});
    let version = "admissionregistration.k8s.io/v1";
    fixture.cluster.create(vec![
        json!({"apiVersion": version, "kind": "ValidatingAdmissionPolicy", "metadata": metadata, "spec": {
            "matchConstraints": {"resourceRules": [{
                "apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["serviceaccounts"]}]},
            "validations": [{"expression": "!has(object.imagePullSecrets)", "message": "no pull secrets here",
                "reason": "Forbidden"}]}}),
        json!({"apiVersion": version, "kind": "ValidatingAdmissionPolicyBinding", "metadata": metadata, "spec": {
            "policyName": name, "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": fixture.namespace}}}}}),
    ]);
    gcr_test_support::wait_until("the policy denies the patch", || {
        let patch = r#"{"imagePullSecrets":[{"name":"probe"}]}"#;
        let probe = [
            "patch",
            "sa",
            "default",
            "--dry-run=server",
            "-p",
            patch,
            "-n",
        ];
        fixture
            .cluster
            .kubectl(probe)
            .arg(&fixture.namespace)
            .run()
            .code
            == Some(1)
    });
    let output = fixture.via_kubectl(&[]).run().exits(1);
    assert_output(
        &output,
        "",
        &format!(
            "Error from server (Forbidden): serviceaccounts \"default\" is forbidden: ValidatingAdmissionPolicy '{name}' \
             with binding '{name}' denied request: no pull secrets here\n"
        ),
    );
    assert_eq!(fixture.pull_secrets("default"), Value::Null);
}

#[test]
fn missing_namespace_without_get_permission_is_waited_for() {
    let fixture = Fixture::new("rights");
    let user = fixture
        .cluster
        .user()
        .allow_cluster_wide(&[PolicyRule::new("get,patch", "serviceaccounts")]);
    let output = user
        .session()
        .gcr_patch_sa(["-n", "no-such-namespace", "--timeout", "1s"])
        .run()
        .exits(1);
    assert_output(
        &output,
        "",
        "Error from server (NotFound): serviceaccounts \"default\" not found\n",
    );
    assert!(output.elapsed >= Duration::from_secs(1), "{output}");
}
