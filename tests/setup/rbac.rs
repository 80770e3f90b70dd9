//! Runs `setup` with exactly the role and the permissions at Google that `rbac` prints, and with each taken away.

use gcr_test_support::{Invocation, Output};
use serde_json::Value;

use crate::fixture::{Fixture, REGISTRY};

/// Returns the printed role, and the permissions at Google.
#[track_caller]
fn printed(fixture: &Fixture, args: &[&str]) -> (Value, Vec<String>) {
    let line = ["rbac", "setup", "--registry", REGISTRY];
    let output = fixture.session.gcr_secret(line).args(args).run().success();
    let comments = output
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("#   "));
    let permissions = comments.filter_map(|line| line.split(' ').next());
    let permissions = permissions.map(str::to_owned).collect();
    let role = fixture.cluster.objects_of(&output.stdout)[0].clone();
    (role, permissions)
}

/// Runs `setup` as a user with this role.
#[track_caller]
fn run_as(fixture: &Fixture, role: &Value, args: &[&str]) -> Output {
    let user = fixture.cluster.user().allow_role(role);
    let session = user.session();
    let run: Invocation = session
        .gcr_secret(["setup", "--registry", REGISTRY])
        .args(args);
    run.envs(fixture.google.operator_environment()).run()
}

#[test]
fn printed_role_and_permissions_are_sufficient() {
    for selected in [false, true] {
        let fixture = Fixture::new("setup-rbac");
        fixture.google.enable_services([""; 0]);
        let label = format!("rbac={}", fixture.namespace);
        let label_args = ["label", "namespace", &fixture.namespace, &label];
        fixture.cluster.kubectl(label_args).run().success();
        let scope = if selected {
            ["--namespace-selector", &label]
        } else {
            ["-n", &fixture.namespace]
        };
        let args = [&scope[..], &["--create-repository"]].concat();
        let (role, permissions) = printed(&fixture, &args);
        fixture.google.allow_only(&permissions);
        run_as(&fixture, &role, &args).success();
        fixture.assert_complete();
        let key = fixture.key();
        run_as(&fixture, &role, &args).success();
        assert_eq!(fixture.key(), key, "the key is reused");
    }
}

#[test]
fn each_rule_of_the_cluster_is_needed() {
    let fixture = Fixture::prepared("setup-rbac");
    let args = ["-n", fixture.namespace.as_str()];
    let (role, _) = printed(&fixture, &args);
    for (index, resource) in ["secrets", "serviceaccounts"].into_iter().enumerate() {
        let mut role = role.clone();
        role["rules"].as_array_mut().expect("rules").remove(index);
        let output = run_as(&fixture, &role, &args).exits(1);
        let error = format!("resource \"{resource}\" in API group");
        let hint = format!(
            r#"hint: grant this Role rule: {{"apiGroups":[""],"resources":["{resource}"],"resourceNames":["#
        );
        assert!(
            output.stderr.contains(&error) && output.stderr.contains(&hint),
            "{output}"
        );
    }
    // Without `get`, no key can be reused.
    fixture.setup([""; 0]).run().success();
    let mut role = role;
    let verbs = role["rules"][0]["verbs"].as_array_mut().expect("verbs");
    verbs.retain(|verb| verb != "get");
    run_as(&fixture, &role, &args).success();
    assert_eq!(fixture.keys().len(), 2);
}

#[test]
fn each_permission_at_google_is_needed() {
    let permissions = printed(&Fixture::new("setup-rbac"), &["--create-repository"]).1;
    for missing in &permissions {
        let fixture = Fixture::new("setup-rbac");
        let others: Vec<String> = permissions
            .iter()
            .filter(|it| *it != missing)
            .cloned()
            .collect();
        fixture.google.allow_only(&others);
        let output = fixture.setup(["--create-repository"]).run();
        match missing.as_str() {
            // Only a new key that no Secret holds in the end is deleted.
            "iam.serviceAccountKeys.delete" => {
                output.success();
            }
            // Google does not name this permission.
            "serviceusage.services.get" => {
                let stderr = output.failure().stderr;
                assert!(
                    stderr.contains("PERMISSION_DENIED: Permission denied to get service"),
                    "{stderr}"
                );
            }
            _ => {
                let stderr = output.failure().stderr;
                assert!(stderr.contains(missing.as_str()), "{missing}\n{stderr}");
                assert!(
                    stderr.contains("hint: grant the caller the role roles/"),
                    "{stderr}"
                );
                assert!(fixture.secret().is_none());
            }
        }
    }
}
