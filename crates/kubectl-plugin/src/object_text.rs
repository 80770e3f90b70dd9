//! Formats objects as JSON or YAML, like kubectl. Pure text.

use serde_json::Value;
use serde_json::ser::PrettyFormatter;

/// Returns JSON that is indented by `indent` spaces, without a final newline. kubectl indents objects by four spaces
/// (cli-runtime `printers/json.go`) and its version by two.
///
/// # Panics
/// `object` cannot be represented in JSON, for example because it has a key that is not a string.
pub fn json_text(object: &impl serde::Serialize, indent: usize) -> String {
    let mut text = Vec::new();
    let indent = " ".repeat(indent);
    let formatter = PrettyFormatter::with_indent(indent.as_bytes());
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, formatter);
    #[expect(
        clippy::expect_used,
        reason = "serialising a JSON value into memory cannot fail"
    )]
    object
        .serialize(&mut serializer)
        .expect("a JSON value serialises");
    String::from_utf8_lossy(&text).into_owned()
}

/// Returns YAML without a final newline.
pub fn yaml_text(object: &Value) -> String {
    #[expect(clippy::expect_used, reason = "every JSON value is a YAML value")]
    let text = serde_saphyr::to_string(object).expect("a JSON value serialises");
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn object_is_formatted_as_kubectl_does() {
        let object = json!({"kind": "ConfigMap", "data": {"on": "true"}});
        assert_eq!(
            json_text(&object, 4),
            "{\n    \"data\": {\n        \"on\": \"true\"\n    },\n    \"kind\": \"ConfigMap\"\n}"
        );
        assert_eq!(
            yaml_text(&object),
            "data:\n  \"on\": \"true\"\nkind: ConfigMap"
        );
    }
}
