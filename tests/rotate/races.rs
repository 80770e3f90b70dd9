//! Two rotations at once, and other writers.

use std::collections::BTreeSet;
use std::time::Duration;

use gcr_test_support::fake_google::Propagation;
use gcr_test_support::{FaultProxy, fault_proxy, wait_until};

use crate::fixture::Fixture;

#[test]
fn two_runs_at_once_disable_no_key_in_use_and_name_the_extra_one() {
    for round in 0..4 {
        let fixture = Fixture::new("rotate-twice", 12);
        fixture.google.set_propagation(Propagation {
            keys: round,
            ..Propagation::default()
        });
        let runs = [(); 2].map(|()| fixture.rotate([""; 0]).spawn());
        let outputs = runs.map(gcr_test_support::RunningCommand::wait);
        let keys = fixture.keys();
        let enabled = keys.iter().filter(|(_, disabled)| !disabled);
        let enabled: BTreeSet<&str> = enabled.map(|(id, _)| id.as_str()).collect();
        let carried = fixture.carried();
        let context = || format!("{keys:?}\n{carried:?}\n{}\n{}", outputs[0], outputs[1]);
        for key in &carried {
            assert!(enabled.contains(key.as_str()), "{key} {}", context());
        }
        assert!(enabled.len() <= 2, "{}", context());
        for key in &enabled {
            let in_use = carried.iter().any(|it| it == key);
            let is_named = outputs.iter().any(|it| it.stderr.contains(key));
            assert!(in_use || is_named, "{key} {}", context());
        }
    }
}

#[test]
fn previous_key_of_another_rotation_stays_named() {
    let fixture = Fixture::new("rotate-overtaken", 1);
    let namespace = &fixture.namespaces[0];
    let proxy = FaultProxy::new(fixture.cluster);
    let removal = fault_proxy::Rule::on("patch", "secrets").header("content-type", "json-patch");
    let removal = proxy.delay(removal.namespace(namespace), Duration::from_secs(3));
    let session = proxy.session();
    let run = session
        .gcr_secret(["rotate", "-n", namespace])
        .envs(fixture.google.operator_environment())
        .spawn();
    wait_until("the annotation is being removed", || {
        proxy.hits(removal) > 0
    });
    let value = "kubectl-gcr-secret/previous-key-id=of-another-run";
    let args = [
        "annotate",
        "secret",
        "gcr-io",
        "--overwrite",
        "-n",
        namespace,
    ];
    fixture.cluster.kubectl(args).args([value]).run().success();
    run.wait().success();
    assert_eq!(fixture.previous(), ["of-another-run"]);
}
