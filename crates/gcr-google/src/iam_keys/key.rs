//! A key of a service account, and the account that it belongs to.

use jiff::Timestamp;
use serde::Deserialize;

use crate::iam::account_path;
use crate::names::{ProjectId, ServiceAccountEmail};

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

    /// Returns whether the key has expired. A time that cannot be read is no expiry.
    #[must_use]
    pub fn has_expired(&self) -> bool {
        let expiry: Result<Timestamp, _> = self.valid_before_time.parse();
        expiry.is_ok_and(|expiry| expiry < Timestamp::now())
    }

    /// Returns whether Google accepts the key at this time.
    #[must_use]
    pub fn is_valid(&self, now: Timestamp) -> bool {
        let expiry = self.valid_before_time.parse::<Timestamp>();
        !self.disabled && expiry.map_or(true, |expiry| expiry > now)
    }

    /// Returns when the key was created, if Google says so.
    #[must_use]
    pub fn created(&self) -> Option<Timestamp> {
        self.valid_after_time.parse().ok()
    }
}

/// Returns the path of the account in the API.
pub(super) fn path(account: AccountRef<'_>) -> String {
    account_path(account.project, account.email)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_is_valid_until_it_expires_or_is_disabled() {
        let now = "2026-06-01T00:00:00Z".parse().unwrap();
        let key = |valid_before_time: &str, disabled| Key {
            valid_before_time: valid_before_time.to_owned(),
            disabled,
            ..Key::default()
        };
        for (valid_before_time, disabled, is_valid) in [
            ("9999-12-31T23:59:59Z", false, true),
            ("2026-06-01T00:00:01Z", false, true),
            ("2026-06-01T00:00:00Z", false, false),
            ("2026-05-31T23:59:59Z", false, false),
            ("9999-12-31T23:59:59Z", true, false),
            ("", false, true),
        ] {
            let key = key(valid_before_time, disabled);
            assert_eq!(key.is_valid(now), is_valid, "{key:?}");
        }
    }
}
