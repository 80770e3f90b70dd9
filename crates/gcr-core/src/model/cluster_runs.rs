//! Tests runs over many namespaces: concurrency, list order, and the ledger of an aborted run.

use std::time::Duration;

use serde_json::json;

use super::scenario::account;
use super::server::Server;
use super::store::Store;
use super::writer::{self, Job};
use crate::commands::{ClusterRun, NamespaceSelection};
use crate::engine::{Event, EventSender, Outcome};
use crate::request::NamespaceMatch;
use crate::resources::service_account::PATCHED;

const DEFAULT: &str = "serviceaccount/default";

/// Returns a job that attaches a Secret to `default` in all namespaces.
fn attach() -> Job {
    Job {
        attaches: vec!["ours-0".to_owned()],
        accounts: vec!["default"],
        lists: true,
        ..Job::default()
    }
}

fn namespace(job: &Job, name: &'static str, has_default: bool) -> Store {
    let mut store = Store::new(name);
    store.intents = vec![job.intent()];
    if has_default {
        store.commit(None, DEFAULT, account("default", &[]));
        store.commits.clear();
    }
    store
}

#[tokio::test(start_paused = true)]
async fn waiting_namespaces_do_not_delay_others() {
    let job = attach();
    // Leaking is fine in a test.
    let name = |number| &*format!("team-{number:03}").leak();
    let names: Vec<&'static str> = (0..200).map(name).collect();
    let last = names[names.len() - 1];
    let stores = names
        .iter()
        .map(|name| namespace(&job, name, *name == last));
    let server = Server::new(stores.collect());
    server.inject(0, &[]);
    let observed_server = server.clone();
    // The run waits ten seconds for the missing accounts.
    let written_early = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let world = observed_server.world();
        let written: Vec<_> = world
            .sent
            .iter()
            .map(|sent| sent.namespace.clone())
            .collect();
        written
    });
    let run = writer::run(&server, 0, &job, &names).await;
    assert_eq!(written_early.await.unwrap(), [last]);
    assert_eq!(run[last].outcomes[DEFAULT], PATCHED);
    assert_eq!(run[names[0]].outcomes[DEFAULT], Outcome::Failed);
}

#[tokio::test(start_paused = true)]
async fn excluded_namespaces_cause_no_list_pages() {
    let job = attach();
    // Pages of namespaces and of accounts have two objects.
    let stores = ["kube-node-lease", "kube-system", "team"].map(|name| namespace(&job, name, true));
    let server = Server::new(stores.into());
    server.inject(0, &[]);
    let run = writer::run(&server, 0, &job, &["team"]).await;
    assert_eq!(run["team"].outcomes[DEFAULT], PATCHED);
    // Two pages of namespaces, a list of Secrets, a list of accounts, and a patch.
    assert_eq!(server.world().requests, 5);
}

#[tokio::test(start_paused = true)]
async fn list_in_unexpected_order_hides_no_account() {
    let job = Job {
        accounts: Vec::new(),
        ..attach()
    };
    let names = ["apps", "team", "team-b"];
    let stores = names.map(|name| {
        let mut store = namespace(&job, name, true);
        store.commit(None, "serviceaccount/builder", account("builder", &[]));
        store.commits.clear();
        store
    });
    let server = Server::new(stores.into());
    server.inject(0, &[]);
    server.world().reverse_order = true;
    let run = writer::run(&server, 0, &job, &names).await;
    for name in names {
        let patched = ["serviceaccount/builder", DEFAULT];
        let patched = patched.map(|account| (account.to_owned(), PATCHED));
        assert_eq!(run[name].outcomes, patched.into(), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn aborted_run_counts_unreported_writes() {
    let job = attach();
    let name = |number| &*format!("team-{number:03}").leak();
    let names: Vec<&'static str> = (0..400).map(name).collect();
    let stores = names.iter().map(|name| {
        let mut store = namespace(&job, name, true);
        // Without the Secret, each namespace would send a warning too.
        store.commit(
            None,
            "secret/ours-0",
            json!({"kind": "Secret", "metadata": {"name": "ours-0"}}),
        );
        store.commits.clear();
        store
    });
    let server = Server::new(stores.collect());
    server.inject(0, &[]);
    let (events, mut received) = EventSender::channel();
    let command = job.command();
    let context = writer::run_context(&command, events);
    let ledger = context.ledger.clone();
    let cluster = writer::cluster(&server, 0, &context);
    let cluster_run = ClusterRun::new(cluster, &command, &context);
    drop(context);
    // No task receives the events until the run is aborted.
    let selector = NamespaceMatch::default();
    let reconcile = cluster_run.reconcile(NamespaceSelection::Selector(&selector));
    let minute = Duration::from_secs(60);
    assert!(tokio::time::timeout(minute, reconcile).await.is_err());
    let mut reported = 0;
    while let Some(event) = received.recv().await {
        reported += u64::from(matches!(event, Event::ObjectResult(_)));
    }
    let world = server.world();
    let done = world
        .stores
        .iter()
        .filter(|store| !store.commits.is_empty());
    let done = done.count() as u64;
    let counts = ledger.counts();
    assert!(
        100 < reported && reported < done,
        "{reported} of {done} were reported"
    );
    assert_eq!(counts[&PATCHED], done, "{counts:?}");
    let unreported = ledger.unreported();
    let unreported = unreported.iter().filter(|(.., end)| *end == PATCHED);
    assert_eq!(unreported.count() as u64, done - reported);
}
