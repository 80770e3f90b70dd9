//! `rbac`: the roles that it prints, and what `--check` asks.

use gcr_test_support::{Output, Session};
use serde_json::{Value, json};

use crate::fixture::{Fixture, assert_output};

fn rbac(session: &Session, args: &[&str]) -> Output {
    session.gcr_secret(["rbac"]).args(args).run()
}

/// Returns the printed documents.
#[track_caller]
fn documents(fixture: &Fixture, output: &Output) -> Vec<Value> {
    fixture.cluster.objects_of(&output.stdout)
}

#[test]
fn role_and_binding_for_a_command_line_are_printed() {
    let fixture = Fixture::new("rbac");
    let namespace = &fixture.namespace;
    let args = [
        "create",
        "--attach",
        "-n",
        namespace,
        "--for-user=jane",
        "--for-group",
        "ops",
        "--for-serviceaccount=ci/builder",
    ];
    let output = fixture
        .session
        .kubectl(["gcr-secret", "rbac"])
        .args(args)
        .run()
        .success();
    assert_eq!(output.stderr, "");
    let group = "rbac.authorization.k8s.io";
    let metadata = json!({"name": "gcr-secret-create", "namespace": namespace});
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata,
        "rules": [
            {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["gcr-io"],
                "verbs": ["patch", "create"]},
            {"apiGroups": [""], "resources": ["serviceaccounts"], "resourceNames": ["default"],
                "verbs": ["get", "patch"]},
        ],
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": metadata,
        "roleRef": {"apiGroup": group, "kind": "Role", "name": "gcr-secret-create"},
        "subjects": [
            {"apiGroup": group, "kind": "User", "name": "jane"},
            {"apiGroup": group, "kind": "Group", "name": "ops"},
            {"kind": "ServiceAccount", "name": "builder", "namespace": "ci"},
        ],
    });
    assert_eq!(documents(&fixture, &output), [role, binding]);
}

#[test]
fn selected_namespaces_need_a_cluster_role_and_several_names_a_role_each() {
    let fixture = Fixture::new("rbac");
    let kinds = |args: &[&str]| -> Vec<String> {
        let output = rbac(&fixture.session, args).success();
        let documents = documents(&fixture, &output);
        let kind = |it: &Value| format!("{} {}", it["kind"], it["metadata"]["namespace"]);
        documents.iter().map(kind).collect()
    };
    let cluster = ["\"ClusterRole\" null", "\"ClusterRoleBinding\" null"];
    assert_eq!(kinds(&["list", "-A"]), cluster);
    assert_eq!(kinds(&["delete", "x", "--namespace-selector=a=b"]), cluster);
    let each = [
        "\"Role\" \"a\"",
        "\"RoleBinding\" \"a\"",
        "\"Role\" \"b\"",
        "\"RoleBinding\" \"b\"",
    ];
    assert_eq!(kinds(&["list", "-n", "a,b"]), each);
    // The search for other Secrets with the old key needs a rule that only a ClusterRole can grant.
    let searched = [&each[..], &cluster[..]].concat();
    assert_eq!(kinds(&["rotate", "gcr-io", "-n", "a,b"]), searched);
    let unsearched = ["rotate", "gcr-io", "--scope-check=false", "-n", "a,b"];
    assert_eq!(kinds(&unsearched), each);
    // Flags may precede the words, as in kubectl, and the namespace of the context is the default.
    let output = fixture
        .session
        .gcr_secret(["-v=0", "rbac", "-n=a", "list"])
        .run()
        .success();
    assert!(output.stdout.contains("namespace: a\n"), "{output}");
    let hint =
        "# The binding has no subject: pass --for-user, --for-group or --for-serviceaccount.\n";
    assert!(output.stdout.contains(hint), "{output}");
    let context = fixture
        .session
        .kubectl(["config", "current-context"])
        .run()
        .stdout;
    let output = rbac(&fixture.session, &["list", "--contexts", context.trim()]).success();
    let comment = format!("# For the cluster of context {context}");
    assert!(output.stdout.starts_with(&comment), "{output}");
}

#[test]
fn permissions_at_google_are_comments_with_their_roles() {
    let fixture = Fixture::new("rbac");
    let title = "# Permissions at Google, each only if its step has something to change:\n";
    for (line, permission) in [
        (
            &["setup"][..],
            "iam.serviceAccountKeys.create on the project: roles/iam.serviceAccountKeyAdmin",
        ),
        (
            &["rotate", "gcr-io"],
            "iam.serviceAccountKeys.disable on the service account: roles/iam.serviceAccountKeyAdmin",
        ),
        (
            &["refresh"],
            "iam.serviceAccounts.getAccessToken on the service account: roles/iam.serviceAccountTokenCreator",
        ),
        (
            &["delete", "gcr-io", "--delete-key"],
            "iam.serviceAccountKeys.delete on the service account: roles/iam.serviceAccountKeyAdmin",
        ),
    ] {
        let output = rbac(&fixture.session, line).success();
        let comment = format!("#   {permission}\n");
        assert!(
            output.stdout.contains(title) && output.stdout.contains(&comment),
            "{output}"
        );
    }
    let output = rbac(&fixture.session, &["create", "--attach"]).success();
    assert!(!output.stdout.contains("Google"), "{output}");
}

#[test]
fn invalid_lines_are_usage_errors() {
    let session = Session::without_cluster();
    for (args, error) in [
        (&[][..], "error: exactly one COMMAND is required, got 0\n"),
        (&["nope"], "error: unknown command \"nope\"\n"),
        (&["create", "--nope"], "error: unknown flag: --nope\n"),
        (&["list", "--attach"], "error: unknown flag: --attach\n"),
        (
            &["list", "--for-user="],
            "error: --for-user requires a name\n",
        ),
        (
            &["list", "--for-serviceaccount=x"],
            "error: Invalid for-serviceaccount value (x).",
        ),
        (
            &["gcr-patch-sa", "--all", "a"],
            "error: only one of SERVICEACCOUNT, --all",
        ),
    ] {
        let output = rbac(&session, args).exits(1);
        assert!(
            output.stderr.starts_with(error) && output.stdout.is_empty(),
            "{output}"
        );
    }
    let help = rbac(&session, &["create", "--help"]).success();
    assert!(
        help.stdout.contains("    --attach=false:") && help.stdout.contains("    --check=false:")
    );
}

#[test]
fn check_asks_for_each_permission() {
    let fixture = Fixture::new("rbac");
    let namespace = fixture.namespace.as_str();
    let line = ["delete", "gcr-io", "-n", namespace];
    let check = |session: &Session| rbac(session, &[&line[..], &["--check"]].concat());
    let all = check(&fixture.session).success();
    let rows: Vec<Vec<&str>> = all
        .stdout
        .lines()
        .map(|it| it.split_whitespace().collect())
        .collect();
    assert_eq!(
        rows[0],
        ["NAMESPACE", "RESOURCE", "NAME", "VERB", "ALLOWED"]
    );
    let expected = [
        ["secrets", "gcr-io", "get"],
        ["secrets", "gcr-io", "delete"],
        ["serviceaccounts", "<all>", "list"],
        ["serviceaccounts", "<all>", "patch"],
        ["pods", "<all>", "list"],
    ];
    let expected = expected.map(|[resource, name, verb]| [namespace, resource, name, verb, "yes"]);
    assert_eq!(rows[1..], expected);
    let printed = rbac(&fixture.session, &line).success();
    let mut role = documents(&fixture, &printed).swap_remove(0);
    role["rules"].as_array_mut().and_then(Vec::pop);
    let user = fixture.cluster.user().allow_role(&role);
    let output = check(&user.session()).exits(1);
    assert_eq!(output.stdout.matches(" no\n").count(), 1, "{output}");
    assert!(output.stdout.ends_with("list     no\n"), "{output}");
    assert_eq!(output.stderr, "");
    let args = [&line[..], &["--check", "-o", "json"]].concat();
    let json = rbac(&user.session(), &args).exits(1);
    let json: Value = serde_json::from_str(&json.stdout).unwrap_or_default();
    let mut last = json["items"][4].clone();
    last["context"].take();
    let expected = json!({"apiVersion": "kubectl-gcr-secret/v1", "kind": "AccessReview", "context": null,
        "namespace": namespace, "resource": "pods", "name": null, "verb": "list", "allowed": false});
    assert_eq!(last, expected);
    let two = format!("{namespace},default");
    let searched = rbac(&fixture.session, &["rotate", "-n", &two, "--check"]).success();
    let rows = searched.stdout.lines();
    let wide = rows.filter(|it| it.starts_with("<all> ")).count();
    assert_eq!(wide, 1, "{searched}");
    let cluster = ["list", "-A", "--check"];
    let output = rbac(&user.session(), &cluster);
    assert!(output.stdout.contains("<all>       secrets"), "{output}");
    assert_output(
        &rbac(&fixture.session, &[&cluster[..], &["-o", "name"]].concat()),
        0,
        &[
            "accessreview/list-secrets",
            "accessreview/list-serviceaccounts",
        ],
        &[],
    );
}
