//! Reads files with secrets, and the fields in them.

use std::path::Path;

use serde::Deserialize;
use tokio::io::AsyncReadExt as _;
use url::Url;
use zeroize::Zeroizing;

use super::credential_error::SourceError;
use crate::exchange::syntax_reason;
use crate::http_client::is_loopback;

/// The maximum size of a credential file, in bytes.
const MAX_BYTES: u64 = 64 * 1024;

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
