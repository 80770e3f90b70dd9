//! The validated request of the user.

use serde_json::{Value, json};

use crate::domain::names::{Namespace, ServiceAccountName};
use crate::request::{Namespaces, OutputOptions, Scope};
use crate::resources::permissions::{self, Rule};
use kube_clientcmd::ConnectionOptions;

/// The API group of roles.
pub(super) const GROUP: &str = "rbac.authorization.k8s.io";

/// The permissions of a command line.
#[derive(Debug)]
pub struct CommandPermissions {
    /// The rules for each namespace.
    pub rules: Vec<Rule>,
    /// The clusters and namespaces of the command line.
    pub scope: Scope,
    /// Whether the command lists namespaces whenever the user does not name them. Otherwise it does so only to match their
    /// labels.
    pub lists_namespaces: bool,
    /// The output options of the command line.
    pub output: OutputOptions,
    /// Lines about what no role grants, to print as comments.
    pub comments: Vec<String>,
}

/// The validated request of the user.
#[derive(Debug)]
pub struct RbacRequest {
    /// How to reach the clusters.
    pub connection: ConnectionOptions,
    /// The permissions of the command line.
    pub permissions: CommandPermissions,
    /// The name of the roles and bindings.
    pub role: String,
    /// The subjects of the bindings.
    pub subjects: Vec<Subject>,
}

impl CommandPermissions {
    /// Returns all rules, with that for the list of namespaces.
    pub fn all_rules(&self) -> Vec<Rule> {
        let mut rules = self.rules.clone();
        if let Namespaces::Matching(selector) = &self.scope.namespaces
            && (self.lists_namespaces || selector.labels.is_some())
        {
            rules.push(permissions::list_namespaces());
        }
        rules
    }
}

/// The subject of a binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A user.
    User(String),
    /// A group of users.
    Group(String),
    /// A ServiceAccount.
    ServiceAccount(Namespace, ServiceAccountName),
}

impl Subject {
    /// Returns the subject as a manifest contains it.
    pub(super) fn value(&self) -> Value {
        match self {
            Self::User(name) => json!({"apiGroup": GROUP, "kind": "User", "name": name}),
            Self::Group(name) => json!({"apiGroup": GROUP, "kind": "Group", "name": name}),
            Self::ServiceAccount(namespace, name) => {
                let (namespace, name) = (namespace.as_str(), name.as_str());
                json!({"kind": "ServiceAccount", "name": name, "namespace": namespace})
            }
        }
    }
}
