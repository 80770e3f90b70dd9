//! Which namespaces are left out where all, or all that match, are meant: the system's, and those the user excludes.
//!
//! kubectl's `-A` means all. A key handed to everybody who reads `kube-system` is not what is meant here.

use std::str::FromStr;

use super::escape_control::quoted;
use super::names::Namespace;

/// What the names of the system's namespaces begin with: Kubernetes', OpenShift's, GKE's and Google's managed Prometheus.
const SYSTEM: [&str; 4] = ["kube-", "openshift-", "gke-", "gmp-"];

/// A pattern of names: `*` stands for any text, `?` for one character, `[a-c]` for one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceGlob(glob::Pattern);

/// It is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid pattern of namespace names {}: {why}", quoted(pattern))]
pub struct GlobError {
    pattern: String,
    why: &'static str,
}

impl FromStr for NamespaceGlob {
    type Err = GlobError;

    fn from_str(pattern: &str) -> Result<Self, GlobError> {
        let failed = |why| GlobError {
            pattern: pattern.to_owned(),
            why,
        };
        let known = |character: char| {
            character.is_ascii_lowercase()
                || character.is_ascii_digit()
                || "-*?[]!".contains(character)
        };
        if pattern.is_empty() {
            return Err(failed("it is empty"));
        }
        // A pattern that can match nothing is a slip of the fingers, and what it should have kept out would get a key.
        if !pattern.chars().all(known) {
            return Err(failed("no namespace has such a character"));
        }
        glob::Pattern::new(pattern)
            .map(Self)
            .map_err(|error| failed(error.msg))
    }
}

impl std::fmt::Display for NamespaceGlob {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.0.as_str())
    }
}

/// What is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamespaceFilter {
    /// `--exclude-namespace`
    pub exclude: Vec<NamespaceGlob>,
    /// `--include-system-namespaces`
    pub include_system: bool,
}

/// What the filter says of a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamespaceClass {
    /// It is meant.
    Included,
    /// The user left it out.
    Excluded,
    /// It is the system's.
    System,
}

impl NamespaceFilter {
    /// Says whether the namespace is meant.
    pub fn classify(&self, namespace: &Namespace) -> NamespaceClass {
        let name = namespace.as_str();
        if self.exclude.iter().any(|glob| glob.0.matches(name)) {
            NamespaceClass::Excluded
        } else if !self.include_system && SYSTEM.iter().any(|prefix| name.starts_with(prefix)) {
            NamespaceClass::System
        } else {
            NamespaceClass::Included
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_and_the_excluded_are_left_out() {
        let mut filter = NamespaceFilter {
            exclude: vec!["dev-*".parse().unwrap(), "team-?".parse().unwrap()],
            include_system: false,
        };
        let standing =
            |filter: &NamespaceFilter, name: &str| filter.classify(&name.parse().unwrap());
        for name in [
            "kube-system",
            "openshift-monitoring",
            "gke-gmp-system",
            "gmp-public",
        ] {
            assert_eq!(standing(&filter, name), NamespaceClass::System, "{name}");
        }
        for name in ["default", "kubeflow", "gkehub", "team-ab", "dev"] {
            assert_eq!(standing(&filter, name), NamespaceClass::Included, "{name}");
        }
        for name in ["dev-a", "team-a"] {
            assert_eq!(standing(&filter, name), NamespaceClass::Excluded, "{name}");
        }
        filter.include_system = true;
        assert_eq!(standing(&filter, "kube-system"), NamespaceClass::Included);
    }

    #[test]
    fn a_pattern_that_can_match_no_namespace_is_refused() {
        for pattern in ["", "Team-*", "a.b", "a b", "[", "kube_*", "a***b"] {
            assert!(pattern.parse::<NamespaceGlob>().is_err(), "{pattern}");
        }
        for pattern in ["*", "a", "team-[a-c]-*", "[!x]*"] {
            assert!(pattern.parse::<NamespaceGlob>().is_ok(), "{pattern}");
        }
    }
}
