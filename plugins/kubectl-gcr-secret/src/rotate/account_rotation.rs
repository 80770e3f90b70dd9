//! Rotates the key of one account: creates and proves a new key, writes it to every Secret, and retires the old key.

use std::collections::BTreeSet;
use std::sync::Arc;

use gcr_core::domain::pull_secret::{self, ACCOUNT, KEY_ID};
use gcr_core::domain::service_account_key::ServiceAccountKey;
use gcr_core::engine::{
    Event, ObjectError, ObjectId, ObjectResult, OpenResource, Outcome, RunContext, TargetName,
    TargetPermit, TargetScope, TargetWork, Writes, reconcile,
};
use gcr_core::kubernetes::{ApiError, RequestError};
use gcr_core::request::DryRun;
use gcr_core::resources::secret;
use gcr_google::api_client::ApiClient;
use gcr_google::names::KeyId;
use gcr_google::resources::{
    Account, IssuedCredential, KEY, NewKeyResource, ProofResource, ReusedKeyResource, Stage,
};
use jiff::Timestamp;
use kube_clientcmd::escape_control::escape_control;
use tokio::time::Instant;

use super::carrier::Carrier;
use super::commands::{Commands, create_key};
use super::failure::fail;
use super::plan::{Plan, plan};
use super::prepared::{Prepared, prepare};
use super::request::RotateRequest;
use super::secret_search::{Scopes, SearchResult};
use super::writes::{Ends, writes_of};
use crate::google_args::Failure;
use crate::setup::pull_secrets::key_in;
use crate::unused_key::UnusedKey;
use crate::verify::requested::Requested;

/// How many Secrets are read to find the key in one of them.
const MAX_READS: usize = 3;

/// The rotation of one account.
pub(super) struct AccountRotation<'a> {
    pub(super) request: &'a RotateRequest,
    pub(super) scopes: &'a Scopes,
    pub(super) run: RunContext,
    pub(super) stage: Arc<Stage>,
    /// The account's project, for reports.
    pub(super) target: TargetName,
}

/// The Secrets after the writes.
pub(super) struct Written {
    pub(super) search: SearchResult,
    pub(super) ends: Ends,
}

impl<'a> AccountRotation<'a> {
    pub(super) fn new(
        request: &'a RotateRequest,
        scopes: &'a Scopes,
        run: &RunContext,
        account: Account,
        api: ApiClient,
    ) -> Self {
        let target = TargetName {
            context: None,
            scope: TargetScope::Project(account.project.as_str().into()),
        };
        Self {
            request,
            scopes,
            run: RunContext {
                deadline: Instant::now() + request.timeout,
                ..run.clone()
            },
            stage: Arc::new(Stage::new(api, account, run.events.clone())),
            target,
        }
    }

    pub(super) fn is_dry_run(&self) -> bool {
        self.run.dry_run == DryRun::Client
    }

    pub(super) fn email(&self) -> &str {
        self.stage.account.email.as_str()
    }

    /// Rotates the key. `carriers` are the selected Secrets of the account.
    pub(super) async fn run(&self, search: &SearchResult, carriers: Vec<&Carrier>) {
        let keys = tokio::select! {
            biased;
            () = self.run.stop.stopped() => return,
            keys = self.keys() => keys,
        };
        let keys = match keys {
            Ok(keys) => keys,
            Err(failure) => return fail(&self.run, failure).await,
        };
        self.warn_of_wrong_annotations(&carriers).await;
        let planned = plan(&keys, &carriers, self.request.max_age, Timestamp::now());
        let (target, old) = match planned {
            Plan::Nothing { current } => {
                self.report_unchanged(&current, &carriers).await;
                return self.name_orphans(&keys, search, &BTreeSet::new()).await;
            }
            Plan::Create { old } => (None, old),
            Plan::Finish { target, mut old } => {
                let is_written = carriers.iter().all(|it| it.carries_only(&target));
                match self.read_key(&target, &carriers).await {
                    // Another key would not be needed if the read succeeded.
                    Err(error) if !is_written => {
                        let failure = Failure::new(format!(
                            "key {target} cannot be read from the Secrets that carry it, so the rotation cannot be finished: {}",
                            error.error_text()
                        ));
                        return fail(&self.run, failure).await;
                    }
                    Ok(Some(file)) => {
                        if let Ok(id) = target.parse::<KeyId>() {
                            self.stage.use_key(id, file);
                        }
                        (Some(target), old)
                    }
                    _ if is_written => (Some(target), old),
                    // The key is in Secrets that may not be read.
                    _ => {
                        old.insert(target);
                        (None, old)
                    }
                }
            }
        };
        if let Err(failure) = self.preflight(&keys, target.is_none()).await {
            self.name_orphans(&keys, search, &old).await;
            return fail(&self.run, failure).await;
        }
        self.name_orphans(&keys, search, &old).await;
        // Keys that are in use and not due.
        let kept = carriers.iter().flat_map(|it| &it.keys);
        let kept: BTreeSet<String> = kept.filter(|key| !old.contains(*key)).cloned().collect();
        let prepared = self.prepare(carriers).await;
        let unused = UnusedKey::watch(&self.stage, &self.target, &self.run);
        let Some(key) = self.obtain_key(target.as_deref(), &prepared).await else {
            return unused.clean_up(Writes::None).await;
        };
        let Obtained { id, file } = key;
        let mut written = self
            .write_all(prepared, &id, file.as_ref(), &old, &kept)
            .await;
        unused
            .clean_up(writes_of(
                &written.ends,
                &written.search,
                (self.email(), &id),
            ))
            .await;
        if self.run.stop.is_stopped() {
            return;
        }
        self.retire(&mut written, &keys, &id, &old).await;
        self.name_new_orphans(&keys, &written.search, &id).await;
    }

    /// Warns about Secrets whose annotation names another key than their data.
    async fn warn_of_wrong_annotations(&self, carriers: &[&Carrier]) {
        for carrier in carriers {
            let is_of_account = carrier.annotation(ACCOUNT) == Some(self.email());
            let annotated = carrier.annotation(KEY_ID).filter(|_| is_of_account);
            if let Some(annotated) = annotated.filter(|key| !carrier.carries(key)) {
                self.warn(format!(
                    "{} names key {} in its annotation, but contains {}",
                    self.scopes.text(&carrier.place),
                    escape_control(annotated),
                    escape_control(&carrier.keys.join(", "))
                ))
                .await;
            }
        }
    }

    /// Reads the key from one of the Secrets that carry it. Returns `None` if the caller may not read them.
    async fn read_key(
        &self,
        id: &str,
        carriers: &[&Carrier],
    ) -> Result<Option<ServiceAccountKey>, RequestError> {
        let mut failed = None;
        for carrier in carriers.iter().filter(|it| it.carries(id)).take(MAX_READS) {
            let (cluster, namespace, name) = &carrier.place;
            let client = &self.scopes.clusters[*cluster].client;
            let stored = match client.read_secret(namespace, name).await {
                Ok(stored) => stored,
                Err(error) if error.api_error().is_some_and(ApiError::is_forbidden) => continue,
                Err(error) => {
                    failed = Some(error);
                    continue;
                }
            };
            let config = stored.as_ref().and_then(|it| it.data.get(pull_secret::KEY));
            let file = config.and_then(|config| key_in(config, id, self.email()));
            if let Some(file) = file {
                self.request.redactor.add_key(&file);
                return Ok(Some(file));
            }
        }
        failed.map_or(Ok(None), Err)
    }

    /// Prepares the writes. Reports the Secrets that cannot be read; they fail.
    async fn prepare(&self, carriers: Vec<&Carrier>) -> (Vec<Prepared>, Ends) {
        let carriers = carriers.into_iter().cloned().collect();
        self.prepare_owned(carriers).await
    }

    pub(super) async fn prepare_owned(&self, carriers: Vec<Carrier>) -> (Vec<Prepared>, Ends) {
        let (mut ready, mut ends) = (Vec::new(), Ends::new());
        for prepared in prepare(carriers, self.scopes, self.request.force_conflicts).await {
            match prepared {
                Ok(prepared) => ready.push(prepared),
                Err((carrier, error)) => {
                    let outcome = if error.not_started {
                        Outcome::NotStarted
                    } else {
                        Outcome::Failed
                    };
                    ends.insert(carrier.place.clone(), outcome);
                    self.report(&carrier, outcome, Some(error)).await;
                }
            }
        }
        (ready, ends)
    }

    /// Creates or reuses the key and proves it against the registries of the Secrets.
    async fn obtain_key(
        &self,
        target: Option<&str>,
        (prepared, _): &(Vec<Prepared>, Ends),
    ) -> Option<Obtained> {
        let mut commands = Commands::default();
        let mut resources: Vec<OpenResource<'_>> = Vec::new();
        let key = match target {
            None => {
                let resource = OpenResource::new(NewKeyResource::new(&self.stage));
                let id = resource.id().clone();
                commands.add(&self.target, id, create_key(&self.stage.account));
                resource
            }
            Some(id) => OpenResource::new(ReusedKeyResource::new(&id.parse().ok()?)),
        };
        let key_id = key.id().clone();
        resources.push(key);
        // A client dry run has no new key that could be proven; a key that may not be read was proven before.
        if self.stage.has_login() || target.is_none() && !self.is_dry_run() {
            let mut hosts: BTreeSet<&str> = BTreeSet::new();
            for one in prepared {
                hosts.extend(one.hosts.iter().map(|host| host.as_str()));
            }
            let mut known = BTreeSet::new();
            for requested in hosts.into_iter().map(Requested::of_entry) {
                if !requested.is_google() || !known.insert(requested.label.clone()) {
                    continue;
                }
                let dependencies = vec![key_id.clone()];
                let (name, registry) = (&requested.label, requested.target.clone());
                let proof = ProofResource::new(&self.stage, name, registry, dependencies);
                resources.push(OpenResource::new(proof.required()));
            }
        }
        let work = TargetWork {
            target: self.target.clone(),
            resources,
            discovery: None,
        };
        let run = commands.of_run(&self.run);
        let outcomes = reconcile(work, TargetPermit::default(), &run).await;
        if outcomes.is_empty() || !outcomes.values().all(|outcome| outcome.is_success()) {
            return None;
        }
        match (self.stage.take_credential(), target) {
            (Some(IssuedCredential::Key { id, file }), _) => Some(Obtained {
                id: id.as_str().to_owned(),
                file: Some(file),
            }),
            (_, Some(target)) => Some(Obtained {
                id: target.to_owned(),
                file: None,
            }),
            (_, None) => self.is_dry_run().then(|| Obtained {
                id: String::new(),
                file: None,
            }),
        }
    }

    async fn report_unchanged(&self, current: &str, carriers: &[&Carrier]) {
        let key = ObjectId::new(&KEY, current);
        self.report_object(&self.target, key, Outcome::Unchanged, None)
            .await;
        for carrier in carriers {
            self.report(carrier, Outcome::Unchanged, None).await;
        }
    }

    pub(super) async fn report(
        &self,
        carrier: &Carrier,
        outcome: Outcome,
        error: Option<ObjectError>,
    ) {
        let client = &self.scopes.clusters[carrier.place.0].client;
        let object = secret::id(&carrier.place.2);
        self.report_object(&carrier.target(client), object, outcome, error)
            .await;
    }

    /// Sends the result of an object that the engine does not reconcile.
    pub(super) async fn report_object(
        &self,
        target: &TargetName,
        object: ObjectId,
        outcome: Outcome,
        error: Option<ObjectError>,
    ) {
        let ledger = &self.run.ledger;
        ledger.track(target, &object);
        ledger.record_outcome(target, &object, outcome);
        let reserved = self.run.events.reserve().await;
        ledger.close(target, &object, outcome);
        reserved.send(ObjectResult {
            target: target.clone(),
            object,
            outcome,
            error,
            manifest: None,
            command: None,
        });
    }

    pub(super) async fn warn(&self, text: String) {
        self.run
            .events
            .send(Event::Warning { text, at: None })
            .await;
    }
}

/// The key for the Secrets.
struct Obtained {
    /// Its id; empty in a client dry run that creates none.
    id: String,
    /// `None` if all Secrets carry it, or in a client dry run.
    file: Option<ServiceAccountKey>,
}
