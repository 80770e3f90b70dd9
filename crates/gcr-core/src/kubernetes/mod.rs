//! Sends requests to a Kubernetes API server and classifies its errors.
//!
//! Every request goes through [`ClusterClient::send`]. This module does not decide what to write: [`crate::resources`]
//! does.

pub mod access_review;
pub mod access_review_cache;
mod adaptive_limiter;
pub mod api_error;
pub mod api_request;
mod attempt_layer;
pub mod client;
mod cluster_health;
mod event_sink;
pub mod events;
mod limiter_layer;
pub mod namespaces;
pub mod object;
pub mod pager;
pub mod pod;
pub mod pods;
mod query_string;
pub mod request_error;
mod request_options;
mod response_check;
pub mod retry;
mod retry_layer;
pub mod secrets;
pub mod service_accounts;
pub mod stale_annotation;
mod warning_header;

pub use api_error::ApiError;
pub use client::ClusterClient;
pub use event_sink::EventSink;
pub use request_error::RequestError;
