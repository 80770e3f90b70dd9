//! Google's side of `kubectl gcr-secret`: credentials of the operator, Google's APIs, and the handshake with a registry.
//!
//! ```text
//! flags, environment ─▶ credentials (five sources) ─▶ ApiClient ─▶ service_usage · iam · artifact_registry · …
//!                                    └──────── HttpClient ────────▶ registry (challenge, token, manifest → verdict)
//! ```
//!
//! The crate prints nothing and exits nowhere: each function returns a typed value, or an error that names the action,
//! Google's reason, and one hint. Every text from a server is redacted, capped and escaped before it is stored
//! in an error. Secrets are wiped when dropped.
//!
//! | module | content |
//! |---|---|
//! | [`http_client`], [`exchange`] | the one HTTP client; a request whose response is JSON or an error of Google |
//! | [`api_error`], [`call_error`], [`error`] | Google's three error formats; a failed request; a failed call with its action |
//! | [`retry`] | which failures are repeated, and when |
//! | [`endpoints`], [`names`] | addresses of the APIs; names of Google's resources |
//! | [`gcloud_configuration`], [`project`] | gcloud's properties; the default project |
//! | [`program`] | runs gcloud, and the helpers of container clients |
//! | [`credentials`], [`issued_token`] | access tokens of the operator |
//! | [`api_client`], [`operation`] | authorized calls; long-running operations |
//! | [`service_usage`], [`iam`], [`iam_keys`], [`iam_credentials`], [`artifact_registry`], [`resource_manager`] | the APIs |
//! | [`iam_policy`] | pure edits of an IAM policy |
//! | [`resources`] | Google's objects as resources of the engine |
//! | [`registry`] | proves a credential against a registry |
//! | [`keyring`] | the credentials that kubelet uses for an image |

pub mod api_client;
pub mod api_error;
pub mod artifact_registry;
pub mod call_error;
pub mod credentials;
pub mod endpoints;
pub mod error;
pub mod exchange;
pub mod gcloud_configuration;
pub mod http_client;
pub mod iam;
pub mod iam_credentials;
pub mod iam_keys;
pub mod iam_policy;
pub mod issued_token;
mod jwt;
pub mod keyring;
pub mod names;
pub mod operation;
pub mod program;
pub mod project;
pub mod registry;
pub mod resource_manager;
pub mod resources;
mod response_text;
pub mod retry;
pub mod service_usage;
