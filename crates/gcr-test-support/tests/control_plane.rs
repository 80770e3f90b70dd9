//! Tests the control plane itself: the behaviour that other tests rely on.

use gcr_test_support::{ControlPlane, Options, PolicyRule, Session};

#[test]
fn new_namespace_gets_default_service_account() {
    let cluster = ControlPlane::shared();
    let namespace = cluster.create_namespace("account");
    assert_eq!(
        cluster.get("serviceaccount/default", &namespace)["metadata"]["namespace"],
        *namespace
    );
}

#[test]
fn create_namespaces_returns_distinct_ready_namespaces() {
    let cluster = ControlPlane::shared();
    let mut names = cluster.create_namespaces("many", 3);
    for name in &names {
        assert!(cluster.get_opt("serviceaccount/default", name).is_some());
    }
    names.dedup();
    assert_eq!(names.len(), 3);
}

#[test]
fn user_with_rules_has_exactly_those_permissions() {
    let cluster = ControlPlane::shared();
    let (allowed, other) = (
        cluster.create_namespace("allowed"),
        cluster.create_namespace("other"),
    );
    let user = cluster
        .user()
        .allow(
            &allowed,
            &[PolicyRule::new("get", "serviceaccounts").resource_names("default")],
        )
        .allow_cluster_wide(&[PolicyRule::new("list", "namespaces")]);
    let session = user.session();

    session
        .kubectl(["get", "serviceaccount", "default", "-n", &allowed])
        .run()
        .success();
    session.kubectl(["get", "namespaces"]).run().success();
    let denied = session
        .kubectl(["get", "serviceaccount", "default", "-n", &other])
        .run()
        .failure();
    assert!(
        denied
            .stderr
            .contains(&format!("User \"{}\" cannot get resource", user.name())),
        "{denied}"
    );
    let denied = session
        .kubectl(["get", "secrets", "-n", &allowed])
        .run()
        .failure();
    assert!(
        denied.stderr.contains("cannot list resource \"secrets\""),
        "{denied}"
    );
}

#[test]
fn restart_after_kill_keeps_acknowledged_state() {
    let mut plane = ControlPlane::dedicated(Options::new().sync().user("bob", &["developers"]));
    let server = plane.server().to_owned();
    let bob = Session::new(&plane.kubeconfig_of("bob"));
    let namespace = plane.create_namespace("kept");
    let user = plane
        .user()
        .allow(&namespace, &[PolicyRule::new("list", "configmaps")])
        .session();
    plane
        .kubectl(["create", "secret", "generic", "kept", "-n", &namespace])
        .run()
        .success();

    plane.kill();
    plane.kubectl(["get", "namespaces"]).run().failure();
    plane.restart();

    assert_eq!(plane.server(), server);
    assert_eq!(plane.get("secret/kept", &namespace)["type"], "Opaque");
    // Certificate, tokens and the key that signs ServiceAccount tokens are unchanged.
    let groups = bob
        .kubectl(["auth", "whoami", "-o", "jsonpath={.status.userInfo.groups}"])
        .run()
        .success();
    assert_eq!(groups.stdout, r#"["developers","system:authenticated"]"#);
    user.kubectl(["get", "configmaps", "-n", &namespace])
        .run()
        .success();
}

#[test]
fn start_with_unknown_apiserver_flag_fails() {
    let error = ControlPlane::start(Options::new().apiserver_flag("--no-such-flag"))
        .err()
        .unwrap();
    assert!(
        error.to_string().contains("unknown flag: --no-such-flag"),
        "{error}"
    );
}

#[test]
fn kubectl_and_server_have_same_version() {
    let cluster = ControlPlane::shared();
    let version = cluster.kubectl(["version", "-o", "json"]).run().success();
    let version: serde_json::Value = serde_json::from_str(&version.stdout).unwrap();
    assert_eq!(
        version["clientVersion"]["gitVersion"],
        version["serverVersion"]["gitVersion"]
    );
}
