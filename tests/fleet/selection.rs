//! `--namespace-selector`, `--exclude-namespace`, and long lists of names.

use std::fs;

use gcr_test_support::Report;
use gcr_test_support::fault_proxy::{Answer, Fault, FaultProxy, Rule};
use serde_json::json;

use crate::setting::{Setting, split_count, with_key};

#[test]
fn only_what_matches_and_is_not_left_out_is_done() {
    let setting = Setting::new("selection", 4);
    let unlabelled = setting.cluster.namespace("selection");
    let excluded = &setting.names[2];
    // Ends in 0002. Another pattern matches nothing, which is no error.
    let (base, _) = excluded.rsplit_once('-').expect("a number at the end");
    let pattern = format!("{base}-*2,no-such-*");
    let output = setting
        .create()
        .args(["--exclude-namespace", &pattern])
        .run()
        .success();
    let report = Report::read(&output);
    report.all_done(6);
    for name in setting.names.iter().filter(|name| *name != excluded) {
        assert_eq!(
            report.word(name, "secret/gcr-io"),
            Some("created"),
            "{output}"
        );
    }
    for name in [excluded, &unlabelled] {
        assert_eq!(setting.cluster.find("secret/gcr-io", name), None);
    }
}

#[test]
fn nothing_that_matches_is_an_error() {
    let setting = Setting::new("selection", 1);
    let words = ["--namespace-selector", "no=such", "--exclude-namespace=a-*"];
    let output = setting.session.gcr_patch_sa(words).run().exits(1);
    assert_eq!(output.stdout, "");
    assert_eq!(
        output.stderr,
        "error: no namespaces match --namespace-selector=no=such --exclude-namespace=a-*\n\
         0 failed, 0 unknown, 0 not started\n"
    );
    let words = ["--namespace-selector", "a in b"];
    let output = setting.session.gcr_patch_sa(words).run().exits(1);
    assert!(output.stderr.contains("(BadRequest)"), "{output}");
}

#[test]
fn the_systems_namespaces_are_left_out_of_a_selection_too() {
    let setting = Setting::new("selection", 1);
    let name = format!("kube-{}", setting.names[0]);
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    setting.cluster.create(vec![namespace]);
    setting.label(std::slice::from_ref(&name));
    let output = setting.create().run().success();
    let (notes, count) = split_count(&output);
    let note = "1 system namespace left out; --include-system-namespaces takes them in";
    assert_eq!(notes, [note]);
    assert_eq!(
        count,
        "1 created, 1 patched, 0 failed, 0 unknown, 0 not started"
    );
    let output = setting.create().arg("-q").run().success();
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("", ""));

    let output = setting
        .create()
        .arg("--include-system-namespaces")
        .run()
        .success();
    Report::read(&output).all_done(4);
    setting.cluster.get("secret/gcr-io", &name);
}

#[test]
fn a_selection_tells_its_shape_whatever_it_finds() {
    let setting = Setting::new("selection", 1);
    let output = setting.create().run().success();
    let name = &setting.names[0];
    let lines =
        format!("secret/gcr-io created -n {name}\nserviceaccount/default patched -n {name}\n");
    assert_eq!(output.stdout, lines);
    let output = setting.create().args(["-o", "json"]).run().success();
    let list: serde_json::Value = serde_json::from_str(&output.stdout).expect("JSON");
    assert_eq!(list["kind"], "List");
    assert_eq!(list["items"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_long_list_of_names_is_looked_at_by_lists() {
    let setting = Setting::new("selection", 60);
    let proxy = FaultProxy::before(setting.cluster);
    let session = with_key(proxy.session());
    let list = format!("no-such-namespace,{}", setting.names.join(","));
    let words = ["create", "--key-file=key.json", "--attach", "-n", &list];
    let output = session.gcr_secret(words).run().exits(1);
    let (errors, count) = split_count(&output);
    assert_eq!(
        count,
        "60 created, 60 patched, 1 failed, 0 unknown, 1 not started"
    );
    let error = "Error from server (NotFound): namespaces \"no-such-namespace\" not found -n no-such-namespace";
    assert_eq!(errors, [error]);
    let asked = |verb, resource| proxy.traffic().requests(verb, resource);
    assert_eq!(asked("get", "secrets"), 0);
    assert_eq!(
        asked("get", "serviceaccounts"),
        1,
        "of the namespace that is not there"
    );
}

#[test]
fn a_list_that_grew_too_old_is_begun_again_and_nothing_is_done_twice() {
    let setting = Setting::new("selection", 3);
    let proxy = FaultProxy::before(setting.cluster);
    let session = with_key(proxy.session());
    // The shared cluster has no second page, so one is promised that has expired when it is asked for.
    let page = json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
        "metadata": {"continue": "old"},
        "items": [{"metadata": {"name": setting.names[0]}}, {"metadata": {"name": setting.names[1]}}]});
    let first = Answer::new(200, "application/json", &page.to_string());
    let gone = Answer::status(
        410,
        "Expired",
        "The provided continue parameter is too old to display a consistent list result.",
    );
    proxy.when(Rule::on("list", "namespaces").nth(1), Fault::Instead(first));
    proxy.when(Rule::on("list", "namespaces").nth(2), Fault::Instead(gone));
    let output = setting.create_as(&session).run().success();
    Report::read(&output).all_done(6);
    assert_eq!(proxy.traffic().requests("list", "namespaces"), 3);
    assert_eq!(proxy.traffic().requests("patch", "secrets"), 3);
}

#[test]
fn namespaces_without_an_account_of_the_label_cost_nothing_and_say_nothing() {
    let setting = Setting::new("selection", 60);
    let label = setting.selector.replace('=', "-");
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata":
        {"name": "builder", "namespace": setting.names[30], "labels": {"with": label}}});
    setting.cluster.create(vec![account]);
    let proxy = FaultProxy::before(setting.cluster);
    let words = [
        "-l",
        &format!("with={label}"),
        "--namespace-selector",
        &setting.selector,
    ];
    let output = proxy.session().gcr_patch_sa(words).run().success();
    let line = format!("serviceaccount/builder patched -n {}\n", setting.names[30]);
    assert_eq!(output.stdout, line);
    assert!(
        output
            .stderr
            .ends_with("1 patched, 0 failed, 0 unknown, 0 not started\n")
    );
    assert_eq!(proxy.traffic().requests("get", "namespaces"), 0);
    assert_eq!(proxy.traffic().requests("list", "serviceaccounts"), 1);
}

#[test]
fn other_hosts_are_kept_in_all_of_them() {
    let setting = Setting::new("selection", 2);
    let theirs = &setting.names[0];
    let words = [
        "create",
        "secret",
        "docker-registry",
        "gcr-io",
        "--docker-server=quay.io",
    ];
    let made = setting.cluster.kubectl(words);
    let made = made.args(["--docker-username=u", "--docker-password=p", "-n", theirs]);
    made.run().success();
    let output = setting
        .create()
        .args(["--merge", "--force-conflicts"])
        .run()
        .success();
    let report = Report::read(&output);
    assert_eq!(report.word(theirs, "secret/gcr-io"), Some("configured"));
    assert_eq!(
        report.word(&setting.names[1], "secret/gcr-io"),
        Some("created")
    );
    let annotations = &setting.cluster.get("secret/gcr-io", theirs)["metadata"]["annotations"];
    assert_eq!(
        annotations["kubectl-gcr-secret/registries"],
        "gcr.io,quay.io"
    );
}

#[test]
fn a_name_given_twice_is_one_thing() {
    let setting = Setting::new("selection", 1);
    let words = [
        "default",
        "sa/default",
        "default",
        "--secret=a,a",
        "--secret=secret/a",
    ];
    let output = setting.session.gcr_patch_sa(words);
    let output = output
        .args(["--namespace-selector", &setting.selector])
        .run()
        .success();
    let line = format!("serviceaccount/default patched -n {}\n", setting.names[0]);
    assert_eq!(output.stdout, line);
    let account = setting
        .cluster
        .get("serviceaccount/default", &setting.names[0]);
    assert_eq!(account["imagePullSecrets"], json!([{"name": "a"}]));
}

#[test]
fn what_another_wrote_meanwhile_is_not_called_ours() {
    let setting = Setting::new("selection", 52);
    setting.create().run().success();
    // The server keeps times in whole seconds.
    std::thread::sleep(std::time::Duration::from_millis(2100));
    // Between the list and the apply somebody else labels a Secret: it has another version then, and we wrote nothing.
    let proxy = FaultProxy::before(setting.cluster);
    let labelled = &setting.names[40];
    let rule = Rule::on("patch", "secrets").namespace(labelled);
    proxy.when(rule.nth(1), Fault::Instead(Answer::too_many_requests(1)));
    let session = with_key(proxy.session());
    let run = setting.create_as(&session).spawn();
    while proxy.traffic().requests("patch", "secrets") == 0 {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let words = ["label", "secret", "gcr-io", "somebody=else", "-n", labelled];
    setting.cluster.kubectl(words).run().success();
    let output = run.wait().success();
    let report = Report::read(&output);
    assert_eq!(
        report.word(labelled, "secret/gcr-io"),
        Some("unchanged"),
        "{output}"
    );
    let secret = setting.cluster.get("secret/gcr-io", labelled);
    assert_eq!(secret["metadata"]["labels"]["somebody"], "else");
}

#[test]
fn no_secret_is_missed_where_nobody_would_refer_to_it() {
    let setting = Setting::new("selection", 52);
    let words = [
        "--remove",
        "nobody",
        "--namespace-selector",
        &setting.selector,
    ];
    let output = setting.session.gcr_patch_sa(words).run().success();
    let (notes, count) = split_count(&output);
    assert_eq!(
        (notes.as_slice(), count),
        (
            &["No resources found"][..],
            "0 failed, 0 unknown, 0 not started"
        )
    );
    let words = [
        "-l",
        "no=such",
        "--secret=nosuch",
        "--namespace-selector",
        &setting.selector,
    ];
    let output = setting.session.gcr_patch_sa(words).run().success();
    let (notes, _) = split_count(&output);
    assert_eq!(notes, ["No resources found"]);
}

#[test]
fn dry_runs_of_many_write_nothing() {
    let setting = Setting::new("selection", 2);
    for (mode, suffix) in [("client", "(dry run)"), ("server", "(server dry run)")] {
        let output = setting
            .create()
            .arg(format!("--dry-run={mode}"))
            .args(["--report", "report.jsonl"])
            .run()
            .success();
        assert_eq!(output.stdout.matches(suffix).count(), 4, "{output}");
        let (_, count) = split_count(&output);
        assert_eq!(
            count,
            "2 created, 2 patched, 0 failed, 0 unknown, 0 not started"
        );
        // Nor does the report claim that anything is there.
        let report =
            fs::read_to_string(setting.session.work().join("report.jsonl")).expect("a report");
        let marked = format!("\"reason\":null,\"dryRun\":\"{mode}\"}}");
        assert_eq!(report.matches(&marked).count(), 4, "{report}");
        for name in &setting.names {
            assert_eq!(setting.cluster.find("secret/gcr-io", name), None);
        }
    }
}
