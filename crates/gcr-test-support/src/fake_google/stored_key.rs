//! A key of a service account, as the fake stores it.

use jiff::Timestamp;
use rsa::PublicKey;

use super::propagation::Delay;
use super::rsa_key::RsaKey;

/// A key.
pub(super) struct Key {
    pub(super) id: String,
    pub(super) public: PublicKey,
    pub(super) created: Timestamp,
    pub(super) expires: Option<Timestamp>,
    pub(super) disabled: bool,
    /// Whether Google manages the key: it signs for the account, is not counted and cannot be deleted.
    pub(super) is_system_managed: bool,
    pub(super) delay: Delay,
}

impl Key {
    /// Returns the key with which Google signs for an account. The private half is the process's.
    pub(super) fn system_managed(now: Timestamp) -> Self {
        Self {
            id: new_id(),
            public: RsaKey::of_process().public().clone(),
            created: now,
            expires: None,
            disabled: false,
            is_system_managed: true,
            delay: Delay::default(),
        }
    }

    /// Returns whether signatures of this key are accepted. Counts as a use of a new key.
    pub(super) fn is_usable(&mut self, now: Timestamp) -> bool {
        let expired = self.expires.is_some_and(|expires| expires <= now);
        !self.disabled && !expired && self.delay.is_over()
    }
}

/// Returns a key id of Google's form: 40 hexadecimal digits.
pub(super) fn new_id() -> String {
    format!("{:032x}{:08x}", fastrand::u128(..), fastrand::u32(..))
}
