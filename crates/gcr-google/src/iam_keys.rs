//! IAM API: keys of service accounts.

mod key;
mod key_creation;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use crate::api_client::{ApiCall, ApiClient};
use crate::endpoints::Api;
use crate::error::GoogleError;
use crate::names::{KeyId, segment};
use crate::retry::Safety;
use key::path;

pub use key::{AccountRef, Key, MAX_KEYS};
pub use key_creation::{CreatedKey, KeyCreationError, delete_command};

#[derive(Default, Deserialize)]
struct KeyList {
    #[serde(default)]
    keys: Vec<Key>,
}

impl ApiClient {
    /// Returns the keys that users have created. Google's own keys, which it rotates, are left out.
    ///
    /// # Errors
    /// Fails without `iam.serviceAccountKeys.list`, and if the account does not exist.
    pub async fn keys(
        &self,
        account: AccountRef<'_>,
        after_create: bool,
    ) -> Result<Vec<Key>, GoogleError> {
        let action = format!("list the keys of {}", account.email);
        let call = ApiCall::get(&action, Api::Iam, format!("{}/keys", path(account)))
            .query("keyTypes", "USER_MANAGED")
            .after_create(after_create);
        Ok(self.call::<KeyList>(call).await?.keys)
    }

    /// Returns a key; `None` if it does not exist.
    ///
    /// # Errors
    /// Fails without `iam.serviceAccountKeys.get`.
    pub async fn key(
        &self,
        account: AccountRef<'_>,
        key: &KeyId,
    ) -> Result<Option<Key>, GoogleError> {
        let action = format!("get key {key}");
        self.find(ApiCall::get(&action, Api::Iam, key_path(account, key)))
            .await
    }

    /// Disables a key, which an operator can reverse.
    ///
    /// # Errors
    /// Fails without `iam.serviceAccountKeys.disable`, and if the key does not exist.
    pub async fn disable_key(
        &self,
        account: AccountRef<'_>,
        key: &KeyId,
    ) -> Result<(), GoogleError> {
        let action = format!("disable key {key}");
        let path = format!("{}:disable", key_path(account, key));
        let call = ApiCall::post(&action, Api::Iam, path, Safety::Idempotent, &json!({}));
        self.send(call).await.map(|_| ())
    }

    /// Deletes a key. Returns whether it existed. Access tokens that were issued with it stay valid for up to an hour.
    ///
    /// # Errors
    /// Fails without `iam.serviceAccountKeys.delete`.
    pub async fn delete_key(
        &self,
        account: AccountRef<'_>,
        key: &KeyId,
    ) -> Result<bool, GoogleError> {
        let action = format!("delete key {key}");
        let mut call = ApiCall::get(&action, Api::Iam, key_path(account, key));
        call.method = http::Method::DELETE;
        // The page of a proxy is no confirmation.
        let deleted = self.find::<IgnoredAny>(call).await?;
        Ok(deleted.is_some())
    }
}

fn key_path(account: AccountRef<'_>, key: &KeyId) -> String {
    format!("{}/keys/{}", path(account), segment(key.as_str()))
}
