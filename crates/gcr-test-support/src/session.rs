//! Provides an isolated shell environment: a home directory, a kubeconfig, a PATH with the real kubectl and the plugins
//! installed as in a release, and a work directory. The environment is built from scratch; the caller's kubeconfig,
//! Google credentials and proxy settings are not inherited.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::invocation::Invocation;
use crate::scratch::ScratchDir;
use crate::{binaries, plugins};

/// Directories on PATH after the session's own.
const SYSTEM_PATH: &str = "/usr/bin:/bin";

/// Environment in which commands run. Dropping it removes all its files.
pub struct Session {
    dir: ScratchDir,
    kubeconfig: Option<PathBuf>,
}

impl Session {
    /// Creates a session with a copy of this kubeconfig.
    ///
    /// # Panics
    /// The programs cannot be built, or a file cannot be created.
    #[track_caller]
    pub fn new(kubeconfig: &Path) -> Self {
        Self::open(Some(kubeconfig)).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Creates a session without a kubeconfig, for commands that need no cluster.
    ///
    /// # Panics
    /// As for [`Session::new`].
    #[track_caller]
    pub fn without_cluster() -> Self {
        Self::open(None).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Like [`Session::new`], but returns errors.
    ///
    /// # Errors
    /// The programs cannot be built, or a file cannot be created.
    pub fn open(kubeconfig: Option<&Path>) -> Result<Self> {
        let dir = ScratchDir::new("session")?;
        let failed = |error| Error::during(dir.path().display(), error);
        for name in ["bin", "home", "work"] {
            fs::create_dir(dir.path().join(name)).map_err(failed)?;
        }
        // Other users can traverse the directory, because a command can run as another user.
        fs::set_permissions(dir.path(), Permissions::from_mode(0o711)).map_err(failed)?;

        install(&dir.path().join("bin"))?;
        let kubeconfig = match kubeconfig {
            None => None,
            Some(original) => {
                let copy = dir.path().join("kubeconfig");
                fs::copy(original, &copy)
                    .map_err(|error| Error::during(original.display(), error))?;
                fs::set_permissions(&copy, Permissions::from_mode(0o600)).map_err(failed)?;
                Some(copy)
            }
        };
        Ok(Self { dir, kubeconfig })
    }

    /// Returns the home directory, which is empty at first.
    pub fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// Returns the first directory on PATH, with kubectl and the plugins.
    pub fn bin(&self) -> PathBuf {
        self.dir.path().join("bin")
    }

    /// Returns the directory where commands run and [`Session::file`] writes.
    pub fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    /// Returns the session's own copy of the kubeconfig. Tests can change it.
    ///
    /// # Panics
    /// The session has no kubeconfig.
    #[track_caller]
    pub fn kubeconfig(&self) -> &Path {
        self.kubeconfig
            .as_deref()
            .expect("this session has no kubeconfig")
    }

    /// Writes a file with exactly this mode, relative to the work directory. Returns its absolute path.
    #[track_caller]
    pub fn file(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>, mode: u32) -> PathBuf {
        let path = self.work().join(name);
        fs::write(&path, bytes)
            .and_then(|()| fs::set_permissions(&path, Permissions::from_mode(mode)))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path
    }

    /// Writes a shell script to a directory on PATH, for example an exec plugin. `body` follows `#!/bin/sh`.
    #[track_caller]
    pub fn script(&self, name: &str, body: &str) -> PathBuf {
        self.file(self.bin().join(name), format!("#!/bin/sh\n{body}\n"), 0o755)
    }

    /// Prepares `kubectl …`.
    pub fn kubectl(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Invocation {
        self.program("kubectl").args(arguments)
    }

    /// Prepares `kubectl-gcr_secret …`: the plugin called directly by its installed name.
    pub fn gcr_secret(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Invocation {
        self.program("kubectl-gcr_secret").args(arguments)
    }

    /// Prepares `kubectl-gcr_patch_sa …`: the plugin called directly by its installed name.
    pub fn gcr_patch_sa(
        &self,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Invocation {
        self.program("kubectl-gcr_patch_sa").args(arguments)
    }

    /// Prepares `sh -c LINE`, for shell features: pipes, redirections, `$(…)`.
    pub fn shell(&self, line: &str) -> Invocation {
        Invocation::new("/bin/sh".into(), &self.work(), self.environment()).args(["-c", line])
    }

    /// Prepares a program from the session's `bin` directory.
    pub fn program(&self, name: &str) -> Invocation {
        Invocation::new(self.bin().join(name), &self.work(), self.environment())
    }

    /// Returns the complete environment of a command: HOME, PATH, and KUBECONFIG if the session has one.
    pub fn environment(&self) -> BTreeMap<OsString, OsString> {
        let mut path = self.bin().into_os_string();
        path.push(":");
        path.push(SYSTEM_PATH);
        let mut environment = BTreeMap::from([
            ("HOME".into(), self.home().into_os_string()),
            ("PATH".into(), path),
        ]);
        if let Some(kubeconfig) = &self.kubeconfig {
            environment.insert("KUBECONFIG".into(), kubeconfig.into());
        }
        environment
    }
}

/// Installs kubectl and the plugins into a directory, under the names by which kubectl finds the plugins and their
/// completion.
///
/// # Errors
/// The programs cannot be built, or a file cannot be created.
pub fn install(bin: &Path) -> Result<()> {
    install_file(&binaries::binaries()?.kubectl, &bin.join("kubectl"))?;
    let built = plugins::directory()?;
    for (binary, file_name) in plugins::PLUGINS {
        for name in [file_name, &plugins::completion_file(file_name)] {
            install_file(&built.join(binary), &bin.join(name))?;
        }
    }
    Ok(())
}

/// Hard-links a program into a directory, or copies it across file systems. A symbolic link would not work for other
/// users, because the original can be in a directory that only its owner can read.
fn install_file(program: &Path, link: &Path) -> Result<()> {
    fs::hard_link(program, link)
        .or_else(|_| fs::copy(program, link).map(drop))
        .map_err(|error| Error::during(program.display(), error))
}
