//! Runs a real Kubernetes control plane as a child process. The child stops when its standard input closes, so it never
//! outlives this process, except when started with [`ControlPlane::detached`].

mod options;
mod process;

use std::ops::Deref;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;

use rustix::process::{Pid, Signal, kill_process};

use self::process::ControlPlaneProcess;
use crate::error::{Error, Result};
use crate::scratch::ScratchDir;
use crate::test_cluster::TestCluster;

pub use self::options::Options;

/// Environment variable: the administrator's kubeconfig of the control plane that all test processes share.
pub const KUBECONFIG: &str = "GCR_TEST_KUBECONFIG";

/// A control plane owned by this value. Dropping the value stops it and removes its state.
pub struct ControlPlane {
    cluster: TestCluster,
    options: Options,
    process: Option<ControlPlaneProcess>,
    // Dropped last: the directory is removed after the process has exited.
    state: ScratchDir,
}

/// A control plane that outlives this process. On SIGTERM it stops and removes its state directory.
pub struct DetachedControlPlane {
    /// Process id.
    pub pid: u32,
    /// The administrator's kubeconfig.
    pub kubeconfig: PathBuf,
    /// Its state directory. Other files in it are removed with it.
    pub state_dir: PathBuf,
}

impl ControlPlane {
    /// Returns the cluster that all tests share: the one started by `cargo xtask test`, otherwise one for this process,
    /// started on the first call. Tests create their own namespaces in it and leave other namespaces alone.
    ///
    /// # Panics
    /// The control plane cannot be built or started.
    pub fn shared() -> &'static TestCluster {
        static SHARED: OnceLock<TestCluster> = OnceLock::new();
        static PRIVATE: OnceLock<ControlPlane> = OnceLock::new();
        match std::env::var_os(KUBECONFIG) {
            Some(path) => SHARED.get_or_init(|| {
                TestCluster::from_kubeconfig(Path::new(&path))
                    .unwrap_or_else(|error| panic!("{error}"))
            }),
            // Statics are never dropped: this control plane stops and removes its state when its standard input closes
            // with this process.
            None => {
                &PRIVATE
                    .get_or_init(|| ControlPlane::dedicated(Options::new().throwaway()))
                    .cluster
            }
        }
    }

    /// Starts a control plane for the caller alone.
    ///
    /// # Panics
    /// The control plane cannot be built or started.
    #[track_caller]
    pub fn dedicated(options: Options) -> Self {
        Self::start(options).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Like [`ControlPlane::dedicated`], but returns errors.
    ///
    /// # Errors
    /// The control plane cannot be built or started; the error contains the end of its log.
    pub fn start(options: Options) -> Result<Self> {
        let state = ScratchDir::new("control-plane")?;
        let process = ControlPlaneProcess::start(&options, state.path(), |_| ())?;
        // Keep the port, so that clients find the server again after a restart.
        let options = options.port(process.port);
        let cluster = TestCluster::from_kubeconfig(&process.kubeconfig)?;
        Ok(Self {
            cluster,
            options,
            process: Some(process),
            state,
        })
    }

    /// Starts a control plane that keeps running when this process exits.
    ///
    /// # Errors
    /// As for [`ControlPlane::start`].
    pub fn detached(options: Options) -> Result<DetachedControlPlane> {
        let dir = tempfile::Builder::new()
            .prefix("kubectl-gcr-kept.")
            .tempdir()
            .map_err(|error| Error::during("create a directory for the control plane", error))?;
        // Use a separate process group, so that Ctrl-C at the terminal does not reach it.
        let options = options.throwaway().until_signal();
        let process = ControlPlaneProcess::start(&options, dir.path(), |command| {
            command.stdin(Stdio::null()).process_group(0);
        })?;
        Ok(DetachedControlPlane {
            pid: process.id(),
            kubeconfig: process.kubeconfig,
            state_dir: dir.keep(),
        })
    }

    /// Kills the process with SIGKILL. Acknowledged writes survive only with [`Options::sync`].
    pub fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill();
        }
    }

    /// Stops the process gracefully and keeps its state.
    pub fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            process.stop();
        }
    }

    /// Starts the control plane again with the same state, port, certificate, tokens and keys, stopping it first if it
    /// is running.
    ///
    /// # Panics
    /// It does not start.
    #[track_caller]
    pub fn restart(&mut self) {
        self.stop();
        let process = ControlPlaneProcess::start(&self.options, self.state.path(), |_| ());
        self.process = Some(process.unwrap_or_else(|error| panic!("{error}")));
    }

    /// Suspends the process (SIGSTOP): it stops responding but keeps its connections open, until
    /// [`ControlPlane::resume`].
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Resumes a suspended process (SIGCONT).
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Waits until the process exits.
    pub fn wait(&mut self) {
        if let Some(process) = &mut self.process {
            process.wait();
        }
    }

    /// Returns the kubeconfig of a user created by [`Options::user`], or of `admin`.
    pub fn kubeconfig_of(&self, user: &str) -> PathBuf {
        self.state.path().join(format!("{user}.kubeconfig"))
    }

    /// Returns its state directory.
    pub fn state_dir(&self) -> &Path {
        self.state.path()
    }

    /// Returns the last lines of its log.
    pub fn log_tail(&self) -> String {
        process::log_tail(self.state.path())
    }

    fn signal(&self, signal: Signal) {
        if let Some(process) = &self.process {
            process.signal(signal);
        }
    }
}

impl Deref for ControlPlane {
    type Target = TestCluster;

    fn deref(&self) -> &TestCluster {
        &self.cluster
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        // A suspended process cannot exit.
        self.resume();
        self.stop();
    }
}

impl DetachedControlPlane {
    /// Stops it with SIGTERM, for example when later setup has failed.
    pub fn terminate(self) {
        if let Some(pid) = Pid::from_raw(self.pid.cast_signed()) {
            let _ = kill_process(pid, Signal::TERM);
        }
    }
}
