//! A person at a shell: a home directory, a kubeconfig, a PATH with the real kubectl and the plugins installed as a
//! release installs them, and a work directory with files. The environment is made from nothing; what the caller of
//! the tests has in theirs (a kubeconfig, Google credentials, a proxy) is not seen.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::invocation::Invocation;
use crate::scratch::ScratchDir;
use crate::{binaries, plugins};

/// What comes after our own directory on PATH.
const SYSTEM_PATH: &str = "/usr/bin:/bin";

/// The surroundings of commands. Everything is removed when it is dropped.
pub struct Session {
    dir: ScratchDir,
    kubeconfig: Option<PathBuf>,
}

impl Session {
    /// A session with a copy of this kubeconfig.
    ///
    /// # Panics
    /// The programs do not build, or the system refuses a file.
    #[track_caller]
    pub fn new(kubeconfig: &Path) -> Self {
        Self::open(Some(kubeconfig)).unwrap_or_else(|error| panic!("{error}"))
    }

    /// A session without any kubeconfig, for what needs no cluster.
    ///
    /// # Panics
    /// As [`Session::new`].
    #[track_caller]
    pub fn without_cluster() -> Self {
        Self::open(None).unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`Session::new`], for those who do not want a panic.
    ///
    /// # Errors
    /// The programs do not build, or the system refuses a file.
    pub fn open(kubeconfig: Option<&Path>) -> Result<Self> {
        let dir = ScratchDir::new("session")?;
        let failed = |error| Error::during(dir.path().display(), error);
        for name in ["bin", "home", "work"] {
            fs::create_dir(dir.path().join(name)).map_err(failed)?;
        }
        // Open to be passed through: a command may run as another user.
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

    /// The home directory: empty at first.
    pub fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// The first directory on PATH: kubectl and the plugins.
    pub fn bin(&self) -> PathBuf {
        self.dir.path().join("bin")
    }

    /// Where commands run and [`Session::file`] writes.
    pub fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    /// The session's own copy of the kubeconfig, free to be changed.
    ///
    /// # Panics
    /// The session is without a cluster.
    #[track_caller]
    pub fn kubeconfig(&self) -> &Path {
        self.kubeconfig
            .as_deref()
            .expect("this session has no kubeconfig")
    }

    /// Writes a file with exactly this mode; relative to the work directory. Returns its absolute path.
    #[track_caller]
    pub fn file(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>, mode: u32) -> PathBuf {
        let path = self.work().join(name);
        fs::write(&path, bytes)
            .and_then(|()| fs::set_permissions(&path, Permissions::from_mode(mode)))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path
    }

    /// Puts a shell script on PATH, for instance a credential plugin. `body` goes after `#!/bin/sh`.
    #[track_caller]
    pub fn script(&self, name: &str, body: &str) -> PathBuf {
        self.file(self.bin().join(name), format!("#!/bin/sh\n{body}\n"), 0o755)
    }

    /// `kubectl …`
    pub fn kubectl(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Invocation {
        self.program("kubectl").args(arguments)
    }

    /// `kubectl-gcr_secret …`: the plugin called directly, by its installed name.
    pub fn gcr_secret(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Invocation {
        self.program("kubectl-gcr_secret").args(arguments)
    }

    /// `kubectl-gcr_patch_sa …`: the plugin called directly, by its installed name.
    pub fn gcr_patch_sa(
        &self,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Invocation {
        self.program("kubectl-gcr_patch_sa").args(arguments)
    }

    /// `sh -c LINE`, for what a shell does: pipes, redirections, `$(…)`.
    pub fn shell(&self, line: &str) -> Invocation {
        Invocation::new("/bin/sh".into(), &self.work(), self.environment()).args(["-c", line])
    }

    /// A program of the session's `bin` directory.
    pub fn program(&self, name: &str) -> Invocation {
        Invocation::new(self.bin().join(name), &self.work(), self.environment())
    }

    /// All the variables a command sees: HOME, PATH, and KUBECONFIG where there is one.
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

/// Installs kubectl and the plugins into a directory, under the names by which kubectl finds them and their completion.
///
/// # Errors
/// The programs do not build, or the system refuses a file.
pub fn install(bin: &Path) -> Result<()> {
    place(&binaries::binaries()?.kubectl, &bin.join("kubectl"))?;
    let built = plugins::directory()?;
    for (binary, file_name) in plugins::PLUGINS {
        for name in [file_name, &plugins::completion_file(file_name)] {
            place(&built.join(binary), &bin.join(name))?;
        }
    }
    Ok(())
}

/// Links a program into a directory of ours, or copies it where they are on different disks. Not a symbolic link: the
/// original may lie where only its owner can look.
fn place(program: &Path, link: &Path) -> Result<()> {
    fs::hard_link(program, link)
        .or_else(|_| fs::copy(program, link).map(drop))
        .map_err(|error| Error::during(program.display(), error))
}
