//! Reads from the kuberc which exec plugins may run: the field `credentialPluginPolicy` (kubectl `pkg/kuberc`, client-go
//! `plugin/pkg/client/auth/exec`).
//!
//! The aliases and defaults in that file are ignored: they apply to kubectl's own commands.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::documents;
use super::environment::Environment;
use super::exec_plugin_file::SearchPath;
use super::home::home;
use super::kubeconfig_file::{ParseError, text_of, yaml_options};
use super::yaml_as_json::YamlAsJson;
use crate::escape_control::escape_control;
use crate::go::errors::PathError;
use crate::go::quote::go_quoted;

/// The API version that has a policy.
const VERSION: &str = "kubectl.config.k8s.io/v1beta1";
/// The older API version, which has no policy.
const OLDER_VERSION: &str = "kubectl.config.k8s.io/v1alpha1";

/// The kuberc cannot be used. The messages are kubectl's.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum KubercError {
    /// The file of `KUBERC`.
    #[error("error occurred while applying preferences kuberc error kuberc: {0}")]
    File(#[from] FileError),
    #[error("error occurred while applying preferences {0}")]
    Policy(#[from] PolicyError),
}

/// A file that is no kuberc.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum FileError {
    #[error(transparent)]
    Read(#[from] PathError),
    #[error(transparent)]
    Text(#[from] ParseError),
    #[error("no valid preferences found in {}, use --v=5 to see details", escape_control(&.0.to_string_lossy()))]
    NoPreferences(PathBuf),
}

/// A contradictory `credentialPluginPolicy`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum PolicyError {
    #[error("misconfigured credential plugin allowlist: plugin policy is {} but allowlist is non-nil", go_quoted(.0.as_bytes()))]
    UnexpectedAllowlist(String),
    #[error("credential plugin policy set to \"Allowlist\", but allowlist is unspecified")]
    NoAllowlist,
    #[error(
        "credential plugin policy set to \"Allowlist\", but allowlist is empty; use \"DenyAll\" policy instead"
    )]
    EmptyAllowlist,
    #[error("misconfigured credential plugin allowlist: empty allowlist entry #{0}")]
    EmptyEntry(usize),
    #[error("unknown plugin policy: {}", go_quoted(.0.as_bytes()))]
    Unknown(String),
}

/// The policy does not allow an exec plugin. The messages are client-go's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotAllowed {
    #[error("plugin {} not allowed: policy set to \"DenyAll\"", go_quoted(.0.as_bytes()))]
    DenyAll(String),
    #[error("plugin path {quoted} cannot be resolved for credential plugin allowlist check: exec: {quoted}: executable file not found in $PATH", quoted = go_quoted(.0.as_bytes()))]
    NotFound(String),
    #[error("plugin path {} is not permitted by the credential plugin allowlist", go_quoted(.0.to_string_lossy().as_bytes()))]
    NotListed(PathBuf),
}

/// The exec plugins that may run.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Policy {
    All,
    None,
    /// Exec plugins by name or path.
    Allowlist(Vec<String>),
}

/// The rules to find an exec plugin's executable and to decide whether it may run.
#[derive(Clone, Debug)]
pub(super) struct Lookup {
    pub(super) search: SearchPath,
    pub(super) policy: Policy,
}

impl Lookup {
    /// Returns the executable of a command; `None` if there is none.
    ///
    /// # Errors
    /// The policy does not allow the command.
    pub(super) fn file(&self, command: &str) -> Result<Option<PathBuf>, NotAllowed> {
        let file = self.search.find(command);
        self.policy.check(command, file.as_deref(), &self.search)?;
        Ok(file)
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Preferences {
    api_version: String,
    kind: String,
    credential_plugin_policy: Option<String>,
    credential_plugin_allowlist: Option<Vec<Option<Entry>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    name: Option<String>,
    command: Option<String>,
}

impl Policy {
    /// Returns the policy in the file of `KUBERC`, or else in `~/.kube/kuberc`, which need not exist. If the latter cannot
    /// be used, returns a notice to print in addition.
    ///
    /// # Errors
    /// The file of `KUBERC` cannot be used, or the policy is invalid.
    pub(super) fn of(environment: &Environment) -> Result<(Self, Option<String>), KubercError> {
        let named = environment.text("KUBERC");
        let enabled = environment.text("KUBECTL_KUBERC").unwrap_or_default();
        if named == Some("off") || matches!(enabled, "0" | "f" | "F" | "false" | "FALSE" | "False")
        {
            return Ok((Self::All, None));
        }
        let file = named.map_or_else(
            || home(environment).join(".kube").join("kuberc"),
            PathBuf::from,
        );
        if named.is_none() && file.symlink_metadata().is_err() {
            return Ok((Self::All, None));
        }
        match (read(&file), named) {
            (Ok(Some(preferences)), _) => Ok((Self::in_preferences(preferences)?, None)),
            (Ok(None), _) => Ok((Self::All, None)),
            (Err(reason), Some(_)) => Err(reason.into()),
            // Like kubectl, continues if the default file is invalid.
            (Err(reason), None) => {
                let file = file.to_string_lossy();
                let line = format!(
                    "kuberc: no preferences loaded from {}: {reason}",
                    escape_control(&file)
                );
                Ok((Self::All, Some(line)))
            }
        }
    }

    fn in_preferences(preferences: Preferences) -> Result<Self, PolicyError> {
        let list = preferences.credential_plugin_allowlist;
        let policy = preferences.credential_plugin_policy.unwrap_or_default();
        match (policy.as_str(), list) {
            ("" | "AllowAll", None) => Ok(Self::All),
            ("DenyAll", None) => Ok(Self::None),
            ("" | "AllowAll" | "DenyAll", Some(_)) => Err(PolicyError::UnexpectedAllowlist(policy)),
            ("Allowlist", None) => Err(PolicyError::NoAllowlist),
            ("Allowlist", Some(list)) if list.is_empty() => Err(PolicyError::EmptyAllowlist),
            ("Allowlist", Some(list)) => {
                let mut allowed = Vec::new();
                for (index, entry) in list.into_iter().enumerate() {
                    // A `null` entry counts as an empty one.
                    let entry = entry.unwrap_or_default();
                    match entry.command.or(entry.name).filter(|it| !it.is_empty()) {
                        Some(command) => allowed.push(command),
                        None => return Err(PolicyError::EmptyEntry(index + 1)),
                    }
                }
                Ok(Self::Allowlist(allowed))
            }
            _ => Err(PolicyError::Unknown(policy)),
        }
    }

    /// Checks whether `command`, found at `file`, may run.
    ///
    /// # Errors
    /// The policy does not allow it.
    fn check(
        &self,
        command: &str,
        file: Option<&Path>,
        search: &SearchPath,
    ) -> Result<(), NotAllowed> {
        let list = match self {
            Self::All => return Ok(()),
            Self::None => return Err(NotAllowed::DenyAll(command.to_owned())),
            Self::Allowlist(list) => list,
        };
        let Some(file) = file else {
            return Err(NotAllowed::NotFound(command.to_owned()));
        };
        let is_match = |entry: &String| {
            entry == command
                || Path::new(entry) == file
                || (Path::new(entry).file_name() == file.file_name()
                    && search.find(entry).as_deref() == Some(file))
        };
        if list.iter().any(is_match) {
            return Ok(());
        }
        Err(NotAllowed::NotListed(file.to_owned()))
    }
}

/// Returns the first of a file's documents that is a `Preference`.
///
/// # Errors
/// The file cannot be read, or no document is a `Preference`.
fn read(file: &Path) -> Result<Option<Preferences>, FileError> {
    let bytes = std::fs::read(file).map_err(|error| PathError::open(file, error))?;
    let text = text_of(&bytes)?;
    let (mut document, mut rest) = documents::first(&text);
    let mut is_empty = true;
    loop {
        let parsed = serde_saphyr::from_str_with_options::<YamlAsJson>(document, yaml_options());
        if !matches!(&parsed, Ok(YamlAsJson(value)) if value.is_null()) {
            is_empty = false;
        }
        let preferences = parsed
            .ok()
            .and_then(|it| serde_json::from_value::<Preferences>(it.0).ok())
            .filter(|it| it.kind == "Preference");
        match preferences {
            Some(found) if found.api_version == VERSION => return Ok(Some(found)),
            Some(found) if found.api_version == OLDER_VERSION => return Ok(None),
            _ if rest.is_empty() && is_empty => return Ok(None),
            _ if rest.is_empty() => return Err(FileError::NoPreferences(file.to_owned())),
            _ => (document, rest) = documents::first(rest.trim_start_matches("...")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(text: &str) -> Result<(Policy, Option<String>), String> {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".kube")).unwrap();
        std::fs::write(home.path().join(".kube/kuberc"), text).unwrap();
        Policy::of(&Environment::of(&[("HOME", home.path().to_str().unwrap())]))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn of_with_several_documents_uses_first_preference() {
        let head = "apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\n";
        let deny = format!("{head}credentialPluginPolicy: DenyAll\n");
        assert_eq!(policy(&deny), Ok((Policy::None, None)));
        let later = format!("# x\n---\nkind: Pod\n...\n---\n: [\n---\n{deny}---\n{head}");
        assert_eq!(policy(&later), Ok((Policy::None, None)));
        let older = format!("{}---\n{deny}", head.replace("beta", "alpha"));
        for text in ["", "# nothing\n", head, &older] {
            assert_eq!(policy(text), Ok((Policy::All, None)), "{text}");
        }
        for text in ["kind: Pod\n", ": [\n"] {
            let (policy, line) = policy(text).unwrap();
            assert_eq!(policy, Policy::All, "{text}");
            assert!(
                line.unwrap()
                    .starts_with("kuberc: no preferences loaded from ")
            );
        }
    }

    #[test]
    fn of_with_contradictory_policy_fails() {
        let head = "apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\ncredentialPlugin";
        for text in [
            "Policy: Sometimes",
            "Policy: DenyAll\ncredentialPluginAllowlist: [{command: a}]",
            "Allowlist: [{command: a}]",
            "Policy: Allowlist",
            "Policy: Allowlist\ncredentialPluginAllowlist: []",
            "Policy: Allowlist\ncredentialPluginAllowlist: [{}]",
            "Policy: Allowlist\ncredentialPluginAllowlist: [null]",
        ] {
            assert!(policy(&format!("{head}{text}\n")).is_err(), "{text}");
        }
    }
}
