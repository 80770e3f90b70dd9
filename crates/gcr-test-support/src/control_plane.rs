//! A real Kubernetes control plane as a child process. It ends by itself when its standard input does, so whatever
//! happens to this process, none is left behind.

use std::io::{BufRead, BufReader};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::{Duration, Instant};
use std::{fs, thread};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::binaries::binaries;
use crate::cluster::Cluster;
use crate::error::{Error, Result};
use crate::scratch::ScratchDir;

/// Names the administrator's kubeconfig of the control plane that all test processes share.
pub const KUBECONFIG: &str = "GCR_TEST_KUBECONFIG";

/// How long a start may take. It takes about 3 s on an idle machine.
const START_LIMIT: Duration = Duration::from_secs(120);
/// How long a regular end may take before it is killed.
const END_LIMIT: Duration = Duration::from_secs(20);

/// How a control plane of one's own is to be.
#[derive(Clone, Debug, Default)]
pub struct Options {
    port: u16,
    sync: bool,
    throwaway: bool,
    words: Vec<String>,
}

impl Options {
    /// A free port, no users beside `admin`, nothing forced to the disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// Listens on this port of 127.0.0.1.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Writes through to the disk, so that what was answered is there after [`ControlPlane::kill`].
    pub fn sync(mut self) -> Self {
        self.sync = true;
        self
    }

    /// Hands a flag to kube-apiserver, for instance `--max-mutating-requests-inflight=4`.
    pub fn apiserver_flag(mut self, flag: &str) -> Self {
        self.words.push(format!("--apiserver-flag={flag}"));
        self
    }

    /// A user with a token of its own and no rights; see [`ControlPlane::kubeconfig_of`].
    pub fn user(mut self, name: &str, groups: &[&str]) -> Self {
        self.words
            .push(format!("--user={name}:{}", groups.join("+")));
        self
    }

    /// The state directory goes with the control plane, not with this process.
    fn throwaway(mut self) -> Self {
        self.throwaway = true;
        self
    }

    /// The arguments of a control plane whose state is in this directory.
    fn arguments(&self, state: &Path) -> Vec<String> {
        let mut arguments = vec![
            format!("--state={}", state.display()),
            format!("--port={}", self.port),
        ];
        arguments.extend(self.sync.then(|| "--sync".into()));
        arguments.extend(self.throwaway.then(|| "--throwaway".into()));
        arguments.extend(self.words.iter().cloned());
        arguments
    }
}

/// A control plane that belongs to whoever holds this. It is ended, and its state removed, when this is dropped.
pub struct ControlPlane {
    cluster: Cluster,
    options: Options,
    process: Option<Process>,
    // Last: removed when the process is gone.
    state: ScratchDir,
}

impl ControlPlane {
    /// The cluster shared by all tests: the one `cargo xtask test` started, else one for this process, started at the
    /// first call. Tests make their own namespaces in it and leave all others alone.
    ///
    /// # Panics
    /// It does not build or start.
    pub fn shared() -> &'static Cluster {
        static GIVEN: OnceLock<Cluster> = OnceLock::new();
        static OWN: OnceLock<ControlPlane> = OnceLock::new();
        match std::env::var_os(KUBECONFIG) {
            Some(path) => GIVEN.get_or_init(|| {
                Cluster::at(Path::new(&path)).unwrap_or_else(|error| panic!("{error}"))
            }),
            // Nothing drops a static: it ends, and removes its state, as its standard input closes with this process.
            None => {
                &OWN.get_or_init(|| ControlPlane::own(Options::new().throwaway()))
                    .cluster
            }
        }
    }

    /// A control plane of one's own.
    ///
    /// # Panics
    /// It does not build or start.
    #[track_caller]
    pub fn own(options: Options) -> Self {
        Self::start(options).unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`ControlPlane::own`], for those who do not want a panic.
    ///
    /// # Errors
    /// It does not build or start; with the end of its log.
    pub fn start(mut options: Options) -> Result<Self> {
        let state = ScratchDir::new("control-plane")?;
        let process = Process::start(&options, state.path())?;
        // From now on the same, so that a restart is found where it was.
        options.port = process.port;
        let cluster = Cluster::at(&process.kubeconfig)?;
        Ok(Self {
            cluster,
            options,
            process: Some(process),
            state,
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
            process.end();
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
        let process = Process::start(&self.options, self.state.path())
            .unwrap_or_else(|error| panic!("{error}"));
        self.process = Some(process);
    }

    /// Stops it from answering, without closing any connection, until [`ControlPlane::resume`].
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets a paused one go on.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// The kubeconfig of a user made by [`Options::user`], or of `admin`.
    pub fn kubeconfig_of(&self, user: &str) -> PathBuf {
        self.state.path().join(format!("{user}.kubeconfig"))
    }

    /// The last lines of its log.
    pub fn log_tail(&self) -> String {
        log_tail(self.state.path())
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.process.as_ref().and_then(|process| process.pid()) {
            let _ = kill_process(pid, signal);
        }
    }
}

impl Deref for ControlPlane {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        &self.cluster
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        self.resume();
        self.stop();
    }
}

/// A running control plane: the pipe whose end is its end.
struct Process {
    child: Child,
    stdin: ChildStdin,
    kubeconfig: PathBuf,
    port: u16,
}

impl Process {
    fn start(options: &Options, state: &Path) -> Result<Self> {
        let program = &binaries()?.control_plane;
        let failed = |error: std::io::Error| Error::during(program.display(), error);
        let complaints = fs::File::create(state.join("stderr.log")).map_err(failed)?;
        let mut child = Command::new(program)
            .args(options.arguments(state))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(complaints)
            .spawn()
            .map_err(failed)?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Error::new("a child's pipes are missing"));
        };

        let (sender, line) = mpsc::channel();
        thread::spawn(move || {
            let mut line = String::new();
            let _ = BufReader::new(stdout).read_line(&mut line);
            let _ = sender.send(line);
        });
        let line = line.recv_timeout(START_LIMIT).unwrap_or_default();
        let ready: Value = serde_json::from_str(&line).unwrap_or_default();
        let port = ready["server"]
            .as_str()
            .and_then(|server| server.rsplit(':').next()?.parse().ok());
        let (Some(kubeconfig), Some(port)) = (ready["kubeconfig"].as_str(), port) else {
            let _ = child.kill();
            let _ = child.wait();
            let complaints = fs::read_to_string(state.join("stderr.log")).unwrap_or_default();
            return Err(Error::new(format!(
                "the control plane did not start\n{complaints}{}",
                log_tail(state)
            )));
        };
        Ok(Self {
            child,
            stdin,
            kubeconfig: kubeconfig.into(),
            port,
        })
    }

    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(self.child.id().cast_signed())
    }

    fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn end(mut self) {
        drop(self.stdin);
        let asked = Instant::now();
        while let Ok(None) = self.child.try_wait() {
            if asked.elapsed() > END_LIMIT {
                let _ = self.child.kill();
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// The last 30 lines of the log in a state directory.
fn log_tail(state: &Path) -> String {
    let path = state.join("control-plane.log");
    let log = fs::read(&path).unwrap_or_default();
    let text = String::from_utf8_lossy(&log);
    let lines: Vec<_> = text.lines().collect();
    format!(
        "--- the end of {}\n{}\n",
        path.display(),
        lines[lines.len().saturating_sub(30)..].join("\n")
    )
}
