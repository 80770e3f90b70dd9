//! Changes JSON bodies of requests and responses with a test's own function.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

/// A function that changes a JSON body in place.
#[derive(Clone)]
pub struct JsonEdit(Arc<dyn Fn(&mut Value) + Send + Sync>);

impl JsonEdit {
    /// Wraps a function over the whole body.
    pub fn new(edit: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        Self(Arc::new(edit))
    }

    /// Keeps only the items of a list for which `keep` returns true. Other bodies stay unchanged.
    pub fn filter_items(keep: impl Fn(&Value) -> bool + Send + Sync + 'static) -> Self {
        Self::new(move |body| {
            if let Some(items) = body.get_mut("items").and_then(Value::as_array_mut) {
                items.retain(|item| keep(item));
            }
        })
    }

    /// Returns the changed body; `None` if the body is not JSON.
    pub(super) fn apply(&self, body: &[u8]) -> Option<Bytes> {
        let mut value = serde_json::from_slice(body).ok()?;
        (self.0)(&mut value);
        serde_json::to_vec(&value).ok().map(Bytes::from)
    }
}

impl fmt::Debug for JsonEdit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JsonEdit")
    }
}
