//! The table of the permissions that each command needs: the source for `rbac`, for the hint after a 403, and for
//! `docs/rbac.md`.

use std::fmt;

use crate::domain::names::SecretName;
use crate::engine::Hint;
use crate::request::AccountSelection;

/// One RBAC rule of the core API group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The resource, for example `secrets`.
    pub resource: &'static str,
    /// The names of the objects to which it can be limited; empty for all.
    pub names: Vec<String>,
    /// The verbs.
    pub verbs: Vec<&'static str>,
    /// Whether the resource belongs to no namespace, so that only a ClusterRole can grant it.
    pub is_cluster_scoped: bool,
}

impl Rule {
    /// Returns a rule for all objects of a resource in a namespace.
    pub fn new(resource: &'static str, verbs: &'static [&'static str]) -> Self {
        Self {
            resource,
            names: Vec::new(),
            verbs: verbs.to_vec(),
            is_cluster_scoped: false,
        }
    }

    /// Limits the rule to objects with these names.
    pub fn named(mut self, names: impl IntoIterator<Item = impl ToString>) -> Self {
        self.names = names.into_iter().map(|name| name.to_string()).collect();
        self
    }

    /// Returns the hint to grant this rule. `cluster` states whether it must hold in the whole cluster.
    pub fn hint(&self, cluster: bool) -> Hint {
        let kind = if cluster || self.is_cluster_scoped {
            "ClusterRole"
        } else {
            "Role"
        };
        Hint::new(format!("grant this {kind} rule: {self}"))
    }
}

impl fmt::Display for Rule {
    /// Writes the rule as compact JSON.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |words: &[&str]| {
            let words: Vec<_> = words.iter().map(|word| format!("{word:?}")).collect();
            words.join(",")
        };
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        let names = if names.is_empty() {
            String::new()
        } else {
            format!(r#""resourceNames":[{}],"#, quoted(&names))
        };
        write!(
            formatter,
            r#"{{"apiGroups":[""],"resources":["{}"],{names}"verbs":[{}]}}"#,
            self.resource,
            quoted(&self.verbs)
        )
    }
}

/// Returns the rules without the verbs that write, for a client dry run.
pub fn read_only(mut rules: Vec<Rule>) -> Vec<Rule> {
    for rule in &mut rules {
        rule.verbs.retain(|verb| matches!(*verb, "get" | "list"));
    }
    rules.retain(|rule| !rule.verbs.is_empty());
    rules
}

/// Returns the rule for `create`. The server checks `create` for an apply with the name too (apiserver
/// `endpoints/handlers/patch.go`), so that the rule can be limited to this Secret.
pub fn write_secret(name: &SecretName, merge: bool, recreate: bool) -> Rule {
    let verbs: &[&str] = match (merge, recreate) {
        (_, true) => &["get", "patch", "create", "delete"],
        (true, false) => &["get", "patch", "create"],
        (false, false) => &["patch", "create"],
    };
    Rule::new("secrets", verbs).named([name])
}

/// Returns the rules for `setup`. `searches` states whether the namespaces are not named. The reads find a key that a Secret
/// carries already.
pub fn setup(name: &SecretName, recreate: bool, searches: bool) -> Rule {
    let mut rule = write_secret(name, true, recreate);
    if searches {
        rule.verbs.insert(1, "list");
    }
    rule
}

/// Returns the rule for `refresh` of a Secret with this name, or of all Secrets of this plugin. The apply names the uid, so that
/// it never creates a Secret.
pub fn refresh(name: Option<&SecretName>) -> Rule {
    let verbs: &[&str] = match name {
        Some(_) => &["get", "patch"],
        None => &["list", "get", "patch"],
    };
    Rule::new("secrets", verbs).named(name)
}

/// Returns the rule for `docker-login --from-secret`.
pub fn docker_login(name: &SecretName) -> Rule {
    Rule::new("secrets", &["get"]).named([name])
}

/// Returns the rule to change `imagePullSecrets` of the selected accounts.
pub fn change_accounts(selection: &AccountSelection) -> Rule {
    match selection {
        AccountSelection::Names(names) => {
            Rule::new("serviceaccounts", &["get", "patch"]).named(names)
        }
        // RBAC cannot limit a list without a field selector to names. An account that is read again is listed by its name.
        AccountSelection::All | AccountSelection::Labels(_) => {
            Rule::new("serviceaccounts", &["list", "patch"])
        }
    }
}

/// Returns the rules for `list`.
pub fn list(with_pods: bool) -> Vec<Rule> {
    let mut rules = vec![list_of("secrets"), list_of("serviceaccounts")];
    if with_pods {
        rules.push(list_of("pods"));
    }
    rules
}

/// Returns the rules for `verify` of these Secrets.
pub fn verify(names: &[SecretName], from_pods: bool) -> Vec<Rule> {
    let mut rules = vec![Rule::new("secrets", &["get"]).named(names)];
    if from_pods {
        rules.push(list_of("pods"));
    }
    rules
}

/// Returns the rules for `doctor`.
pub fn doctor(restart: bool) -> Vec<Rule> {
    let mut rules = vec![list_of("pods"), list_of("serviceaccounts"), read_secrets()];
    if restart {
        rules.push(read_pods());
        rules.push(evict_pods());
    }
    rules
}

/// Returns the rules that `--restart-stuck` adds to those of a command that changes ServiceAccounts.
pub fn restart_stuck() -> Vec<Rule> {
    vec![read_stuck_pods(), evict_pods()]
}

/// Returns the rule to find the stuck pods of ServiceAccounts, and to read a pod again that was not evicted at once.
pub fn read_stuck_pods() -> Rule {
    Rule::new("pods", &["list", "get"])
}

/// Returns the rule to read a pod again that `doctor --restart` did not evict at once.
pub fn read_pods() -> Rule {
    Rule::new("pods", &["get"])
}

/// Returns the rule to read the Secrets that `doctor` finds. Their names are known only after the lists.
pub fn read_secrets() -> Rule {
    Rule::new("secrets", &["get"])
}

/// Returns the rule to evict pods.
pub fn evict_pods() -> Rule {
    Rule::new("pods/eviction", &["create"])
}

/// Returns the rules for `delete`.
pub fn delete(name: &SecretName, keep_references: bool) -> Vec<Rule> {
    let mut rules = vec![delete_secret(name)];
    if !keep_references {
        rules.push(change_accounts(&AccountSelection::All));
    }
    rules.push(list_of("pods"));
    rules
}

/// Returns the rule to delete a Secret.
pub fn delete_secret(name: &SecretName) -> Rule {
    Rule::new("secrets", &["get", "delete"]).named([name])
}

/// Returns the rules for `describe`. `searches` states whether the namespaces are not named.
pub fn describe(name: &SecretName, searches: bool) -> Vec<Rule> {
    // A list with the field selector of one name can be limited to it.
    let verbs: &[&str] = if searches { &["list"] } else { &["get"] };
    vec![
        Rule::new("secrets", verbs).named([name]),
        list_of("serviceaccounts"),
        list_of("pods"),
        list_of("events"),
    ]
}

/// Returns the rule to select namespaces, with `--all-namespaces` or by labels.
pub fn list_namespaces() -> Rule {
    Rule {
        is_cluster_scoped: true,
        ..list_of("namespaces")
    }
}

/// Returns the rules for `rotate` of Secrets with this name; `None` for all names. `searches` states whether the whole cluster is
/// searched for other Secrets with the same key.
pub fn rotate(name: Option<&SecretName>, searches: bool, recreate: bool) -> Vec<Rule> {
    let mut rules = Vec::new();
    if searches || name.is_none() {
        rules.push(Rule {
            is_cluster_scoped: searches,
            ..list_of("secrets")
        });
    }
    rules.push(rotate_secret(name, recreate));
    rules
}

/// Returns the rule to write a new key to Secrets with this name; `None` for all names. The apply names the version that was
/// read, so that it never creates a Secret.
pub fn rotate_secret(name: Option<&SecretName>, recreate: bool) -> Rule {
    let verbs: &[&str] = if recreate {
        &["get", "patch", "create", "delete"]
    } else {
        &["get", "patch"]
    };
    Rule::new("secrets", verbs).named(name)
}

/// Returns the rule to list a resource.
pub fn list_of(resource: &'static str) -> Rule {
    Rule::new(resource, &["list"])
}
