//! Long-running operations, which are done after a number of polls.

use serde_json::{Value, json};

use super::call::Call;
use super::pending_operation::Operation;
use super::reply::{Answer, Reply, not_found};
use super::state::State;

/// Starts an operation and returns the reply. `name` ends in a part that is unique.
pub(super) fn start(state: &mut State, name: &str, metadata: Value, response: Value) -> Reply {
    let result = match &state.operation_error {
        Some(error) => json!({"error": error}),
        None => json!({"response": response}),
    };
    let remaining = state.operation_polls;
    let operation = Operation {
        remaining,
        metadata,
        result,
    };
    // An operation that takes no time is still reported as running once by Google's create calls.
    let shown = json!({"name": name, "metadata": operation.metadata});
    state.operations.insert(name.to_owned(), operation);
    Reply::json(&shown)
}

/// Answers a poll of the operation with this name.
pub(super) fn get(state: &mut State, call: &Call) -> Answer {
    let path = call.path.trim_start_matches('/');
    let name = path.split_once('/').map_or(path, |(_, rest)| rest);
    let Some(operation) = state.operations.get_mut(name) else {
        return Err(not_found(&format!("Operation {name} not found.")));
    };
    let mut shown = json!({"name": name, "metadata": operation.metadata});
    match &mut operation.remaining {
        None => {}
        Some(0) => {
            shown["done"] = true.into();
            for (key, value) in operation.result.as_object().into_iter().flatten() {
                shown[key] = value.clone();
            }
        }
        Some(remaining) => *remaining -= 1,
    }
    Ok(Reply::json(&shown))
}
