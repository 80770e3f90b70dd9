//! Reads the objects of a target that the next plan needs. Writes nothing.

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

/// Accounts by name, each as observed or with the error of the read.
pub type ObservedAccounts = Vec<(ServiceAccountName, Result<ObservedAccount, RequestError>)>;

/// The unfinished objects of one target.
#[derive(Debug)]
pub struct Observed {
    /// The Secret, if one was requested and is not finished.
    pub secret: Option<Result<ObservedSecret, RequestError>>,
    /// The unfinished accounts, or the error of their list.
    pub accounts: Result<ObservedAccounts, RequestError>,
    /// Secrets to attach that do not exist.
    pub missing_secrets: Vec<SecretName>,
}

/// Observes the unfinished objects of `target`, Secret and accounts concurrently. Takes listed objects out of
/// `snapshot`, so that the next round reads them.
pub async fn observe(
    target: &Target,
    desired: &Desired,
    state: &TargetState,
    snapshot: &mut TargetSnapshot,
) -> Observed {
    let listed_secret = match &desired.secret {
        Some(secret) => snapshot.secret(&secret.name),
        None => None,
    };
    let secret = async {
        match &desired.secret {
            Some(secret) if !state.secret_finished => {
                Some(secret::observe(target, desired, secret, listed_secret).await)
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
        (Some(desired_accounts), Ok(observed))
            if desired.secret.is_none() && state.conflicts == 0 =>
        {
            accounts::missing_secrets(target, desired_accounts, observed, snapshot).await
        }
        _ => Vec::new(),
    };
    Observed {
        secret,
        accounts,
        missing_secrets,
    }
}
