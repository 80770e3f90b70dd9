//! `list` while its pages arrive: order, interruption, and what the requests ask for.

use std::time::Duration;

use gcr_test_support::fault_proxy::{CannedResponse, Fault, FaultProxy, Rule};
use gcr_test_support::{Session, Signal, wait_until};
use serde_json::Value;

use crate::fixture::Fixture;
use crate::list::{column, list, list_in, managed};

/// Returns a namespace with one Secret more than a page has, and its names.
#[track_caller]
fn two_pages() -> Fixture {
    let fixture = Fixture::new("list-pages");
    let names = (0..501).map(|at| format!("s-{at:04}"));
    let secrets = names.map(|name| managed(&fixture.namespace, &name));
    fixture.cluster.create(secrets.collect());
    fixture
}

#[test]
fn first_page_is_printed_before_the_second_arrives() {
    let fixture = two_pages();
    let proxy = FaultProxy::new(fixture.cluster);
    let second = proxy.delay(Rule::on("list", "secrets").nth(2), Duration::from_secs(4));
    let session = proxy.session();
    let running = list_in(&session, &fixture.namespace).spawn();
    wait_until("the first page is printed", || {
        running.lines_so_far() >= 501
    });
    assert_eq!(running.lines_so_far(), 501, "the second page is not there");
    let output = running.wait().success();
    assert_eq!(proxy.hits(second), 1);
    assert!(output.elapsed >= Duration::from_secs(4), "{output}");
    assert_eq!(column(&output, "NAME").len(), 501);
}

#[test]
fn interrupted_list_keeps_its_rows_and_ends_at_once() {
    let fixture = two_pages();
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let proxy = FaultProxy::new(fixture.cluster);
        let second = proxy.inject(Rule::on("list", "secrets").nth(2), Fault::Hang);
        let session = proxy.session();
        let mut running = list_in(&session, &fixture.namespace).spawn();
        wait_until("the second page hangs", || {
            proxy.hits(second) == 1 && running.lines_so_far() >= 501
        });
        running.signal(signal);
        let output = running.wait().exits(code);
        assert_eq!(output.stdout.lines().count(), 501, "{output}");
        assert!(output.elapsed < Duration::from_secs(20), "{output}");
    }
}

#[test]
fn second_page_that_fails_is_an_error_after_the_rows() {
    let fixture = two_pages();
    let proxy = FaultProxy::new(fixture.cluster);
    let refused = CannedResponse::status(403, "Forbidden", "no");
    proxy.answer(Rule::on("list", "secrets").nth(2), refused);
    let output = list_in(&proxy.session(), &fixture.namespace).run().exits(1);
    assert_eq!(column(&output, "NAME").len(), 500);
    assert!(
        output
            .stderr
            .starts_with("Error from server (Forbidden): no"),
        "{output}"
    );
}

#[test]
fn hint_names_the_resource_of_each_error() {
    let fixture = Fixture::new("list-hints");
    let mut names = [
        fixture.namespace.clone(),
        fixture.cluster.create_namespace("list-hints"),
    ];
    names.sort();
    let secrets = names.iter().map(|namespace| managed(namespace, "gcr-io"));
    fixture.cluster.create(secrets.collect());
    let proxy = FaultProxy::new(fixture.cluster);
    let refuse = |rule| proxy.answer(rule, CannedResponse::status(403, "Forbidden", "no"));
    refuse(Rule::on("list", "serviceaccounts"));
    // Neither the list of the cluster nor that of the second namespace.
    refuse(Rule::on("list", "pods").namespace(""));
    let pods = refuse(Rule::on("list", "pods").namespace(&names[1]));
    let list = proxy
        .session()
        .gcr_secret(["list", "-A", "-o", "wide"])
        .run();
    let output = list.exits(1);
    assert_eq!(proxy.hits(pods), 1, "{output}");
    for resource in ["serviceaccounts", "pods"] {
        let rule = format!(r#"{{"apiGroups":[""],"resources":["{resource}"],"verbs":["list"]}}"#);
        let hint = format!("hint: (for 1) grant this ClusterRole rule: {rule}");
        assert!(output.stderr.contains(&hint), "{output}");
    }
}

#[test]
fn every_column_sorts_the_rows() {
    let fixture = Fixture::new("list-sort");
    fixture.create().arg("--attach").run().success();
    let secrets = ["b", "c", "a"].map(|name| managed(&fixture.namespace, name));
    fixture.cluster.create(secrets.to_vec());
    let sorted = |by: &str| {
        let output = list(&fixture)
            .args(["-o", "wide", "--sort-by", by])
            .run()
            .success();
        let cells = column(&output, &by.to_ascii_uppercase());
        let mut names = column(&output, "NAME");
        names.sort_unstable();
        assert_eq!(names, ["a", "b", "c", "gcr-io"], "{output}");
        cells.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    for by in [
        "namespace",
        "name",
        "registries",
        "account",
        "key-id",
        "type",
        "expires",
        "used-by",
    ] {
        let cells = sorted(by);
        assert!(cells.is_sorted(), "{by}: {cells:?}");
    }
    for by in ["pods", "age"] {
        assert_eq!(sorted(by).len(), 4);
    }
    // Objects are in the same order, and a hidden column sorts too.
    let json = list(&fixture)
        .args(["-o", "json", "--sort-by", "used-by"])
        .run()
        .success();
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["items"][3]["metadata"]["name"], "gcr-io");
    list(&fixture).args(["--sort-by", "pods"]).run().success();
}

#[test]
fn only_unmanaged_secrets_are_read_with_their_data_and_it_is_never_shown() {
    let fixture = Fixture::new("list-unmanaged");
    fixture.create().run().success();
    fixture.create_docker_registry_secret("theirs");
    let proxy = FaultProxy::new(fixture.cluster);
    let with_data =
        Rule::on("list", "secrets").without_header("accept", "as=PartialObjectMetadataList");
    let with_data = proxy.inject(with_data, Fault::Delay(Duration::ZERO));
    let selected = Rule::on("list", "secrets")
        .query("fieldSelector", "type=kubernetes.io/dockerconfigjson")
        .without_header("accept", "as=PartialObjectMetadataList");
    let selected = proxy.inject(selected, Fault::Delay(Duration::ZERO));
    let session: Session = proxy.session();
    let data = fixture.docker_config_text("theirs");
    for format in ["wide", "json", "yaml", "name"] {
        let args = ["--unmanaged", "-o", format];
        let output = list_in(&session, &fixture.namespace)
            .args(args)
            .run()
            .success();
        assert!(output.stdout.contains("theirs"), "{output}");
        for secret in ["password", "dXNlcjpwYXNzd29yZA", &data] {
            assert!(!output.stdout.contains(secret), "{output}");
        }
        if format == "json" {
            let json: Value = serde_json::from_str(&output.stdout).unwrap();
            let keys = |item: &Value| {
                item.as_object()
                    .unwrap()
                    .keys()
                    .cloned()
                    .collect::<Vec<_>>()
            };
            let items = json["items"].as_array().unwrap();
            assert_eq!(keys(&items[0]), keys(&items[1]), "the same keys everywhere");
            assert_eq!(
                (&items[0]["managed"], &items[1]["managed"]),
                (&true.into(), &false.into())
            );
            assert_eq!(
                (&items[1]["credential"], &items[1]["account"]),
                (&Value::Null, &Value::Null)
            );
        }
    }
    assert_eq!(proxy.hits(with_data) + proxy.hits(selected), 4);
    // The plugin's own Secrets are read without their data.
    assert_eq!(proxy.traffic().request_count("list", "secrets"), 8);
}
