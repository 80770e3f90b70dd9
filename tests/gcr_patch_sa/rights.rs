//! What the tool needs to be allowed, and what it says where it is not.

use std::time::Duration;

use gcr_test_support::{PolicyRule, User};
use serde_json::{Value, json};

use crate::place::{Place, says};

fn forbidden(user: &User, verb: &str, name: &str, namespace: &str) -> String {
    format!(
        "Error from server (Forbidden): serviceaccounts {name}is forbidden: User \"{}\" cannot {verb} resource \
         \"serviceaccounts\" in API group \"\" in the namespace \"{namespace}\"",
        user.name()
    )
}

/// Makes a role of the rule that a hint shows, and gives it to the user.
#[track_caller]
fn grant_what_the_hint_says(place: &Place, user: &User, stderr: &str) -> Value {
    let hint = stderr
        .lines()
        .find_map(|line| line.strip_prefix("hint: "))
        .unwrap_or_else(|| panic!("no hint in\n{stderr}"));
    let rule = hint
        .find('{')
        .and_then(|start| serde_json::from_str::<Value>(&hint[start..]).ok())
        .unwrap_or_else(|| panic!("no rule in the hint\n{stderr}"));
    let metadata = json!({"name": "as-hinted", "namespace": place.namespace});
    let group = "rbac.authorization.k8s.io";
    let version = format!("{group}/v1");
    place.cluster.create(vec![
        json!({"apiVersion": version, "kind": "Role", "metadata": metadata, "rules": [rule]}),
        json!({"apiVersion": version, "kind": "RoleBinding", "metadata": metadata,
            "roleRef": {"apiGroup": group, "kind": "Role", "name": "as-hinted"},
            "subjects": [{"apiGroup": group, "kind": "User", "name": user.name()}]}),
    ]);
    rule
}

#[test]
fn get_and_patch_on_that_one_account_are_enough() {
    let place = Place::without_secret("rights");
    place.account("builder", json!([{"name": "theirs"}]));
    let rule = PolicyRule::new("get,patch", "serviceaccounts").resource_names("builder");
    let user = place.cluster.user().allow(&place.namespace, &[rule]);
    let session = user.session();
    let output = session
        .kubectl(["gcr-patch-sa", "builder", "-n", &place.namespace])
        .run()
        .success();
    // The Secret is not there; who may not look does not know.
    says(&output, "serviceaccount/builder patched\n", "");
    assert_eq!(
        place.entries("builder"),
        json!([{"name": "theirs"}, {"name": "gcr-io"}])
    );
    let output = session
        .kubectl([
            "gcr-patch-sa",
            "builder",
            "--remove",
            "-n",
            &place.namespace,
        ])
        .run()
        .success();
    says(&output, "serviceaccount/builder patched\n", "");
}

#[test]
fn the_first_refusal_ends_the_looking_for_secrets() {
    let place = Place::without_secret("rights");
    let user = place.cluster.user().allow(
        &place.namespace,
        &[PolicyRule::new("get,list,patch", "serviceaccounts")],
    );
    let output = user
        .session()
        .gcr_patch_sa(["--secret", "a,b,c", "-v", "6", "-n", &place.namespace])
        .run()
        .success();
    assert_eq!(output.stderr.matches("/secrets/").count(), 1, "{output}");
    assert!(!output.stderr.contains("Warning"), "{output}");
}

#[test]
fn who_may_look_at_that_one_secret_is_warned() {
    let place = Place::without_secret("rights");
    let rules = [
        PolicyRule::new("get,patch", "serviceaccounts"),
        PolicyRule::new("get", "secrets").resource_names("gcr-io"),
    ];
    let user = place.cluster.user().allow(&place.namespace, &rules);
    let output = user
        .session()
        .gcr_patch_sa(["-n", &place.namespace])
        .run()
        .success();
    says(
        &output,
        "serviceaccount/default patched\n",
        "Warning: secret \"gcr-io\" is not there: pods that refer to it cannot pull until it is made\n",
    );
}

#[test]
fn without_rights_the_hint_has_the_rule_that_would_do() {
    let place = Place::new("rights");
    let user = place.cluster.user();
    let session = user.session();
    let run = || {
        session
            .kubectl(["gcr-patch-sa", "-n", &place.namespace])
            .run()
    };
    let output = run().exits(1);
    let error = forbidden(&user, "get", "\"default\" ", &place.namespace);
    says(
        &output,
        "",
        &format!(
            "{error}\nhint: a Role would do that has the rule {{\"apiGroups\":[\"\"],\"resources\":[\"serviceaccounts\"],\
             \"resourceNames\":[\"default\"],\"verbs\":[\"get\",\"patch\"]}}\n"
        ),
    );
    grant_what_the_hint_says(&place, &user, &output.stderr);
    says(&run().success(), "serviceaccount/default patched\n", "");
}

#[test]
fn who_may_read_but_not_patch_is_told_the_same() {
    let place = Place::new("rights");
    let user = place.cluster.user().allow(
        &place.namespace,
        &[PolicyRule::new("get", "serviceaccounts")],
    );
    let session = user.session();
    let run = || session.gcr_patch_sa(["-n", &place.namespace]).run();
    let output = run().exits(1);
    let error = forbidden(&user, "patch", "\"default\" ", &place.namespace);
    assert_eq!(output.stderr.lines().next(), Some(error.as_str()));
    assert_eq!(output.stderr.lines().count(), 2, "{output}");
    assert_eq!(place.entries("default"), Value::Null);
    grant_what_the_hint_says(&place, &user, &output.stderr);
    says(&run().success(), "serviceaccount/default patched\n", "");
}

#[test]
fn for_all_accounts_the_hint_has_the_right_to_list() {
    for words in [&["--all"][..], &["-l", "team=payments"]] {
        let place = Place::new("rights");
        place.cluster.create(vec![json!({
            "apiVersion": "v1", "kind": "ServiceAccount", "imagePullSecrets": [{"name": "gcr-io"}],
            "metadata": {"name": "pay", "namespace": place.namespace, "labels": {"team": "payments"}},
        })]);
        let user = place.cluster.user();
        let session = user.session();
        let run = || {
            session
                .gcr_patch_sa(words)
                .args(["-n", &place.namespace])
                .run()
        };
        let output = run().exits(1);
        let error = forbidden(&user, "list", "", &place.namespace);
        assert_eq!(output.stderr.lines().next(), Some(error.as_str()));
        let rule = grant_what_the_hint_says(&place, &user, &output.stderr);
        assert_eq!(
            rule,
            json!({"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["list", "get", "patch"]})
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
fn list_right_limited_to_names_is_hinted_as_missing() {
    let place = Place::new("rights");
    let rule = PolicyRule::new("list,get,patch", "serviceaccounts").resource_names("default");
    let user = place.cluster.user().allow(&place.namespace, &[rule]);
    let output = user
        .session()
        .gcr_patch_sa(["--all", "-n", &place.namespace])
        .run()
        .exits(1);
    let error = forbidden(&user, "list", "", &place.namespace);
    assert_eq!(output.stderr.lines().next(), Some(error.as_str()));
    let rule = grant_what_the_hint_says(&place, &user, &output.stderr);
    assert_eq!(
        rule,
        json!({"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["list", "get", "patch"]})
    );
}

#[test]
fn a_hint_for_many_namespaces_comes_once_with_their_number() {
    let (one, two) = (Place::new("rights"), Place::new("rights"));
    let user = one.cluster.user();
    let both = format!("{},{}", one.namespace, two.namespace);
    let output = user.session().gcr_patch_sa(["-n", &both]).run().exits(1);
    assert_eq!(output.stdout, "");
    let mut lines: Vec<_> = output.stderr.lines().collect();
    lines[..2].sort_unstable();
    let mut errors = [&one, &two].map(|place| {
        let namespace = &place.namespace;
        let error = forbidden(&user, "get", "\"default\" ", namespace);
        format!("{error} -n {namespace}")
    });
    errors.sort_unstable();
    assert_eq!(lines[..2], errors);
    assert_eq!(
        lines[2..],
        [
            "hint: (for 2) a Role would do that has the rule {\"apiGroups\":[\"\"],\"resources\":[\"serviceaccounts\"],\
             \"resourceNames\":[\"default\"],\"verbs\":[\"get\",\"patch\"]}",
            "2 failed, 0 unknown, 0 not started"
        ]
    );
}

#[test]
fn a_refusal_by_a_policy_is_said_in_its_words_and_not_called_a_missing_right() {
    let place = Place::new("rights");
    let name = format!("no-patch-{}", place.namespace);
    let metadata = json!({"name": name});
    let version = "admissionregistration.k8s.io/v1";
    place.cluster.create(vec![
        json!({"apiVersion": version, "kind": "ValidatingAdmissionPolicy", "metadata": metadata, "spec": {
            "matchConstraints": {"resourceRules": [{
                "apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["serviceaccounts"]}]},
            "validations": [{"expression": "!has(object.imagePullSecrets)", "message": "no pull secrets here",
                "reason": "Forbidden"}]}}),
        json!({"apiVersion": version, "kind": "ValidatingAdmissionPolicyBinding", "metadata": metadata, "spec": {
            "policyName": name, "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": place.namespace}}}}}),
    ]);
    gcr_test_support::wait_until("the policy refuses", || {
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
        place
            .cluster
            .kubectl(probe)
            .arg(&place.namespace)
            .run()
            .code
            == Some(1)
    });
    let output = place.typed(&[]).run().exits(1);
    says(
        &output,
        "",
        &format!(
            "Error from server (Forbidden): serviceaccounts \"default\" is forbidden: ValidatingAdmissionPolicy '{name}' \
             with binding '{name}' denied request: no pull secrets here\n"
        ),
    );
    assert_eq!(place.entries("default"), Value::Null);
}

#[test]
fn where_the_namespace_may_not_be_read_a_mistyped_one_is_waited_for_and_its_account_not_found() {
    let place = Place::new("rights");
    let user = place
        .cluster
        .user()
        .allow_cluster_wide(&[PolicyRule::new("get,patch", "serviceaccounts")]);
    let output = user
        .session()
        .gcr_patch_sa(["-n", "no-such-namespace", "--timeout", "1s"])
        .run()
        .exits(1);
    says(
        &output,
        "",
        "Error from server (NotFound): serviceaccounts \"default\" not found\n",
    );
    assert!(output.elapsed >= Duration::from_secs(1), "{output}");
}
