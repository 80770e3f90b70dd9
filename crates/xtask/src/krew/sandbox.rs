//! An isolated environment with kubectl and krew and without the plugins: an empty home directory, an empty `KREW_ROOT`,
//! a PATH as krew's documentation requires, and a cluster. Nothing of the caller's environment is inherited.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gcr_test_support::scratch::ScratchDir;
use gcr_test_support::{Error, Result, binaries};

use crate::step::capture;

/// The environment. Dropping it removes all its files.
pub(super) struct Sandbox {
    dir: ScratchDir,
    environment: BTreeMap<&'static str, OsString>,
}

impl Sandbox {
    /// Creates a sandbox with this `kubectl-krew` program and this kubeconfig.
    pub(super) fn new(krew: &Path, kubeconfig: &Path) -> Result<Self> {
        let dir = ScratchDir::new("krew")?;
        let at = |name: &str| dir.path().join(name);
        for name in ["bin", "home", "krew", "work", "stock"] {
            fs::create_dir(at(name)).map_err(|error| Error::during(at(name).display(), error))?;
        }
        for (program, name) in [
            (&binaries::binaries()?.kubectl, "kubectl"),
            (&krew.to_path_buf(), "kubectl-krew"),
        ] {
            fs::copy(program, at("bin").join(name))
                .map_err(|error| Error::during(program.display(), error))?;
        }
        let path = [at("bin"), at("krew/bin"), "/usr/bin".into(), "/bin".into()];
        let path = std::env::join_paths(path).map_err(|error| Error::during("PATH", error))?;
        let environment = BTreeMap::from([
            ("HOME", at("home").into_os_string()),
            ("PATH", path),
            ("KREW_ROOT", at("krew").into_os_string()),
            // Otherwise krew asks GitHub for its latest version.
            ("KREW_NO_UPGRADE_CHECK", "1".into()),
            ("KREW_DEFAULT_INDEX_URI", at("stock").into_os_string()),
            ("KUBECONFIG", kubeconfig.into()),
        ]);
        let sandbox = Self { dir, environment };
        sandbox.add_default_index()?;
        Ok(sandbox)
    }

    /// Makes an empty repository the default index, because krew uninstalls nothing without a default index.
    fn add_default_index(&self) -> Result<()> {
        let stock = self.dir.path().join("stock");
        let stock = stock.display();
        self.run(&format!(
            "git init --quiet {stock} && git -C {stock} -c user.name=krew -c user.email=krew@localhost \
             commit --quiet --allow-empty --message empty"
        ))?;
        self.run("kubectl krew update").map(drop)
    }

    /// Returns the directory where commands run.
    pub(super) fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    /// Returns a path below `KREW_ROOT`.
    pub(super) fn krew_root(&self, path: &str) -> PathBuf {
        self.dir.path().join("krew").join(path)
    }

    /// Prepares a command in the sandbox. A program without a path is looked up on the sandbox's PATH.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(&self.environment)
            .current_dir(self.work());
        command
    }

    /// Runs a shell command line that must succeed. Returns its output on both streams.
    pub(super) fn run(&self, line: &str) -> Result<String> {
        let (succeeded, output) = self.try_run(line)?;
        if succeeded {
            Ok(output)
        } else {
            Err(Error::new(format!("$ {line}\n{output}")))
        }
    }

    /// Runs a shell command line. Returns whether it succeeded, and its output on both streams.
    pub(super) fn try_run(&self, line: &str) -> Result<(bool, String)> {
        let output = capture(self.command("sh").args(["-c", line]))?;
        Ok((output.status.success(), output.text))
    }

    /// Runs a shell command line that must succeed with exactly this output.
    pub(super) fn expect(&self, line: &str, expected: &str) -> Result<()> {
        let output = self.run(line)?;
        if output == expected {
            Ok(())
        } else {
            Err(Error::new(format!(
                "$ {line}\noutput:\n{output}\nexpected:\n{expected}"
            )))
        }
    }

    /// Runs a shell command line that must succeed with an output that contains each of these texts.
    pub(super) fn expect_contains(&self, line: &str, expected: &[&str]) -> Result<()> {
        let output = self.run(line)?;
        match expected.iter().find(|text| !output.contains(**text)) {
            None => Ok(()),
            Some(text) => Err(Error::new(format!(
                "$ {line}\n{text:?} is missing in the output:\n{output}"
            ))),
        }
    }
}
