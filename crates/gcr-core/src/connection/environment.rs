//! What the connection depends on outside of flags and files, as values: tests need not touch the process's own.
//!
//! Reads once; nothing below looks at the environment or for well-known files again.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

/// Where a pod finds its account (client-go `rest/config.go`, `InClusterConfig`).
const ACCOUNT_DIRECTORY: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The environment variables, and where the pod's account would be.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    /// Directory of the pod's token, namespace and authority.
    pub(super) account: PathBuf,
}

impl Environment {
    /// The process's own.
    pub fn of_process() -> Self {
        Self {
            variables: std::env::vars_os().collect(),
            account: PathBuf::from(ACCOUNT_DIRECTORY),
        }
    }

    /// These variables and no others, outside of any pod.
    pub fn of(variables: &[(&str, &str)]) -> Self {
        Self {
            variables: variables
                .iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            account: PathBuf::from("/nonexistent"),
        }
    }

    /// Whether a variable is set, be it empty.
    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// A variable that is set and not empty.
    pub(super) fn os(&self, name: &str) -> Option<&OsString> {
        self.value(name).filter(|value| !value.is_empty())
    }

    fn value(&self, name: &str) -> Option<&OsString> {
        if cfg!(windows) {
            // There `PATH` is usually called `Path`.
            let mut all = self.variables.iter();
            return all
                .find_map(|(other, value)| other.eq_ignore_ascii_case(name).then_some(value));
        }
        self.variables.get(&OsString::from(name))
    }

    /// The same as text; what is no text counts as not set.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.os(name)?.to_str()
    }

    /// The first of several that is set.
    pub(super) fn first(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.text(name))
    }
}
