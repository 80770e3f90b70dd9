//! Runs `refresh` with exactly the role that `rbac` prints for it, and with each verb of it taken away.

use gcr_test_support::{Output, ReducedRole};
use serde_json::Value;

use crate::fixture::Fixture;

/// Returns the printed role.
#[track_caller]
fn printed(fixture: &Fixture, args: &[&str]) -> Value {
    let line = ["rbac", "refresh", "-n", &fixture.namespace];
    let output = fixture.session.gcr_secret(line).args(args).run().success();
    fixture.cluster.objects_of(&output.stdout)[0].clone()
}

/// Runs `refresh` as a user with this role.
#[track_caller]
fn run_as(fixture: &Fixture, role: &Value, args: &[&str]) -> Output {
    let user = fixture.cluster.user().allow_role(role);
    let session = user.session();
    let command = session.gcr_secret(["refresh", "-n", &fixture.namespace]);
    command
        .args(args)
        .envs(fixture.google.operator_environment())
        .run()
}

#[test]
fn each_verb_of_printed_role_is_needed() {
    for args in [&[][..], &["gcr-io"]] {
        let fixture = Fixture::new("refresh-role");
        let role = printed(&fixture, args);
        fixture.add_secret("gcr-io", 1);
        for missing in ReducedRole::all(&role) {
            let output = run_as(&fixture, &missing.role, args).exits(1);
            let ReducedRole { verb, rule, .. } = &missing;
            assert!(
                output
                    .stderr
                    .contains(&format!("cannot {verb} resource \"secrets\" in API group"))
                    && output.stderr.contains(&format!("Role rule: {rule}\n")),
                "{verb} {rule}\n{output}"
            );
        }
        let output = run_as(&fixture, &role, args).success();
        assert!(
            output.stdout.ends_with("secret/gcr-io configured\n"),
            "{output}"
        );
    }
}
