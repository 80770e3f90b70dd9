//! Many namespaces: which of them are begun while others wait, and what is not asked for their sake.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::scenario::account;
use super::server::Server;
use super::store::Store;
use super::writer::{self, Job};
use crate::cluster_run::{ClusterRun, NamespaceSelection};
use crate::event::{Event, EventSender};
use crate::ledger::{Ledger, Outcome};
use crate::reconcile::placeholder_objects;
use crate::request::NamespaceMatch;

const DEFAULT: &str = "serviceaccount/default";

/// Attaches to `default`, in whatever namespaces there are.
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
async fn who_waits_holds_up_nobody() {
    let job = attach();
    // Tests end before memory does.
    let name = |number| &*format!("team-{number:03}").leak();
    let names: Vec<&'static str> = (0..200).map(name).collect();
    let last = names[names.len() - 1];
    let stores = names
        .iter()
        .map(|name| namespace(&job, name, *name == last));
    let server = Server::new(stores.collect());
    server.injected_fault(0, &[]);
    let watched = server.clone();
    // Others are waited for until ten seconds are over.
    let watching = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let world = watched.world();
        let written: Vec<_> = world
            .sent
            .iter()
            .map(|sent| sent.namespace.clone())
            .collect();
        written
    });
    let run = writer::run(&server, 0, &job, &names).await;
    assert_eq!(watching.await.unwrap(), [last]);
    assert_eq!(run[last].ends[DEFAULT], Outcome::Patched);
    assert_eq!(run[names[0]].ends[DEFAULT], Outcome::Failed);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_listed_for_the_sake_of_namespaces_that_are_left_out() {
    let job = attach();
    // A page of namespaces holds two, and of accounts too.
    let stores = ["kube-node-lease", "kube-system", "team"].map(|name| namespace(&job, name, true));
    let server = Server::new(stores.into());
    server.injected_fault(0, &[]);
    let run = writer::run(&server, 0, &job, &["team"]).await;
    assert_eq!(run["team"].ends[DEFAULT], Outcome::Patched);
    // Two pages, the Secret, the account, and its patch.
    assert_eq!(server.world().requests, 5);
}

#[tokio::test(start_paused = true)]
async fn a_list_in_another_order_hides_no_account() {
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
    server.injected_fault(0, &[]);
    server.world().backwards = true;
    let run = writer::run(&server, 0, &job, &names).await;
    for name in names {
        let patched = ["serviceaccount/builder", DEFAULT];
        let patched = patched.map(|account| (account.to_owned(), Outcome::Patched));
        assert_eq!(run[name].ends, patched.into(), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_cut_off_counts_what_was_done_whoever_was_told() {
    let job = attach();
    let name = |number| &*format!("team-{number:03}").leak();
    let names: Vec<&'static str> = (0..400).map(name).collect();
    let stores = names.iter().map(|name| namespace(&job, name, true));
    let server = Server::new(stores.collect());
    server.injected_fault(0, &[]);
    let (events, mut received) = EventSender::channel();
    let (_stop, stopped) = watch::channel(false);
    let desired = job.desired();
    let ledger = Ledger::new(placeholder_objects(&desired));
    let fleet = ClusterRun {
        cluster: Arc::new(writer::cluster(&server, 0, events, stopped)),
        desired: &desired,
        ledger: &ledger,
    };
    // Nobody takes what is told, until it is cut off.
    let what = NamespaceMatch::default();
    let drive = fleet.reconcile(NamespaceSelection::Selector(&what));
    let minute = Duration::from_secs(60);
    assert!(tokio::time::timeout(minute, drive).await.is_err());
    drop(fleet);
    let mut told = 0;
    while let Some(event) = received.recv().await {
        told += u64::from(matches!(event, Event::ObjectResult(_)));
    }
    let world = server.world();
    let done = world.stores.iter().filter(|it| !it.commits.is_empty());
    let done = done.count() as u64;
    let counts = ledger.counts();
    assert!(100 < told && told < done, "{told} of {done} were told");
    assert_eq!(counts[Outcome::Patched as usize], done, "{counts:?}");
    let untold = ledger.unreported();
    let untold = untold.iter().filter(|(.., end)| *end == Outcome::Patched);
    assert_eq!(untold.count() as u64, done - told);
}
