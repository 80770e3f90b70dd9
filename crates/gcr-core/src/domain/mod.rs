//! Defines the domain values: names, registry hosts, credentials, Docker configs and `imagePullSecrets` lists.
//!
//! The module accesses no network, files, clock, environment or command line. It builds all values from text or bytes that
//! other modules have read, so that tests can use literals.

pub mod access_token;
pub mod client_config;
pub mod contained_keys;
pub mod docker_config;
pub mod field_manager;
pub(crate) mod google_hosts;
pub mod human_duration;
pub mod image_reference;
pub mod json_object;
pub mod key_file_shape;
pub mod names;
pub mod namespace_filter;
pub mod pull_secret;
pub mod pull_secret_list;
pub mod redactor;
pub mod registry_credential;
pub mod registry_host;
pub mod secret_difference;
pub mod server_clock;
pub mod server_message;
pub mod service_account_key;
