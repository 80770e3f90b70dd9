//! One who has kubectl and krew and nothing else of ours: an empty home, an empty `KREW_ROOT`, a PATH as krew's
//! documentation wants it, and a cluster. What the caller has in theirs is not seen.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gcr_test_support::scratch::ScratchDir;
use gcr_test_support::{Error, Result, binaries};

use crate::step::listen;

/// The person. Everything is removed when it is dropped.
pub(super) struct Person {
    dir: ScratchDir,
    environment: BTreeMap<&'static str, OsString>,
}

impl Person {
    /// With this `kubectl-krew` and a kubeconfig.
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
            // It would ask GitHub.
            ("KREW_NO_UPGRADE_CHECK", "1".into()),
            ("KREW_DEFAULT_INDEX_URI", at("stock").into_os_string()),
            ("KUBECONFIG", kubeconfig.into()),
        ]);
        let person = Self { dir, environment };
        person.start_krew()?;
        Ok(person)
    }

    /// krew wants its own index before it uninstalls anything; here an empty one stands for it.
    fn start_krew(&self) -> Result<()> {
        let stock = self.dir.path().join("stock");
        let stock = stock.display();
        self.types(&format!(
            "git init --quiet {stock} && git -C {stock} -c user.name=krew -c user.email=krew@localhost \
             commit --quiet --allow-empty --message empty"
        ))?;
        self.types("kubectl krew update").map(drop)
    }

    /// Where commands run.
    pub(super) fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    /// A path below `KREW_ROOT`.
    pub(super) fn krew_root(&self, path: &str) -> PathBuf {
        self.dir.path().join("krew").join(path)
    }

    /// A command as this person starts it.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        // Found on the person's PATH: a command's own environment is searched.
        command
            .env_clear()
            .envs(&self.environment)
            .current_dir(self.work());
        command
    }

    /// What a line in a shell says on both streams; it has to succeed.
    pub(super) fn types(&self, line: &str) -> Result<String> {
        let (succeeded, said) = self.tries(line)?;
        if succeeded {
            Ok(said)
        } else {
            Err(Error::new(format!("$ {line}\n{said}")))
        }
    }

    /// The same, whether it succeeds or not.
    pub(super) fn tries(&self, line: &str) -> Result<(bool, String)> {
        let said = listen(self.command("sh").args(["-c", line]))?;
        Ok((said.status.success(), said.text))
    }

    /// As [`Person::types`], for a line that has to say exactly this.
    pub(super) fn hears(&self, line: &str, expected: &str) -> Result<()> {
        let said = self.types(line)?;
        if said == expected {
            Ok(())
        } else {
            Err(Error::new(format!(
                "$ {line}\nsaid:\n{said}\nexpected:\n{expected}"
            )))
        }
    }

    /// As [`Person::types`], for a line whose answer has to hold each of these.
    pub(super) fn hears_of(&self, line: &str, expected: &[&str]) -> Result<()> {
        let said = self.types(line)?;
        match expected.iter().find(|words| !said.contains(**words)) {
            None => Ok(()),
            Some(words) => Err(Error::new(format!(
                "$ {line}\nsaid nothing of {words:?}:\n{said}"
            ))),
        }
    }
}
