//! Defines the error of a credential that cannot be obtained or used.

/// No credential could be obtained, or a certificate cannot be used. No request was sent.
///
/// `Display` yields the line that kubectl prints. As the error of a request it is the inner error of
/// `kube::Error::Service`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CredentialError(pub(crate) String);

impl From<String> for CredentialError {
    fn from(line: String) -> Self {
        Self(line)
    }
}
