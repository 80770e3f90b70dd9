//! Compares the Secret in a response with the apply that it answers: admission control may have changed it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use kube_clientcmd::escape_control::quoted;
use serde::Deserialize;

use super::pull_secret::KEY;

/// The first difference between an applied Secret and the stored one. Its text follows the word `its`, and contains no
/// value of `data`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretDifference {
    /// The type is another one.
    Type(String),
    /// The key [`KEY`] of `data` is missing or has another value.
    Data {
        /// Whether the key exists.
        exists: bool,
    },
    /// A label or an annotation is missing or has another value.
    Metadata {
        /// `label` or `annotation`.
        kind: &'static str,
        /// Its key.
        key: String,
        /// The stored value; `None` if it is missing.
        stored: Option<String>,
    },
}

impl fmt::Display for SecretDifference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type(stored) => write!(formatter, "type is now {}", quoted(stored)),
            Self::Data { exists: true } => write!(formatter, "{KEY} is another one"),
            Self::Data { exists: false } => write!(formatter, "{KEY} is missing"),
            Self::Metadata { kind, key, stored } => match stored {
                Some(stored) => write!(formatter, "{kind} {key} is now {}", quoted(stored)),
                None => write!(formatter, "{kind} {key} is missing"),
            },
        }
    }
}

/// The parts of a Secret that an apply sets. Borrows from the text, so that no copy of the data has to be wiped.
#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow, default)]
    metadata: Metadata<'a>,
    #[serde(borrow, default, rename = "type")]
    type_: Cow<'a, str>,
    #[serde(borrow, default)]
    data: Option<BTreeMap<Text<'a>, Text<'a>>>,
}

#[derive(Deserialize, Default)]
struct Metadata<'a> {
    #[serde(borrow, default)]
    labels: Option<BTreeMap<Text<'a>, Text<'a>>>,
    #[serde(borrow, default)]
    annotations: Option<BTreeMap<Text<'a>, Text<'a>>>,
}

/// A text that is borrowed unless it contains escapes: serde borrows a `Cow` inside a map only through such a type.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Returns the first difference of `stored`, a response, from `applied`, the body of the apply.
///
/// # Errors
/// One of them is not a Secret in JSON.
pub fn secret_difference(
    applied: &[u8],
    stored: &[u8],
) -> Result<Option<SecretDifference>, serde_json::Error> {
    let applied: Content<'_> = serde_json::from_slice(applied)?;
    let stored: Content<'_> = serde_json::from_slice(stored)?;
    if stored.type_ != applied.type_ {
        return Ok(Some(SecretDifference::Type(stored.type_.into_owned())));
    }
    let value = data_value(&stored);
    if value != data_value(&applied) {
        let exists = value.is_some();
        return Ok(Some(SecretDifference::Data { exists }));
    }
    let (applied, stored) = (applied.metadata, stored.metadata);
    let labels = first_difference("label", applied.labels, stored.labels.as_ref());
    Ok(labels.or_else(|| {
        first_difference(
            "annotation",
            applied.annotations,
            stored.annotations.as_ref(),
        )
    }))
}

fn data_value<'c>(content: &'c Content<'_>) -> Option<&'c str> {
    let mut data = content.data.iter().flatten();
    data.find(|(name, _)| name.0 == KEY)
        .map(|(_, value)| &*value.0)
}

fn first_difference(
    kind: &'static str,
    applied: Option<BTreeMap<Text<'_>, Text<'_>>>,
    stored: Option<&BTreeMap<Text<'_>, Text<'_>>>,
) -> Option<SecretDifference> {
    for (key, value) in applied.into_iter().flatten() {
        let mut stored = stored.into_iter().flatten();
        let found = stored.find(|(name, _)| name.0 == key.0);
        if found.is_some_and(|(_, found)| found.0 == value.0) {
            continue;
        }
        return Some(SecretDifference::Metadata {
            kind,
            key: key.0.into_owned(),
            stored: found.map(|(_, found)| found.0.to_string()),
        });
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn applied() -> Value {
        json!({"type": "kubernetes.io/dockerconfigjson", "data": {KEY: "e30="},
            "metadata": {"name": "gcr-io", "labels": {"a": "b"}, "annotations": {"c": "d\"e"}}})
    }

    fn difference(stored: &Value) -> Option<String> {
        let (applied, stored) = (applied().to_string(), stored.to_string());
        let difference = secret_difference(applied.as_bytes(), stored.as_bytes()).unwrap();
        difference.map(|difference| difference.to_string())
    }

    #[test]
    fn equal_secret_with_additions_has_no_difference() {
        let mut stored = applied();
        assert_eq!(difference(&stored), None);
        stored["data"]["other"] = json!("aHVudGVyMg==");
        stored["metadata"]["labels"]["team"] = json!("payments");
        stored["metadata"]["uid"] = json!("1");
        stored["immutable"] = json!(true);
        assert_eq!(difference(&stored), None);
    }

    #[test]
    fn first_difference_is_named_without_data() {
        for (pointer, value, text) in [
            ("/type", json!("Opa\u{1b}que"), "type is now \"Opa^[que\""),
            (
                "/data",
                json!({"x": "aHVudGVyMg=="}),
                ".dockerconfigjson is missing",
            ),
            ("/data", Value::Null, ".dockerconfigjson is missing"),
            (
                "/data/.dockerconfigjson",
                json!("aHVudGVyMg=="),
                ".dockerconfigjson is another one",
            ),
            ("/metadata/labels", json!({}), "label a is missing"),
            ("/metadata/labels", Value::Null, "label a is missing"),
            ("/metadata/labels/a", json!("x"), "label a is now \"x\""),
            (
                "/metadata/annotations/c",
                json!("x"),
                "annotation c is now \"x\"",
            ),
        ] {
            let mut stored = applied();
            *stored.pointer_mut(pointer).unwrap() = value;
            assert_eq!(difference(&stored).as_deref(), Some(text), "{pointer}");
        }
    }

    #[test]
    fn body_that_is_no_secret_fails() {
        let applied = applied().to_string();
        assert!(secret_difference(applied.as_bytes(), b"{\"type\":1}").is_err());
    }
}
