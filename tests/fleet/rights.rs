//! What a run over many namespaces may be allowed, from all lists down to the least role, and what it says without.

use gcr_test_support::fault_proxy::FaultProxy;
use gcr_test_support::{Report, Rule, User};

use crate::setting::{Setting, split_count, with_key};

/// More than are begun before the first answer has come.
const MANY: usize = 100;

/// A run of this user's over many namespaces: what passed on the way.
fn run(setting: &Setting, user: &User<'_>) -> (Report, FaultProxy) {
    let proxy = FaultProxy::before(setting.cluster);
    let session = with_key(proxy.session_for(&user.kubeconfig()));
    let output = setting.create_as(&session).run().success();
    (Report::read(&output), proxy)
}

fn namespaces() -> Rule {
    Rule::new("list", "namespaces")
}

fn write_secrets() -> Rule {
    Rule::new("patch,create", "secrets").named("gcr-io")
}

#[test]
fn without_lists_of_the_cluster_accounts_are_listed_by_name() {
    let setting = Setting::new("rights", MANY);
    let user = setting.cluster.user().may_everywhere(&[namespaces()]);
    // May list in each of them, and nowhere get.
    let rules = [
        Rule::new("list,patch", "serviceaccounts").named("default"),
        write_secrets(),
    ];
    let user = user.may_in(&setting.names, &rules);
    let (report, proxy) = run(&setting, &user);
    report.all_done(2 * MANY);
    let asked = |verb, resource| proxy.traffic().requests(verb, resource);
    assert_eq!(asked("get", "serviceaccounts"), 0);
    // The whole cluster's, which is refused, and one a namespace.
    assert_eq!(asked("list", "serviceaccounts"), 1 + MANY as u64);
}

#[test]
fn where_that_is_refused_too_they_are_read() {
    let setting = Setting::new("rights", MANY);
    let user = setting.cluster.user().may_everywhere(&[namespaces()]);
    let rules = [
        Rule::new("get,patch", "serviceaccounts").named("default"),
        write_secrets(),
    ];
    let user = user.may_in(&setting.names, &rules);
    let (report, proxy) = run(&setting, &user);
    report.all_done(2 * MANY);
    assert_eq!(report.counted("created"), MANY as u64);
    let asked = |verb, resource| proxy.traffic().requests(verb, resource);
    // Those that were begun before the first was refused.
    assert!(
        asked("list", "serviceaccounts") < 80 && asked("get", "secrets") < 80,
        "{:?}",
        proxy.traffic()
    );
    assert_eq!(asked("get", "serviceaccounts"), MANY as u64);

    // The words are true without the right to read a single Secret.
    let (report, _) = run(&setting, &user);
    assert_eq!(report.counted("unchanged"), 2 * MANY as u64);
}

#[test]
fn who_may_not_list_namespaces_is_told_what_to_do() {
    let setting = Setting::new("rights", 1);
    let user = setting.cluster.user();
    let session = with_key(user.session());
    let output = setting.create_as(&session).run().exits(1);
    let (errors, count) = split_count(&output);
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
    let setting = Setting::new("rights", MANY);
    let user = setting.cluster.user().may_everywhere(&[namespaces()]);
    let rules = [Rule::new("list,patch", "serviceaccounts")];
    let (without, with) = setting.names.split_first().expect("names");
    let user = user.may_in(with, &rules);
    let words = ["--namespace-selector", &setting.selector];
    let output = user.session().gcr_patch_sa(words).run().exits(1);
    let (errors, count) = split_count(&output);
    assert_eq!(
        count, "99 patched, 1 failed, 0 unknown, 0 not started",
        "{output}"
    );
    assert!(errors[0].ends_with(&format!(" -n {without}")), "{output}");
}

#[test]
fn a_fleet_without_rights_has_one_hint_for_all() {
    let setting = Setting::new("rights", MANY);
    let user = setting.cluster.user().may_everywhere(&[namespaces()]);
    let session = with_key(user.session());
    let output = setting.create_as(&session).run().exits(1);
    let (errors, count) = split_count(&output);
    assert_eq!(count, "100 failed, 0 unknown, 100 not started");
    let hints: Vec<_> = errors
        .iter()
        .filter(|line| line.starts_with("hint: "))
        .collect();
    let hint = r#"hint: (for 100) a Role would do that has the rule {"apiGroups":[""],"resources":["secrets"],"resourceNames":["gcr-io"],"verbs":["patch","create"]}"#;
    assert_eq!(hints, [&hint], "{output}");
}
