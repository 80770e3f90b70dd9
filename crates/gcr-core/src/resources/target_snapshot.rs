//! Holds the objects of one namespace that the cluster's lists contained, which saves reading them one by one.
//!
//! Valid for the first round only: stale objects, and objects that no list covered, are read.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::service_account::Listed;
use crate::domain::names::{SecretName, ServiceAccountName};
use crate::kubernetes::service_accounts::StoredAccount;

/// The listed objects of one namespace. Empty if no list covered it.
#[derive(Debug, Default)]
pub struct TargetSnapshot {
    /// Secrets by name; `None` if the list did not contain one.
    pub(super) secrets: BTreeMap<SecretName, Option<ObjectMeta>>,
    /// The metadata of the Secrets of this plugin.
    pub(super) managed_secrets: Option<Vec<ObjectMeta>>,
    /// The listed accounts: all selected ones, if the selection is by label or `--all`.
    pub(super) accounts: Option<Vec<StoredAccount>>,
}

impl TargetSnapshot {
    /// Removes and returns a Secret: `None` if no list covered it.
    pub fn take_secret(&mut self, name: &SecretName) -> Option<Option<ObjectMeta>> {
        self.secrets.remove(name)
    }

    /// Removes and returns the Secrets of this plugin: `None` if no list covered them.
    pub fn take_managed_secrets(&mut self) -> Option<Vec<ObjectMeta>> {
        self.managed_secrets.take()
    }

    /// Returns the Secret and all accounts: `None` for each that no list covered.
    pub fn into_secret_and_accounts(
        mut self,
        name: &SecretName,
    ) -> (Option<Option<ObjectMeta>>, Option<Vec<StoredAccount>>) {
        (self.take_secret(name), self.accounts)
    }

    /// Removes and returns an account.
    pub fn take_account(&mut self, name: &ServiceAccountName) -> Listed {
        let Some(accounts) = &mut self.accounts else {
            return Listed::Unknown;
        };
        let is_it = |account: &StoredAccount| account.name() == name.as_str();
        match accounts.iter().position(is_it) {
            Some(index) => Listed::Stored(Box::new(accounts.swap_remove(index))),
            None => Listed::Absent,
        }
    }

    /// Removes and returns all accounts: `None` if no list covered them.
    pub fn take_accounts(&mut self) -> Option<Vec<StoredAccount>> {
        self.accounts.take()
    }
}
