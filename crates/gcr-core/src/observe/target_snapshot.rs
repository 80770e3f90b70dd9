//! What a cluster's lists have shown of one namespace: so many reads less. Nothing known is a sight too.
//!
//! Good for the first look only. Whatever turns out stale, and whatever a list does not say, is read.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::domain::names::SecretName;
use crate::kubernetes::service_accounts::StoredAccount;

/// What is known of one namespace before it is looked at.
#[derive(Debug, Default)]
pub struct TargetSnapshot {
    /// Secrets by name, `None` where they were not there.
    pub(super) secrets: BTreeMap<SecretName, Option<ObjectMeta>>,
    /// The accounts that were listed: all that are selected, where they are selected by label or as all.
    pub(super) accounts: Option<Vec<StoredAccount>>,
}

impl TargetSnapshot {
    /// What is known of a Secret; asked again it is not.
    pub(super) fn secret(&mut self, name: &SecretName) -> Option<Option<ObjectMeta>> {
        self.secrets.remove(name)
    }
}
