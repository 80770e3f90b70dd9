//! What tests, the demo and the bench stand on: the plugins as users get them, the real kubectl, and a real
//! Kubernetes control plane. Nothing in here imitates any of the three.
//!
//! ```no_run
//! use gcr_test_support::{ControlPlane, keys};
//!
//! let cluster = ControlPlane::shared();
//! let namespace = cluster.create_namespace("create");
//! let session = cluster.session();
//! session.file("key.json", keys::KEY, 0o600);
//! session
//!     .kubectl(["gcr-secret", "create", "--key-file", "key.json", "-n", &namespace])
//!     .run()
//!     .success();
//! assert_eq!(cluster.get("secret/gcr-io", &namespace)["type"], "kubernetes.io/dockerconfigjson");
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | [`control_plane`] | a control plane: shared by all tests, or one's own to kill and start again |
//! | [`cluster`] | what a test does to a cluster as its administrator: namespaces, objects, users |
//! | [`fault_proxy`] | a proxy in front of a control plane, for what a real one does not do on demand |
//! | [`user`] | a user with exactly the rights it was given |
//! | [`session`] | a person at a shell: a home, a PATH, a kubeconfig, files, and nothing else |
//! | [`invocation`], [`output`] | one command typed there, and what came of it |
//! | [`keys`] | service account keys that open nothing, and what to look for where none may show |
//! | [`binaries`], [`plugins`] | building the programs that all of this runs |
//! | [`checkout`], [`scratch`] | where the sources are, and directories that do not outlive their use for long |
//! | [`report`], [`stored`] | what a run over many namespaces said, and what the server holds: whether it was true |
//! | [`snapshot`], [`manual`] | texts kept as files, and the manual pages among them |
//!
//! Functions for tests panic, with everything there is to say about the failure. Those that the tasks of `xtask` use
//! too return an [`Error`]. Unix only.

pub mod binaries;
mod build_progress;
pub mod checkout;
pub mod control_plane;
mod error;
pub mod fault_proxy;
mod go;
pub mod invocation;
pub mod keys;
pub mod manual;
pub mod output;
pub mod plugins;
mod pty;
mod release_build;
pub mod report;
mod running_command;
pub mod scratch;
pub mod session;
pub mod snapshot;
pub mod stored;
pub mod test_cluster;
pub mod user;
mod wait;

pub use control_plane::{ControlPlane, Options};
pub use error::{Error, Result};
pub use fault_proxy::FaultProxy;
pub use invocation::Invocation;
pub use manual::assert_manual;
pub use output::Output;
pub use release_build::ReleaseBuild;
pub use report::Report;
pub use running_command::RunningCommand;
pub use rustix::process::Signal;
pub use session::Session;
pub use stored::Stored;
pub use test_cluster::TestCluster;
pub use user::{PolicyRule, User};
pub use wait::wait_until;
