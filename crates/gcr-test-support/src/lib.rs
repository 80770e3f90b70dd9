//! Runs the plugins as users get them, the real kubectl and a real Kubernetes control plane for tests, the demo and the
//! benchmarks. None of the three is simulated.
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
//! | module | content |
//! |---|---|
//! | [`control_plane`] | a control plane: shared by all tests, or dedicated to a test that stops and restarts it |
//! | [`test_cluster`] | administrator's access to a cluster: namespaces, objects, users |
//! | [`fault_proxy`] | a proxy in front of a control plane that injects faults |
//! | [`fake_google`] | Google's APIs, token endpoints and registries, under Google's host names |
//! | [`registry`] | a real registry behind the fake, and a real client of registries |
//! | [`google_clients`], [`discovery`] | Google's own Go clients, and its description of its APIs |
//! | [`documented_job`] | the CronJobs of the documents |
//! | [`user`], [`reduced_role`] | a user with exactly the permissions that a test grants, and roles that lack a verb |
//! | [`session`] | an isolated shell environment: home directory, PATH, kubeconfig, files |
//! | [`invocation`], [`output`] | a command in a session, and its result |
//! | [`keys`] | service account keys without access to anything, and detection of leaked keys |
//! | [`kubelet_lookup`] | the answers of kubelet's own code about pull Secrets |
//! | [`binaries`], [`plugins`] | builds of the programs under test |
//! | [`checkout`], [`scratch`] | location of the sources, and temporary directories |
//! | [`interrupt`] | removal of the temporary directories after Ctrl-C |
//! | [`report`], [`stored`] | the report of a run over many namespaces, and the stored objects to compare it with |
//! | [`snapshot`], [`manual`] | snapshot files, including the manual pages |
//!
//! Functions for tests panic with the complete context of the failure. Functions that `xtask` also uses return an
//! [`Error`]. Unix only.

pub mod binaries;
mod build_progress;
pub mod checkout;
pub mod control_plane;
pub mod deployment;
pub mod discovery;
pub mod documented_job;
mod error;
pub mod fake_google;
pub mod fault_proxy;
pub mod fuzz_corpus;
mod go;
mod go_module;
pub mod google_clients;
pub mod interrupt;
pub mod invocation;
pub mod keys;
pub mod kubelet_lookup;
pub mod manual;
pub mod output;
mod plugin_names;
pub mod plugins;
mod pty;
pub mod reduced_role;
pub mod registry;
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
pub use deployment::Deployment;
pub use error::{Error, Result};
pub use fake_google::FakeGoogle;
pub use fault_proxy::FaultProxy;
pub use invocation::Invocation;
pub use kubelet_lookup::KubeletLookup;
pub use manual::assert_manual;
pub use output::Output;
pub use reduced_role::ReducedRole;
pub use registry::Registry;
pub use release_build::ReleaseBuild;
pub use report::Report;
pub use running_command::RunningCommand;
pub use rustix::process::Signal;
pub use session::Session;
pub use stored::Stored;
pub use test_cluster::TestCluster;
pub use user::{PolicyRule, User};
pub use wait::wait_until;
