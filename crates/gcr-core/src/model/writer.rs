//! One writer: a run of a plugin over the model server's namespaces, from its checked request to what it told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use zeroize::Zeroizing;

use super::server::Server;
use super::store::Intent;
use crate::cluster_run::{ClusterRun, NamespaceSelection};
use crate::connection::Connection;
use crate::domain::access_token::AccessToken;
use crate::domain::docker_config::DockerConfig;
use crate::domain::pull_secret::CachedBody;
use crate::domain::registry_credential::RegistryCredential;
use crate::event::{Event, EventSender};
use crate::kubernetes::ClusterClient;
use crate::ledger::{Ledger, Outcome};
use crate::reconcile::placeholder_objects;
use crate::request::{
    AccountChange, AccountSelection, Desired, DesiredAccounts, DesiredSecret, DryRun, Manifest,
    NamespaceMatch,
};

/// `--request-timeout` of every writer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// What a writer is to do.
#[derive(Debug, Clone, Default)]
pub(super) struct Job {
    pub(super) secret: Option<SecretJob>,
    pub(super) attaches: Vec<String>,
    pub(super) detaches: Vec<String>,
    /// Empty for `--all`.
    pub(super) accounts: Vec<&'static str>,
    pub(super) dry_run: bool,
    /// `-A`: the namespaces are listed, and looked at by lists. Else they are named, and read.
    pub(super) lists: bool,
}

/// The Secret it writes first.
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

    /// The docker config it asks for, without what it merges.
    pub(super) fn config(secret: &SecretJob) -> (RegistryCredential, DockerConfig) {
        let token = AccessToken::parse(Zeroizing::new(b"ya29.model".to_vec())).unwrap();
        let credential = RegistryCredential::AccessToken(token);
        let config = DockerConfig::new([secret.host.parse().unwrap()], credential.auth());
        (credential, config)
    }

    pub(super) fn desired(&self) -> Desired {
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
        Desired {
            secret: self.secret.as_ref().map(|secret| {
                let (credential, config) = Self::config(secret);
                DesiredSecret {
                    name: secret.name.parse().unwrap(),
                    credential,
                    config,
                    body: CachedBody::default(),
                    merge: secret.merge,
                    force_conflicts: false,
                    recreate: false,
                }
            }),
            accounts: change.map(|change| DesiredAccounts {
                selection,
                change,
                wait_for_all: false,
            }),
            field_manager: "kubectl-gcr-secret".to_owned(),
            dry_run: if self.dry_run {
                DryRun::Server
            } else {
                DryRun::None
            },
            timeout: Duration::from_secs(10),
            return_objects: false,
            manifest: Manifest {
                masked: true,
                with_namespace: true,
            },
        }
    }
}

/// What a run told of one namespace.
#[derive(Debug, Clone, Default)]
pub(super) struct Reported {
    /// The outcome of each object, by its name.
    pub(super) ends: BTreeMap<String, Outcome>,
    /// Objects that were told more than once, or never.
    pub(super) amiss: Vec<String>,
}

/// What a run told, by namespace.
pub(super) type Run = BTreeMap<&'static str, Reported>;

/// The model server, as `writer` speaks to it.
pub(super) fn cluster(
    server: &Server,
    writer: usize,
    events: EventSender,
    stopped: watch::Receiver<bool>,
) -> ClusterClient {
    let client = server.client(writer, PATIENCE);
    let connection = Connection::over(client, "127.0.0.1:9", PATIENCE);
    ClusterClient::new(None, connection, events, stopped, Arc::default())
}

/// Runs `job` as `writer` over `namespaces`, to its end.
pub(super) async fn run(
    server: &Server,
    writer: usize,
    job: &Job,
    namespaces: &[&'static str],
) -> Run {
    let (events, mut received) = EventSender::channel();
    let (_stop, stopped) = watch::channel(false);
    let cluster = cluster(server, writer, events, stopped);
    let listening = tokio::spawn(async move {
        let (mut ends, mut errors, mut total) = (Vec::new(), 0, 0_i64);
        while let Some(event) = received.recv().await {
            match event {
                Event::ObjectResult(ended) => {
                    let place = ended.target.namespace.to_string();
                    ends.push((place, ended.object.to_string(), ended.outcome));
                }
                Event::Error { .. } => errors += 1,
                Event::TotalIncreased { objects, .. } => total += objects as i64,
                Event::TotalDecreased { objects, .. } => total -= objects as i64,
                _ => {}
            }
        }
        (ends, errors, total)
    });
    let desired = job.desired();
    let ledger = Ledger::new(placeholder_objects(&desired));
    let fleet = ClusterRun {
        cluster: Arc::new(cluster),
        desired: &desired,
        ledger: &ledger,
    };
    let what = NamespaceMatch::default();
    let meant = if job.lists {
        NamespaceSelection::Selector(&what)
    } else {
        NamespaceSelection::Explicit(namespaces.iter().map(|it| it.parse().unwrap()).collect())
    };
    let driven = tokio::time::timeout(Duration::from_secs(3600), async {
        fleet.begin(&meant).await;
        fleet.reconcile(meant).await;
    })
    .await;
    drop(fleet);
    let (ends, errors, total) = listening.await.unwrap();
    let finished = ends.len() as i64;
    let mut run: Run = namespaces
        .iter()
        .map(|it| (*it, Reported::default()))
        .collect();
    let mut counts = [0; Outcome::ALL.len()];
    for (namespace, object, outcome) in ends {
        counts[outcome as usize] += 1;
        let told = run.get_mut(namespace.as_str()).unwrap();
        if told.ends.insert(object.clone(), outcome).is_some() {
            told.amiss.push(format!("{object} ended twice"));
        }
    }
    let first = run.values_mut().next().unwrap();
    if driven.is_err() {
        first
            .amiss
            .push("the run did not end within an hour".to_owned());
    }
    if counts != ledger.counts() {
        let counted = ledger.counts();
        let wrong = format!("the ledger counts {counted:?}, told were {counts:?}");
        first.amiss.push(wrong);
    }
    if total != finished {
        let wrong = format!("progress ends at {finished} of {total} objects");
        first.amiss.push(wrong);
    }
    // Of namespaces that could not be listed nothing can be told.
    if !(job.lists && errors > 0) {
        for told in run.values_mut() {
            told.amiss.extend(job.untold(told));
        }
    }
    run
}

impl Job {
    fn untold(&self, told: &Reported) -> Vec<String> {
        let accounts = self.accounts.iter();
        let named = accounts.map(|name| format!("serviceaccount/{name}"));
        let secret = self.secret.iter();
        let secret = secret.map(|secret| format!("secret/{}", secret.name));
        // Where every namespace is meant, an account that is not there has nothing to take away, and is not spoken of.
        let may_be_passed_over = |object: &String| {
            self.lists && !self.detaches.is_empty() && object.starts_with("serviceaccount/")
        };
        secret
            .chain(named)
            .filter(|object| !told.ends.contains_key(object) && !may_be_passed_over(object))
            .map(|object| format!("{object} was never told"))
            .collect()
    }
}
