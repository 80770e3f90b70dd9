//! Two rotations at once, and other writers.

use std::collections::BTreeSet;

use gcr_test_support::fake_google::Propagation;

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
