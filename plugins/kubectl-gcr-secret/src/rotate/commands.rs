//! Builds the commands of gcloud and kubectl that a client dry run of a rotation prints.

use std::collections::HashMap;
use std::sync::Arc;

use gcr_core::domain::registry_credential::KeyAuth;
use gcr_core::engine::{EquivalentCommands, ObjectId, RunContext, TargetName};
use gcr_core::request::DryRun;
use gcr_core::resources::secret;
use gcr_google::resources::Account;

use super::prepared::Prepared;
use super::secret_search::Scopes;
use crate::shell_word::quoted;

/// The commands of one phase of a rotation.
#[derive(Default)]
pub(super) struct Commands(HashMap<(TargetName, ObjectId), String>);

impl Commands {
    /// Adds the command for an object.
    pub(super) fn add(&mut self, target: &TargetName, object: ObjectId, command: String) {
        self.0.insert((target.clone(), object), command);
    }

    /// Adds the commands that write the new key, which [`create_key`] has put into a file.
    pub(super) fn add_secrets(&mut self, prepared: &[Prepared], scopes: &Scopes, file: &str) {
        for one in prepared {
            let (cluster, namespace, name) = &one.carrier.place;
            let context = scopes.context(&one.carrier.place);
            let context = context.map(|it| format!(" --context={}", quoted(&it)));
            let hosts: Vec<&str> = one.hosts.iter().map(|host| host.as_str()).collect();
            let auth = match one.auth {
                KeyAuth::JsonKey => "",
                KeyAuth::JsonKeyBase64 => " --auth=json-key-base64",
            };
            let merge = if one.merge { " --merge" } else { "" };
            let command = format!(
                "kubectl gcr-secret create {name} --key-file={file} --registry={}{auth}{merge} -n {namespace}{}",
                hosts.join(","),
                context.unwrap_or_default()
            );
            let target = one.carrier.target(&scopes.clusters[*cluster].client);
            self.add(&target, secret::id(name), command);
        }
    }

    /// Returns the run that prints these commands, if it is a client dry run.
    pub(super) fn of_run(self, run: &RunContext) -> RunContext {
        let commands: Arc<dyn EquivalentCommands> = Arc::new(self);
        RunContext {
            commands: (run.dry_run == DryRun::Client).then_some(commands),
            ..run.clone()
        }
    }
}

impl EquivalentCommands for Commands {
    fn command(&self, target: &TargetName, object: &ObjectId) -> Option<String> {
        self.0.get(&(target.clone(), object.clone())).cloned()
    }
}

/// Returns the file that [`create_key`] writes.
pub(super) fn key_file(account: &Account) -> String {
    format!("{}-key.json", account.email.id())
}

/// Returns the command that creates a key.
pub(super) fn create_key(account: &Account) -> String {
    format!(
        "gcloud iam service-accounts keys create {} --iam-account={} --project={}",
        key_file(account),
        account.email,
        account.project
    )
}

/// Returns the command that disables a key.
pub(super) fn disable_key(account: &Account, key: &str) -> String {
    format!(
        "gcloud iam service-accounts keys disable {key} --iam-account={} --project={}",
        account.email, account.project
    )
}
