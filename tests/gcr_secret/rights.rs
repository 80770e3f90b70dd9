//! What a user may and may not do: the least rights are enough, and a refusal says which are missing or that none is.

use gcr_test_support::{PolicyRule, Session, User, wait_until};
use serde_json::{Value, json};

use crate::setting::{Setting, assert_said, give_keys, version};

/// `kubectl gcr-secret create --key-file KEY -n NAMESPACE …` as somebody else.
fn create(session: &Session, setting: &Setting, key: &str) -> gcr_test_support::Invocation {
    let words = ["create", "--key-file", key, "-n", &setting.namespace];
    session.gcr_secret(words)
}

#[track_caller]
fn session_of(user: &User<'_>) -> Session {
    let session = user.session();
    give_keys(&session);
    session
}

#[test]
fn patch_and_create_on_the_one_name_are_enough_and_the_words_stay_true() {
    let setting = Setting::new("rights");
    let rule = PolicyRule::new("patch,create", "secrets").resource_names("gcr-io");
    let user = setting.cluster.user().allow(&setting.namespace, &[rule]);
    let session = session_of(&user);

    let trial = create(&session, &setting, "key.json")
        .args(["--dry-run=server"])
        .run();
    assert_said(&trial, 0, &["secret/gcr-io created (server dry run)"], &[]);
    assert_eq!(setting.find("secret/gcr-io"), None);

    let mut before: Option<Value> = None;
    for (key, word) in [
        ("key.json", "created"),
        ("key.json", "unchanged"),
        ("rotated-key.json", "configured"),
        ("rotated-key.json", "unchanged"),
    ] {
        let output = create(&session, &setting, key).run();
        assert_said(&output, 0, &[&format!("secret/gcr-io {word}")], &[]);
        let secret = setting.secret();
        if let Some(before) = before {
            assert_eq!(version(&before) == version(&secret), word == "unchanged");
        }
        before = Some(secret);
    }
    for (key, word) in [
        ("key.json", "configured"),
        ("rotated-key.json", "unchanged"),
    ] {
        let output = create(&session, &setting, key)
            .args(["--dry-run=server"])
            .run();
        assert_said(
            &output,
            0,
            &[&format!("secret/gcr-io {word} (server dry run)")],
            &[],
        );
    }
    let words = [
        "create",
        "--key-file=key.json",
        "other",
        "-n",
        &setting.namespace,
    ];
    session.gcr_secret(words).run().exits(1);
}

#[test]
fn a_user_without_rights_is_told_the_rule_that_would_do_and_it_does() {
    let setting = Setting::new("rights");
    let user = setting.cluster.user();
    let session = session_of(&user);
    let output = session
        .kubectl([
            "gcr-secret",
            "create",
            "--key-file=key.json",
            "-n",
            &setting.namespace,
        ])
        .run();
    let error = format!(
        r#"Error from server (Forbidden): secrets "gcr-io" is forbidden: User "{}" cannot patch resource "secrets" in API group "" in the namespace "{}""#,
        user.name(),
        setting.namespace
    );
    let rule = r#"{"apiGroups":[""],"resources":["secrets"],"resourceNames":["gcr-io"],"verbs":["patch","create"]}"#;
    let hint = format!("hint: a Role would do that has the rule {rule}");
    assert_said(&output, 1, &[], &[&error, &hint]);
    assert_eq!(setting.find("secret/gcr-io"), None);

    grant(&setting, &user, &[&output.stderr]);
    let output = create(&session, &setting, "key.json").run();
    assert_said(&output, 0, &["secret/gcr-io created"], &[]);
}

#[test]
fn the_rules_for_more_than_an_apply_are_told_too() {
    for (words, verbs) in [
        (&["--merge"][..], r#""verbs":["get","patch","create"]"#),
        (
            &["--recreate"],
            r#""verbs":["get","patch","create","delete"]"#,
        ),
    ] {
        let setting = Setting::new("rights");
        setting.object(json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {"name": "gcr-io", "labels": {"app.kubernetes.io/managed-by": "kubectl-gcr-secret"}},
        }));
        if words == ["--merge"] {
            setting.kubectl(["delete", "secret", "gcr-io"]);
        }
        let user = setting.cluster.user();
        let session = session_of(&user);
        let output = create(&session, &setting, "key.json")
            .args(words)
            .run()
            .exits(1);
        assert!(
            output.stderr.contains(r#"cannot get resource "secrets""#)
                && output.stderr.contains(verbs),
            "{output}"
        );
        grant(&setting, &user, &[&output.stderr]);
        create(&session, &setting, "key.json")
            .args(words)
            .run()
            .success();
    }
}

#[test]
fn what_attaching_wants_is_told_and_does() {
    let setting = Setting::new("rights");
    let user = setting.cluster.user();
    let session = session_of(&user);
    let attach = || {
        create(&session, &setting, "key.json")
            .args(["--attach"])
            .run()
    };
    let first = attach().exits(1);
    grant(&setting, &user, &[&first.stderr]);
    let second = attach().exits(1);
    grant(&setting, &user, &[&second.stderr]);
    let done = ["secret/gcr-io unchanged", "serviceaccount/default patched"];
    assert_said(&attach(), 0, &done, &[]);
}

#[test]
fn a_quota_is_not_a_missing_right() {
    let setting = Setting::new("rights");
    setting.object(json!({
        "apiVersion": "v1", "kind": "ResourceQuota",
        "metadata": {"name": "none"},
        "spec": {"hard": {"count/secrets": "0"}},
    }));
    // What the quota controller would do; this control plane has none.
    let status = r#"{"status":{"hard":{"count/secrets":"0"},"used":{"count/secrets":"0"}}}"#;
    setting.kubectl([
        "patch",
        "resourcequota",
        "none",
        "--subresource=status",
        "--type=merge",
        "-p",
        status,
    ]);
    wait_until("the quota is in force", || {
        let words = ["create", "secret", "generic", "x", "--dry-run=server", "-n"];
        let trial = setting.cluster.kubectl(words).arg(&setting.namespace);
        trial.run().stderr.contains("exceeded quota")
    });

    let output = setting.create().run();
    assert_said(
        &output,
        1,
        &[],
        &[
            r#"Error from server (Forbidden): secrets "gcr-io" is forbidden: exceeded quota: none, requested: count/secrets=1, used: count/secrets=0, limited: count/secrets=0"#,
            "hint: the rights are there, so admission refused it: a quota, a policy or a webhook of the cluster",
        ],
    );
}

/// Gives the user a Role with the rule that a hint in `said` shows.
#[track_caller]
fn grant(setting: &Setting, user: &User<'_>, said: &[&str]) {
    let rules: Vec<Value> = said
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| line.split_once("a Role would do that has the rule "))
        .map(|(_, rule)| {
            serde_json::from_str(rule).unwrap_or_else(|error| panic!("{error}: {rule}"))
        })
        .collect();
    assert!(!rules.is_empty(), "no rule in {said:?}");
    let account = user.name();
    let account = account.rsplit(':').next().unwrap_or_default();
    let name = format!(
        "hint-{}",
        rules[0]["resources"][0].as_str().unwrap_or_default()
    );
    setting.object(json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "metadata": {"name": name}, "rules": rules,
    }));
    setting.object(json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": "kube-system"}],
    }));
    // The authorizer learns of it a moment later.
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
    wait_until("the role is in force", || {
        let words = [
            "auth",
            "can-i",
            verb.unwrap_or_default(),
            &resource,
            "--as",
            &user.name(),
            "-n",
        ];
        setting
            .cluster
            .kubectl(words)
            .arg(&setting.namespace)
            .run()
            .code
            == Some(0)
    });
}
