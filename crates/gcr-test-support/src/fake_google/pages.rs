//! Splits lists into pages.

use serde_json::{Value, json};

use super::call::Call;
use super::reply::{Answer, Reply, invalid_argument};

/// Answers a list with the page that `pageToken` and `pageSize` select. Empty lists are omitted, as Google omits them.
pub(super) fn page(call: &Call, field: &str, items: Vec<Value>, default_size: usize) -> Answer {
    let invalid = |_| invalid_argument("Request contains an invalid argument.");
    let size: usize = call
        .query("pageSize")
        .map_or(Ok(0), str::parse)
        .map_err(invalid)?;
    let size = if size == 0 { default_size } else { size };
    let start = call.query("pageToken").filter(|text| !text.is_empty());
    let start: usize = start.map_or(Ok(0), str::parse).map_err(invalid)?;
    let more = start + size < items.len();
    let shown: Vec<Value> = items.into_iter().skip(start).take(size).collect();
    let mut reply = json!({});
    if !shown.is_empty() {
        reply[field] = shown.into();
    }
    if more {
        reply["nextPageToken"] = (start + size).to_string().into();
    }
    Ok(Reply::json(&reply))
}
