//! Builds the command line of the control plane program.

use std::path::Path;

/// Settings of a control plane.
#[derive(Clone, Debug, Default)]
pub struct Options {
    port: u16,
    args: Vec<String>,
}

impl Options {
    /// Returns the defaults: a free port, only the user `admin`, no fsync.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the port on 127.0.0.1; 0 selects a free port.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Calls fsync, so that acknowledged writes survive [`ControlPlane::kill`](crate::ControlPlane::kill).
    pub fn sync(self) -> Self {
        self.arg("--sync".into())
    }

    /// Makes the program remove its state directory itself on a graceful exit, even if this process no longer exists.
    /// Such a control plane cannot be restarted.
    pub fn throwaway(self) -> Self {
        self.arg("--throwaway".into())
    }

    /// Passes a flag to kube-apiserver, for example `--max-mutating-requests-inflight=4`.
    pub fn apiserver_flag(self, flag: &str) -> Self {
        self.arg(format!("--apiserver-flag={flag}"))
    }

    /// Adds a user with its own token and no permissions; see
    /// [`ControlPlane::kubeconfig_of`](crate::ControlPlane::kubeconfig_of).
    pub fn user(self, name: &str, groups: &[&str]) -> Self {
        self.arg(format!("--user={name}:{}", groups.join("+")))
    }

    /// Stops only on a signal and ignores the end of standard input.
    pub(super) fn until_signal(self) -> Self {
        self.arg("--until-signal".into())
    }

    fn arg(mut self, arg: String) -> Self {
        self.args.push(arg);
        self
    }

    /// Returns the program's arguments for a state directory.
    pub(super) fn arguments(&self, state_dir: &Path) -> Vec<String> {
        let first = [
            format!("--state={}", state_dir.display()),
            format!("--port={}", self.port),
        ];
        first.into_iter().chain(self.args.iter().cloned()).collect()
    }
}
