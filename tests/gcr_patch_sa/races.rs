//! Concurrent writers: no entry is lost or duplicated. `tests/soak` contains longer races.

use serde_json::json;

use crate::fixture::{Fixture, service_account};

#[test]
fn concurrent_add_and_remove_of_different_names_both_succeed() {
    let fixture = Fixture::without_secret("races");
    let names: Vec<_> = (0..10).map(|index| format!("sa-{index:02}")).collect();
    let accounts = names.iter().map(|name| {
        service_account(
            &fixture.namespace,
            name,
            json!([{"name": "old"}, {"name": "keep"}]),
        )
    });
    fixture.cluster.create(accounts.collect());
    let running = [
        fixture.direct(&["--secret", "new"]).args(&names).spawn(),
        fixture
            .direct(&["--secret", "old", "--remove"])
            .args(&names)
            .spawn(),
    ];
    for process in running {
        process.wait().success();
    }
    for name in &names {
        assert_eq!(
            fixture.pull_secrets(name),
            json!([{"name": "keep"}, {"name": "new"}]),
            "{name}"
        );
    }
}

#[test]
fn account_recreated_during_run_is_patched() {
    let fixture = Fixture::new("races");
    let names: Vec<_> = (0..5).map(|index| format!("sa-{index}")).collect();
    for round in 0..4 {
        let accounts: Vec<_> = names
            .iter()
            .map(|name| {
                service_account(
                    &fixture.namespace,
                    name,
                    json!([{"name": format!("round-{round}")}]),
                )
            })
            .collect();
        let list = json!({"apiVersion": "v1", "kind": "List", "items": accounts}).to_string();
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                fixture
                    .cluster
                    .kubectl(["replace", "--force", "-f", "-"])
                    .stdin(list)
                    .run()
                    .success()
            });
            while !writer.is_finished() {
                fixture
                    .direct(&["--timeout", "30s"])
                    .args(&names)
                    .run()
                    .success();
            }
        });
        fixture.direct(&[]).args(&names).run().success();
        for name in &names {
            assert_eq!(
                fixture.pull_secrets(name),
                json!([{"name": format!("round-{round}")}, {"name": "gcr-io"}]),
                "{name}"
            );
        }
    }
}
