//! `rbac`: the roles that it prints are sufficient for the command line, and each of their rules is needed.

use gcr_test_support::{Output, Session, wait_until};
use serde_json::{Value, json};

use crate::fixture::{Fixture, assert_output, write_key_files};

fn rbac(session: &Session, args: &[&str]) -> Output {
    session.gcr_secret(["rbac"]).args(args).run()
}

/// Returns the printed documents.
#[track_caller]
fn documents(fixture: &Fixture, output: &Output) -> Vec<Value> {
    let apply = ["apply", "--dry-run=client", "-o", "json", "-f", "-"];
    let list = fixture
        .cluster
        .kubectl(apply)
        .stdin(output.stdout.as_str())
        .run()
        .success();
    let mut list: Value = serde_json::from_str(&list.stdout).unwrap_or_default();
    let mut items = match list["items"].take() {
        Value::Array(items) => items,
        _ => vec![list],
    };
    for item in &mut items {
        let annotations = item["metadata"].as_object_mut();
        annotations.and_then(|metadata| metadata.remove("annotations"));
    }
    items
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

/// Returns the command lines, each with whether its role must be granted in the whole cluster.
fn lines(namespace: &str, label: &str) -> Vec<(Vec<String>, &'static str)> {
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let named = |line: &str| words(&format!("{line} -n {namespace}"));
    let selected = |line: &str| words(&format!("{line} --namespace-selector {label}"));
    vec![
        (named("create --attach"), "secret"),
        (named("create --merge --serviceaccount default"), "secret"),
        (selected("create --attach"), "secret"),
        (named("gcr-patch-sa"), "patch-sa"),
        (named("gcr-patch-sa --all"), "patch-sa"),
        (selected("gcr-patch-sa --all --remove"), "patch-sa"),
        (named("list -o wide"), "secret"),
        (selected("list"), "secret"),
        (named("describe gcr-io"), "secret"),
        (selected("describe gcr-io"), "secret"),
        (selected("delete gcr-io --dry-run=server"), "secret"),
        (named("delete gcr-io"), "secret"),
    ]
}

#[test]
fn printed_role_is_sufficient_and_each_rule_is_needed() {
    let fixture = Fixture::new("rbac");
    let namespace = &fixture.namespace;
    let label = format!("rbac={namespace}");
    fixture
        .cluster
        .kubectl(["label", "namespace", namespace, &label])
        .run()
        .success();
    for (line, plugin) in lines(namespace, &label) {
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        let printed = rbac(&fixture.session, &line).success();
        let role = documents(&fixture, &printed).swap_remove(0);
        let count = role["rules"].as_array().map_or(0, Vec::len);
        for missing in (0..count).map(Some).chain([None]) {
            fixture.create().arg("--attach").run().success();
            let mut role = role.clone();
            if let (Some(missing), Some(rules)) = (missing, role["rules"].as_array_mut()) {
                rules.remove(missing);
            }
            let user = fixture.cluster.user();
            grant(&fixture, &user.name(), &role);
            let session = user.session();
            write_key_files(&session);
            let run = match plugin {
                "patch-sa" => session.gcr_patch_sa(&line[1..]),
                _ if line[0] == "create" => session.gcr_secret(&line).arg("--key-file=key.json"),
                _ => session.gcr_secret(&line),
            };
            let output = run.run();
            match missing {
                None => {
                    assert_eq!(output.code, Some(0), "{output}");
                    assert!(!output.stderr.contains("forbidden"), "{output}");
                }
                Some(_) => assert!(output.stderr.contains("is forbidden: "), "{role}\n{output}"),
            }
        }
    }
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
        ["serviceaccounts", "<all>", "get"],
        ["serviceaccounts", "<all>", "patch"],
        ["pods", "<all>", "list"],
    ];
    let expected = expected.map(|[resource, name, verb]| [namespace, resource, name, verb, "yes"]);
    assert_eq!(rows[1..], expected);
    let printed = rbac(&fixture.session, &line).success();
    let mut role = documents(&fixture, &printed).swap_remove(0);
    role["rules"].as_array_mut().and_then(Vec::pop);
    let user = fixture.cluster.user();
    grant(&fixture, &user.name(), &role);
    let output = check(&user.session()).exits(1);
    assert_eq!(output.stdout.matches(" no\n").count(), 1, "{output}");
    assert!(output.stdout.ends_with("list     no\n"), "{output}");
    assert_eq!(output.stderr, "");
    let args = [&line[..], &["--check", "-o", "json"]].concat();
    let json = rbac(&user.session(), &args).exits(1);
    let json: Value = serde_json::from_str(&json.stdout).unwrap_or_default();
    let mut last = json["items"][5].clone();
    last["context"].take();
    let expected = json!({"apiVersion": "kubectl-gcr-secret/v1", "kind": "AccessReview", "context": null,
        "namespace": namespace, "resource": "pods", "name": null, "verb": "list", "allowed": false});
    assert_eq!(last, expected);
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

/// Grants a user the rules of a printed role.
#[track_caller]
fn grant(fixture: &Fixture, user: &str, role: &Value) {
    let account = user.rsplit(':').next().unwrap_or_default();
    let group = "rbac.authorization.k8s.io";
    let mut role = role.clone();
    role["metadata"]["name"] = account.into();
    let metadata = role["metadata"].clone();
    let kind = role["kind"].as_str().unwrap_or_default().to_owned();
    let rules = role["rules"].as_array().cloned().unwrap_or_default();
    fixture.cluster.create(vec![
        role,
        json!({"apiVersion": format!("{group}/v1"), "kind": format!("{kind}Binding"),
            "metadata": metadata,
            "roleRef": {"apiGroup": group, "kind": kind, "name": account},
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": "kube-system"}]}),
    ]);
    let Some(rule) = rules.last() else {
        return;
    };
    let text = |value: &Value| value[0].as_str().unwrap_or_default().to_owned();
    let mut object = text(&rule["resources"]);
    if let Some(name) = rule["resourceNames"][0].as_str() {
        object = format!("{object}/{name}");
    }
    wait_until("the authorizer sees the role", || {
        let review = [
            "auth",
            "can-i",
            &text(&rule["verbs"]),
            &object,
            "--as",
            user,
        ];
        let review = fixture.cluster.kubectl(review);
        let review = match metadata["namespace"].as_str() {
            Some(namespace) => review.args(["-n", namespace]),
            None => review.arg("-A"),
        };
        review.run().code == Some(0)
    });
}
