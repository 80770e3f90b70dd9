//! Finds the operator's credentials for Google and gets access tokens from them.
//!
//! | source | file |
//! |---|---|
//! | a file with an access token | `access_token_file` |
//! | a credential file, by its `type` | `credential_file`: `service_account`, `authorized_user`, `impersonated_service_account`, `external_account` |
//! | the gcloud program | `gcloud` |
//! | the metadata server of Google Cloud | `metadata_server` |
//!
//! `gcp_auth` signs for service account keys (see `jwt`). The rest is done here, because its `provider()` reads only service
//! account keys from `GOOGLE_APPLICATION_CREDENTIALS`, ignores `CLOUDSDK_CONFIG`, `GCE_METADATA_HOST` and proxies, runs gcloud
//! as a blocking process and guesses the expiry of its token, waits without limit for a metadata server, knows neither
//! impersonation nor workload identity federation nor quota projects, and drops the reason of every failure.

mod access_token_file;
mod authorized_user;
mod credential_error;
mod credential_file;
mod external_account;
mod file_content;
mod found_credentials;
mod gcloud;
mod impersonated_service_account;
mod metadata_server;
mod search;
mod service_account;
mod shared_token;
mod subject_token;
mod token_source;

pub use credential_error::{CredentialError, SourceError};
pub use found_credentials::Credentials;
pub use search::{CredentialOptions, find};
pub use shared_token::SharedToken;
pub use token_source::{AccountType, TokenSource};
