//! Tests that counts are true when a run is interrupted or abandoned.

use std::time::Duration;

use super::thing::{Reply, SharedWorld, TestRun, Thing, project};
use crate::engine::{OpenResource, TargetPermit, TargetWork, reconcile};
use crate::request::DryRun;

#[tokio::test(start_paused = true)]
async fn interrupted_run_starts_no_further_action() {
    let world = SharedWorld::default();
    let mut run = TestRun::begin(DryRun::None);
    let stop = run.stop.clone();
    // The first action takes ten milliseconds.
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(5)).await;
        stop.send_replace(true);
    });
    let first = Thing::new(&world, "api", &[]);
    let second = Thing::new(&world, "account", &["api"]);
    let reported = run.reconcile(vec![first, second]).await;
    assert_eq!(reported, ["thing/api made", "thing/account not started"]);
    assert_eq!(run.counts(), [("made", 1), ("not started", 1)]);
}

#[tokio::test(start_paused = true)]
async fn interrupted_run_starts_no_action_that_is_already_decided() {
    let world = SharedWorld::default();
    let mut run = TestRun::begin(DryRun::None);
    let stop = run.stop.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(5)).await;
        stop.send_replace(true);
    });
    let first = Thing::new(&world, "secret", &[]);
    let second = Thing::new(&world, "account", &["secret"]).eager();
    let reported = run.reconcile(vec![first, second]).await;
    assert_eq!(reported, ["thing/secret made", "thing/account not started"]);
    assert!(!world.lock().existing.contains_key("account"));
}

#[tokio::test(start_paused = true)]
async fn abandoned_run_counts_the_action_in_flight_as_unknown() {
    let world = SharedWorld::default();
    world.script("api", &[Reply::Hang]);
    let run = TestRun::begin(DryRun::None);
    let things = [("api", [].as_slice()), ("account", &["api"])];
    let things = things.map(|(name, needs)| Thing::new(&world, name, needs));
    let work = TargetWork {
        target: project(),
        resources: things.into_iter().map(OpenResource::new).collect(),
        discovery: None,
    };
    let reconcile = reconcile(work, TargetPermit::default(), &run.context);
    let limit = Duration::from_secs(60);
    assert!(tokio::time::timeout(limit, reconcile).await.is_err());
    assert_eq!(run.counts(), [("unknown", 1), ("not started", 1)]);
    let unreported = run.context.ledger.unreported();
    let unreported: Vec<_> = unreported
        .iter()
        .map(|(target, object, outcome)| format!("{target} {object} {}", outcome.as_str()))
        .collect();
    assert_eq!(
        unreported,
        [
            "project/my-project thing/account not started",
            "project/my-project thing/api unknown"
        ]
    );
}
