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
//! * [`cluster`]: Kubernetes over HTTP; every request leaves through `Cluster::exchange`.
//! * [`observe`], [`plan`], [`apply`]: the stages of one target; [`drive`](mod@drive) is their loop.
//! * [`fleet`]: the targets of one cluster, found, looked at by lists and driven side by side.
//! * [`ledger`]: what was sent and how it ended. [`event`], [`report`]: what the user sees of it.
//! * [`completion`]: what to offer for the word under the cursor.
//! * [`run`](mod@run): the whole run, its signals and its exit code.

pub mod advice;
pub mod apply;
pub mod args;
pub mod cluster;
pub mod completion;
pub mod connection;
pub mod credential_file;
pub mod domain;
pub mod drive;
pub mod event;
pub mod exit;
pub mod failure;
pub mod fleet;
pub mod ledger;
#[cfg(test)]
mod model;
pub mod observe;
pub mod plan;
pub mod process;
pub mod progress;
pub mod report;
pub mod request;
pub mod run;
pub mod signals;
pub mod target;
