//! What the kubectl gcr-secret plugins share: from a command line to objects in a cluster and words about them.
//!
//! ```text
//! argv ─args─▶ Request ─run─▶ Target… ─▶ drive: observe ─▶ plan ─▶ apply ─▶ Event ─▶ report ─▶ stdout · stderr
//!                                                  ▲                 │ stale
//!                                                  └─────────────────┘
//! ```
//!
//! * [`domain`]: names, hosts, credentials, docker configs: values without I/O.
//! * [`request`]: what the user asked for, checked. [`args`] are the flags it is made from.
//! * [`connection`]: flags and kubeconfig, made into a way to one cluster as somebody.
//! * [`cluster`]: Kubernetes over HTTP; every request leaves through `ClusterClient::exchange`.
//! * [`observe`], [`plan`], [`apply`]: the stages of one target; [`drive`](mod@drive) is their loop.
//! * [`fleet`]: the targets of one cluster, found, looked at by lists and driven side by side.
//! * [`ledger`]: what was sent and how it ended. [`event`], [`report`]: what the user sees of it.
//! * [`completion`]: what to offer for the word under the cursor.
//! * [`run`](mod@run): the whole run, its signals and its exit code.

pub mod apply;
pub mod args;
pub mod cluster_run;
pub mod completion;
pub mod connection;
pub mod credential_file;
pub mod diagnostics;
pub mod domain;
pub mod event;
pub mod exit;
pub mod kubernetes;
pub mod ledger;
#[cfg(test)]
mod model;
pub mod object_error;
pub mod observe;
pub mod plan;
pub mod process;
pub mod rbac_hint;
pub mod reconcile;
pub mod report;
pub mod request;
pub mod run;
pub mod signals;
pub mod target;
pub mod target_state;
