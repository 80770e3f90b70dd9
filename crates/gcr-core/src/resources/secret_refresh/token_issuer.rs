//! The source of new access tokens. The core contacts no Google API, so that the command provides it.

use futures_util::future::BoxFuture;

use crate::domain::registry_credential::RegistryCredential;
use crate::engine::ObjectError;

/// Issues the access tokens of a run.
pub trait TokenIssuer: Send + Sync {
    /// Returns why this text, an annotation that every user with the right to change the Secret can change, is not the email address
    /// of a service account; `None` if it is one. Sends nothing.
    fn invalid_account(&self, account: &str) -> Option<String>;

    /// Returns a token of the service account with this email address: the same one for each call, so that a run issues one
    /// token per account. In a client dry run, returns a planned credential.
    ///
    /// The error of an account is reported once; later calls return an error that states that nothing was sent.
    fn token<'a>(
        &'a self,
        account: &'a str,
    ) -> BoxFuture<'a, Result<RegistryCredential, ObjectError>>;
}
