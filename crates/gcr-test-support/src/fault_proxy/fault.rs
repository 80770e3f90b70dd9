//! Defines the faults that the proxy can inject into a request.

use std::time::Duration;

use super::canned_response::CannedResponse;

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
}
