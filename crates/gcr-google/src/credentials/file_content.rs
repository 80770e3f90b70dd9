//! Reads files with secrets, and the fields in them.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::AsyncReadExt as _;
use url::Url;
use zeroize::Zeroizing;

use super::credential_error::SourceError;
use crate::exchange::syntax_reason;
use crate::http_client::is_loopback;

/// The maximum size of a credential file, in bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// The time after which a pipe without a writer is given up: as long as gcloud may take, which often writes to such a pipe.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Reads a file completely.
///
/// # Errors
/// Fails if it cannot be read, if it is larger than 64 KiB, and if it is a pipe that its writer does not close within 30
/// seconds.
pub(super) async fn read_secret(path: &Path) -> Result<Zeroizing<Vec<u8>>, SourceError> {
    let read = tokio::time::timeout(TIMEOUT, read_to_end(path)).await;
    read.unwrap_or_else(|_| {
        let seconds = TIMEOUT.as_secs();
        let reason = format!("cannot read: it does not end within {seconds} seconds");
        Err(SourceError::unusable(reason))
    })
}

async fn read_to_end(path: &Path) -> Result<Zeroizing<Vec<u8>>, SourceError> {
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
