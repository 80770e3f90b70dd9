//! Several writers at once: nobody's entry is lost or doubled. More of them race in `tests/soak`.

use serde_json::json;

use crate::place::{Place, account};

#[test]
fn adding_and_removing_different_names_at_once_does_both() {
    let place = Place::without_secret("races");
    let names: Vec<_> = (0..10).map(|index| format!("sa-{index:02}")).collect();
    let accounts = names.iter().map(|name| {
        account(
            &place.namespace,
            name,
            json!([{"name": "old"}, {"name": "keep"}]),
        )
    });
    place.cluster.create(accounts.collect());
    let running = [
        place.called(&["--secret", "new"]).args(&names).spawn(),
        place
            .called(&["--secret", "old", "--remove"])
            .args(&names)
            .spawn(),
    ];
    for process in running {
        process.wait().success();
    }
    for name in &names {
        assert_eq!(
            place.entries(name),
            json!([{"name": "keep"}, {"name": "new"}]),
            "{name}"
        );
    }
}

#[test]
fn an_account_made_anew_in_between_is_still_patched() {
    let place = Place::new("races");
    let names: Vec<_> = (0..5).map(|index| format!("sa-{index}")).collect();
    for round in 0..4 {
        let accounts: Vec<_> = names
            .iter()
            .map(|name| {
                account(
                    &place.namespace,
                    name,
                    json!([{"name": format!("round-{round}")}]),
                )
            })
            .collect();
        let list = json!({"apiVersion": "v1", "kind": "List", "items": accounts}).to_string();
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                place
                    .cluster
                    .kubectl(["replace", "--force", "-f", "-"])
                    .stdin(list)
                    .run()
                    .success()
            });
            while !writer.is_finished() {
                place
                    .called(&["--timeout", "30s"])
                    .args(&names)
                    .run()
                    .success();
            }
        });
        place.called(&[]).args(&names).run().success();
        for name in &names {
            assert_eq!(
                place.entries(name),
                json!([{"name": format!("round-{round}")}, {"name": "gcr-io"}]),
                "{name}"
            );
        }
    }
}
