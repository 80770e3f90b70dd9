//! Decides from the metadata of a Secret whether its access token is to be renewed. Pure.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::resources::pull_secret_summary::PullSecretSummary;

/// The value of the annotation for access tokens ([`RegistryCredential::kind`]).
///
/// [`RegistryCredential::kind`]: crate::domain::registry_credential::RegistryCredential::kind
const ACCESS_TOKEN: &str = "access-token";

/// The state of the token in a Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenState {
    /// The Secret is not of this plugin, or contains another kind of credential.
    NoToken,
    /// The token belongs to no known account, so that it cannot be renewed.
    UnknownAccount,
    /// The token stays valid for long enough.
    Valid,
    /// The token of this account is to be renewed.
    Due(String),
}

/// Returns whether a Secret of this plugin contains an access token.
pub(super) fn has_token(metadata: &ObjectMeta) -> bool {
    token_state(metadata, None, Timestamp::MIN) != TokenState::NoToken
}

/// Returns the state of the token. `within` is [`DesiredRefresh::within`]; `now` is the server's time. A token without a valid
/// time is due.
///
/// [`DesiredRefresh::within`]: crate::request::DesiredRefresh::within
pub(super) fn token_state(
    metadata: &ObjectMeta,
    within: Option<Duration>,
    now: Timestamp,
) -> TokenState {
    let summary = PullSecretSummary::of(metadata);
    if !summary.is_managed || summary.credential.as_deref() != Some(ACCESS_TOKEN) {
        return TokenState::NoToken;
    }
    let Some(account) = summary.account else {
        return TokenState::UnknownAccount;
    };
    let expires: Option<Timestamp> = summary.expires.and_then(|time| time.parse().ok());
    match (expires, within) {
        (Some(expires), Some(within)) if is_later(expires, now, within) => TokenState::Valid,
        _ => TokenState::Due(account),
    }
}

/// Returns whether `time` is more than `duration` after `now`.
fn is_later(time: Timestamp, now: Timestamp, duration: Duration) -> bool {
    let left = Duration::try_from(time.duration_since(now));
    left.is_ok_and(|left| left > duration)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: &str = "2026-01-01T12:00:00Z";
    const ACCOUNT: &str = "puller@p.iam.gserviceaccount.com";

    fn state(change: impl FnOnce(&mut Value), within: Option<u64>) -> TokenState {
        let mut metadata = json!({
            "labels": {"app.kubernetes.io/managed-by": "kubectl-gcr-secret"},
            "annotations": {
                "kubectl-gcr-secret/credential": "access-token",
                "kubectl-gcr-secret/account": ACCOUNT,
                "kubectl-gcr-secret/expires": "2026-01-01T12:20:00Z",
            },
        });
        change(&mut metadata);
        let metadata = serde_json::from_value(metadata).unwrap();
        token_state(
            &metadata,
            within.map(Duration::from_secs),
            NOW.parse().unwrap(),
        )
    }

    fn due() -> TokenState {
        TokenState::Due(ACCOUNT.to_owned())
    }

    #[test]
    fn token_is_due_when_its_end_is_within_the_limit() {
        for (within, expected) in [
            (Some(1199), TokenState::Valid),
            (Some(1200), due()),
            (Some(0), TokenState::Valid),
            (None, due()),
        ] {
            assert_eq!(state(|_| {}, within), expected, "{within:?}");
        }
    }

    #[test]
    fn expired_token_and_token_without_valid_time_are_due() {
        let expires = "kubectl-gcr-secret/expires";
        for time in [json!("2026-01-01T11:00:00Z"), json!("soon"), json!("")] {
            assert_eq!(
                state(|it| it["annotations"][expires] = time, Some(0)),
                due()
            );
        }
        let remove = |it: &mut Value| {
            it["annotations"].as_object_mut().unwrap().remove(expires);
        };
        assert_eq!(state(remove, Some(0)), due());
    }

    #[test]
    fn token_without_account_cannot_be_renewed() {
        let account = "kubectl-gcr-secret/account";
        let without = state(|it| it["annotations"][account] = json!(""), Some(0));
        assert_eq!(without, TokenState::UnknownAccount);
    }

    #[test]
    fn key_and_secret_of_another_owner_have_no_token() {
        let credential = "kubectl-gcr-secret/credential";
        let key = state(|it| it["annotations"][credential] = json!("json-key"), None);
        assert_eq!(key, TokenState::NoToken);
        let foreign = state(|it| it["labels"] = json!({}), None);
        assert_eq!(foreign, TokenState::NoToken);
    }
}
