//! Reads credential files, and creates the source for their `type` (Google's AIP-4110).

use serde::Deserialize;

use super::authorized_user::AuthorizedUser;
use super::credential_error::SourceError;
use super::external_account::ExternalAccount;
use super::file_content::json;
use super::impersonated_service_account::Impersonated;
use super::service_account::ServiceAccount;
use super::token_source::{AccountType, Context, FileSource, TokenSource};

#[derive(Deserialize)]
struct Head {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    quota_project_id: Option<String>,
}

/// Parses a credential file.
///
/// # Errors
/// Fails if it is not JSON, has another `type`, lacks a field, or names an address to which no secret may be sent.
pub(super) fn parse(text: &[u8], context: &Context) -> Result<FileSource, SourceError> {
    let head: Head = json(text)?;
    let source: Box<dyn TokenSource>;
    let (kind, account_type) = match head.kind.as_str() {
        "service_account" => {
            source = Box::new(ServiceAccount::parse(text, context)?);
            ("service account key", AccountType::Service)
        }
        "authorized_user" => {
            source = Box::new(AuthorizedUser::parse(text, context)?);
            ("user credentials", AccountType::User)
        }
        "impersonated_service_account" => {
            source = Box::new(Impersonated::parse(text, context, parse)?);
            ("impersonation settings", AccountType::Service)
        }
        "external_account" => {
            source = Box::new(ExternalAccount::parse(text, context)?);
            ("workload identity federation", AccountType::Service)
        }
        "" => return Err(SourceError::unusable("the file has no \"type\"")),
        "external_account_authorized_user" | "gdch_service_account" => {
            let reason = format!("the \"type\" \"{}\" is not supported", head.kind);
            return Err(SourceError::unusable(reason));
        }
        // Not quoted: it may be anything, even a secret.
        _ => return Err(SourceError::unusable("the file has an unknown \"type\"")),
    };
    Ok(FileSource {
        source,
        kind,
        account_type,
        quota_project: head.quota_project_id.filter(|it| !it.is_empty()),
    })
}
