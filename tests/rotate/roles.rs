//! Runs `rotate` with exactly the roles that `rbac` prints for it, and with each verb of them taken away.

use gcr_test_support::fault_proxy::{CannedResponse, FaultProxy, Rule};
use gcr_test_support::{Output, ReducedRole};
use serde_json::Value;

use crate::fixture::Fixture;

/// Returns the printed roles: one in the namespace, and one of the cluster unless the search is left out.
#[track_caller]
fn printed(fixture: &Fixture, args: &[&str]) -> Vec<Value> {
    let scope = fixture.scope();
    let line = ["rbac", "rotate", "-n", &scope];
    let output = fixture.session.gcr_secret(line).args(args).run().success();
    let mut objects = fixture.cluster.objects_of(&output.stdout);
    objects.retain(|object| object["rules"].is_array());
    objects
}

/// Runs `rotate` as a user with these roles. `conflicts` makes the first write of a Secret a conflict, so that the Secret is
/// read again.
#[track_caller]
fn run_as<'a>(
    fixture: &Fixture,
    roles: impl Iterator<Item = &'a Value>,
    args: &[&str],
    conflicts: bool,
) -> Output {
    let user = roles.fold(fixture.cluster.user(), |user, role| user.allow_role(role));
    let proxy = FaultProxy::new(fixture.cluster);
    if conflicts {
        let text = "the object has been modified";
        let conflict = CannedResponse::status(409, "Conflict", text);
        proxy.answer(Rule::on("patch", "secrets").nth(1), conflict);
    }
    let session = proxy.session_for(&user.kubeconfig());
    let scope = fixture.scope();
    let command = session.gcr_secret(["rotate", "-n", &scope]);
    command
        .args(args)
        .envs(fixture.google.operator_environment())
        .run()
}

#[test]
fn each_verb_of_printed_roles_is_needed() {
    for args in [&["gcr-io"][..], &["gcr-io", "--scope-check=false"]] {
        let fixture = Fixture::new("rotate-roles", 1);
        let roles = printed(&fixture, args);
        for (index, role) in roles.iter().enumerate() {
            for missing in ReducedRole::all(role) {
                let others = roles.iter().enumerate();
                let others = others.filter(|(at, _)| *at != index).map(|(_, role)| role);
                let granted = others.chain([&missing.role]);
                let output = run_as(&fixture, granted, args, missing.verb == "get").exits(1);
                let ReducedRole { verb, rule, .. } = &missing;
                assert!(
                    output.stderr.contains(&format!("Role rule: {rule}\n")),
                    "{args:?} {verb} {rule}\n{output}"
                );
                let old = (fixture.old.clone(), false);
                assert!(fixture.keys().contains(&old), "the old key stays enabled");
            }
        }
        run_as(&fixture, roles.iter(), args, false).success();
        fixture.assert_rotated();
    }
}

#[test]
fn recreation_needs_more_than_rotation() {
    let fixture = Fixture::new("rotate-roles", 1);
    let verbs = |args: &[&str]| printed(&fixture, args)[0]["rules"][0]["verbs"].to_string();
    let line = ["gcr-io", "--scope-check=false"];
    assert_eq!(verbs(&line), r#"["get","patch"]"#);
    let line = [&line[..], &["--recreate"]].concat();
    assert_eq!(verbs(&line), r#"["get","patch","create","delete"]"#);
}
