//! Tests the crate over HTTP, against a stub that sends responses as Google does.

#![expect(
    clippy::unwrap_used,
    reason = "a failure in a helper of a test is a failure of the test"
)]

mod apis;
mod credentials;
mod federation;
mod handshake;
mod http;
mod keys;
mod local_sources;
mod operator;
mod search;
mod stub;
