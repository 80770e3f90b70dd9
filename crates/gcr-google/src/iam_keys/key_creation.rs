//! Creates keys. The request is sent at most once: each one that arrives makes a key, and only its response contains the
//! private part.
//!
//! After a lost response, the keys are listed and compared with the list from before. A single new key that a second list
//! confirms is the lost one: it is deleted, because nothing can use it, and one further attempt is made. Several new keys mean that another client has
//! created one too: none is deleted.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gcr_core::domain::service_account_key::ServiceAccountKey;
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::key::{AccountRef, Key, MAX_KEYS, path};
use crate::api_client::{ApiCall, ApiClient};
use crate::api_error::Reason;
use crate::endpoints::Api;
use crate::error::{GoogleError, GoogleErrorKind};
use crate::names::KeyId;
use crate::retry::Safety;

/// How often, and how long after the loss, the keys are listed: a new key may be listed late.
const LIST_DELAYS: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_secs(2),
    Duration::from_secs(5),
];

/// A new key with its private part.
pub struct CreatedKey {
    /// The ID.
    pub id: KeyId,
    /// The validated key file.
    pub file: ServiceAccountKey,
}

/// There is no new key, or its private part is lost.
#[derive(Debug, thiserror::Error)]
pub enum KeyCreationError {
    /// Google refuses, or the request failed before it could have an effect.
    #[error(transparent)]
    Google(GoogleError),
    /// The account has as many keys as it can have.
    #[error("{action}: the account has {} of {MAX_KEYS} keys", keys.len())]
    Limit {
        /// The operation and its object.
        action: String,
        /// The keys.
        keys: Vec<Key>,
    },
    /// The response was lost, and the lost key could not be identified or deleted.
    #[error("{error}{}", lost_keys(keys))]
    Lost {
        /// The reason for the loss.
        error: GoogleError,
        /// The keys that appeared meanwhile. Empty if none is visible yet.
        keys: Vec<Key>,
    },
}

/// How an attempt to create a key failed.
struct Failure {
    error: GoogleError,
    /// The ID that a response without a usable private part names.
    named: Option<KeyId>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Reply {
    name: String,
    private_key_data: Zeroizing<String>,
}

impl fmt::Debug for CreatedKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "CreatedKey({})", self.id)
    }
}

impl KeyCreationError {
    /// Returns what the user can do. `account` is the account of the keys.
    #[must_use]
    pub fn hint(&self, account: AccountRef<'_>) -> Option<String> {
        match self {
            Self::Google(error) => error.hint(),
            Self::Limit { .. } => Some(format!(
                "delete a key that is not used: gcloud iam service-accounts keys list --iam-account={} --managed-by=user --project={}",
                account.email, account.project
            )),
            Self::Lost { keys, .. } if keys.is_empty() => Some(format!(
                "a key may exist without its private part; look for one: gcloud iam service-accounts keys list --iam-account={} --managed-by=user --project={}",
                account.email, account.project
            )),
            Self::Lost { keys, .. } => {
                let commands = keys.iter().map(|key| delete_command(account, key.id()));
                let commands: Vec<String> = commands.collect();
                Some(format!("delete the lost key: {}", commands.join("; ")))
            }
        }
    }
}

impl ApiClient {
    /// Creates a key. `known` are the keys that exist, where the caller knows that for certain; otherwise they are listed.
    ///
    /// # Errors
    /// Fails without `iam.serviceAccountKeys.create`, at the limit of ten keys, if an organization policy forbids keys, and
    /// if the response is lost twice. The variants tell them apart.
    pub async fn create_key(
        &self,
        account: AccountRef<'_>,
        mut known: Option<Vec<Key>>,
    ) -> Result<CreatedKey, KeyCreationError> {
        let action = format!("create a key of {}", account.email);
        let mut is_second = false;
        loop {
            let before = match known.take() {
                Some(known) => known,
                None => {
                    let listed = self.keys(account, false).await;
                    listed.map_err(KeyCreationError::Google)?
                }
            };
            let failure = match self.try_create_key(account, &action).await {
                Ok(created) => return Ok(created),
                Err(failure) => failure,
            };
            let error = failure.error;
            if failure.named.is_none() && !error.may_have_applied() {
                return Err(self.refused(account, error, before.len()).await);
            }
            let new = self
                .new_keys(account, &before, failure.named.as_ref())
                .await;
            let lost = match new.as_slice() {
                [one] => one.id().parse::<KeyId>().ok(),
                _ => None,
            };
            let Some(lost) = lost else {
                return Err(KeyCreationError::Lost { error, keys: new });
            };
            if self.delete_key(account, &lost).await.is_err() {
                return Err(KeyCreationError::Lost { error, keys: new });
            }
            tracing::debug!("deleted key {lost}, whose private part was lost: {error}");
            if is_second {
                return Err(KeyCreationError::Google(error));
            }
            is_second = true;
        }
    }

    async fn try_create_key(
        &self,
        account: AccountRef<'_>,
        action: &str,
    ) -> Result<CreatedKey, Failure> {
        let body = json!({
            "privateKeyType": "TYPE_GOOGLE_CREDENTIALS_FILE",
            "keyAlgorithm": "KEY_ALG_RSA_2048",
        });
        let url = format!("{}/keys", path(account));
        let call = ApiCall::post(action, Api::Iam, url, Safety::AtMostOnce, &body);
        let reply: Reply = self
            .call(call)
            .await
            .map_err(|error| Failure { error, named: None })?;
        let redactor = self.http().redactor();
        redactor.add_secret(&reply.private_key_data);
        let id: Option<KeyId> = reply.name.rsplit('/').next().and_then(|id| id.parse().ok());
        let incomplete = |what| Failure {
            error: GoogleError::new(action, GoogleErrorKind::Incomplete(what)),
            named: id.clone(),
        };
        let file = STANDARD
            .decode(reply.private_key_data.as_bytes())
            .map(Zeroizing::new);
        let file = file.map_err(|_| incomplete("a private key"))?;
        let file = ServiceAccountKey::parse(file).map_err(|_| incomplete("a private key"))?;
        redactor.add_key(&file);
        match &id {
            Some(id) if file.private_key_id() == Some(id.as_str()) => Ok(CreatedKey {
                id: id.clone(),
                file,
            }),
            _ => Err(incomplete("the ID of the key")),
        }
    }

    /// Returns the keys that did not exist before, waiting some seconds for the first to appear. Then lists once more: another
    /// client may have created a key too, and Google may list ours later.
    async fn new_keys(
        &self,
        account: AccountRef<'_>,
        before: &[Key],
        named: Option<&KeyId>,
    ) -> Vec<Key> {
        if let Some(id) = named {
            let name = format!("keys/{id}");
            return vec![Key {
                name,
                ..Key::default()
            }];
        }
        let mut found = Vec::new();
        for pause in LIST_DELAYS {
            tokio::time::sleep(pause).await;
            let Ok(after) = self.keys(account, false).await else {
                continue;
            };
            let is_new = |key: &Key| before.iter().all(|old| old.id() != key.id());
            let new: Vec<Key> = after.into_iter().filter(is_new).collect();
            if !found.is_empty() {
                return new;
            }
            found = new;
        }
        found
    }

    /// Tells the limit of ten keys from other failed preconditions: Google responds the same to both.
    async fn refused(
        &self,
        account: AccountRef<'_>,
        error: GoogleError,
        count: usize,
    ) -> KeyCreationError {
        if error.reason() == Some(&Reason::FailedPrecondition) && count >= MAX_KEYS - 1 {
            // Another client may have created the tenth meanwhile.
            if let Ok(keys) = self.keys(account, false).await
                && keys.len() >= MAX_KEYS
            {
                return KeyCreationError::Limit {
                    action: error.action,
                    keys,
                };
            }
        }
        KeyCreationError::Google(error)
    }
}

/// Returns the command that deletes a key.
#[must_use]
pub fn delete_command(account: AccountRef<'_>, key: &str) -> String {
    format!(
        "gcloud iam service-accounts keys delete {key} --iam-account={} --project={}",
        account.email, account.project
    )
}

fn lost_keys(keys: &[Key]) -> String {
    let names = keys.iter().map(|key| match key.valid_after_time.as_str() {
        "" => format!("key {}", key.id()),
        time => format!("key {} (created {time})", key.id()),
    });
    let names: Vec<String> = names.collect();
    if names.is_empty() {
        "; the response was lost, and no new key is visible".to_owned()
    } else {
        format!(
            "; the response was lost, and the account has new keys: {}",
            names.join(", ")
        )
    }
}
