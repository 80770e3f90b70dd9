//! Proves a credential against a registry, by the steps that a client takes to pull an image.
//!
//! ```text
//! key ─▶ (JWT exchange: why a key is refused)   ┐
//! registry ─▶ GET /v2/ without credential        ┴▶ realm ─▶ token for repository:NAME:pull ─▶ manifest ─▶ verdict
//! ```
//!
//! The credential is sent only to the registry itself, and to a realm on the same host or on a registry host of Google. The
//! rules of the challenge are those of RFC 9110 section 11 and of the distribution specification, read leniently: Google
//! leaves out `service` and `scope` at `/v2/`.

pub mod challenge;
mod handshake;
mod key_exchange;
mod login;
mod pull_target;
mod step;
mod token_exchange;
mod verdict;

pub use handshake::{Handshake, HandshakeOptions, UnsupportedHost};
pub use login::Login;
pub use pull_target::{Action, PullTarget};
pub use step::{Finding, Step, StepName};
pub use verdict::Verdict;
