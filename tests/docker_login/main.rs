//! Black-box tests of `kubectl gcr-secret docker-login`, with the fake Google.

mod credential_helpers;
mod files;
mod fixture;
mod hostile;
mod secrecy;
mod sources;
