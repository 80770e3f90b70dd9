//! Gets the token of the service account of a virtual machine or a pod from the metadata server of Google Cloud.

use std::time::Duration;

use futures_util::future::BoxFuture;
use http::{HeaderName, HeaderValue};
use kube_clientcmd::Environment;
use url::Url;

use super::credential_error::SourceError;
use super::service_account::REPEATABLE;
use super::token_source::TokenSource;
use crate::http_client::{HttpClient, HttpRequest};
use crate::issued_token::{self, IssuedToken};
use crate::retry::RetryPolicy;

/// The time within which a metadata server responds. It is local, so that off Google Cloud the search ends quickly.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);
/// The time limit for a token. GKE's server asks another service.
const TOKEN_TIMEOUT: Duration = Duration::from_secs(10);
/// Proves that a request was not forged, and a response not made by another server.
const FLAVOR: HeaderName = HeaderName::from_static("metadata-flavor");
const GOOGLE: &str = "Google";

pub(super) struct MetadataServer {
    base: Url,
    http: HttpClient,
}

impl MetadataServer {
    /// Returns the server in `GCE_METADATA_HOST` without asking it, or else `metadata.google.internal` if it responds.
    ///
    /// # Errors
    /// `GCE_METADATA_HOST` is not a host.
    pub(super) async fn find(
        environment: &Environment,
        http: &HttpClient,
    ) -> Result<Option<Self>, SourceError> {
        let configured = environment.text("GCE_METADATA_HOST");
        let host = configured.unwrap_or("metadata.google.internal");
        let base = Url::parse(&format!("http://{host}/"))
            .ok()
            .filter(|url| url.path() == "/" && url.query().is_none() && url.username().is_empty());
        let base = base.ok_or_else(|| SourceError::unusable("GCE_METADATA_HOST is not a host"))?;
        let server = Self {
            base,
            http: http.clone(),
        };
        if configured.is_some() || server.responds().await {
            return Ok(Some(server));
        }
        Ok(None)
    }

    pub(super) fn host(&self) -> &str {
        self.base.host_str().unwrap_or_default()
    }

    async fn responds(&self) -> bool {
        let request = self.request("", PROBE_TIMEOUT);
        // The limit of the request does not cover a name server that does not respond.
        let probe = tokio::time::timeout(PROBE_TIMEOUT, self.http.send(request));
        let Ok(Ok(response)) = probe.await else {
            return false;
        };
        response.headers.get(FLAVOR) == Some(&HeaderValue::from_static(GOOGLE))
    }

    fn request(&self, path: &str, timeout: Duration) -> HttpRequest {
        let mut url = self.base.clone();
        url.set_path(path);
        HttpRequest::get(url)
            .header(FLAVOR, GOOGLE)
            .timeout(timeout)
            .to_metadata_server()
    }
}

impl TokenSource for MetadataServer {
    fn token<'a>(
        &'a self,
        scopes: &'a [&'a str],
    ) -> BoxFuture<'a, Result<IssuedToken, SourceError>> {
        Box::pin(async {
            const PATH: &str = "computeMetadata/v1/instance/service-accounts/default/token";
            let mut request = self.request(PATH, TOKEN_TIMEOUT);
            request.query("scopes", &scopes.join(","));
            let attempt = || issued_token::request(&self.http, request.clone());
            Ok(RetryPolicy::default().run(REPEATABLE, attempt).await?)
        })
    }
}
