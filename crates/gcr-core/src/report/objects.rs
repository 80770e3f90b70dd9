//! Formats objects as JSON or YAML, like kubectl. Pure text.

use kubectl_plugin::{json_text, yaml_text};
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
