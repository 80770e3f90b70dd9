//! Runs each command with exactly the role that `rbac` prints for it, and with each verb of it taken away.

use gcr_test_support::fault_proxy::{CannedResponse, FaultProxy, Rule};
use gcr_test_support::{Output, ReducedRole};
use serde_json::json;

use crate::fixture::write_key_files;
use crate::registry::{HOST, Registry};

/// Returns a namespace that the label `rbac=NAMESPACE` selects, with a registry.
#[track_caller]
fn labelled() -> Registry {
    let registry = Registry::new();
    let fixture = &registry.fixture;
    let label = format!("rbac={}", fixture.namespace);
    let args = ["label", "namespace", &fixture.namespace, &label];
    fixture.cluster.kubectl(args).run().success();
    registry
}

/// Returns the command line in the namespace, or for the namespace's label.
fn line<'a>(registry: &'a Registry, command: &'a str, selector: Option<&'a str>) -> Vec<&'a str> {
    let mut line: Vec<&str> = command.split(' ').collect();
    match selector {
        Some(label) => line.extend(["--namespace-selector", label]),
        None => line.extend(["-n", &registry.fixture.namespace]),
    }
    line
}

/// Returns the first eviction if its conflict makes a command read the pod again with the missing verb.
fn conflicting(missing: &ReducedRole) -> Option<Rule> {
    let reads = missing.lacks("get", "pods");
    reads.then(|| Rule::on("create", "pods").nth(1))
}

/// Runs a command with exactly its role, and with each verb of each rule taken away. `prepare` runs before each; `missing`
/// asserts the output without a verb.
#[track_caller]
pub(crate) fn assert_role(
    command: &str,
    selected: bool,
    prepare: impl Fn(&Registry, Option<&ReducedRole>),
    complete: impl Fn(&Output),
    missing: impl Fn(&ReducedRole, &Output),
) {
    let registry = labelled();
    let fixture = &registry.fixture;
    let label = format!("rbac={}", fixture.namespace);
    let line = line(&registry, command, selected.then_some(label.as_str()));
    let printed = fixture.session.gcr_secret(["rbac"]).args(&line).run();
    let role = fixture.cluster.objects_of(&printed.success().stdout)[0].clone();
    let kind = if selected { "ClusterRole" } else { "Role" };
    assert_eq!(role["kind"], kind);
    let reduced = ReducedRole::all(&role);
    assert!(!reduced.is_empty());
    for case in reduced.iter().map(Some).chain([None]) {
        prepare(&registry, case);
        let user = fixture.cluster.user();
        let user = user.allow_role(case.map_or(&role, |case| &case.role));
        let proxy = FaultProxy::new(fixture.cluster);
        if let Some(rule) = case.and_then(conflicting) {
            let text =
                "the object has been modified; please apply your changes to the latest version";
            proxy.answer(rule, CannedResponse::status(409, "Conflict", text));
        }
        let session = proxy.session_for(&user.kubeconfig());
        write_key_files(&session);
        session.file("puller.json", &registry.key, 0o600);
        let run = match line[0] {
            "gcr-patch-sa" => session.gcr_patch_sa(&line[1..]),
            "create" => session.gcr_secret(&line).arg("--key-file=key.json"),
            _ => session.gcr_secret(&line),
        };
        let output = run.envs(registry.google.environment()).run();
        match case {
            None => {
                assert!(!output.stderr.contains("forbidden"), "{output}");
                complete(&output);
            }
            Some(case) => missing(case, &output),
        }
    }
}

/// Creates the Secret `gcr-io` and adds it to the default ServiceAccount.
#[track_caller]
fn attached(registry: &Registry, _: Option<&ReducedRole>) {
    registry.fixture.create().arg("--attach").run().success();
}

/// Leaves a Secret that a write changes, or none if the command may not create one, and an account that does not list it.
#[track_caller]
pub(crate) fn outdated(registry: &Registry, missing: Option<&ReducedRole>) {
    let fixture = &registry.fixture;
    if missing.is_some_and(|it| it.lacks("create", "secrets")) {
        fixture.kubectl(["delete", "secret", "gcr-io", "--ignore-not-found"]);
    } else {
        let outdated = fixture.create().arg("--registry=eu.gcr.io");
        outdated.run().success();
    }
    registry.attach(&[]);
}

pub(crate) fn succeeded(output: &Output) {
    assert_eq!(output.code, Some(0), "{output}");
}

/// Asserts that a missing verb is an error that names the resource and the rule.
#[track_caller]
pub(crate) fn named(missing: &ReducedRole, output: &Output) {
    let ReducedRole {
        resource,
        verb,
        rule,
        ..
    } = missing;
    assert_eq!(output.code, Some(1), "{verb} {rule}\n{output}");
    assert!(
        output.stderr.contains(&format!(
            "cannot {verb} resource \"{resource}\" in API group"
        )),
        "{verb} {resource}\n{output}"
    );
    assert!(
        output.stderr.contains(&format!("Role rule: {rule}\n")),
        "{rule}\n{output}"
    );
}

#[test]
fn create_needs_exactly_its_role() {
    for (command, selected) in [
        ("create --attach", false),
        ("create --merge --serviceaccount default", false),
        ("create --attach", true),
    ] {
        assert_role(command, selected, outdated, succeeded, named);
    }
}

#[test]
fn recreation_needs_exactly_its_role() {
    let wrong_type = |registry: &Registry, _: Option<&ReducedRole>| {
        let fixture = &registry.fixture;
        fixture.kubectl(["delete", "secret", "gcr-io", "--ignore-not-found"]);
        fixture.create_object(
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "gcr-io",
            "labels": {"app.kubernetes.io/managed-by": "kubectl-gcr-secret"}}}),
        );
    };
    // Without the right to create the new Secret, the old one is not deleted.
    let missing = |missing: &ReducedRole, output: &Output| {
        if !matches!(missing.verb.as_str(), "patch" | "create") {
            named(missing, output);
            return;
        }
        let ReducedRole { verb, rule, .. } = missing;
        let error = format!(
            "error: secret \"gcr-io\" will not be deleted: you may not {verb} its replacement\nhint: grant this Role rule: {rule}\n"
        );
        assert_eq!(
            (output.code, output.stderr.as_str()),
            (Some(1), error.as_str())
        );
    };
    assert_role("create --recreate", false, wrong_type, succeeded, missing);
}

#[test]
fn gcr_patch_sa_needs_exactly_its_role() {
    for (command, selected) in [
        ("gcr-patch-sa", false),
        ("gcr-patch-sa --all", false),
        ("gcr-patch-sa --all --remove", true),
    ] {
        let prepare = |registry: &Registry, missing: Option<&ReducedRole>| {
            attached(registry, missing);
            if !command.ends_with("--remove") {
                registry.attach(&[]);
            }
        };
        assert_role(command, selected, prepare, succeeded, named);
    }
}

#[test]
fn gcr_patch_sa_with_proof_needs_exactly_its_role() {
    let prepare = |registry: &Registry, _: Option<&ReducedRole>| {
        let fixture = &registry.fixture;
        fixture.kubectl(["delete", "secret", "gcr-io", "--ignore-not-found"]);
        registry.create_secret(HOST, "_json_key", &registry.key);
        registry.attach(&[]);
    };
    assert_role("gcr-patch-sa --verify", false, prepare, succeeded, named);
}

#[test]
fn list_needs_exactly_its_role() {
    for (command, selected) in [("list -o wide", false), ("list", true)] {
        assert_role(command, selected, attached, succeeded, |missing, output| {
            named(missing, output);
            let row = output.stdout.contains("gcr-io ");
            let lists_rows = matches!(missing.resource.as_str(), "serviceaccounts" | "pods");
            assert_eq!(row, lists_rows, "{output}");
            assert_eq!(output.stdout.contains("<unknown>"), lists_rows, "{output}");
        });
    }
}

#[test]
fn describe_needs_exactly_its_role() {
    for selected in [false, true] {
        let command = "describe gcr-io";
        assert_role(command, selected, attached, succeeded, |missing, output| {
            named(missing, output);
            let resource = missing.resource.as_str();
            let shows = output.stdout.contains("<unknown>");
            assert_eq!(
                shows,
                matches!(resource, "serviceaccounts" | "pods" | "events"),
                "{output}"
            );
        });
    }
}

#[test]
fn delete_needs_exactly_its_role() {
    for (command, selected) in [
        ("delete gcr-io", false),
        ("delete gcr-io --keep-references", false),
        ("delete gcr-io --dry-run=server", true),
    ] {
        assert_role(command, selected, attached, succeeded, |missing, output| {
            if missing.resource != "pods" {
                named(missing, output);
                return;
            }
            let warning = "Warning: the pods that reference secret \"gcr-io\" cannot be counted: Error from server (Forbidden): ";
            assert!(output.stderr.contains(warning), "{output}");
            succeeded(output);
        });
    }
}

#[test]
fn verify_needs_exactly_its_role() {
    for (command, selected) in [
        ("verify", false),
        ("verify --from-pods", false),
        ("verify", true),
    ] {
        let prepare = |registry: &Registry, _: Option<&ReducedRole>| {
            let fixture = &registry.fixture;
            fixture.kubectl(["delete", "secret", "gcr-io", "--ignore-not-found"]);
            registry.create_secret(HOST, "_json_key", &registry.key);
            if fixture.find("pod/web").is_none() {
                fixture.create_pod("web", &["gcr-io"]);
            }
        };
        assert_role(command, selected, prepare, |_| {}, named);
    }
}
