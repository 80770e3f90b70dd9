//! Checks the parser of error responses. The first two bytes of the input are the HTTP status, the rest is the body.

use gcr_core::domain::redactor::Redactor;
use gcr_google::api_error::ApiError;
use http::StatusCode;

/// A secret that the process knows, and that a reply may quote.
const SECRET: &str = "ya29.a-secret-that-no-error-shows";
/// The maximum length of the whole message in characters. Texts of servers are capped.
const LENGTH: usize = 8192;

/// Parses the body, and checks the text of the error.
pub fn check(input: &[u8]) {
    let Some((head, body)) = input.split_first_chunk::<2>() else {
        return;
    };
    let status = 300 + u16::from_be_bytes(*head) % 300;
    let Ok(status) = StatusCode::from_u16(status) else {
        return;
    };
    let redactor = Redactor::default();
    redactor.add_secret(SECRET);
    let error = ApiError::parse(status, body, &redactor);
    let text = error.to_string();
    assert_eq!(error.status(), status);
    assert!(!text.contains(SECRET), "{text}");
    assert!(!text.contains(char::is_control), "{text:?}");
    assert!(text.chars().count() <= LENGTH, "{}", text.len());
    // Parsing has no state.
    let again = ApiError::parse(status, body, &redactor);
    assert_eq!(again.to_string(), text);
    assert_eq!(again.reason(), error.reason());
    // An operation ends with the same kind of object.
    if let Ok(value) = serde_json::from_slice(body) {
        let text = ApiError::of_operation(&value, &redactor).to_string();
        assert!(!text.contains(SECRET), "{text}");
        assert!(!text.contains(char::is_control), "{text:?}");
    }
}
