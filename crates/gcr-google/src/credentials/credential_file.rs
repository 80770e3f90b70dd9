//! Reads credential files, and creates the source for their `type` (Google's AIP-4110).

use std::path::Path;

use serde::Deserialize;
use tokio::io::AsyncReadExt as _;
use url::Url;
use zeroize::Zeroizing;

use super::authorized_user::AuthorizedUser;
use super::external_account::ExternalAccount;
use super::impersonated_service_account::Impersonated;
use super::service_account::ServiceAccount;
use super::{AccountType, SourceError, TokenSource};
use crate::endpoints::Endpoints;
use crate::exchange::syntax_reason;
use crate::http_client::{HttpClient, is_loopback};

/// The maximum size of a credential file, in bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// What every source needs.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) http: HttpClient,
    pub(super) endpoints: Endpoints,
}

/// The source in a credential file.
pub(super) struct FileSource {
    pub(super) source: Box<dyn TokenSource>,
    /// What the file holds, such as `service account key`.
    pub(super) kind: &'static str,
    pub(super) account_type: AccountType,
    pub(super) quota_project: Option<String>,
}

#[derive(Deserialize)]
struct Head {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    quota_project_id: Option<String>,
}

/// Reads a file completely, without waiting for a pipe to be opened.
///
/// # Errors
/// Fails if it cannot be read, and if it is larger than 64 KiB.
pub(super) async fn read_secret(path: &Path) -> Result<Zeroizing<Vec<u8>>, SourceError> {
    let failed = |error: std::io::Error| SourceError::unusable(format!("cannot read: {error}"));
    let file = tokio::fs::File::open(path).await.map_err(failed)?;
    // Allocated at full size: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_BYTES as usize + 1));
    let mut limited = file.take(MAX_BYTES + 1);
    limited.read_to_end(&mut bytes).await.map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(SourceError::unusable("the file is larger than 64 KiB"));
    }
    Ok(bytes)
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
            source = Box::new(Impersonated::parse(text, context)?);
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

/// Parses JSON. The error contains none of it.
pub(super) fn json<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, SourceError> {
    serde_json::from_slice(text)
        .map_err(|error| SourceError::unusable(format!("invalid file: {}", syntax_reason(&error))))
}

/// Parses the address in `field` to which a secret is sent.
///
/// # Errors
/// Fails if it is not `https`. Plain HTTP is allowed for loopback addresses.
pub(super) fn secret_address(field: &str, text: &str) -> Result<Url, SourceError> {
    match Url::parse(text) {
        Ok(url) if url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url)) => {
            Ok(url)
        }
        Ok(_) => Err(SourceError::unusable(format!(
            "\"{field}\" is not an https URL"
        ))),
        Err(_) => Err(SourceError::unusable(format!("\"{field}\" is not a URL"))),
    }
}
