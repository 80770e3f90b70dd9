//! Tests the fake Google itself, over TLS, under Google's host names.

mod client;
mod credentials;
mod faults;
mod iam;
mod images;
mod policies;
mod registries;
mod services;
