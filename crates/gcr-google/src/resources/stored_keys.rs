//! The keys of the account that the pull Secrets of the clusters carry.

use futures_util::future::BoxFuture;
use gcr_core::domain::service_account_key::ServiceAccountKey;

use crate::names::KeyId;

/// A key that the annotations of a pull Secret name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredKey {
    /// The ID of the key.
    pub id: KeyId,
    /// Identifies the Secret to the implementation.
    pub position: usize,
}

/// The pull Secrets that a run selects.
pub trait StoredKeys: Send + Sync {
    /// Returns the keys of the account that the Secrets name. Reads metadata only, and the clusters only once.
    fn list(&self) -> BoxFuture<'_, &[StoredKey]>;

    /// Reads a key; `None` if the Secret may not be read or does not contain it.
    fn read<'a>(&'a self, key: &'a StoredKey) -> BoxFuture<'a, Option<ServiceAccountKey>>;
}
