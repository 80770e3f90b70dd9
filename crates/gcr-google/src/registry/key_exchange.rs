//! Exchanges a service account key at its token endpoint, to learn why it is refused. The registry says only "authentication
//! failed".

use std::time::{Duration, Instant};

use gcr_core::domain::service_account_key::ServiceAccountKey;
use jiff::Timestamp;
use serde::Deserialize;
use url::Url;

use super::step::{Step, StepName};
use super::verdict::{self, Verdict};
use crate::call_error::CallError;
use crate::http_client::{HttpClient, HttpRequest, is_loopback};
use crate::iam_credentials::CLOUD_PLATFORM;
use crate::issued_token;
use crate::jwt;
use crate::retry::{Repeatable, RetryPolicy, Safety};

/// The result of the exchange.
#[derive(Clone, Debug)]
pub(super) struct KeyCheck {
    pub(super) step: Step,
    /// The problem of the key; `None` if it is valid or the exchange says nothing about it.
    pub(super) verdict: Option<Verdict>,
}

#[derive(Deserialize)]
struct TokenUri {
    #[serde(default)]
    token_uri: Option<String>,
}

/// Exchanges the key. Sends it only to Google's hosts and loopback addresses, unless `allow_any_host`: a key file can name any
/// host.
pub(super) async fn check(
    http: &HttpClient,
    key: &ServiceAccountKey,
    allow_any_host: bool,
    timeout: Duration,
) -> KeyCheck {
    let started = Instant::now();
    let done = |status, text, verdict| KeyCheck {
        step: Step {
            name: StepName::Key,
            status,
            text,
            elapsed: started.elapsed(),
        },
        verdict,
    };
    let fields: Option<TokenUri> = serde_json::from_str(key.text()).ok();
    let token_uri = fields.and_then(|it| it.token_uri);
    let token_uri = token_uri.as_deref().unwrap_or(jwt::TOKEN_URI);
    let url = Url::parse(token_uri)
        .ok()
        .filter(|url| is_allowed(url, allow_any_host));
    let Some(url) = url else {
        let text =
            "skipped: the token_uri of the key is not an https URL of a known host of Google";
        return done(None, text.to_owned(), None);
    };
    let now = Timestamp::now().as_second();
    let jwt = match jwt::assertion(key, token_uri, CLOUD_PLATFORM, now) {
        Ok(jwt) => jwt,
        Err(reason) => return done(None, reason, Some(Verdict::NotAKey)),
    };
    http.redactor().add_secret(&jwt);
    let fields = [("grant_type", jwt::GRANT_TYPE), ("assertion", &*jwt)];
    let request = HttpRequest::post_form(url, &fields).timeout(timeout);
    let policy = RetryPolicy {
        attempts: 3,
        deadline: timeout,
    };
    let repeatable = Repeatable {
        safety: Safety::Idempotent,
        after_create: false,
    };
    let attempt = || issued_token::request(http, request.clone());
    match policy.run(repeatable, attempt).await {
        Ok(_) => done(Some(200), String::new(), None),
        Err(CallError::Api(error)) => done(
            Some(error.status().as_u16()),
            error.to_string(),
            verdict::of_key_refusal(&error),
        ),
        Err(error) => done(None, error.to_string(), None),
    }
}

fn is_allowed(url: &Url, allow_any_host: bool) -> bool {
    let host = url.host_str().unwrap_or_default();
    let is_google = host == "accounts.google.com"
        || host == "googleapis.com"
        || host.ends_with(".googleapis.com");
    match url.scheme() {
        "https" => is_google || allow_any_host || is_loopback(url),
        "http" => is_loopback(url),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_of_google_are_asked() {
        for (url, google, any) in [
            ("https://oauth2.googleapis.com/token", true, true),
            ("https://accounts.google.com/o/oauth2/token", true, true),
            ("http://127.0.0.1:1/token", true, true),
            ("https://example.com/token", false, true),
            ("https://evilgoogleapis.com/token", false, true),
            ("https://googleapis.com.example.com/", false, true),
            ("http://oauth2.googleapis.com/token", false, false),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(
                (is_allowed(&url, false), is_allowed(&url, true)),
                (google, any),
                "{url}"
            );
        }
    }
}
