//! Reads the certificate authorities in `SSL_CERT_FILE`.

use std::path::Path;

use reqwest::Certificate;

use super::http_error::{HttpError, HttpErrorKind};

/// Returns the certificates of a PEM file.
///
/// # Errors
/// Fails if the file cannot be read, or contains no certificate.
pub(super) fn read(path: &Path) -> Result<Vec<Certificate>, HttpError> {
    let failed = |reason: &str| {
        let text = format!("SSL_CERT_FILE \"{}\": {reason}", path.display());
        HttpError::new("trust store", HttpErrorKind::Client(text))
    };
    let pem = std::fs::read(path).map_err(|error| failed(&error.to_string()))?;
    let found = Certificate::from_pem_bundle(&pem).map_err(|_| failed("it is not PEM"))?;
    if found.is_empty() {
        return Err(failed("it contains no certificate"));
    }
    Ok(found)
}
