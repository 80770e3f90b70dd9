//! Whether an answer of success is what the API promises: JSON, of an object that says its kind. A login page that a
//! proxy answers with is none, and a write "confirmed" by one was not confirmed.
//!
//! The words are those of kubectl where it meets the same. What the body holds is not shown: it may be a Secret.

use std::collections::BTreeMap;

use http::StatusCode;
use serde::de::IgnoredAny;

use crate::domain::printable::printable;

/// An object's keys are all that is looked at. Whoever reads it checks the rest.
type Object = BTreeMap<String, IgnoredAny>;

/// What is wrong with the answer, a line to print.
pub(super) fn breach(
    status: StatusCode,
    content_type: Option<&str>,
    body: &[u8],
) -> Option<String> {
    if status == StatusCode::NO_CONTENT {
        return None;
    }
    let media = content_type.unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    if !media.is_empty() && !media.eq_ignore_ascii_case("application/json") {
        return Some(format!(
            "error: serializer for {} doesn't exist",
            printable(media)
        ));
    }
    match serde_json::from_slice::<Object>(body) {
        Ok(object) if object.contains_key("kind") => None,
        Ok(_) => Some("error: Object 'Kind' is missing in the server's answer".to_owned()),
        Err(error) if error.is_eof() => Some("error: unexpected end of JSON input".to_owned()),
        Err(error) => Some(format!(
            "error: the server's answer is not what the API promises (line {}, column {})",
            error.line(),
            error.column()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_object_that_says_its_kind_is_an_answer() {
        let breach =
            |content_type, body: &str| breach(StatusCode::OK, content_type, body.as_bytes());
        let json = Some("application/json; charset=utf-8");
        assert_eq!(breach(json, r#"{"kind":"Secret","data":{}}"#), None);
        assert_eq!(breach(None, r#"{"kind":"Secret"}"#), None);
        // What kubectl 1.37.2 says of the same; it quotes the last one.
        for (content_type, body, line) in [
            (
                Some("text/html"),
                "<html>login</html>",
                "error: serializer for text/html doesn't exist",
            ),
            (json, "", "error: unexpected end of JSON input"),
            (None, "", "error: unexpected end of JSON input"),
            (
                json,
                r#"{"kind":"Secr"#,
                "error: unexpected end of JSON input",
            ),
            (
                json,
                r#"{"a":1}"#,
                "error: Object 'Kind' is missing in the server's answer",
            ),
            (
                json,
                r#"["Secret"]"#,
                "error: the server's answer is not what the API promises (line 1, column 0)",
            ),
        ] {
            assert_eq!(breach(content_type, body).as_deref(), Some(line));
        }
    }
}
