//! One writer: a run of a plugin against the model server, from its checked request to what it told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::server::Server;
use super::store::Intent;
use crate::cluster::Cluster;
use crate::connection::Connection;
use crate::domain::access_token::AccessToken;
use crate::domain::credential::Credential;
use crate::domain::docker_config::DockerConfig;
use crate::domain::pull_secret::SharedBody;
use crate::drive::drive;
use crate::event::{Event, Events};
use crate::ledger::{Ledger, Outcome};
use crate::observe::Sight;
use crate::request::{
    AccountChange, AccountSelection, DryRun, Manifest, Wanted, WantedAccounts, WantedSecret,
};
use crate::target::Target;

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
    pub(super) fn config(secret: &SecretJob) -> (Credential, DockerConfig) {
        let token = AccessToken::parse(Zeroizing::new(b"ya29.model".to_vec())).unwrap();
        let credential = Credential::AccessToken(token);
        let config = DockerConfig::new([secret.host.parse().unwrap()], credential.auth());
        (credential, config)
    }

    fn wanted(&self) -> Wanted {
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
        Wanted {
            secret: self.secret.as_ref().map(|secret| {
                let (credential, config) = Self::config(secret);
                WantedSecret {
                    name: secret.name.parse().unwrap(),
                    credential,
                    config,
                    body: SharedBody::default(),
                    merge: secret.merge,
                    force_conflicts: false,
                    recreate: false,
                }
            }),
            accounts: change.map(|change| WantedAccounts {
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
            whole_objects: false,
            manifest: Manifest {
                masked: true,
                with_namespace: true,
            },
        }
    }
}

/// What a run told.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    /// The outcome of each object, by its name.
    pub(super) ends: BTreeMap<String, Outcome>,
    /// Objects that were told more than once, or never.
    pub(super) amiss: Vec<String>,
}

/// Runs `job` as `writer`, to its end.
pub(super) async fn run(server: &Server, writer: usize, job: &Job) -> Told {
    let (events, mut received) = Events::channel();
    let (_stop, stopped) = watch::channel(false);
    let client = server.client(writer, PATIENCE);
    let connection = Connection::over(client, "127.0.0.1:9", PATIENCE);
    let cluster = Cluster::new(None, connection, events, stopped, 0);
    let listening = tokio::spawn(async move {
        let mut ends = Vec::new();
        while let Some(event) = received.recv().await {
            if let Event::Ended(ended) = event {
                ends.push((ended.object.to_string(), ended.outcome));
            }
        }
        ends
    });
    let target = Target {
        cluster: Arc::new(cluster),
        namespace: "team".parse().unwrap(),
        named: true,
    };
    let wanted = job.wanted();
    let ledger = Ledger::default();
    let deadline = Instant::now() + wanted.timeout;
    let driven = tokio::time::timeout(
        Duration::from_secs(3600),
        drive(&target, Sight::default(), &wanted, deadline, &ledger),
    );
    let mut told = Told::default();
    if driven.await.is_err() {
        told.amiss
            .push("the run did not end within an hour".to_owned());
    }
    drop(target);
    let mut counts = [0; Outcome::ALL.len()];
    for (object, outcome) in listening.await.unwrap() {
        counts[outcome as usize] += 1;
        if told.ends.insert(object.clone(), outcome).is_some() {
            told.amiss.push(format!("{object} ended twice"));
        }
    }
    if counts != ledger.counts() {
        let counted = ledger.counts();
        told.amiss.push(format!(
            "the ledger counts {counted:?}, told were {counts:?}"
        ));
    }
    let named = job
        .accounts
        .iter()
        .map(|name| format!("serviceaccount/{name}"));
    let secret = job
        .secret
        .iter()
        .map(|secret| format!("secret/{}", secret.name));
    for object in secret.chain(named) {
        if !told.ends.contains_key(&object) {
            told.amiss.push(format!("{object} was never told"));
        }
    }
    told
}
