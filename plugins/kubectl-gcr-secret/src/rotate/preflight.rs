//! Checks an account before anything is written.

use std::collections::BTreeSet;

use gcr_core::engine::Hint;
use gcr_google::iam_keys::{Key, MAX_KEYS};
use gcr_google::resources::Account;

use super::account_rotation::AccountRotation;
use crate::google_args::Failure;

impl AccountRotation<'_> {
    /// Lists the keys again. Returns `None` if Google does not return them: the run goes on with those it knows.
    pub(super) async fn keys_again(&self) -> Option<Vec<Key>> {
        let account = self.stage.account.reference();
        self.stage.api.keys(account, false).await.ok()
    }

    /// Returns the keys of the account, which must exist and be enabled.
    pub(super) async fn keys(&self) -> Result<Vec<Key>, Failure> {
        let Account { project, email } = &self.stage.account;
        let account = self.stage.api.service_account(project, email, false);
        let keys = self.stage.api.keys(self.stage.account.reference(), false);
        let (account, keys) = futures_util::join!(account, keys);
        match account {
            Ok(None) => {
                return Err(Failure::new(format!("service account {email} not found")));
            }
            Ok(Some(found)) if found.disabled => {
                return Err(Failure {
                    text: format!("service account {email} is disabled"),
                    hint: Some(Hint::new(format!(
                        "enable it: gcloud iam service-accounts enable {email} --project={project}"
                    ))),
                });
            }
            // The list of keys states the problem.
            _ => {}
        }
        keys.map_err(|error| {
            let error = gcr_google::resources::ResourceError::from(error).report();
            Failure {
                text: error.cause,
                hint: error.hint,
            }
        })
    }

    /// Finds missing permissions and a full account before anything is written.
    pub(super) async fn preflight(&self, keys: &[Key], creates: bool) -> Result<(), Failure> {
        let mut wanted = vec![
            "iam.serviceAccountKeys.get",
            "iam.serviceAccountKeys.disable",
        ];
        if creates {
            wanted.push("iam.serviceAccountKeys.create");
        }
        if !self.request.keep_old {
            wanted.push("iam.serviceAccountKeys.delete");
        }
        let missing = self.stage.missing_on_account(&wanted).await;
        if !missing.is_empty() {
            let permissions: Vec<&str> = missing.iter().map(|(name, _)| *name).collect();
            let roles: BTreeSet<&str> = missing.iter().filter_map(|(_, role)| *role).collect();
            let roles: Vec<&str> = roles.into_iter().collect();
            let email = self.email();
            return Err(Failure {
                text: format!(
                    "missing permissions on service account {email}: {}; nothing was written",
                    permissions.join(", ")
                ),
                hint: Some(Hint::new(format!(
                    "grant the caller the role {} on service account {email}",
                    roles.join(", ")
                ))),
            });
        }
        if creates && keys.len() >= MAX_KEYS {
            let Account { project, email } = &self.stage.account;
            return Err(Failure {
                text: format!(
                    "create a key of {email}: the account has {} of {MAX_KEYS} keys; nothing was written",
                    keys.len()
                ),
                hint: Some(Hint::new(format!(
                    "delete a key that is not used: gcloud iam service-accounts keys list --iam-account={email} --managed-by=user --project={project}"
                ))),
            });
        }
        Ok(())
    }
}
