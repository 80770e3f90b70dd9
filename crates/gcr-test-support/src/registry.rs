//! Runs a real registry (distribution) behind a fake Google, which checks credentials and rights as Google does; the
//! registry itself checks the token and holds the images. A real client (go-containerregistry) pushes and pulls. Both are
//! one Go program, built from `tests/registry`.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use crate::checkout::registry_module;
use crate::error::{Error, Result};
use crate::fake_google::FakeGoogle;
use crate::go_module::{GoModule, required_version};
use crate::scratch::ScratchDir;

/// A registry that serves the images of a fake Google. Dropping it stops it.
pub struct Registry<'google> {
    google: &'google FakeGoogle,
    child: Child,
    _dir: ScratchDir,
}

/// Returns the program, building it on first use.
///
/// # Errors
/// Go is missing or too old, the disk has too little free space, or the build failed (with Go's output).
pub fn program() -> Result<&'static PathBuf> {
    static FOUND: OnceLock<Result<PathBuf>> = OnceLock::new();
    let build = || {
        let directory = registry_module();
        let version = required_version(&directory, "github.com/distribution/distribution/v3")?;
        let module = GoModule {
            name: "registry",
            linker_flags: "-s -w".into(),
            directory,
            packages: &["."],
            version,
        };
        Ok(module.build()?.join("registry"))
    };
    FOUND.get_or_init(build).as_ref().map_err(Clone::clone)
}

/// Removes the credential of a host from the `config.json` in a directory with Docker's own code, as `docker logout HOST` does.
/// `environment` has the PATH on which credential helpers are searched.
///
/// # Panics
/// The program cannot be built, or it fails.
#[track_caller]
pub fn docker_logout(
    directory: &Path,
    host: &str,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) {
    let program = program().unwrap_or_else(|error| panic!("{error}"));
    let mut command = Command::new(program);
    command.args(["logout", host]).env_clear().envs(environment);
    let output = command.env("DOCKER_CONFIG", directory).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "docker logout: {errors}");
}

impl<'google> Registry<'google> {
    /// Starts an empty registry behind a fake.
    ///
    /// # Panics
    /// The program cannot be built or does not start.
    #[track_caller]
    pub fn new(google: &'google FakeGoogle) -> Self {
        Self::start(google).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Like [`Registry::new`], but returns errors.
    ///
    /// # Errors
    /// The program cannot be built or does not start.
    pub fn start(google: &'google FakeGoogle) -> Result<Self> {
        let program = program()?;
        let failed = |error: std::io::Error| Error::during(program.display(), error);
        let dir = ScratchDir::new("registry")?;
        let (keys, issuer, audience) = FakeGoogle::registry_key_set();
        let file = dir.path().join("keys.json");
        fs::write(&file, keys.to_string()).map_err(failed)?;
        let mut child = Command::new(program)
            .arg("serve")
            .arg(&file)
            .args([issuer, audience])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout)
                .read_line(&mut line)
                .map_err(failed)?;
        }
        let ready: Value = serde_json::from_str(&line).unwrap_or_default();
        let Some(port) = ready["port"].as_u64().and_then(|port| port.try_into().ok()) else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(Error::during(
                program.display(),
                "the registry did not start",
            ));
        };
        google.attach_registry(port);
        Ok(Self {
            google,
            child,
            _dir: dir,
        })
    }

    /// Pushes a small random image with the credentials of a Docker config file. Returns its digest.
    ///
    /// # Errors
    /// The client's message.
    pub fn push(&self, image: &str, docker_config: &str) -> std::result::Result<String, String> {
        self.run_client("push", image, docker_config)
    }

    /// Pulls an image with all its layers, with the credentials of a Docker config file (for example the content of a
    /// pull secret). Returns its digest.
    ///
    /// # Errors
    /// The client's message.
    pub fn pull(&self, image: &str, docker_config: &str) -> std::result::Result<String, String> {
        self.run_client("pull", image, docker_config)
    }

    fn run_client(
        &self,
        action: &str,
        image: &str,
        docker_config: &str,
    ) -> std::result::Result<String, String> {
        let run = || {
            let dir = ScratchDir::new("docker-config")?;
            let file = dir.path().join("config.json");
            let failed = |error: std::io::Error| Error::during(file.display(), error);
            fs::write(&file, docker_config).map_err(failed)?;
            Command::new(program()?)
                .args([action, image])
                .env_clear()
                .env("HOME", dir.path())
                .env("DOCKER_CONFIG", dir.path())
                .envs(self.google.environment())
                .output()
                .map_err(failed)
        };
        let output = run().map_err(|error| error.to_string())?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() {
            Ok(text(&output.stdout))
        } else {
            Err(text(&output.stderr))
        }
    }
}

impl Drop for Registry<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
