//! Missing rights are found before anything is written, and a search that is forbidden keeps the old key.

use gcr_test_support::PolicyRule;

use crate::fixture::{EMAIL, Fixture};

#[test]
fn missing_right_to_disable_or_delete_is_found_before_anything_is_written() {
    for verb in ["get", "create", "disable", "delete"] {
        let fixture = Fixture::new("rotate-denied", 1);
        let permission = format!("iam.serviceAccountKeys.{verb}");
        fixture.google.deny(&permission, "");
        let output = fixture.rotate([""; 0]).run().exits(1);
        assert!(
            output.stderr.contains(&format!(
                "error: missing permissions on service account {EMAIL}: {permission}; nothing was written\n"
            )) && output.stderr.contains("roles/iam.serviceAccountKeyAdmin"),
            "{output}"
        );
        fixture.assert_untouched();
        assert_eq!(fixture.google.count("keys.create"), 0);
        if verb == "delete" {
            fixture.rotate(["--keep-old"]).run().success();
        }
    }
}

/// Returns the rules of docs/rbac.md for named namespaces.
fn rules() -> Vec<PolicyRule> {
    vec![PolicyRule::new("get,patch", "secrets").resource_names("gcr-io")]
}

#[test]
fn forbidden_search_counts_as_a_straggler() {
    let fixture = Fixture::new("rotate-no-search", 2);
    let user = fixture
        .cluster
        .user()
        .allow_in(&fixture.namespaces, &rules());
    let session = user.session();
    let rotate = |args: &[&str]| {
        session
            .gcr_secret(["rotate", "gcr-io", "-n", &fixture.scope()])
            .args(args)
            .envs(fixture.google.operator_environment())
    };
    let output = rotate(&[]).run().exits(1);
    let old = &fixture.old;
    assert!(
        output.stderr.contains(&format!(
            "error: key {old} stays enabled: the Secrets outside of the selected namespaces may not be searched"
        )) && output.stderr.contains("--force-disable")
            && output.stderr.contains("grant this ClusterRole rule"),
        "{output}"
    );
    assert!(fixture.keys().contains(&(old.clone(), false)));
    let output = rotate(&["--force-disable"]).run().success();
    assert!(output.stderr.contains("(--force-disable)"), "{output}");
    assert_eq!(fixture.google.count("keys.create"), 1);
    fixture.assert_rotated();
}

#[test]
fn least_role_without_search_is_sufficient() {
    let fixture = Fixture::new("rotate-least", 2);
    let user = fixture
        .cluster
        .user()
        .allow_in(&fixture.namespaces, &rules());
    let session = user.session();
    session
        .gcr_secret([
            "rotate",
            "gcr-io",
            "--scope-check=false",
            "-n",
            &fixture.scope(),
        ])
        .envs(fixture.google.operator_environment())
        .run()
        .success();
    fixture.assert_rotated();
}

#[test]
fn printed_roles_are_sufficient() {
    let fixture = Fixture::new("rotate-roles", 2);
    let scope = fixture.scope();
    let line = ["rotate", "gcr-io", "-n", &scope];
    let printed = fixture.session.gcr_secret(["rbac"]).args(line).run();
    let roles = fixture.cluster.objects_of(&printed.success().stdout);
    let roles = roles.iter().filter(|it| it["rules"].is_array());
    let user = roles.fold(fixture.cluster.user(), |user, role| user.allow_role(role));
    let session = user.session();
    let rotate = session.gcr_secret(line);
    rotate
        .envs(fixture.google.operator_environment())
        .run()
        .success();
    fixture.assert_rotated();
}

#[test]
fn forbidden_namespace_keeps_the_old_key_enabled() {
    let fixture = Fixture::new("rotate-forbidden", 2);
    let user = fixture
        .cluster
        .user()
        .allow_cluster_wide(&[PolicyRule::new("list", "secrets")])
        .allow(&fixture.namespaces[0], &rules());
    let output = user
        .session()
        .gcr_secret(["rotate", "-n", &fixture.scope()])
        .envs(fixture.google.operator_environment())
        .run()
        .exits(1);
    let (old, namespace) = (&fixture.old, &fixture.namespaces[1]);
    assert!(
        output.stderr.contains(&format!(
            "error: key {old} stays enabled: secret/gcr-io -n {namespace} was not written (failed)"
        )),
        "{output}"
    );
    assert!(fixture.keys().contains(&(old.clone(), false)));
    fixture.rotate([""; 0]).run().success();
    assert_eq!(fixture.google.count("keys.create"), 1);
    fixture.assert_rotated();
}
