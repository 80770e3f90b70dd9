//! Reads what a target holds, as far as the next plan needs it. Writes nothing.

mod accounts;
mod catalog;
mod secret;
mod sight;

pub use accounts::AccountSeen;
pub use catalog::Catalog;
pub use secret::SecretSeen;
pub use sight::Sight;

use crate::cluster::Fault;
use crate::domain::names::{SecretName, ServiceAccountName};
use crate::progress::Progress;
use crate::request::Wanted;
use crate::target::Target;

/// Accounts by name, each as it was seen or why it could not be.
pub type AccountsSeen = Vec<(ServiceAccountName, Result<AccountSeen, Fault>)>;

/// What one target holds, of the objects that are still open.
#[derive(Debug)]
pub struct Observed {
    /// The Secret, where one is wanted and open.
    pub secret: Option<Result<SecretSeen, Fault>>,
    /// The open accounts, or why they could not be listed.
    pub accounts: Result<AccountsSeen, Fault>,
    /// Secrets the accounts are to refer to and that are not there.
    pub missing_secrets: Vec<SecretName>,
}

/// Reads the open objects of `target`, as far as `sight` does not say: Secret and accounts at the same time. What is
/// taken from `sight` is gone from it: whoever has to look again reads.
pub async fn observe(
    target: &Target,
    wanted: &Wanted,
    progress: &Progress,
    sight: &mut Sight,
) -> Observed {
    let seen_secret = match &wanted.secret {
        Some(secret) => sight.secret(&secret.name),
        None => None,
    };
    let secret = async {
        match &wanted.secret {
            Some(secret) if !progress.secret_ended => {
                Some(secret::observe(target, wanted, secret, seen_secret).await)
            }
            _ => None,
        }
    };
    let accounts = async {
        match &wanted.accounts {
            Some(accounts) => accounts::observe(target, accounts, progress, sight).await,
            None => Ok(Vec::new()),
        }
    };
    let (secret, accounts) = futures_util::join!(secret, accounts);
    let missing_secrets = match (&wanted.accounts, &accounts) {
        (Some(wanted_accounts), Ok(seen)) if wanted.secret.is_none() && progress.conflicts == 0 => {
            accounts::missing_secrets(target, wanted_accounts, seen, sight).await
        }
        _ => Vec::new(),
    };
    Observed {
        secret,
        accounts,
        missing_secrets,
    }
}
