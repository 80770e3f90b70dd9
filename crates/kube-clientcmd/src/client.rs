//! Sends single requests with a credential. Retries are up to the caller.

use std::sync::Arc;

use http::{Request, Response, StatusCode, header};
use kube::client::Body;

use super::credential::Credential;

/// An HTTP client of a cluster with the user's credential.
#[derive(Clone)]
pub struct Client {
    pub(super) http: kube::Client,
    pub(super) credential: Arc<Credential>,
    /// Whether all configured certificate authorities are leaf certificates.
    pub(super) trusts_only_leaf_certs: bool,
}

impl Client {
    /// Sends one request, without retries.
    ///
    /// # Errors
    /// kube's error, which wraps the cause.
    pub async fn send(&self, mut request: Request<Body>) -> kube::Result<Response<Body>> {
        if let Some(authorization) = &self.credential.authorization {
            request
                .headers_mut()
                .insert(header::AUTHORIZATION, authorization.clone());
        }
        let response = self.http.send(request).await;
        if response
            .as_ref()
            .is_ok_and(|response| response.status() != StatusCode::UNAUTHORIZED)
        {
            self.credential.mark_accepted();
        }
        response
    }

    /// Returns a hint for an untrusted server certificate, if the kubeconfig is the cause.
    pub fn untrusted_ca_hint(&self) -> Option<&'static str> {
        self.trusts_only_leaf_certs.then_some(
            "the certificate-authority is a server certificate, not a CA certificate, which is not supported; use the certificate of the CA that signed it, or pass --insecure-skip-tls-verify",
        )
    }
}
