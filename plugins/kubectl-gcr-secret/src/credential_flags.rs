//! Reads the credential that a flag names.

use std::ffi::OsString;

use gcr_core::credential_file::{CredentialSource, OpenCredential};
use gcr_core::domain::access_token::AccessToken;
use gcr_core::domain::registry_credential::{KeyAuth, RegistryCredential};
use gcr_core::domain::service_account_key::ServiceAccountKey;
use kube_clientcmd::escape_control::escape_control;
use kubectl_plugin::UsageError;

/// Reads the file that `flag` names, and forbids core dumps. Adds a warning for a file that others can read.
///
/// # Errors
/// Fails if the file cannot be read, and if its name is empty or looks like a credential.
pub(crate) fn read(
    flag: &str,
    file: &OsString,
    warnings: &mut Vec<String>,
) -> Result<zeroize::Zeroizing<Vec<u8>>, UsageError> {
    // An unset shell variable results in an empty value.
    if file.is_empty() {
        return Err(UsageError::new(format!("{flag} is empty")));
    }
    if is_content(&file.to_string_lossy()) {
        return Err(UsageError::new(
            "the credential must not be given on the command line; pass the name of a file that contains it",
        ));
    }
    let failed =
        |error: gcr_core::credential_file::CredentialFileError| UsageError::new(error.to_string());
    let open: OpenCredential = CredentialSource::from_flag(file).open().map_err(failed)?;
    // After opening: once core dumps are forbidden, Linux does not let the process open a pipe such as <(…). Before reading,
    // so that a dump cannot contain the credential.
    gcr_core::process::forbid_core_dumps();
    let (bytes, warning) = open.read().map_err(failed)?;
    warnings.extend(warning.map(|warning| warning.to_string()));
    Ok(bytes)
}

/// Returns whether the value is a key or a token instead of a file name. Error messages must not repeat such a value.
fn is_content(value: &str) -> bool {
    value.trim_start().starts_with('{') || value.trim_start().starts_with("ya29.")
}

/// Returns the name of a file for a message.
pub(crate) fn quoted(file: &OsString) -> String {
    format!("\"{}\"", escape_control(&file.to_string_lossy()))
}

/// Reads the credential that one of the flags names.
///
/// # Errors
/// Fails unless exactly one flag is given and its file contains a credential.
pub(crate) fn registry_credential(
    key_file: Option<&OsString>,
    token_file: Option<&OsString>,
    auth: KeyAuth,
    warnings: &mut Vec<String>,
) -> Result<RegistryCredential, UsageError> {
    match (key_file, token_file) {
        (Some(file), None) => {
            let key = ServiceAccountKey::parse(read("--key-file", file, warnings)?)
                .map_err(|error| UsageError::new(format!("key file {} {error}", quoted(file))))?;
            Ok(RegistryCredential::ServiceAccountKey { key, auth })
        }
        (None, Some(file)) => {
            let token = AccessToken::parse(read("--access-token-file", file, warnings)?).map_err(
                |error| UsageError::new(format!("access token file {} {error}", quoted(file))),
            )?;
            Ok(RegistryCredential::AccessToken(token))
        }
        (None, None) => Err(UsageError::new(
            "one of --key-file or --access-token-file is required",
        )),
        (Some(_), Some(_)) => Err(UsageError::new(
            "only one of --key-file or --access-token-file may be given",
        )),
    }
}
