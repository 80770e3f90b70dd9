//! IAM API: keys of service accounts.

mod key_creation;

use serde::Deserialize;
use serde_json::json;

use crate::api_client::{ApiCall, ApiClient};
use crate::endpoints::Api;
use crate::error::GoogleError;
use crate::iam::account_path;
use crate::names::{KeyId, ProjectId, ServiceAccountEmail, segment};
use crate::retry::Safety;

pub use key_creation::{CreatedKey, KeyCreationError, delete_command};

/// The maximum number of keys that users can create per account.
pub const MAX_KEYS: usize = 10;

/// A key of a service account, without its private part.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct Key {
    /// The resource name, which ends in the ID.
    pub name: String,
    /// When the key was created, in RFC 3339.
    pub valid_after_time: String,
    /// When the key expires; the end of the year 9999 for keys without expiry.
    pub valid_before_time: String,
    /// Whether the key is refused until it is enabled.
    pub disabled: bool,
    /// Why it is disabled, such as `USER_INITIATED` or `EXPOSED`.
    pub disable_reason: String,
}

#[derive(Default, Deserialize)]
struct KeyList {
    #[serde(default)]
    keys: Vec<Key>,
}

/// A service account and its project, as the methods for keys need them.
#[derive(Clone, Copy, Debug)]
pub struct AccountRef<'a> {
    /// The project.
    pub project: &'a ProjectId,
    /// The address.
    pub email: &'a ServiceAccountEmail,
}

impl Key {
    /// Returns the ID: the last part of the name.
    #[must_use]
    pub fn id(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }
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

    /// Disables a key. [`Self::enable_key`] reverses it.
    ///
    /// # Errors
    /// Fails without `iam.serviceAccountKeys.disable`, and if the key does not exist.
    pub async fn disable_key(
        &self,
        account: AccountRef<'_>,
        key: &KeyId,
    ) -> Result<(), GoogleError> {
        self.switch_key("disable", account, key).await
    }

    /// Enables a key.
    ///
    /// # Errors
    /// Fails without `iam.serviceAccountKeys.enable`, and if the key does not exist.
    pub async fn enable_key(
        &self,
        account: AccountRef<'_>,
        key: &KeyId,
    ) -> Result<(), GoogleError> {
        self.switch_key("enable", account, key).await
    }

    async fn switch_key(
        &self,
        verb: &str,
        account: AccountRef<'_>,
        key: &KeyId,
    ) -> Result<(), GoogleError> {
        let action = format!("{verb} key {key}");
        let path = format!("{}:{verb}", key_path(account, key));
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
        match self.send(call).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn path(account: AccountRef<'_>) -> String {
    account_path(account.project, account.email)
}

fn key_path(account: AccountRef<'_>, key: &KeyId) -> String {
    format!("{}/keys/{}", path(account), segment(key.as_str()))
}
