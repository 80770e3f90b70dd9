//! The shared code of `kubectl gcr-secret` and `kubectl gcr-patch-sa`: from a command line to objects in a cluster and a
//! report about them.
//!
//! ```text
//! argv ─args─▶ Request ─commands─▶ targets ─▶ engine: observe ─▶ decide ─▶ execute ─▶ Event ─▶ report ─▶ stdout · stderr
//!                                                        ▲                  │
//!                                                        └───── requeue ────┘
//! ```
//!
//! * [`domain`]: names, hosts, credentials and Docker configs: values without I/O.
//! * `kubectl-plugin`, a crate of its own: parses command lines by pflag's rules; help, usage errors and completion.
//! * [`args`]: our own flags. [`request`]: the validated request that all flags describe.
//! * `kube-clientcmd`, a crate of its own: resolves kubeconfig, flags and environment to an authenticated connection.
//! * [`kubernetes`]: the Kubernetes API. Every request is sent by `ClusterClient::send`.
//! * [`engine`]: reconciles resources and runs queries, whatever they are; the ledger and the events of a run.
//! * [`resources`]: the Secret and the ServiceAccount as resources of the engine.
//! * [`report`], [`diagnostics`]: the output.
//! * [`commands`]: the clusters, namespaces, signals and exit code of a run, for every command.
//! * [`completion`]: names from the cluster for shell completion.

pub mod args;
pub mod commands;
pub mod completion;
pub mod credential_file;
pub mod diagnostics;
pub mod domain;
pub mod engine;
pub mod exit;
pub mod kubernetes;
#[cfg(test)]
mod model;
pub mod process;
pub mod report;
pub mod request;
pub mod resources;
pub mod safety;
pub mod signals;
pub mod stop;
