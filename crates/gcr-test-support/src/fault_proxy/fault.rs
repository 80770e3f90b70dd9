//! Defines the faults that the proxy can inject into a request.

use std::time::Duration;

use super::canned_response::CannedResponse;
use super::json_edit::JsonEdit;

/// A deviation from normal forwarding.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Sends this response; the server never receives the request.
    Replace(CannedResponse),
    /// Forwards the request, then sends this response instead of the server's.
    RespondAfterCommit(CannedResponse),
    /// Sends this response at once and forwards the request after the delay.
    CommitLate(Duration, CannedResponse),
    /// Resets the connection; the server never receives the request.
    ResetBeforeCommit,
    /// Forwards the request, then resets the connection.
    ResponseLost,
    /// Forwards the request, sends half of the response body and closes the connection.
    Truncated,
    /// Never responds; the server never receives the request.
    Hang,
    /// Forwards the request and never responds.
    HangAfterCommit,
    /// Forwards the request and sends the response body at one byte per second.
    Trickle,
    /// Adds a label to the object right before forwarding the request, so that a write bound to the earlier
    /// `resourceVersion` gets a conflict.
    ConcurrentWrite,
    /// Forwards the request with a changed JSON body.
    ChangeRequest(JsonEdit),
    /// Forwards the request and changes the JSON body of the response.
    ChangeResponse(JsonEdit),
    /// Forwards the request with this value of a header.
    SetRequestHeader(&'static str, String),
    /// Forwards the request and sets this header of the response.
    SetResponseHeader(&'static str, String),
    /// Forwards the request after the delay.
    Delay(Duration),
}
