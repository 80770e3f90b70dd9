//! Tests the order of dependent resources, requeues, and the safety of actions.

use super::thing::{MADE, Reply, SharedWorld, TestRun, Thing, id, project};
use crate::engine::{OpenResource, Outcome, TargetPermit, TargetWork, reconcile};
use crate::request::DryRun;

/// A graph like that of a Google project: the repository and the account are independent, the binding needs both.
fn graph(world: &SharedWorld) -> Vec<Thing> {
    let thing = |name, depends_on: &[&str]| Thing::new(world, name, depends_on);
    vec![
        thing("binding", &["repository", "account"]),
        thing("repository", &["api"]),
        thing("account", &["api"]),
        thing("api", &[]),
        thing("key", &["account"]).at_most_once(),
    ]
}

fn executed(world: &SharedWorld) -> Vec<String> {
    let journal = world.journal().into_iter();
    journal
        .filter_map(|call| call.strip_prefix("execute ").map(str::to_owned))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn dependencies_are_executed_first_and_observed_again_for_their_dependents() {
    let world = SharedWorld::default();
    let mut run = TestRun::begin(DryRun::None);
    let reported = run.reconcile(graph(&world)).await;
    assert_eq!(
        executed(&world),
        ["api", "repository", "account", "binding", "key"]
    );
    let made = ["api", "repository", "account", "binding", "key"];
    assert_eq!(reported, made.map(|name| format!("thing/{name} made")));
    assert_eq!(run.counts(), [("made", 5)]);
}

#[tokio::test(start_paused = true)]
async fn action_waits_for_the_dependencies_of_its_resource() {
    let world = SharedWorld::default();
    let account = Thing::new(&world, "account", &["secret"]).eager();
    let secret = Thing::new(&world, "secret", &[]);
    TestRun::begin(DryRun::None)
        .reconcile(vec![account, secret])
        .await;
    let calls = [
        "observe account",
        "observe secret",
        "execute secret",
        "execute account",
    ];
    assert_eq!(world.journal(), calls);
}

#[tokio::test(start_paused = true)]
async fn second_run_executes_nothing() {
    let world = SharedWorld::default();
    TestRun::begin(DryRun::None).reconcile(graph(&world)).await;
    world.lock().journal.clear();
    let mut run = TestRun::begin(DryRun::None);
    run.reconcile(graph(&world)).await;
    assert_eq!(executed(&world), [""; 0]);
    assert_eq!(run.counts(), [("unchanged", 5)]);
}

#[tokio::test(start_paused = true)]
async fn independent_resources_are_executed_concurrently() {
    let world = SharedWorld::default();
    let things = (0..8).map(|index| Thing::new(&world, &format!("thing-{index}"), &[]));
    let begun = tokio::time::Instant::now();
    TestRun::begin(DryRun::None)
        .reconcile(things.collect())
        .await;
    assert_eq!(begun.elapsed().as_millis(), 10);
}

#[tokio::test(start_paused = true)]
async fn dependents_of_a_failed_resource_are_not_started() {
    let world = SharedWorld::default();
    world.script("account", &[Reply::Refused]);
    let mut run = TestRun::begin(DryRun::None);
    let work = TargetWork {
        target: project(),
        resources: graph(&world).into_iter().map(OpenResource::new).collect(),
        discovery: None,
    };
    let outcomes = reconcile(work, TargetPermit::default(), &run.context).await;
    assert_eq!(outcomes[&id("account")], Outcome::Failed);
    assert_eq!(outcomes[&id("binding")], Outcome::NotStarted);
    assert_eq!(outcomes[&id("key")], Outcome::NotStarted);
    assert_eq!(outcomes[&id("repository")], MADE);
    let counts = [("made", 2), ("failed", 1), ("not started", 2)];
    assert_eq!(run.counts(), counts);
    assert_eq!(run.reported().await.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn conflict_is_retried_after_a_new_observation() {
    let world = SharedWorld::default();
    world.script("api", &[Reply::Conflict, Reply::Conflict]);
    let mut run = TestRun::begin(DryRun::None);
    let reported = run.reconcile(vec![Thing::new(&world, "api", &[])]).await;
    assert_eq!(reported, ["thing/api made"]);
    let round = ["observe api", "execute api"];
    assert_eq!(world.journal(), [round, round, round].concat());
}

#[tokio::test(start_paused = true)]
async fn endless_conflicts_fail() {
    let world = SharedWorld::default();
    world.script("api", &[Reply::Conflict; 60]);
    let mut run = TestRun::begin(DryRun::None);
    run.reconcile(vec![Thing::new(&world, "api", &[])]).await;
    assert_eq!(run.counts(), [("failed", 1)]);
    assert_eq!(executed(&world).len(), 17);
}

#[tokio::test(start_paused = true)]
async fn unconfirmed_write_that_took_effect_counts_as_made() {
    let world = SharedWorld::default();
    world.script("api", &[Reply::LostThenConflict]);
    let mut run = TestRun::begin(DryRun::None);
    let reported = run.reconcile(vec![Thing::new(&world, "api", &[])]).await;
    assert_eq!(reported, ["thing/api made"]);
    assert_eq!(world.lock().existing["api"], 1);
}

#[tokio::test(start_paused = true)]
async fn at_most_once_action_is_not_repeated_after_a_lost_response() {
    let world = SharedWorld::default();
    world.script("key", &[Reply::LostThenConflict]);
    let mut run = TestRun::begin(DryRun::None);
    let key = Thing::new(&world, "key", &[]).at_most_once();
    let reported = run.reconcile(vec![key]).await;
    assert_eq!(reported, ["thing/key unknown"]);
    assert_eq!(executed(&world), ["key"]);
    assert_eq!(run.counts(), [("unknown", 1)]);
}

#[tokio::test(start_paused = true)]
async fn client_dry_run_executes_nothing() {
    let world = SharedWorld::default();
    let mut run = TestRun::begin(DryRun::Client);
    let reported = run.reconcile(vec![Thing::new(&world, "api", &[])]).await;
    assert_eq!(reported, ["thing/api made"]);
    assert_eq!(world.journal(), ["observe api"]);
    assert!(world.lock().existing.is_empty());
}
