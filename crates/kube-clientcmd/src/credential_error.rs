//! Defines the error of a credential that cannot be obtained or used.

use std::path::PathBuf;
use std::sync::Arc;

use super::blocking::Interrupted;
use super::client_certificate::ClientCertificateError;
use super::cluster_info::ClusterInfoError;
use super::exec_plugin::{ExecPluginError, UnsupportedVersion};
use super::headers::InvalidHeader;
use super::oidc::{OidcError, SettingsError};
use super::proxy::ProxyError;
use super::trust::TrustError;
use crate::escape_control::escape_control;
use crate::go::errors::PathError;

/// No credential could be obtained, or a certificate or proxy cannot be used. No request was sent.
///
/// As the error of a request it is the inner error of `kube::Error::Service`. `Display` yields kubectl's words without the
/// prefix `error: `, [`CredentialError::kubectl_line`] the complete line.
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
pub struct CredentialError(Arc<CredentialCause>);

/// The part of the configuration that is the cause of a [`CredentialError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialErrorKind {
    /// The user has no credential, or contradictory ones.
    Configuration,
    /// The token is no valid header value, or its file cannot be read.
    Token,
    /// The exec plugin returned no credential.
    ExecPlugin,
    /// The auth provider `oidc` has no valid token.
    Oidc,
    /// A certificate, a certificate authority or a private key cannot be used.
    Certificate,
    /// The proxy's address is invalid.
    Proxy,
    /// The runtime ended in between.
    Interrupted,
}

impl CredentialError {
    /// Returns which part of the configuration is the cause.
    pub fn kind(&self) -> CredentialErrorKind {
        use CredentialCause as Cause;
        use CredentialErrorKind as Kind;
        match &*self.0 {
            Cause::BasicAndToken
            | Cause::RemovedProvider(..)
            | Cause::UnknownProvider(_)
            | Cause::UserNotFound { .. }
            | Cause::NoUser
            | Cause::NoCredentials(_)
            | Cause::RequestHeaders(_)
            | Cause::ExecVersion(_) => Kind::Configuration,
            Cause::Header(_) | Cause::TokenFile(_) | Cause::EmptyTokenFile(_) => Kind::Token,
            Cause::ExecPlugin(_) => Kind::ExecPlugin,
            Cause::Oidc(_) | Cause::OidcSettings(_) => Kind::Oidc,
            Cause::Certificate(_) | Cause::Trust(_) => Kind::Certificate,
            Cause::ClusterInfo(ClusterInfoError::Trust(_)) => Kind::Certificate,
            Cause::Proxy(_) | Cause::ClusterInfo(ClusterInfoError::Proxy(_)) => Kind::Proxy,
            Cause::Interrupted(_) => Kind::Interrupted,
        }
    }

    /// Returns the line that kubectl prints.
    pub fn kubectl_line(&self) -> String {
        use CredentialCause as Cause;
        match &*self.0 {
            // kubectl replaces its usual prefix in errors of the HTTP client.
            Cause::Header(_)
            | Cause::ExecPlugin(_)
            | Cause::Oidc(_)
            | Cause::Proxy(_)
            | Cause::ClusterInfo(ClusterInfoError::Proxy(_)) => self.to_string(),
            _ => format!("error: {self}"),
        }
    }
}

impl<T: Into<CredentialCause>> From<T> for CredentialError {
    fn from(cause: T) -> Self {
        Self(Arc::new(cause.into()))
    }
}

/// The cause of a [`CredentialError`].
#[derive(Debug, thiserror::Error)]
pub(super) enum CredentialCause {
    #[error("Unable to connect to the server: {0}")]
    Header(#[from] InvalidHeader),
    #[error(transparent)]
    TokenFile(PathError),
    #[error("read empty token from file \"{}\"", escape_control(&.0.to_string_lossy()))]
    EmptyTokenFile(PathBuf),
    #[error(transparent)]
    ExecVersion(#[from] UnsupportedVersion),
    #[error("Unable to connect to the server: getting credentials: {0}")]
    ExecPlugin(#[from] ExecPluginError),
    #[error(transparent)]
    OidcSettings(#[from] SettingsError),
    #[error("Unable to connect to the server: {0}")]
    Oidc(#[from] OidcError),
    /// An auth provider that client-go no longer has: its name, its successor and the address of the instructions.
    #[error(
        "The {0} auth plugin has been removed.\nPlease use the {1} kubectl/client-go credential plugin instead.\nSee {2} for further details"
    )]
    RemovedProvider(&'static str, &'static str, &'static str),
    #[error("no Auth Provider found for name \"{}\"", escape_control(.0))]
    UnknownProvider(String),
    #[error("username/password or bearer token may be set, but not both")]
    BasicAndToken,
    #[error(
        "user \"{}\" was not found for context \"{}\"",
        escape_control(user),
        escape_control(context)
    )]
    UserNotFound { user: String, context: String },
    #[error("no user was given: {NAME_A_CREDENTIAL}")]
    NoUser,
    #[error("user \"{}\" has no credentials: {NAME_A_CREDENTIAL}", escape_control(.0))]
    NoCredentials(String),
    #[error(transparent)]
    Certificate(#[from] ClientCertificateError),
    #[error(transparent)]
    Trust(#[from] TrustError),
    #[error("Unable to connect to the server: {0}")]
    Proxy(#[from] ProxyError),
    #[error("{}", cluster_info_text(.0))]
    ClusterInfo(#[from] ClusterInfoError),
    /// Of kube's layer for the headers of every request.
    #[error(transparent)]
    RequestHeaders(#[from] kube::Error),
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

fn cluster_info_text(error: &ClusterInfoError) -> String {
    match error {
        ClusterInfoError::Proxy(error) => format!("Unable to connect to the server: {error}"),
        ClusterInfoError::Trust(error) => error.to_string(),
    }
}

const NAME_A_CREDENTIAL: &str =
    "name one with --user, --token, or --client-certificate and --client-key";
