//! What may become of one request.

use std::time::Duration;

use super::canned_response::CannedResponse;

/// What becomes of a request instead of being handed on and answered.
#[derive(Clone, Debug)]
pub enum Fault {
    /// This is answered; the server never sees the request.
    Replace(CannedResponse),
    /// The server carries it out, and this is answered.
    RespondAfterCommit(CannedResponse),
    /// This is answered at once, and the server carries it out so much later.
    CommitLate(Duration, CannedResponse),
    /// The connection is reset before the server sees the request.
    ResetBeforeCommit,
    /// The server carries it out, and then the connection is reset.
    ResponseLost,
    /// The server carries it out; half the body of its answer comes, and the connection ends.
    Truncated,
    /// Nothing comes, and the server never sees the request.
    Hang,
    /// The server carries it out, and nothing comes.
    HangAfterCommit,
    /// The server carries it out; the body of its answer comes at one byte a second.
    Trickle,
    /// Somebody else labels the object just before: a write that is bound to the version it read is too late.
    ConcurrentWrite,
}
