//! Sends authorized requests to Google's APIs, with renewal of the token and repetition by the safety class of each request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::TryFutureExt as _;
use http::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::call_error::CallError;
use crate::credentials::SharedToken;
use crate::endpoints::{Api, Endpoints};
use crate::error::GoogleError;
use crate::exchange::{self, syntax_reason};
use crate::http_client::{HttpClient, HttpRequest, HttpResponse};
use crate::iam_credentials::{
    CLOUD_PLATFORM, Caller, TokenRequest, USER_PROJECT, generate_access_token,
    generate_access_token_url,
};
use crate::issued_token::IssuedToken;
use crate::names::ServiceAccountEmail;
use crate::retry::{Repeatable, RetryPolicy, Safety};

/// Access to Google's APIs as one caller. Clones share connections and tokens.
#[derive(Clone, Debug)]
pub struct ApiClient {
    http: HttpClient,
    endpoints: Endpoints,
    token: Arc<SharedToken>,
    billing_project: Option<String>,
    retry: RetryPolicy,
}

/// A request to an API.
pub(crate) struct ApiCall<'a> {
    /// The operation and its object, for errors: `create service account X`.
    pub(crate) action: &'a str,
    pub(crate) method: Method,
    pub(crate) api: Api,
    /// Relative to the API's root, with encoded segments.
    pub(crate) path: String,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) body: Option<Zeroizing<Vec<u8>>>,
    pub(crate) safety: Safety,
    /// Whether the object was created moments ago and may not be visible yet.
    pub(crate) after_create: bool,
}

impl<'a> ApiCall<'a> {
    /// Creates a request that only reads.
    pub(crate) fn get(action: &'a str, api: Api, path: String) -> Self {
        Self {
            action,
            method: Method::GET,
            api,
            path,
            query: Vec::new(),
            body: None,
            safety: Safety::Idempotent,
            after_create: false,
        }
    }

    /// Creates a request with a JSON body.
    pub(crate) fn post(
        action: &'a str,
        api: Api,
        path: String,
        safety: Safety,
        body: &impl Serialize,
    ) -> Self {
        let mut call = Self::get(action, api, path);
        call.method = Method::POST;
        call.safety = safety;
        // The bodies are maps of strings, which always serialize.
        call.body = Some(Zeroizing::new(serde_json::to_vec(body).unwrap_or_default()));
        call
    }

    pub(crate) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub(crate) fn after_create(mut self, after_create: bool) -> Self {
        self.after_create = after_create;
        self
    }
}

impl ApiClient {
    /// Creates a client. `billing_project` is sent with each request as `x-goog-user-project`.
    #[must_use]
    pub fn new(
        http: HttpClient,
        endpoints: Endpoints,
        token: Arc<SharedToken>,
        billing_project: Option<String>,
    ) -> Self {
        Self {
            http,
            endpoints,
            token,
            billing_project,
            retry: RetryPolicy::default(),
        }
    }

    /// Replaces the limits of repetition.
    #[must_use]
    pub fn with_retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Returns the HTTP client.
    #[must_use]
    pub fn http(&self) -> &HttpClient {
        &self.http
    }

    /// Returns an access token of another service account, for which the caller needs
    /// `iam.serviceAccounts.getAccessToken` on it.
    ///
    /// # Errors
    /// Fails if Google refuses, among others a lifetime of more than an hour without an organization policy.
    pub async fn access_token_of(
        &self,
        account: &ServiceAccountEmail,
        wanted: TokenRequest<'_>,
        after_create: bool,
    ) -> Result<IssuedToken, GoogleError> {
        let action = format!("get an access token of {account}");
        let own = self.token.token(&[CLOUD_PLATFORM]).await;
        let own = own.map_err(|error| GoogleError::new(&action, error))?;
        let caller = Caller {
            token: &own.token,
            billing_project: self.billing_project.as_deref(),
        };
        let url = generate_access_token_url(&self.endpoints, account);
        let repeatable = Repeatable {
            safety: Safety::Idempotent,
            after_create,
        };
        let attempt = || generate_access_token(&self.http, url.clone(), caller, wanted);
        let result = self.retry.run(repeatable, attempt).await;
        result.map_err(|error| GoogleError::new(&action, error))
    }

    /// Sends a request and parses the response.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        call: ApiCall<'_>,
    ) -> Result<T, GoogleError> {
        let (action, host) = (call.action, self.host(call.api));
        let response = self.send(call).await?;
        serde_json::from_slice(&response.body).map_err(|error| {
            let reason = syntax_reason(&error);
            GoogleError::new(action, CallError::InvalidResponse { host, reason })
        })
    }

    /// Sends a request and parses the response; `None` if the object does not exist.
    pub(crate) async fn find<T: DeserializeOwned>(
        &self,
        call: ApiCall<'_>,
    ) -> Result<Option<T>, GoogleError> {
        match self.call(call).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends a request and returns the response with status 2xx.
    pub(crate) async fn send(&self, call: ApiCall<'_>) -> Result<HttpResponse, GoogleError> {
        let unconfirmed = AtomicBool::new(false);
        let failed = |error: CallError| GoogleError {
            has_unconfirmed_attempt: unconfirmed.load(Ordering::Relaxed),
            ..GoogleError::new(call.action, error)
        };
        let repeatable = Repeatable {
            safety: call.safety,
            after_create: call.after_create,
        };
        let mut is_renewed = false;
        loop {
            let token = self.token.token(&[CLOUD_PLATFORM]).await;
            let token = token.map_err(|error| GoogleError {
                has_unconfirmed_attempt: unconfirmed.load(Ordering::Relaxed),
                ..GoogleError::new(call.action, error)
            })?;
            let request = self.request(&call, &token);
            let attempt = || {
                let response = exchange::success(&self.http, request.clone());
                response.inspect_err(|error| {
                    unconfirmed.fetch_or(error.may_have_applied(), Ordering::Relaxed);
                })
            };
            match self.retry.run(repeatable, attempt).await {
                Ok(response) => return Ok(response),
                // The token may have been revoked, or the clock may be slow. Google has not carried out this attempt.
                Err(CallError::Api(error))
                    if error.status() == StatusCode::UNAUTHORIZED
                        && !is_renewed
                        && call.safety != Safety::AtMostOnce =>
                {
                    self.token.forget(&token.token).await;
                    is_renewed = true;
                }
                Err(error) => return Err(failed(error)),
            }
        }
    }

    fn request(&self, call: &ApiCall<'_>, token: &IssuedToken) -> HttpRequest {
        let url = self.endpoints.url(call.api, &call.path);
        let mut request = HttpRequest::new(call.method.clone(), url).bearer(token.token.expose());
        for (name, value) in &call.query {
            request.query(name, value);
        }
        if let Some(body) = &call.body {
            request = request.body("application/json", body.clone());
        }
        match &self.billing_project {
            Some(project) => request.header(USER_PROJECT, project),
            None => request,
        }
    }

    fn host(&self, api: Api) -> String {
        crate::http_client::authority(&self.endpoints.url(api, ""))
    }
}
