//! Deletes a new key that no Secret holds, or names it with the command that deletes it.

use std::sync::Arc;
use std::time::Duration;

use gcr_core::engine::{
    Event, Hint, ObjectError, ObjectId, ObjectResult, Outcome, RunContext, TargetName, Writes,
};
use gcr_google::iam_keys::delete_command;
use gcr_google::names::KeyId;
use gcr_google::resources::{DELETED, KEY, Stage};

/// The time limit for the deletion. After an interruption, the process ends 5 seconds after the signal.
const LIMIT: Duration = Duration::from_millis(2500);

/// Watches the new key of a run, also if the run is dropped.
pub(crate) struct UnusedKey {
    stage: Arc<Stage>,
    target: TargetName,
    run: RunContext,
}

impl UnusedKey {
    pub(crate) fn watch(stage: &Arc<Stage>, target: &TargetName, run: &RunContext) -> Self {
        Self {
            stage: Arc::clone(stage),
            target: target.clone(),
            run: run.clone(),
        }
    }

    /// Deletes the key if there is one that certainly no Secret holds. `secrets` states whether a Secret was written with it.
    pub(crate) async fn clean_up(self, secrets: Writes) {
        let Some(id) = self.stage.unused_key() else {
            return;
        };
        match secrets {
            Writes::Confirmed => self.stage.key_is_settled(),
            // Dropping the watch names the key.
            Writes::Unconfirmed => {}
            Writes::None => self.delete(&id).await,
        }
    }

    async fn delete(&self, id: &KeyId) {
        let object = ObjectId::new(&KEY, id.as_str());
        let tracker = self.run.ledger.track(&self.target, &object);
        tracker.mark_sent();
        let account = self.stage.account.reference();
        let deletion = self.stage.api.delete_key(account, id);
        let result = tokio::time::timeout(LIMIT, deletion).await;
        let (outcome, error) = match result {
            Ok(Ok(_)) => (DELETED, None),
            Ok(Err(error)) if error.may_have_applied() => {
                let error = self.not_deleted(id, "may not be deleted", &error.to_string());
                (Outcome::Unknown, Some(error))
            }
            Ok(Err(error)) => {
                let error = self.not_deleted(id, "was not deleted", &error.to_string());
                (Outcome::Failed, Some(error))
            }
            Err(_) => {
                let reason = "Google did not respond in time";
                let error = self.not_deleted(id, "may not be deleted", reason);
                (Outcome::Unknown, Some(error))
            }
        };
        self.stage.key_is_settled();
        self.run
            .ledger
            .record_outcome(&self.target, &object, outcome);
        let reserved = self.run.events.reserve().await;
        self.run.ledger.close(&self.target, &object, outcome);
        reserved.send(ObjectResult {
            target: self.target.clone(),
            object,
            outcome,
            error,
            manifest: None,
            command: None,
        });
    }

    fn not_deleted(&self, id: &KeyId, state: &str, reason: &str) -> ObjectError {
        let cause = format!("no Secret holds the new key {id}, and it {state}: {reason}");
        ObjectError {
            text: format!("error: {cause}"),
            cause,
            not_started: false,
            hint: Some(self.hint(id)),
        }
    }

    fn hint(&self, id: &KeyId) -> Hint {
        let command = delete_command(self.stage.account.reference(), id.as_str());
        Hint::new(format!("delete the unused key: {command}"))
    }
}

impl Drop for UnusedKey {
    /// Names a key whose fate is not known, because the run was dropped or a write was not confirmed.
    fn drop(&mut self) {
        let send = |text: String, hint: Hint| {
            let (line, context) = (format!("error: {text}"), None);
            self.run.events.send_now(Event::Error { line, context });
            self.run.events.send_now(Event::Hint(hint));
        };
        if let Some(id) = self.stage.unused_key() {
            let text = format!("it is unknown whether a Secret holds the new key {id}");
            send(text, self.hint(&id));
        } else if self.stage.is_creating_key() {
            let email = &self.stage.account.email;
            let project = &self.stage.account.project;
            let text = format!("a new key of {email} may exist that no Secret holds");
            let hint = format!(
                "look for it: gcloud iam service-accounts keys list --iam-account={email} --managed-by=user --project={project}"
            );
            send(text, Hint::new(hint));
        }
    }
}
