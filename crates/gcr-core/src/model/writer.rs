//! Runs a plugin's job against the model server and collects what it reports.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use zeroize::Zeroizing;

use super::server::Server;
use super::store::Intent;
use crate::commands::{ClusterEvents, ClusterRun, NamespaceSelection, PullSecretCommand};
use crate::domain::access_token::AccessToken;
use crate::domain::docker_config::DockerConfig;
use crate::domain::pull_secret::CachedSecret;
use crate::domain::registry_credential::RegistryCredential;
use crate::engine::RunContext;
use crate::engine::ledger::Counts;
use crate::engine::{Event, EventSender, Ledger, Outcome};
use crate::kubernetes::ClusterClient;
use crate::request::{
    AccountChange, AccountSelection, DesiredAccounts, DesiredSecret, DesiredState, DryRun,
    ExecutionOptions, Manifest, NamespaceMatch,
};
use crate::stop::StopSignal;
use kube_clientcmd::Connection;

/// `--request-timeout` of every writer.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// The job of a writer.
#[derive(Debug, Clone, Default)]
pub(super) struct Job {
    pub(super) secret: Option<SecretJob>,
    pub(super) attaches: Vec<String>,
    pub(super) detaches: Vec<String>,
    /// Empty for `--all`.
    pub(super) accounts: Vec<&'static str>,
    pub(super) dry_run: bool,
    /// Whether to select all namespaces (`-A`) and observe them by lists, instead of naming and reading them.
    pub(super) lists: bool,
}

/// The Secret of a job.
#[derive(Debug, Clone)]
pub(super) struct SecretJob {
    pub(super) name: String,
    pub(super) host: String,
    pub(super) merge: bool,
}

impl Job {
    pub(super) fn intent(&self) -> Intent {
        Intent {
            attaches: self.attaches.clone(),
            detaches: self.detaches.clone(),
            secret: self.secret.as_ref().map(|secret| secret.name.clone()),
            dry_run: self.dry_run,
        }
    }

    /// Returns the credential and the docker config, without merged entries.
    pub(super) fn config(secret: &SecretJob) -> (RegistryCredential, DockerConfig) {
        let token = AccessToken::parse(Zeroizing::new(b"ya29.model".to_vec())).unwrap();
        let credential = RegistryCredential::AccessToken(token);
        let config = DockerConfig::new([secret.host.parse().unwrap()], credential.auth());
        (credential, config)
    }

    pub(super) fn command(&self) -> PullSecretCommand {
        let names = |names: &[String]| names.iter().map(|name| name.parse().unwrap()).collect();
        let change = match (self.attaches.as_slice(), self.detaches.as_slice()) {
            ([], []) => None,
            (attaches, []) => Some(AccountChange::Attach(names(attaches))),
            (_, detaches) => Some(AccountChange::Detach(names(detaches))),
        };
        let selection = match self.accounts.as_slice() {
            [] => AccountSelection::All,
            accounts => {
                AccountSelection::Names(accounts.iter().map(|name| name.parse().unwrap()).collect())
            }
        };
        let secret = self.secret.as_ref().map(|secret| {
            let (credential, config) = Self::config(secret);
            DesiredSecret {
                name: secret.name.parse().unwrap(),
                credential,
                config,
                cached: CachedSecret::default(),
                merge: secret.merge,
                only_as_observed: false,
                force_conflicts: false,
                recreate: false,
                replaces: None,
            }
        });
        let accounts = change.map(|change| DesiredAccounts {
            selection,
            change,
            wait_for_all: false,
        });
        let execution = ExecutionOptions {
            field_manager: "kubectl-gcr-secret".to_owned(),
            dry_run: if self.dry_run {
                DryRun::Server
            } else {
                DryRun::None
            },
            timeout: Duration::from_secs(10),
            return_objects: false,
        };
        PullSecretCommand {
            desired: DesiredState { secret, accounts },
            execution,
            manifest: Manifest {
                masked: true,
                with_namespace: true,
            },
        }
    }
}

/// The reports of a run about one namespace.
#[derive(Debug, Clone, Default)]
pub(super) struct Reported {
    /// The outcome of each object, by name.
    pub(super) outcomes: BTreeMap<String, Outcome>,
    /// Objects reported more than once or never, and wrong counts.
    pub(super) problems: Vec<String>,
}

/// The reports of a run, by namespace.
pub(super) type Run = BTreeMap<&'static str, Reported>;

/// Returns the client of `writer` for the model server.
pub(super) fn cluster(server: &Server, writer: usize, run: &RunContext) -> Arc<ClusterClient> {
    let client = server.client(writer, REQUEST_TIMEOUT);
    let connection =
        Connection::from_client(client, "127.0.0.1:9", REQUEST_TIMEOUT).expect("an address");
    let events = ClusterEvents {
        context: None,
        events: run.events.clone(),
    };
    let stop = run.stop.clone();
    Arc::new(ClusterClient::new(
        None,
        connection,
        Arc::new(events),
        stop,
        Arc::default(),
    ))
}

/// Returns the shared parts of a run that reports to `events`.
pub(super) fn run_context(command: &PullSecretCommand, events: EventSender) -> RunContext {
    // The model interrupts no run.
    let (_stop, stop) = StopSignal::channel();
    RunContext {
        dry_run: command.execution.dry_run,
        deadline: Instant::now(),
        stop,
        ledger: Ledger::default(),
        events,
        commands: None,
    }
}

/// Runs `job` as `writer` over `namespaces` until it ends.
pub(super) async fn run(
    server: &Server,
    writer: usize,
    job: &Job,
    namespaces: &[&'static str],
) -> Run {
    let (events, mut received) = EventSender::channel();
    let command = job.command();
    let context = run_context(&command, events);
    let ledger = context.ledger.clone();
    let cluster = cluster(server, writer, &context);
    let reports = tokio::spawn(async move {
        let (mut outcomes, mut errors, mut total) = (Vec::new(), 0, 0_i64);
        while let Some(event) = received.recv().await {
            match event {
                Event::ObjectResult(result) => {
                    let namespace = result.target.namespace().unwrap().to_string();
                    outcomes.push((namespace, result.object.to_string(), result.outcome));
                }
                Event::Error { .. } => errors += 1,
                Event::TotalIncreased { objects, .. } => total += objects as i64,
                Event::TotalDecreased { objects, .. } => total -= objects as i64,
                _ => {}
            }
        }
        (outcomes, errors, total)
    });
    let cluster_run = ClusterRun::new(cluster, &command, &context);
    drop(context);
    let selector = NamespaceMatch::default();
    let selection = if job.lists {
        NamespaceSelection::Selector(&selector)
    } else {
        NamespaceSelection::Explicit(namespaces.iter().map(|it| it.parse().unwrap()).collect())
    };
    let ended = tokio::time::timeout(Duration::from_secs(3600), async {
        cluster_run.begin(&selection).await;
        cluster_run.reconcile(selection).await;
    })
    .await;
    let (outcomes, errors, total) = reports.await.unwrap();
    let finished = outcomes.len() as i64;
    let mut run: Run = namespaces
        .iter()
        .map(|it| (*it, Reported::default()))
        .collect();
    let mut counts = Counts::new();
    for (namespace, object, outcome) in outcomes {
        *counts.entry(outcome).or_default() += 1;
        let reported = run.get_mut(namespace.as_str()).unwrap();
        if reported.outcomes.insert(object.clone(), outcome).is_some() {
            reported.problems.push(format!("{object} ended twice"));
        }
    }
    let first = run.values_mut().next().unwrap();
    if ended.is_err() {
        first
            .problems
            .push("the run did not end within an hour".to_owned());
    }
    if counts != ledger.counts() {
        let counted = ledger.counts();
        let wrong = format!("the ledger counts {counted:?}, but the reports {counts:?}");
        first.problems.push(wrong);
    }
    if total != finished {
        let wrong = format!("progress ends at {finished} of {total} objects");
        first.problems.push(wrong);
    }
    // If the namespaces could not be listed, none can be reported.
    if !(job.lists && errors > 0) {
        for reported in run.values_mut() {
            reported.problems.extend(job.unreported(reported));
        }
    }
    run
}

impl Job {
    fn unreported(&self, reported: &Reported) -> Vec<String> {
        let accounts = self.accounts.iter();
        let named = accounts.map(|name| format!("serviceaccount/{name}"));
        let secret = self.secret.iter();
        let secret = secret.map(|secret| format!("secret/{}", secret.name));
        // With -A, a detach does not report accounts that do not exist.
        let may_be_skipped = |object: &String| {
            self.lists && !self.detaches.is_empty() && object.starts_with("serviceaccount/")
        };
        secret
            .chain(named)
            .filter(|object| !reported.outcomes.contains_key(object) && !may_be_skipped(object))
            .map(|object| format!("{object} was never reported"))
            .collect()
    }
}
