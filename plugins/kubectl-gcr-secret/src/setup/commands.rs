//! Builds the commands of gcloud and kubectl that a client dry run of a set-up prints. If the user pastes them into a shell in
//! the order of the lines, they lead to the same state.

use std::collections::HashMap;
use std::time::Duration;

use gcr_core::domain::names::SecretName;
use gcr_core::domain::registry_host::RegistryHost;
use gcr_core::engine::{EquivalentCommands, ObjectId, TargetName};
use gcr_core::resources::secret::SECRET;
use gcr_core::resources::service_account::SERVICE_ACCOUNT;
use gcr_google::artifact_registry::RepositoryRole;
use gcr_google::names::{ProjectId, RepositoryName};
use gcr_google::resources::Account;

use crate::shell_word::quoted;

/// The commands of a set-up.
pub(super) struct Commands {
    /// The commands for Google's objects.
    google: HashMap<ObjectId, String>,
    secret: SecretName,
    hosts: Vec<RegistryHost>,
    /// The flag that names the file with the credential; `None` if the credential is in a Secret already.
    credential: Option<String>,
}

impl Commands {
    pub(super) fn new(secret: SecretName, hosts: Vec<RegistryHost>) -> Self {
        Self {
            google: HashMap::new(),
            secret,
            hosts,
            credential: None,
        }
    }

    pub(super) fn service(&mut self, id: ObjectId, project: &ProjectId, service: &str) {
        let command = format!("gcloud services enable {service} --project={project}");
        self.google.insert(id, command);
    }

    pub(super) fn repository(&mut self, id: ObjectId, name: &RepositoryName, description: &str) {
        let command = format!(
            "gcloud artifacts repositories create {} --repository-format=docker --location={} --project={} --description={}",
            name.id,
            name.location,
            name.project,
            quoted(description)
        );
        self.google.insert(id, command);
    }

    pub(super) fn account(&mut self, id: ObjectId, account: &Account, texts: (&str, &str)) {
        let command = format!(
            "gcloud iam service-accounts create {} --project={} --display-name={} --description={}",
            account.email.id(),
            account.project,
            quoted(texts.0),
            quoted(texts.1)
        );
        self.google.insert(id, command);
    }

    pub(super) fn binding(
        &mut self,
        id: ObjectId,
        name: &RepositoryName,
        role: RepositoryRole,
        account: &Account,
    ) {
        let command = format!(
            "gcloud artifacts repositories add-iam-policy-binding {} --location={} --project={} --member={} --role={role}",
            name.id,
            name.location,
            name.project,
            account.email.member()
        );
        self.google.insert(id, command);
    }

    pub(super) fn key(&mut self, id: ObjectId, account: &Account) {
        let file = format!("{}-key.json", account.email.id());
        let command = format!(
            "gcloud iam service-accounts keys create {file} --iam-account={} --project={}",
            account.email, account.project
        );
        self.google.insert(id, command);
        self.credential = Some(format!("--key-file={file}"));
    }

    pub(super) fn token(&mut self, id: ObjectId, account: &Account, lifetime: Duration) {
        let file = format!("{}-token", account.email.id());
        let command = format!(
            "gcloud auth print-access-token --impersonate-service-account={} --lifetime={}s > {file}",
            account.email,
            lifetime.as_secs()
        );
        self.google.insert(id, command);
        self.credential = Some(format!("--access-token-file={file}"));
    }

    fn of_secret(&self, location: &str) -> Option<String> {
        let hosts: Vec<&str> = self.hosts.iter().map(RegistryHost::as_str).collect();
        Some(format!(
            "kubectl gcr-secret create {} {} --registry={}{location}",
            self.secret,
            self.credential.as_ref()?,
            hosts.join(",")
        ))
    }
}

impl EquivalentCommands for Commands {
    fn command(&self, target: &TargetName, object: &ObjectId) -> Option<String> {
        let Some(namespace) = target.namespace() else {
            return self.google.get(object).cloned();
        };
        let context = target.context.as_deref();
        let context = context.map(|name| format!(" --context={}", quoted(name)));
        let location = format!(" -n {namespace}{}", context.unwrap_or_default());
        if object.kind == &SECRET {
            self.of_secret(&location)
        } else if object.kind == &SERVICE_ACCOUNT {
            let (name, secret) = (&object.name, &self.secret);
            Some(format!(
                "kubectl gcr-patch-sa {name} --secret={secret} --field-manager=kubectl-gcr-secret{location}"
            ))
        } else {
            None
        }
    }
}
