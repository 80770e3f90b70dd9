//! A real Kubernetes control plane as a child process. It ends by itself when its standard input does, so whatever
//! happens to this process, none is left behind, except where that was asked for.

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

/// Names the administrator's kubeconfig of the control plane that all test processes share.
pub const KUBECONFIG: &str = "GCR_TEST_KUBECONFIG";

/// A control plane that belongs to whoever holds this. It is ended, and its state removed, when this is dropped.
pub struct ControlPlane {
    cluster: TestCluster,
    options: Options,
    process: Option<ControlPlaneProcess>,
    // Last: removed when the process is gone.
    state: ScratchDir,
}

/// A control plane that outlives this process. It ends at SIGTERM and then removes its state directory.
pub struct DetachedControlPlane {
    /// Its process.
    pub pid: u32,
    /// The administrator's kubeconfig.
    pub kubeconfig: PathBuf,
    /// All that it keeps. What is put there goes with it.
    pub state_dir: PathBuf,
}

impl ControlPlane {
    /// The cluster shared by all tests: the one `cargo xtask test` started, else one for this process, started at the
    /// first call. Tests make their own namespaces in it and leave all others alone.
    ///
    /// # Panics
    /// It does not build or start.
    pub fn shared() -> &'static TestCluster {
        static SHARED: OnceLock<TestCluster> = OnceLock::new();
        static PRIVATE: OnceLock<ControlPlane> = OnceLock::new();
        match std::env::var_os(KUBECONFIG) {
            Some(path) => SHARED.get_or_init(|| {
                TestCluster::from_kubeconfig(Path::new(&path))
                    .unwrap_or_else(|error| panic!("{error}"))
            }),
            // Nothing drops a static: it ends, and removes its state, as its standard input closes with this process.
            None => {
                &PRIVATE
                    .get_or_init(|| ControlPlane::dedicated(Options::new().throwaway()))
                    .cluster
            }
        }
    }

    /// A control plane of one's own.
    ///
    /// # Panics
    /// It does not build or start.
    #[track_caller]
    pub fn dedicated(options: Options) -> Self {
        Self::start(options).unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`ControlPlane::dedicated`], for those who do not want a panic.
    ///
    /// # Errors
    /// It does not build or start; with the end of its log.
    pub fn start(options: Options) -> Result<Self> {
        let state = ScratchDir::new("control-plane")?;
        let process = ControlPlaneProcess::start(&options, state.path(), |_| ())?;
        // From now on the same, so that a restart is found where it was.
        let options = options.port(process.port);
        let cluster = TestCluster::from_kubeconfig(&process.kubeconfig)?;
        Ok(Self {
            cluster,
            options,
            process: Some(process),
            state,
        })
    }

    /// Starts one that stays when this process ends.
    ///
    /// # Errors
    /// As [`ControlPlane::start`].
    pub fn detached(options: Options) -> Result<DetachedControlPlane> {
        let dir = tempfile::Builder::new()
            .prefix("kubectl-gcr-kept.")
            .tempdir()
            .map_err(|error| Error::during("a directory for the control plane", error))?;
        // A process group of its own: Ctrl-C at the terminal is not meant for it.
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

    /// Kills it as a power failure would. Only with [`Options::sync`] is nothing lost that was answered.
    pub fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill();
        }
    }

    /// Ends it in an orderly way and keeps its state.
    pub fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            process.stop();
        }
    }

    /// Starts it on the same state and the same port, with the same certificate, tokens and keys. Ends it first where
    /// it is running.
    ///
    /// # Panics
    /// It does not start.
    #[track_caller]
    pub fn restart(&mut self) {
        self.stop();
        let process = ControlPlaneProcess::start(&self.options, self.state.path(), |_| ());
        self.process = Some(process.unwrap_or_else(|error| panic!("{error}")));
    }

    /// Stops it from answering, without closing any connection, until [`ControlPlane::resume`].
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets a paused one go on.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Waits until it ends by itself, or is ended by somebody else.
    pub fn wait(&mut self) {
        if let Some(process) = &mut self.process {
            process.wait();
        }
    }

    /// The kubeconfig of a user made by [`Options::user`], or of `admin`.
    pub fn kubeconfig_of(&self, user: &str) -> PathBuf {
        self.state.path().join(format!("{user}.kubeconfig"))
    }

    /// All that it keeps.
    pub fn state_dir(&self) -> &Path {
        self.state.path()
    }

    /// The last lines of its log.
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
        // A paused one could not end.
        self.resume();
        self.stop();
    }
}

impl DetachedControlPlane {
    /// Ends it, for instance when what it was started for has failed.
    pub fn terminate(self) {
        if let Some(pid) = Pid::from_raw(self.pid.cast_signed()) {
            let _ = kill_process(pid, Signal::TERM);
        }
    }
}
