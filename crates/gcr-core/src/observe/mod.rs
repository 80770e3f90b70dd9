//! Reads what a target holds, as far as the next plan needs it. Writes nothing.

mod accounts;
mod list_cache;
mod secret;
mod target_snapshot;

pub use accounts::ObservedAccount;
pub use list_cache::ListCache;
pub use secret::ObservedSecret;
pub use target_snapshot::TargetSnapshot;

use crate::domain::names::{SecretName, ServiceAccountName};
use crate::kubernetes::RequestError;
use crate::request::Desired;
use crate::target::Target;
use crate::target_state::TargetState;

/// Accounts by name, each as it was seen or why it could not be.
pub type ObservedAccounts = Vec<(ServiceAccountName, Result<ObservedAccount, RequestError>)>;

/// What one target holds, of the objects that are still open.
#[derive(Debug)]
pub struct Observed {
    /// The Secret, where one is wanted and open.
    pub secret: Option<Result<ObservedSecret, RequestError>>,
    /// The open accounts, or why they could not be listed.
    pub accounts: Result<ObservedAccounts, RequestError>,
    /// Secrets the accounts are to refer to and that are not there.
    pub missing_secrets: Vec<SecretName>,
}

/// Reads the open objects of `target`, as far as `snapshot` does not say: Secret and accounts at the same time. What is
/// taken from `snapshot` is gone from it: whoever has to look again reads.
pub async fn observe(
    target: &Target,
    desired: &Desired,
    state: &TargetState,
    snapshot: &mut TargetSnapshot,
) -> Observed {
    let seen_secret = match &desired.secret {
        Some(secret) => snapshot.secret(&secret.name),
        None => None,
    };
    let secret = async {
        match &desired.secret {
            Some(secret) if !state.secret_ended => {
                Some(secret::observe(target, desired, secret, seen_secret).await)
            }
            _ => None,
        }
    };
    let accounts = async {
        match &desired.accounts {
            Some(accounts) => accounts::observe(target, accounts, state, snapshot).await,
            None => Ok(Vec::new()),
        }
    };
    let (secret, accounts) = futures_util::join!(secret, accounts);
    let missing_secrets = match (&desired.accounts, &accounts) {
        (Some(wanted_accounts), Ok(seen)) if desired.secret.is_none() && state.conflicts == 0 => {
            accounts::missing_secrets(target, wanted_accounts, seen, snapshot).await
        }
        _ => Vec::new(),
    };
    Observed {
        secret,
        accounts,
        missing_secrets,
    }
}
