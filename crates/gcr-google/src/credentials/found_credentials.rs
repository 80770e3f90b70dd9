//! The credentials that a search has found.

use std::sync::Arc;

use super::shared_token::SharedToken;
use super::token_source::AccountType;

/// The credentials that were found, and how.
#[derive(Debug)]
pub struct Credentials {
    /// The tokens.
    pub token: Arc<SharedToken>,
    /// The type of the account that the tokens stand for.
    pub account_type: AccountType,
    /// The project that the credential file names for billing.
    pub quota_project: Option<String>,
}

impl Credentials {
    /// Returns the project for the header `x-goog-user-project`: the flag's, the credential file's, or for a person
    /// `project`.
    #[must_use]
    pub fn billing_project(&self, flag: Option<&str>, project: Option<&str>) -> Option<String> {
        let of_user = project.filter(|_| self.account_type == AccountType::User);
        let file = self.quota_project.as_deref();
        flag.or(file).or(of_user).map(str::to_owned)
    }
}
