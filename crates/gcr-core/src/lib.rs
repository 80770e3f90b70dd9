//! The shared code of `kubectl gcr-secret` and `kubectl gcr-patch-sa`: from a command line to objects in a cluster and a
//! report about them.
//!
//! ```text
//! argv ─flags─▶ Request ─run─▶ Target… ─▶ reconcile: observe ─▶ plan ─▶ apply ─▶ Event ─▶ report ─▶ stdout · stderr
//!                                                       ▲                 │
//!                                                       └──── requeue ────┘
//! ```
//!
//! * [`domain`]: names, hosts, credentials and Docker configs: values without I/O.
//! * `kubectl-plugin`, a crate of its own: parses command lines by pflag's rules; help, usage errors and completion.
//! * [`args`]: our own flags. [`request`]: the validated request that all flags describe.
//! * `kube-clientcmd`, a crate of its own: resolves kubeconfig, flags and environment to an authenticated connection.
//! * [`kubernetes`]: the Kubernetes API over HTTP. Every request is sent by `ClusterClient::send`.
//! * [`observe`], [`plan`], [`apply`]: the stages of one target. [`reconcile`](mod@reconcile) is their loop.
//! * [`cluster_run`]: lists the targets of one cluster and reconciles them concurrently.
//! * [`ledger`]: the state of each object of a run. [`event`], [`report`], [`diagnostics`]: the output.
//! * [`completion`]: names from the cluster for shell completion.
//! * [`run`](mod@run): a whole run: its clusters, signals and exit code.

pub mod apply;
pub mod args;
pub mod cluster_run;
pub mod completion;
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
