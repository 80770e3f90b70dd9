//! Errors that Google's servers, and proxies in front of them, are known to send.

use serde_json::json;

use super::reply::{Reply, api_error, error_info, oauth_error, registry_error};

/// A response that a fault sends.
#[derive(Clone, Debug)]
pub struct CannedError(pub(super) Reply);

impl CannedError {
    /// Returns a response with any status, media type and body.
    pub fn new(status: u16, media: &str, body: impl Into<Vec<u8>>) -> Self {
        Self(Reply::new(status, media, body))
    }

    /// Returns an error of an API, without details.
    pub fn api(code: u16, status: &str, message: &str) -> Self {
        Self(api_error(code, status, message, &[]))
    }

    /// Returns an error of an API with an `ErrorInfo` of this reason.
    pub fn api_with_reason(code: u16, status: &str, message: &str, reason: &str) -> Self {
        let info = error_info(reason, "googleapis.com", json!({}));
        Self(api_error(code, status, message, &[info]))
    }

    /// Returns an error of the OAuth token endpoint.
    pub fn oauth(code: u16, error: &str, description: &str) -> Self {
        Self(oauth_error(code, error, description))
    }

    /// Returns an error of a registry.
    pub fn registry(status: u16, code: &str, message: &str) -> Self {
        Self(registry_error(status, code, message))
    }

    /// Returns a 503 `UNAVAILABLE`.
    pub fn unavailable() -> Self {
        Self::api(503, "UNAVAILABLE", "The service is currently unavailable.")
    }

    /// Returns a 500 `INTERNAL`.
    pub fn internal() -> Self {
        Self::api(500, "INTERNAL", "Internal error encountered.")
    }

    /// Returns a 429 for an exhausted quota, with the delay after which to retry, for example `1.5s`.
    pub fn quota(retry_delay: Option<&str>) -> Self {
        let message = "Quota exceeded for quota metric 'Mutate requests' and limit 'Mutate requests per minute'.";
        let mut details = vec![error_info(
            "RATE_LIMIT_EXCEEDED",
            "googleapis.com",
            json!({"quota_limit": "MutatePerMinute"}),
        )];
        if let Some(delay) = retry_delay {
            details.push(
                json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}),
            );
        }
        Self(api_error(429, "RESOURCE_EXHAUSTED", message, &details))
    }

    /// Returns the error of an API whose project has no billing account.
    pub fn billing_disabled(project: &str) -> Self {
        let message = format!(
            "This API method requires billing to be enabled. Please enable billing on project {project} by visiting https://console.developers.google.com/billing/enable?project={project} then retry."
        );
        let info = error_info(
            "BILLING_DISABLED",
            "googleapis.com",
            json!({"consumer": format!("projects/{project}")}),
        );
        Self(api_error(403, "PERMISSION_DENIED", &message, &[info]))
    }

    /// Returns the error of Service Usage while another change of the project's services runs.
    pub fn activation_in_progress() -> Self {
        Self::api(
            400,
            "FAILED_PRECONDITION",
            "Another activation or deactivation is in progress for project.",
        )
    }

    /// Returns a 502 with the HTML page of a reverse proxy.
    pub fn bad_gateway() -> Self {
        Self::new(
            502,
            "text/html",
            "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>",
        )
    }

    /// Returns a 200 with the HTML page of a captive portal.
    pub fn captive_portal() -> Self {
        Self::new(
            200,
            "text/html",
            "<html><body>Please log in to use this network.</body></html>",
        )
    }

    /// Returns the plain-text 412 of a gcr.io host whose project never moved to Artifact Registry.
    pub fn not_migrated(project: &str) -> Self {
        let text = format!(
            "Container Registry is deprecated and shutting down, please use the auto migration tool to migrate to Artifact Registry (gcloud artifacts docker upgrade migrate --projects='{project}'). For more details see: https://cloud.google.com/artifact-registry/docs/transition/auto-migrate-gcr-ar"
        );
        Self::new(412, "text/plain; charset=utf-8", text)
    }

    /// Adds a header.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.0.headers.push((name, value.into()));
        self
    }
}
