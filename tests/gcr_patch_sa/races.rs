//! Several writers at once: nobody's entry is lost or doubled, and what the lines say was true.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::place::{Place, account, until};

#[test]
fn three_processes_adding_different_names_lose_nothing() {
    let place = Place::without_secret("races");
    let names: Vec<_> = (0..20).map(|index| format!("sa-{index:02}")).collect();
    let theirs = json!([{"name": "b"}, {}, {"name": "a"}, {"name": "b"}]);
    let accounts = names
        .iter()
        .map(|name| account(&place.namespace, name, theirs.clone()));
    place.cluster.create(accounts.collect());
    let ours = ["one", "two", "three"];
    let running = ours.map(|name| place.called(&["--secret", name]).args(&names).spawn());
    for process in running {
        let output = process.wait().success();
        let mut lines: Vec<_> = output.stdout.lines().map(str::to_owned).collect();
        lines.sort_unstable();
        let expected: Vec<_> = names
            .iter()
            .map(|name| format!("serviceaccount/{name} patched"))
            .collect();
        assert_eq!(lines, expected, "{output}");
    }
    for name in &names {
        let Value::Array(entries) = place.entries(name) else {
            panic!("{name} has no list");
        };
        assert_eq!(entries[..4], *theirs.as_array().unwrap(), "{name}");
        let mut added: Vec<_> = entries[4..]
            .iter()
            .map(|entry| entry["name"].as_str())
            .collect();
        added.sort_unstable();
        assert_eq!(added, [Some("one"), Some("three"), Some("two")], "{name}");
    }
}

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

/// The versions of an account in a watch's output, oldest first.
fn versions(output: &str) -> Vec<Value> {
    serde_json::Deserializer::from_str(output)
        .into_iter::<Value>()
        .map_while(Result::ok)
        .collect()
}

#[test]
fn every_patched_was_true_while_somebody_kept_overwriting_the_list() {
    let place = Place::new("races");
    place.account("builder", json!([{"name": "hostile-0"}]));
    let watch = place
        .cluster
        .kubectl(["get", "sa", "builder", "-w", "-o", "json", "-n"])
        .arg(&place.namespace)
        .spawn();
    until("the watch has begun", || {
        !versions(&watch.stdout_so_far()).is_empty()
    });

    let (mut patched, mut unchanged) = (0, 0);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let hostile = scope.spawn(|| {
            for turn in 1.. {
                place.put("builder", json!([{"name": format!("hostile-{turn}")}]));
                if over.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        for _ in 0..60 {
            // One that is always overtaken may give up, but must say so.
            let output = place.called(&["builder"]).run();
            match (output.code, output.stdout.as_str()) {
                (Some(0), "serviceaccount/builder patched\n") => patched += 1,
                (Some(0), "serviceaccount/builder patched (no change)\n") => unchanged += 1,
                (Some(1), "") if output.stderr.contains("(Conflict)") => {}
                _ => panic!("{output}"),
            }
        }
        over.store(true, Ordering::Relaxed);
        hostile.join().expect("the hostile writer");
    });
    place.put("builder", json!([{"name": "the-end"}]));
    until("the watch saw the end", || {
        watch.stdout_so_far().contains("the-end")
    });

    let versions = versions(&watch.stdout_so_far());
    let mut written = 0;
    for pair in versions.windows(2) {
        let [before, after] = [&pair[0], &pair[1]].map(|version| &version["imagePullSecrets"]);
        if after[1] == json!({"name": "gcr-io"}) {
            // What stood there at that very moment, and ours.
            assert_eq!(*after, json!([before[0], {"name": "gcr-io"}]));
            written += 1;
        }
    }
    assert_eq!(written, patched, "{unchanged} were unchanged");
    // The overwriting came in between, or this has shown nothing.
    assert!(patched >= 2, "{patched} patched, {unchanged} unchanged");
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
