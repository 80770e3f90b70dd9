//! What a run over many namespaces may be allowed, from all lists down to the least role, and what it says without.

use gcr_test_support::fault_proxy::FaultProxy;
use gcr_test_support::{PolicyRule, Report, User};

use crate::fixture::{Fixture, split_summary, with_key};

/// More than are begun before the first answer has come.
const MANY: usize = 100;

/// A run of this user's over many namespaces: what passed on the way.
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
fn without_lists_of_the_cluster_accounts_are_listed_by_name() {
    let fixture = Fixture::new("rights", MANY);
    let user = fixture.cluster.user().allow_cluster_wide(&[namespaces()]);
    // May list in each of them, and nowhere get.
    let rules = [
        PolicyRule::new("list,patch", "serviceaccounts").resource_names("default"),
        write_secrets(),
    ];
    let user = user.allow_in(&fixture.names, &rules);
    let (report, proxy) = run(&fixture, &user);
    report.assert_all_succeeded(2 * MANY);
    let asked = |verb, resource| proxy.traffic().request_count(verb, resource);
    assert_eq!(asked("get", "serviceaccounts"), 0);
    // The whole cluster's, which is refused, and one a namespace.
    assert_eq!(asked("list", "serviceaccounts"), 1 + MANY as u64);
}

#[test]
fn where_that_is_refused_too_they_are_read() {
    let fixture = Fixture::new("rights", MANY);
    let user = fixture.cluster.user().allow_cluster_wide(&[namespaces()]);
    let rules = [
        PolicyRule::new("get,patch", "serviceaccounts").resource_names("default"),
        write_secrets(),
    ];
    let user = user.allow_in(&fixture.names, &rules);
    let (report, proxy) = run(&fixture, &user);
    report.assert_all_succeeded(2 * MANY);
    assert_eq!(report.count_of("created"), MANY as u64);
    let asked = |verb, resource| proxy.traffic().request_count(verb, resource);
    // Those that were begun before the first was refused.
    assert!(
        asked("list", "serviceaccounts") < 80 && asked("get", "secrets") < 80,
        "{:?}",
        proxy.traffic()
    );
    assert_eq!(asked("get", "serviceaccounts"), MANY as u64);

    // The words are true without the right to read a single Secret.
    let (report, _) = run(&fixture, &user);
    assert_eq!(report.count_of("unchanged"), 2 * MANY as u64);
}

#[test]
fn who_may_not_list_namespaces_is_told_what_to_do() {
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
            "hint: (for 1) -n names namespaces without a list of them; for the list a ClusterRole would do that has the rule {\"apiGroups\":[\"\"],\"resources\":[\"namespaces\"],\"verbs\":[\"list\"]}".to_owned(),
        ]
    );
}

#[test]
fn one_namespace_without_rights_costs_no_other_anything() {
    let fixture = Fixture::new("rights", MANY);
    let user = fixture.cluster.user().allow_cluster_wide(&[namespaces()]);
    let rules = [PolicyRule::new("list,patch", "serviceaccounts")];
    let (without, with) = fixture.names.split_first().expect("names");
    let user = user.allow_in(with, &rules);
    let args = ["--namespace-selector", &fixture.selector];
    let output = user.session().gcr_patch_sa(args).run().exits(1);
    let (errors, count) = split_summary(&output);
    assert_eq!(
        count, "99 patched, 1 failed, 0 unknown, 0 not started",
        "{output}"
    );
    assert!(errors[0].ends_with(&format!(" -n {without}")), "{output}");
}

#[test]
fn a_fleet_without_rights_has_one_hint_for_all() {
    let fixture = Fixture::new("rights", MANY);
    let user = fixture.cluster.user().allow_cluster_wide(&[namespaces()]);
    let session = with_key(user.session());
    let output = fixture.create_as(&session).run().exits(1);
    let (errors, count) = split_summary(&output);
    assert_eq!(count, "100 failed, 0 unknown, 100 not started");
    let hints: Vec<_> = errors
        .iter()
        .filter(|line| line.starts_with("hint: "))
        .collect();
    let hint = r#"hint: (for 100) a Role would do that has the rule {"apiGroups":[""],"resources":["secrets"],"resourceNames":["gcr-io"],"verbs":["patch","create"]}"#;
    assert_eq!(hints, [&hint], "{output}");
}
