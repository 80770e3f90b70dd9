//! Sends a request whose successful response is JSON.

use gcr_core::domain::server_clock::ServerClock;
use http::header::{CONTENT_TYPE, DATE};
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::api_error::ApiError;
use crate::call_error::CallError;
use crate::http_client::{HttpClient, HttpRequest, HttpResponse};

/// Sends a request once, parses the response, and returns the server's clock with it.
///
/// # Errors
/// Fails if there is no response, for every status other than 2xx, and for a response that is not JSON of type `T`.
pub async fn json_and_clock<T: DeserializeOwned>(
    http: &HttpClient,
    request: HttpRequest,
) -> Result<(T, ServerClock), CallError> {
    let host = request.host();
    // Sampled before the request, so that a slow response never makes a token look valid for longer than it is.
    let sent = Timestamp::now();
    let response = success(http, request).await?;
    let value = serde_json::from_slice(&response.body);
    let value = value.map_err(|error| CallError::InvalidResponse {
        host,
        reason: json_reason(&response, &error),
    })?;
    let date = response.headers.get(DATE);
    let date = date.and_then(|value| value.to_str().ok());
    Ok((value, ServerClock::of_date(date, sent)))
}

/// Sends a request once and returns the response with status 2xx.
///
/// # Errors
/// Fails if there is no response, and for every other status.
pub async fn success(http: &HttpClient, request: HttpRequest) -> Result<HttpResponse, CallError> {
    let response = http.send(request).await?;
    if response.status.is_success() {
        return Ok(response);
    }
    Err(ApiError::parse(response.status, &response.body, http.redactor()).into())
}

/// Returns why a body is not the expected JSON, without any of its content, which may be secret.
fn json_reason(response: &HttpResponse, error: &serde_json::Error) -> String {
    let content_type = response.headers.get(CONTENT_TYPE);
    let is_html = content_type.is_some_and(|it| it.as_bytes().starts_with(b"text/html"));
    if is_html {
        "it is an HTML page, not JSON; check the proxy".to_owned()
    } else {
        syntax_reason(error)
    }
}

/// Returns the position and kind of a JSON error. serde's own messages quote values.
pub(crate) fn syntax_reason(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Eof => "the JSON is cut off",
        serde_json::error::Category::Data => "a field is missing or has an unexpected type",
        _ => "it is not JSON",
    };
    format!("{kind} (line {}, column {})", error.line(), error.column())
}
