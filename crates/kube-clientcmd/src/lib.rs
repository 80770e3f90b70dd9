//! Turns kubeconfig files, flags and environment variables into an authenticated `kube::Client`, by client-go's rules.
//!
//! ```text
//! files ─▶ merged ─▶ effective config (with flags) ─▶ validation ─▶ address, trust, proxy, credentials ─▶ client
//! ```
//!
//! The rules and messages are those of client-go (`tools/clientcmd`, `rest`, `transport`, `plugin/pkg/client/auth`). kube
//! only provides HTTP layers. The crate never falls back to a cluster other than the requested one, sends no credential
//! over plain HTTP, and prints only names and addresses from a kubeconfig.
#![doc = ""]
#![doc = include_str!("../README.md")]

mod authentication;
mod base64_data;
mod blocking;
mod client_certificate;
mod cluster_info;
mod connect_error;
mod connection;
mod credential;
mod credential_cache;
mod credential_error;
mod credential_selection;
mod credential_source;
mod der;
mod documents;
mod effective_config;
mod environment;
mod error_text;
pub mod escape_control;
mod exec_credential;
mod exec_plugin;
mod exec_plugin_file;
mod exec_plugin_policy;
mod files;
pub mod go;
mod headers;
mod home;
mod in_cluster;
mod kubeconfig;
mod kubeconfig_file;
mod no_proxy;
mod oidc;
mod oidc_file;
mod oidc_issuer;
mod options;
pub mod private_key;
#[doc(hidden)]
pub mod proxy;
mod request_phase;
mod resolution;
mod resolve_error;
mod send_error;
mod server_address;
#[cfg(test)]
mod tests;
mod tls_probe;
mod transport;
mod trust;
mod unverified_server;
mod validation;
mod x509;
mod yaml_as_json;

pub use connection::Connection;
pub use credential_error::{CredentialError, CredentialErrorKind};
pub use environment::Environment;
pub use exec_plugin_file::find_program;
pub use home::home as home_directory;
pub use options::{ConnectionOptions, REQUEST_TIMEOUT};
pub use request_phase::{RequestPhase, RequestProgress};
pub use resolution::Kubeconfig;
pub use resolve_error::ResolveError;
pub use send_error::SendError;
