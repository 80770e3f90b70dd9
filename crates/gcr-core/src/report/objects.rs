//! Objects as JSON or YAML, as kubectl prints them. Pure text.

use serde_json::ser::PrettyFormatter;
use serde_json::{Value, json};

use crate::request::Format;

/// One object, or a `List` of several, or of one where there could have been several.
pub(super) fn render(
    mut objects: Vec<Value>,
    several: bool,
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
        1 if !several => objects.remove(0),
        _ => json!({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": objects}),
    };
    match format {
        Format::Yaml => yaml_text(&object),
        // kubectl indents by four (cli-runtime `printers/json.go`).
        _ => json_text(&object, 4),
    }
}

/// Indented JSON without a newline at its end.
pub(crate) fn json_text(object: &impl serde::Serialize, indent: usize) -> String {
    let mut text = Vec::new();
    let indent = " ".repeat(indent);
    let formatter = PrettyFormatter::with_indent(indent.as_bytes());
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, formatter);
    #[expect(
        clippy::expect_used,
        reason = "a JSON value always serialises into memory"
    )]
    object
        .serialize(&mut serializer)
        .expect("a JSON value serialises");
    String::from_utf8_lossy(&text).into_owned()
}

/// YAML without a newline at its end.
pub(crate) fn yaml_text(object: &Value) -> String {
    #[expect(clippy::expect_used, reason = "a JSON value is a YAML value")]
    let text = serde_saphyr::to_string(object).expect("a JSON value serialises");
    text.trim_end().to_owned()
}
