//! Runs each command with exactly the role that `rbac` prints for it, and with each of its rules taken away.

use gcr_test_support::Output;
use serde_json::{Value, json};

use crate::fixture::write_key_files;
use crate::registry::{HOST, Registry};
use crate::stuck_pods::StuckPod;

/// Returns a namespace that the label `rbac=NAMESPACE` selects, with a registry and an attached Secret.
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

/// Runs a command with exactly its role, and with each rule taken away. `prepare` runs before each; `missing` asserts the
/// output without a rule for a resource, given the rule as the hint after a 403 names it.
#[track_caller]
fn assert_role(
    command: &str,
    selected: bool,
    prepare: impl Fn(&Registry),
    complete: impl Fn(&Output),
    missing: impl Fn(&str, &str, &Output),
) {
    let registry = labelled();
    let fixture = &registry.fixture;
    let label = format!("rbac={}", fixture.namespace);
    let line = line(&registry, command, selected.then_some(label.as_str()));
    let printed = fixture.session.gcr_secret(["rbac"]).args(&line).run();
    let role = fixture.cluster.objects_of(&printed.success().stdout)[0].clone();
    let kind = if selected { "ClusterRole" } else { "Role" };
    assert_eq!(role["kind"], kind);
    let count = role["rules"].as_array().map_or(0, Vec::len);
    assert!(count > 0);
    for index in (0..count).map(Some).chain([None]) {
        prepare(&registry);
        let mut role = role.clone();
        let rules = role["rules"].as_array_mut().expect("rules");
        let removed = index.map(|index| rules.remove(index));
        let user = fixture.cluster.user().allow_role(&role);
        let session = user.session();
        write_key_files(&session);
        session.file("puller.json", &registry.key, 0o600);
        let run = match line[0] {
            "gcr-patch-sa" => session.gcr_patch_sa(&line[1..]),
            "create" => session.gcr_secret(&line).arg("--key-file=key.json"),
            _ => session.gcr_secret(&line),
        };
        let output = run.envs(registry.google.environment()).run();
        match removed {
            None => {
                assert!(!output.stderr.contains("forbidden"), "{output}");
                complete(&output);
            }
            Some(rule) => {
                let resource = rule["resources"][0].as_str().unwrap_or_default();
                missing(resource, &compact(&rule), &output);
            }
        }
    }
}

/// Returns a rule in the form of the hint after a 403.
fn compact(rule: &Value) -> String {
    let names = match &rule["resourceNames"] {
        Value::Null => String::new(),
        names => format!(r#""resourceNames":{names},"#),
    };
    let (resources, verbs) = (&rule["resources"], &rule["verbs"]);
    format!(r#"{{"apiGroups":[""],"resources":{resources},{names}"verbs":{verbs}}}"#)
}

/// Creates the Secret `gcr-io` and adds it to the default ServiceAccount.
#[track_caller]
fn attached(registry: &Registry) {
    registry.fixture.create().arg("--attach").run().success();
}

fn succeeded(output: &Output) {
    assert_eq!(output.code, Some(0), "{output}");
}

/// Asserts that a missing rule is an error that names it.
#[track_caller]
fn named(resource: &str, rule: &str, output: &Output) {
    assert_eq!(output.code, Some(1), "{output}");
    assert!(
        output
            .stderr
            .contains(&format!("resource \"{resource}\" in API group")),
        "{resource}\n{output}"
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
        assert_role(command, selected, attached, succeeded, named);
    }
}

#[test]
fn recreation_needs_exactly_its_role() {
    let wrong_type = |registry: &Registry| {
        let fixture = &registry.fixture;
        fixture.kubectl(["delete", "secret", "gcr-io", "--ignore-not-found"]);
        fixture.create_object(
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "gcr-io",
            "labels": {"app.kubernetes.io/managed-by": "kubectl-gcr-secret"}}}),
        );
    };
    assert_role("create --recreate", false, wrong_type, succeeded, named);
}

#[test]
fn gcr_patch_sa_needs_exactly_its_role() {
    for (command, selected) in [
        ("gcr-patch-sa", false),
        ("gcr-patch-sa --all", false),
        ("gcr-patch-sa --all --remove", true),
    ] {
        let prepare = |registry: &Registry| {
            attached(registry);
            if !command.ends_with("--remove") {
                registry.fixture.kubectl([
                    "patch",
                    "serviceaccount",
                    "default",
                    "-p",
                    r#"{"imagePullSecrets":null}"#,
                ]);
            }
        };
        assert_role(command, selected, prepare, succeeded, named);
    }
}

#[test]
fn list_needs_exactly_its_role() {
    for (command, selected) in [("list -o wide", false), ("list", true)] {
        assert_role(
            command,
            selected,
            attached,
            succeeded,
            |resource, rule, output| {
                named(resource, rule, output);
                let row = output.stdout.contains("gcr-io ");
                let lists_rows = matches!(resource, "serviceaccounts" | "pods");
                assert_eq!(row, lists_rows, "{output}");
                assert_eq!(output.stdout.contains("<unknown>"), lists_rows, "{output}");
            },
        );
    }
}

#[test]
fn describe_needs_exactly_its_role() {
    for selected in [false, true] {
        assert_role(
            "describe gcr-io",
            selected,
            attached,
            succeeded,
            |resource, rule, output| {
                named(resource, rule, output);
                let shows = output.stdout.contains("<unknown>");
                assert_eq!(
                    shows,
                    matches!(resource, "serviceaccounts" | "pods" | "events"),
                    "{output}"
                );
            },
        );
    }
}

#[test]
fn delete_needs_exactly_its_role() {
    for (command, selected) in [
        ("delete gcr-io", false),
        ("delete gcr-io --keep-references", false),
        ("delete gcr-io --dry-run=server", true),
    ] {
        assert_role(
            command,
            selected,
            attached,
            succeeded,
            |resource, rule, output| {
                if resource != "pods" {
                    named(resource, rule, output);
                    return;
                }
                let warning = "Warning: the pods that reference secret \"gcr-io\" cannot be counted: Error from server (Forbidden): ";
                assert!(output.stderr.contains(warning), "{output}");
                succeeded(output);
            },
        );
    }
}

#[test]
fn verify_needs_exactly_its_role() {
    for (command, selected) in [
        ("verify", false),
        ("verify --from-pods", false),
        ("verify", true),
    ] {
        let prepare = |registry: &Registry| {
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

/// Leaves a pod that predates its Secret, and one that has it.
#[track_caller]
fn stuck(registry: &Registry) {
    let fixture = &registry.fixture;
    registry.serve_images();
    if fixture.find("secret/gcr-io").is_none() {
        registry.create_secret(HOST, "_json_key", &registry.key);
    }
    fixture.kubectl(["delete", "pods", "--all", "--force", "--ignore-not-found"]);
    registry.attach(&[]);
    registry.create_stuck_pod(&StuckPod::default());
    registry.attach(&["gcr-io"]);
}

#[test]
fn doctor_needs_exactly_its_role() {
    let explained = |output: &Output| {
        assert!(
            output
                .stdout
                .contains("before ServiceAccount default listed gcr-io"),
            "{output}"
        );
        assert_eq!(
            (output.code, output.stderr.as_str()),
            (Some(1), ""),
            "{output}"
        );
    };
    for selected in [false, true] {
        assert_role("doctor", selected, stuck, explained, diagnosed);
    }
}

/// Asserts what `doctor` says without a rule. Without accounts and Secrets, it explains what it can.
#[track_caller]
fn diagnosed(resource: &str, rule: &str, output: &Output) {
    let text = match resource {
        "serviceaccounts" => {
            "\n  the pod lists no pull secret, and ServiceAccount default does not exist or cannot be read\n"
        }
        "secrets" => "\n  Secret gcr-io cannot be read: Error from server (Forbidden): ",
        _ => "",
    };
    assert!(output.stdout.contains(text), "{output}");
    assert_eq!(output.stdout.is_empty(), text.is_empty(), "{output}");
    assert_eq!(output.code, Some(1), "{output}");
    let error = format!("{}{}", output.stdout, output.stderr);
    assert!(
        error.contains(&format!("resource \"{resource}\" in API group")),
        "{output}"
    );
    assert!(
        output.stderr.contains(&format!("Role rule: {rule}\n")),
        "{rule}\n{output}"
    );
}

#[test]
fn restart_needs_exactly_its_role() {
    let restarted = |output: &Output| {
        assert!(output.stdout.contains("\n  restarted: evicted"), "{output}");
    };
    assert_role(
        "doctor --restart",
        false,
        stuck,
        restarted,
        |resource, rule, output| match rule {
            // Only a pod that a budget or another client holds is read again.
            r#"{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}"# => restarted(output),
            r#"{"apiGroups":[""],"resources":["pods/eviction"],"verbs":["create"]}"# => {
                let text = "\n  not restarted: Error from server (Forbidden): ";
                assert!(output.stdout.contains(text), "{output}");
                assert!(
                    output
                        .stdout
                        .contains(&format!("grant this Role rule: {rule}\n")),
                    "{output}"
                );
                assert_eq!(output.code, Some(1), "{output}");
            }
            _ => diagnosed(resource, rule, output),
        },
    );
}
