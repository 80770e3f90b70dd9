//! How a control plane of one's own is to be. Knows the words of the program's command line and nothing else of it.

use std::path::Path;

/// The settings of a control plane.
#[derive(Clone, Debug, Default)]
pub struct Options {
    port: u16,
    args: Vec<String>,
}

impl Options {
    /// A free port, no users beside `admin`, nothing forced to the disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// Listens on this port of 127.0.0.1; 0 is a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Writes through to the disk, so that what was answered is there after
    /// [`ControlPlane::kill`](crate::ControlPlane::kill).
    pub fn sync(self) -> Self {
        self.arg("--sync".into())
    }

    /// It removes its state itself when it ends in an orderly way, so that nothing is left when this process is not
    /// there to do it. Not to be started again.
    pub fn throwaway(self) -> Self {
        self.arg("--throwaway".into())
    }

    /// Hands a flag to kube-apiserver, for instance `--max-mutating-requests-inflight=4`.
    pub fn apiserver_flag(self, flag: &str) -> Self {
        self.arg(format!("--apiserver-flag={flag}"))
    }

    /// A user with a token of its own and no rights; see
    /// [`ControlPlane::kubeconfig_of`](crate::ControlPlane::kubeconfig_of).
    pub fn user(self, name: &str, groups: &[&str]) -> Self {
        self.arg(format!("--user={name}:{}", groups.join("+")))
    }

    /// Ends at a signal alone, not with its standard input.
    pub(super) fn until_signal(self) -> Self {
        self.arg("--until-signal".into())
    }

    fn arg(mut self, arg: String) -> Self {
        self.args.push(arg);
        self
    }

    /// The arguments of a control plane whose state is in this directory.
    pub(super) fn arguments(&self, state_dir: &Path) -> Vec<String> {
        let first = [
            format!("--state={}", state_dir.display()),
            format!("--port={}", self.port),
        ];
        first.into_iter().chain(self.args.iter().cloned()).collect()
    }
}
