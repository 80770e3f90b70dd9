//! Defines when a request or an action may be repeated. Imports nothing: the engine and the transport use it.

/// Whether a request or an action may be sent again when its outcome is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Safety {
    /// Sending it twice has the effect of sending it once, for example a read or an apply.
    Idempotent,
    /// It is bound to the observed version, so that it fails if it has already taken effect.
    Preconditioned,
    /// Sending it twice has two effects. It is never repeated once it may have taken effect.
    AtMostOnce,
}
