//! Captures the environment variables and well-known paths that a connection depends on.
//!
//! The process environment is read once, here only, so that tests can pass an environment of their own.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

/// The directory of a pod's service account (client-go `rest/config.go`, `InClusterConfig`).
const ACCOUNT_DIRECTORY: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The environment variables and the directory of the pod's service account.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    /// The directory with the pod's `token`, `namespace` and `ca.crt`.
    pub(super) account: PathBuf,
}

impl Environment {
    /// Returns the environment of this process.
    #[expect(
        clippy::disallowed_methods,
        reason = "the only place that reads the environment, once for the whole process"
    )]
    pub fn of_process() -> Self {
        Self {
            variables: std::env::vars_os().collect(),
            account: PathBuf::from(ACCOUNT_DIRECTORY),
        }
    }

    /// Returns an environment with these variables only, outside of any pod.
    pub fn of(variables: &[(&str, &str)]) -> Self {
        Self {
            variables: variables
                .iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            account: PathBuf::from("/nonexistent"),
        }
    }

    /// Returns whether a variable is set, even if it is empty.
    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// Returns the value of a variable that is set and not empty.
    pub fn os(&self, name: &str) -> Option<&OsString> {
        self.value(name).filter(|value| !value.is_empty())
    }

    fn value(&self, name: &str) -> Option<&OsString> {
        if cfg!(windows) {
            // Windows ignores the case of names: `PATH` is usually called `Path`.
            let mut all = self.variables.iter();
            return all
                .find_map(|(other, value)| other.eq_ignore_ascii_case(name).then_some(value));
        }
        self.variables.get(&OsString::from(name))
    }

    /// Returns the value of a variable that is set, not empty and valid Unicode.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.os(name)?.to_str()
    }

    /// Returns the value of the first of `names` for which [`Environment::text`] has one.
    pub fn first(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.text(name))
    }
}
