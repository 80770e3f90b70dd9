//! One way to send requests as somebody.
//!
//! Sends once and as it is told; whoever calls decides about further tries.

use std::sync::Arc;

use http::{Request, Response, StatusCode, header};
use kube::client::Body;

use super::credential::Credential;

/// HTTP to the cluster as somebody.
#[derive(Clone)]
pub struct Client {
    pub(super) http: kube::Client,
    pub(super) credential: Arc<Credential>,
    /// Everything given as an authority is some server's own certificate.
    pub(super) leaves_for_authorities: bool,
}

impl Client {
    /// Sends one request, once.
    ///
    /// # Errors
    /// kube's, with what happened inside.
    pub(crate) async fn send(&self, mut request: Request<Body>) -> kube::Result<Response<Body>> {
        if let Some(authorization) = &self.credential.authorization {
            request
                .headers_mut()
                .insert(header::AUTHORIZATION, authorization.clone());
        }
        let answer = self.http.send(request).await;
        if answer
            .as_ref()
            .is_ok_and(|answer| answer.status() != StatusCode::UNAUTHORIZED)
        {
            self.credential.accepted();
        }
        answer
    }

    /// Why the server is not trusted, where the cause is in the kubeconfig.
    pub(crate) fn untrusted_ca_hint(&self) -> Option<&'static str> {
        self.leaves_for_authorities.then_some(
            "the certificate-authority is a server's own certificate and no authority, which is not accepted here: give the one that signed it, or --insecure-skip-tls-verify",
        )
    }
}
