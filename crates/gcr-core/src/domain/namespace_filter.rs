//! Filters system namespaces and those that the user excludes out of `--all-namespaces` and `--namespace-selector`.
//!
//! kubectl's `-A` includes system namespaces. The plugins exclude them by default, so that a credential is not copied to a
//! namespace such as `kube-system` unintentionally.

use std::str::FromStr;

use super::names::Namespace;
use kube_clientcmd::escape_control::quoted;

/// The name prefixes of system namespaces: those of Kubernetes, OpenShift, Rancher, GKE and Google's managed Prometheus.
///
/// A prefix is in the list only if the platform uses it for itself and teams do not name their namespaces so. Rancher also has
/// `local`, `fleet-default` and the like, which are ordinary words: a namespace that is skipped by mistake cannot pull.
const SYSTEM_PREFIXES: [&str; 5] = ["kube-", "openshift-", "cattle-", "gke-", "gmp-"];

/// The names of other system namespaces. OpenShift keeps shared images and templates in `openshift`.
const SYSTEM_NAMES: [&str; 1] = ["openshift"];

/// A pattern for names: `*` matches any text, `?` any character, `[a-c]` a character in the range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceGlob(glob::Pattern);

/// An invalid pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid namespace pattern {}: {reason}", quoted(pattern))]
pub struct GlobError {
    pattern: String,
    reason: &'static str,
}

impl FromStr for NamespaceGlob {
    type Err = GlobError;

    fn from_str(pattern: &str) -> Result<Self, GlobError> {
        let error = |reason| GlobError {
            pattern: pattern.to_owned(),
            reason,
        };
        let is_allowed = |character: char| {
            character.is_ascii_lowercase()
                || character.is_ascii_digit()
                || "-*?[]!".contains(character)
        };
        if pattern.is_empty() {
            return Err(error("it is empty"));
        }
        // A pattern that no name can match is a typing error. Accepting it would write the credential to the namespaces that
        // the user wanted to exclude.
        if !pattern.chars().all(is_allowed) {
            return Err(error(
                "it contains a character that namespace names cannot have",
            ));
        }
        glob::Pattern::new(pattern)
            .map(Self)
            .map_err(|pattern_error| error(pattern_error.msg))
    }
}

impl std::fmt::Display for NamespaceGlob {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.0.as_str())
    }
}

/// The filter for namespaces that are not named explicitly.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamespaceFilter {
    /// The patterns of `--exclude-namespace`.
    pub exclude: Vec<NamespaceGlob>,
    /// The value of `--include-system-namespaces`.
    pub include_system: bool,
}

/// The result of the filter for a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamespaceClass {
    /// The filter includes the namespace.
    Included,
    /// A pattern of the user excludes the namespace.
    Excluded,
    /// The filter excludes the namespace as a system namespace.
    System,
}

impl NamespaceFilter {
    /// Applies the filter to a namespace.
    pub fn classify(&self, namespace: &Namespace) -> NamespaceClass {
        let name = namespace.as_str();
        if self.exclude.iter().any(|glob| glob.0.matches(name)) {
            NamespaceClass::Excluded
        } else if !self.include_system && is_system(name) {
            NamespaceClass::System
        } else {
            NamespaceClass::Included
        }
    }
}

fn is_system(name: &str) -> bool {
    SYSTEM_NAMES.contains(&name)
        || SYSTEM_PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_and_excluded_namespaces_are_filtered() {
        let mut filter = NamespaceFilter {
            exclude: vec!["dev-*".parse().unwrap(), "team-?".parse().unwrap()],
            include_system: false,
        };
        let classify =
            |filter: &NamespaceFilter, name: &str| filter.classify(&name.parse().unwrap());
        for name in [
            "kube-system",
            "openshift",
            "openshift-monitoring",
            "cattle-system",
            "cattle-fleet-system",
            "gke-gmp-system",
            "gmp-public",
        ] {
            assert_eq!(classify(&filter, name), NamespaceClass::System, "{name}");
        }
        for name in [
            "default",
            "kubeflow",
            "gkehub",
            "team-ab",
            "dev",
            "openshifts",
            "my-openshift",
            "cattle",
            "local",
            "fleet-default",
            "istio-system",
        ] {
            assert_eq!(classify(&filter, name), NamespaceClass::Included, "{name}");
        }
        for name in ["dev-a", "team-a"] {
            assert_eq!(classify(&filter, name), NamespaceClass::Excluded, "{name}");
        }
        filter.include_system = true;
        assert_eq!(classify(&filter, "kube-system"), NamespaceClass::Included);
    }

    #[test]
    fn pattern_that_matches_no_namespace_fails() {
        for pattern in ["", "Team-*", "a.b", "a b", "[", "kube_*", "a***b"] {
            assert!(pattern.parse::<NamespaceGlob>().is_err(), "{pattern}");
        }
        for pattern in ["*", "a", "team-[a-c]-*", "[!x]*"] {
            assert!(pattern.parse::<NamespaceGlob>().is_ok(), "{pattern}");
        }
    }
}
