//! Defines the error of a connection that cannot be resolved.

use super::effective_config::NameError;
use super::exec_plugin_policy::KubercError;
use super::files::LoadError;
use super::headers::InvalidHeader;
use super::server_address::AddressError;
use super::validation::ValidationError;

/// The kubeconfig, the flags or the environment describe no usable connection.
///
/// `Display` yields kubectl's words without the prefix `error: `, [`ResolveError::kubectl_line`] the complete line.
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
pub struct ResolveError(ResolveCause);

/// The cause of a [`ResolveError`].
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum ResolveCause {
    #[error(transparent)]
    Kuberc(#[from] KubercError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Validation(#[from] ValidationError),
    #[error(transparent)]
    Name(#[from] NameError),
    #[error("{}", address_text(.0))]
    Address(#[from] AddressError),
    #[error("{CONNECT_PREFIX}{0}")]
    Header(#[from] InvalidHeader),
}

/// kubectl's prefix of errors of the HTTP client.
const CONNECT_PREFIX: &str = "Unable to connect to the server: ";

fn address_prefix(error: &AddressError) -> &'static str {
    match error {
        AddressError::Invalid(_) => "",
        AddressError::Scheme(_) | AddressError::Port(_) => CONNECT_PREFIX,
    }
}

fn address_text(error: &AddressError) -> String {
    format!("{}{error}", address_prefix(error))
}

impl ResolveError {
    /// Returns the line that kubectl prints, or several lines.
    pub fn kubectl_line(&self) -> String {
        let has_prefix = match &self.0 {
            ResolveCause::Kuberc(_) | ResolveCause::Header(_) => false,
            // kubectl prints several errors without a prefix.
            ResolveCause::Load(LoadError::Files(files)) => files.len() == 1,
            ResolveCause::Load(LoadError::Missing(_)) | ResolveCause::Name(_) => true,
            ResolveCause::Validation(ValidationError::NoContext(_)) => false,
            ResolveCause::Validation(ValidationError::Problems(problems)) => problems.len() == 1,
            ResolveCause::Address(error) => address_prefix(error).is_empty(),
        };
        let prefix = if has_prefix { "error: " } else { "" };
        format!("{prefix}{self}")
    }

    /// Returns whether the text names the context of the error.
    pub fn names_context(&self) -> bool {
        match &self.0 {
            ResolveCause::Name(error) => error.names_context(),
            ResolveCause::Validation(ValidationError::NoContext(_)) => true,
            _ => false,
        }
    }
}

impl<T: Into<ResolveCause>> From<T> for ResolveError {
    fn from(cause: T) -> Self {
        Self(cause.into())
    }
}
