//! Tests the crate over HTTP, against a stub that sends responses as Google does.

#![expect(
    clippy::unwrap_used,
    reason = "a failure in a helper of a test is a failure of the test"
)]

mod credentials;
mod federation;
mod http;
mod local_sources;
mod search;
mod stub;
