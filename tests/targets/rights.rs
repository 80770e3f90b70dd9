//! Tests runs over many namespaces with different permissions, from cluster-wide lists down to minimal roles, and the
//! hints on missing ones.

use gcr_test_support::fault_proxy::FaultProxy;
use gcr_test_support::{PolicyRule, Report, User};

use crate::fixture::{Fixture, split_summary, with_key};

/// More namespaces than the plugin starts before the first response.
const NAMESPACES: usize = 100;

/// Runs `create` as this user. Returns the report and the proxy that counted the requests.
fn run(fixture: &Fixture, user: &User<'_>) -> (Report, FaultProxy) {
    let proxy = FaultProxy::new(fixture.cluster);
    let session = with_key(proxy.session_for(&user.kubeconfig()));
    let output = fixture.create_as(&session).run().success();
    (Report::parse(&output), proxy)
}

fn namespaces() -> PolicyRule {
    PolicyRule::new("list", "namespaces")
}

fn write_secrets() -> PolicyRule {
    PolicyRule::new("patch,create", "secrets").resource_names("gcr-io")
}

#[test]
fn user_without_cluster_list_lists_accounts_per_namespace() {
    let fixture = Fixture::new("rights", NAMESPACES);
    let user = fixture.cluster.user().allow_cluster_wide(&[namespaces()]);
    // Grants list in each namespace, and get nowhere.
    let rules = [
        PolicyRule::new("list,patch", "serviceaccounts").resource_names("default"),
        write_secrets(),
    ];
    let user = user.allow_in(&fixture.names, &rules);
    let (report, proxy) = run(&fixture, &user);
    report.assert_all_succeeded(2 * NAMESPACES);
    let count_of = |verb, resource| proxy.traffic().request_count(verb, resource);
    assert_eq!(count_of("get", "serviceaccounts"), 0);
    // One list of the whole cluster, which is forbidden, and one per namespace.
    assert_eq!(count_of("list", "serviceaccounts"), 1 + NAMESPACES as u64);
}

#[test]
fn user_without_any_list_gets_each_account() {
    let fixture = Fixture::new("rights", NAMESPACES);
    let user = fixture.cluster.user().allow_cluster_wide(&[namespaces()]);
    let rules = [
        PolicyRule::new("get,patch", "serviceaccounts").resource_names("default"),
        write_secrets(),
    ];
    let user = user.allow_in(&fixture.names, &rules);
    let (report, proxy) = run(&fixture, &user);
    report.assert_all_succeeded(2 * NAMESPACES);
    assert_eq!(report.count_of("created"), NAMESPACES as u64);
    let count_of = |verb, resource| proxy.traffic().request_count(verb, resource);
    // Only namespaces that were started before the first 403 try to list or get.
    assert!(
        count_of("list", "serviceaccounts") < 80 && count_of("get", "secrets") < 80,
        "{:?}",
        proxy.traffic()
    );
    assert_eq!(count_of("get", "serviceaccounts"), NAMESPACES as u64);

    // Outcomes are correct without permission to read any Secret.
    let (report, _) = run(&fixture, &user);
    assert_eq!(report.count_of("unchanged"), 2 * NAMESPACES as u64);
}

#[test]
fn user_without_namespace_list_gets_hint() {
    let fixture = Fixture::new("rights", 1);
    let user = fixture.cluster.user();
    let session = with_key(user.session());
    let output = fixture.create_as(&session).run().exits(1);
    let (errors, count) = split_summary(&output);
    assert_eq!(count, "0 failed, 0 unknown, 0 not started");
    assert_eq!(
        errors,
        [
            format!(
                "Error from server (Forbidden): namespaces is forbidden: User \"{}\" cannot list resource \"namespaces\" in API group \"\" at the cluster scope",
                user.name()
            ),
            "hint: (for 1) name the namespaces with -n, or grant this ClusterRole rule: {\"apiGroups\":[\"\"],\"resources\":[\"namespaces\"],\"verbs\":[\"list\"]}".to_owned(),
        ]
    );
}

#[test]
fn namespace_without_permissions_does_not_affect_others() {
    let fixture = Fixture::new("rights", NAMESPACES);
    let user = fixture.cluster.user().allow_cluster_wide(&[namespaces()]);
    let rules = [PolicyRule::new("list,patch", "serviceaccounts")];
    let (denied, allowed) = fixture.names.split_first().expect("at least one namespace");
    let user = user.allow_in(allowed, &rules);
    let args = ["--namespace-selector", &fixture.selector];
    let output = user.session().gcr_patch_sa(args).run().exits(1);
    let (errors, count) = split_summary(&output);
    assert_eq!(
        count, "99 patched, 1 failed, 0 unknown, 0 not started",
        "{output}"
    );
    assert!(errors[0].ends_with(&format!(" -n {denied}")), "{output}");
}

#[test]
fn missing_permission_in_many_namespaces_gives_one_hint() {
    let fixture = Fixture::new("rights", NAMESPACES);
    let user = fixture.cluster.user().allow_cluster_wide(&[namespaces()]);
    let session = with_key(user.session());
    let output = fixture.create_as(&session).run().exits(1);
    let (errors, count) = split_summary(&output);
    assert_eq!(count, "100 failed, 0 unknown, 100 not started");
    let hints: Vec<_> = errors
        .iter()
        .filter(|line| line.starts_with("hint: "))
        .collect();
    let hint = r#"hint: (for 100) grant this Role rule: {"apiGroups":[""],"resources":["secrets"],"resourceNames":["gcr-io"],"verbs":["patch","create"]}"#;
    assert_eq!(hints, [&hint], "{output}");
}
