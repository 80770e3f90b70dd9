//! Runs a rotation: finds the Secrets, and rotates the key of each account, one account after the other.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use gcr_core::commands::SelectedCluster;
use gcr_core::engine::{Event, RunContext};
use gcr_core::resources::secret;
use gcr_google::api_client::ApiClient;
use gcr_google::names::{ProjectId, ServiceAccountEmail};
use gcr_google::project::default_project;
use gcr_google::resources::Account;

use super::account_rotation::AccountRotation;
use super::carrier::{Carrier, Place};
use super::failure::fail;
use super::request::RotateRequest;
use super::secret_search::Scopes;
use crate::google_args::{Failure, Google};

/// Runs the rotation. Every result goes to the reporter.
pub(super) async fn run(
    request: RotateRequest,
    clusters: Vec<SelectedCluster<'_>>,
    run: RunContext,
) {
    let scopes = Scopes::open(&request, clusters, &run).await;
    let search = scopes.search().await;
    search.report_unread(&run).await;
    let mut accounts: BTreeMap<&str, Vec<&Carrier>> = BTreeMap::new();
    for carrier in search.carriers.iter().filter(|it| it.in_scope) {
        accounts.entry(&carrier.account).or_default().push(carrier);
    }
    if run.stop.is_stopped() {
        return;
    }
    if accounts.is_empty() {
        if search.unread.is_empty() {
            let failure = Failure {
                text: "no selected Secret of this plugin carries a key of a service account"
                    .to_owned(),
                hint: None,
            };
            fail(&run, failure).await;
        }
        return;
    }
    register(&accounts, &scopes, &run).await;
    let google = match Google::open(Arc::clone(&request.redactor)).await {
        Ok(google) => google,
        Err(failure) => return fail(&run, failure).await,
    };
    let mut clients = Clients {
        request: &request,
        google,
        known: HashMap::new(),
    };
    for (email, carriers) in accounts {
        if run.stop.is_stopped() {
            return;
        }
        let connected = tokio::select! {
            biased;
            () = run.stop.stopped() => return,
            connected = clients.connect(email) => connected,
        };
        match connected {
            Ok((account, api)) => {
                let rotation = AccountRotation::new(&request, &scopes, &run, account, api);
                rotation.run(&search, carriers).await;
            }
            Err(failure) => fail(&run, failure).await,
        }
    }
}

/// Opens the Secrets in the ledger, so that they count if the run ends early.
async fn register(accounts: &BTreeMap<&str, Vec<&Carrier>>, scopes: &Scopes, run: &RunContext) {
    // A Secret may carry keys of several accounts.
    let mut places: BTreeMap<&Place, &Carrier> = BTreeMap::new();
    for carrier in accounts.values().flatten() {
        places.insert(&carrier.place, carrier);
    }
    for ((cluster, _, name), carrier) in places {
        let client = &scopes.clusters[*cluster].client;
        run.ledger.track(&carrier.target(client), &secret::id(name));
        let event = Event::TotalIncreased {
            context: client.context().cloned(),
            objects: 1,
        };
        run.events.send(event).await;
    }
}

/// The clients for the projects of the accounts.
struct Clients<'a> {
    request: &'a RotateRequest,
    google: Google,
    known: HashMap<ProjectId, ApiClient>,
}

impl Clients<'_> {
    async fn connect(&mut self, email: &str) -> Result<(Account, ApiClient), Failure> {
        let email: ServiceAccountEmail = email.parse().map_err(Failure::new)?;
        let options = &self.request.google;
        let project = match email.project() {
            Some(project) => project,
            None => {
                let flag = options.project.as_ref().map(ProjectId::as_str);
                let found = default_project(flag, &[], &self.google.gcloud);
                found.map_err(Failure::new)?.0
            }
        };
        let api = match self.known.get(&project) {
            Some(api) => api.clone(),
            None => {
                let api = self.google.connect(options, &project).await?;
                self.known.insert(project.clone(), api.clone());
                api
            }
        };
        Ok((Account { project, email }, api))
    }
}
