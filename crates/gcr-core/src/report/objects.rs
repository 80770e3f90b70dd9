//! Formats objects as JSON or YAML, like kubectl. Pure text.

use serde_json::ser::PrettyFormatter;
use serde_json::{Value, json};

use crate::request::Format;

/// Formats one object, or a `List` of several. `as_list` makes a `List` of a single object too.
pub(super) fn render(
    mut objects: Vec<Value>,
    as_list: bool,
    managed_fields: bool,
    format: Format,
) -> String {
    if !managed_fields {
        for object in &mut objects {
            if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
                metadata.remove("managedFields");
            }
        }
    }
    let object = match objects.len() {
        1 if !as_list => objects.remove(0),
        _ => json!({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": objects}),
    };
    match format {
        Format::Yaml => yaml_text(&object),
        // kubectl indents by four spaces (cli-runtime `printers/json.go`).
        _ => json_text(&object, 4),
    }
}

/// Returns JSON that is indented by `indent` spaces, without a final newline.
pub(crate) fn json_text(object: &impl serde::Serialize, indent: usize) -> String {
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
pub(crate) fn yaml_text(object: &Value) -> String {
    #[expect(clippy::expect_used, reason = "every JSON value is a YAML value")]
    let text = serde_saphyr::to_string(object).expect("a JSON value serialises");
    text.trim_end().to_owned()
}
