//! The control plane itself: what tests rely on when they say that something is so on a real server.

use gcr_test_support::{ControlPlane, Options, PolicyRule, Session};

#[test]
fn a_new_namespace_gets_its_account() {
    let cluster = ControlPlane::shared();
    let namespace = cluster.create_namespace("account");
    assert_eq!(
        cluster.get("serviceaccount/default", &namespace)["metadata"]["namespace"],
        *namespace
    );
}

#[test]
fn many_namespaces_are_many() {
    let cluster = ControlPlane::shared();
    let mut names = cluster.create_namespaces("many", 3);
    for name in &names {
        assert!(cluster.get_opt("serviceaccount/default", name).is_some());
    }
    names.dedup();
    assert_eq!(names.len(), 3);
}

#[test]
fn a_user_may_do_what_it_was_given_and_nothing_else() {
    let cluster = ControlPlane::shared();
    let (here, there) = (
        cluster.create_namespace("here"),
        cluster.create_namespace("there"),
    );
    let user = cluster
        .user()
        .allow(
            &here,
            &[PolicyRule::new("get", "serviceaccounts").resource_names("default")],
        )
        .allow_cluster_wide(&[PolicyRule::new("list", "namespaces")]);
    let session = user.session();

    session
        .kubectl(["get", "serviceaccount", "default", "-n", &here])
        .run()
        .success();
    session.kubectl(["get", "namespaces"]).run().success();
    let refused = session
        .kubectl(["get", "serviceaccount", "default", "-n", &there])
        .run()
        .failure();
    assert!(
        refused
            .stderr
            .contains(&format!("User \"{}\" cannot get resource", user.name())),
        "{refused}"
    );
    let refused = session
        .kubectl(["get", "secrets", "-n", &here])
        .run()
        .failure();
    assert!(
        refused.stderr.contains("cannot list resource \"secrets\""),
        "{refused}"
    );
}

#[test]
fn what_was_answered_outlives_a_kill() {
    let mut own = ControlPlane::dedicated(Options::new().sync().user("bob", &["developers"]));
    let server = own.server().to_owned();
    let bob = Session::new(&own.kubeconfig_of("bob"));
    let namespace = own.create_namespace("kept");
    let user = own
        .user()
        .allow(&namespace, &[PolicyRule::new("list", "configmaps")])
        .session();
    own.kubectl(["create", "secret", "generic", "kept", "-n", &namespace])
        .run()
        .success();

    own.kill();
    own.kubectl(["get", "namespaces"]).run().failure();
    own.restart();

    assert_eq!(own.server(), server);
    assert_eq!(own.get("secret/kept", &namespace)["type"], "Opaque");
    // The same certificate, the same tokens, the same key that signs ServiceAccount tokens.
    let me = bob
        .kubectl(["auth", "whoami", "-o", "jsonpath={.status.userInfo.groups}"])
        .run()
        .success();
    assert_eq!(me.stdout, r#"["developers","system:authenticated"]"#);
    user.kubectl(["get", "configmaps", "-n", &namespace])
        .run()
        .success();
}

#[test]
fn a_flag_reaches_the_server_and_one_it_does_not_know_is_told() {
    let error = ControlPlane::start(Options::new().apiserver_flag("--no-such-flag"))
        .err()
        .unwrap();
    assert!(
        error.to_string().contains("unknown flag: --no-such-flag"),
        "{error}"
    );
}

#[test]
fn client_and_server_are_of_one_version() {
    let cluster = ControlPlane::shared();
    let version = cluster.kubectl(["version", "-o", "json"]).run().success();
    let version: serde_json::Value = serde_json::from_str(&version.stdout).unwrap();
    assert_eq!(
        version["clientVersion"]["gitVersion"],
        version["serverVersion"]["gitVersion"]
    );
}
