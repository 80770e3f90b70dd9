//! Skips objects that are no longer part of a run: those of deleted namespaces, and missing accounts when detaching.

use super::Reconciler;
use crate::domain::names::ServiceAccountName;
use crate::event::Event;
use crate::object_error::ObjectError;
use crate::plan::AccountStep;
use crate::request::AccountChange;
use crate::target::ObjectName;

impl Reconciler<'_> {
    /// Skips missing accounts when detaching in namespaces that the user did not name: they have no entry to remove.
    pub(super) async fn skip_absent_accounts(
        &mut self,
        steps: &mut Vec<(ServiceAccountName, AccountStep)>,
    ) {
        let detaches = self.desired.accounts.as_ref().is_some_and(|accounts| {
            !self.target.named && matches!(accounts.change, AccountChange::Detach(_))
        });
        let is_absent = |step: &AccountStep| matches!(step, AccountStep::Fail(error) if error.is_account_not_found());
        let absent = steps.extract_if(.., |(_, step)| detaches && is_absent(step));
        let absent: Vec<_> = absent.map(|(name, _)| name).collect();
        for name in &absent {
            self.state.finish_account(name);
        }
        self.skip(absent.into_iter().map(ObjectName::ServiceAccount))
            .await;
    }

    /// Removes objects from the run: they count neither as successful nor as failed.
    pub(super) async fn skip(&self, objects: impl IntoIterator<Item = ObjectName>) {
        let target = self.target.name();
        let mut skipped = 0;
        for object in objects {
            self.ledger.skip(&target, &object);
            skipped += 1;
        }
        if skipped > 0 {
            let event = Event::TotalDecreased {
                context: target.context,
                objects: skipped,
            };
            self.target.cluster.emit(event).await;
        }
    }

    /// Returns whether the error means that the namespace was deleted, if the user did not name it. Prints that once per
    /// target; the caller then skips the object.
    pub(super) async fn skip_if_namespace_gone(&mut self, error: &ObjectError) -> bool {
        let Some(reason) = error.namespace_gone().filter(|_| !self.target.named) else {
            return false;
        };
        let line = format!("namespace/{} skipped: {reason}", self.target.namespace);
        if self.state.warn_once(&line) {
            self.note(line).await;
        }
        true
    }
}
