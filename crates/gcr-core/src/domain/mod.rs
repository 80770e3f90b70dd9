//! The values the plugins speak of: names, registry hosts, credentials, docker configs, pull-secret lists.
//!
//! Knows no network, no file, no clock, no environment and no command line: everything here is made from
//! text or bytes that somebody else has read, and can be tested with literals.

pub mod access_token;
pub mod docker_config;
pub mod escape_control;
pub mod go_duration;
pub(crate) mod go_errors;
pub mod go_quote;
pub(crate) mod go_time;
pub(crate) mod go_url;
pub(crate) mod google_hosts;
pub mod image_reference;
pub mod json_object;
pub mod names;
pub mod namespace_filter;
pub mod pull_secret;
pub mod pull_secret_list;
pub mod redactor;
pub mod registry_credential;
pub mod registry_host;
pub mod service_account_key;
