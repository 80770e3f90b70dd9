//! Formats objects as JSON or YAML, like kubectl. Pure text.

use kubectl_plugin::{json_text, yaml_text};
use serde_json::{Value, json};

use crate::request::Format;

/// Formats objects: in YAML as one document each, which kubectl and tools that seal Secrets read; in JSON as one object, or as
/// a `List` of several, because JSON readers expect one value. `as_list` makes a `List` of a single object too.
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
    if format == Format::Yaml {
        let documents: Vec<String> = objects.iter().map(yaml_text).collect();
        return documents.join("\n---\n");
    }
    let object = match objects.len() {
        1 if !as_list => objects.remove(0),
        _ => json!({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": objects}),
    };
    // kubectl indents by four spaces (cli-runtime `printers/json.go`).
    json_text(&object, 4)
}
