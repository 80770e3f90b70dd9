//! Creates users with exactly the permissions that a test grants, to show what the plugins do without the others. A
//! user is a ServiceAccount in `kube-system`, so that tests that count objects do not see it; its token comes from the
//! TokenRequest API.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::scratch::ScratchDir;
use crate::session::Session;
use crate::test_cluster::{TestCluster, unique};
use crate::wait::wait_until;

const HOME_NAMESPACE: &str = "kube-system";

/// One RBAC rule (`rbac/v1` PolicyRule).
#[derive(Clone, Debug)]
pub struct PolicyRule(Value);

impl PolicyRule {
    /// Returns a rule with these comma-separated verbs and resources of the core API group:
    /// `PolicyRule::new("get,patch", "secrets")`.
    pub fn new(verbs: &str, resources: &str) -> Self {
        Self(json!({"apiGroups": [""], "verbs": words(verbs), "resources": words(resources)}))
    }

    /// Restricts the rule to these comma-separated object names.
    pub fn resource_names(mut self, names: &str) -> Self {
        self.0["resourceNames"] = words(names).into();
        self
    }

    /// Sets another API group, for example `authorization.k8s.io`.
    pub fn api_group(mut self, group: &str) -> Self {
        self.0["apiGroups"] = json!([group]);
        self
    }
}

fn words(text: &str) -> Vec<&str> {
    text.split(',').collect()
}

/// A user of a cluster. Dropping it removes its kubeconfig.
pub struct User<'a> {
    cluster: &'a TestCluster,
    name: String,
    dir: ScratchDir,
}

impl TestCluster {
    /// Creates a user without any permissions.
    #[track_caller]
    pub fn user(&self) -> User<'_> {
        User::new(self)
    }
}

impl<'a> User<'a> {
    #[track_caller]
    fn new(cluster: &'a TestCluster) -> Self {
        let name = unique("user");
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": name, "namespace": HOME_NAMESPACE}});
        cluster.create(vec![account]);
        let token = cluster
            .kubectl(["create", "token", &name, "-n", HOME_NAMESPACE])
            .run()
            .success()
            .stdout;
        let dir = ScratchDir::new("user").unwrap_or_else(|error| panic!("{error}"));
        let connection = cluster.connection();
        let config = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: {name}\n\
             clusters:\n- name: control-plane\n  cluster:\n    server: {}\n    certificate-authority-data: {}\n\
             users:\n- name: {name}\n  user:\n    token: {}\n\
             contexts:\n- name: {name}\n  context:\n    cluster: control-plane\n    user: {name}\n",
            connection.server,
            connection.ca_data,
            token.trim(),
        );
        let user = Self { cluster, name, dir };
        fs::write(user.kubeconfig(), config).unwrap_or_else(|error| panic!("{error}"));
        user
    }

    /// Grants rules in one namespace, with a Role.
    #[track_caller]
    pub fn allow(self, namespace: &str, rules: &[PolicyRule]) -> Self {
        self.allow_in(&[namespace.to_owned()], rules)
    }

    /// Grants rules in each of these namespaces, with a Role per namespace.
    #[track_caller]
    pub fn allow_in(self, namespaces: &[String], rules: &[PolicyRule]) -> Self {
        let grant = |namespace: &String| self.grant("Role", Some(namespace.as_str()), rules);
        let grants = namespaces.iter().flat_map(grant);
        self.cluster.create(grants.collect());
        self.await_grant(namespaces.last(), rules);
        self
    }

    /// Grants rules in the whole cluster, also for cluster-scoped resources, with a ClusterRole.
    #[track_caller]
    pub fn allow_cluster_wide(self, rules: &[PolicyRule]) -> Self {
        let grant = self.grant("ClusterRole", None, rules);
        self.cluster.create(grant.to_vec());
        self.await_grant(None, rules);
        self
    }

    /// Grants the rules of a Role or ClusterRole.
    #[track_caller]
    pub fn allow_role(self, role: &Value) -> Self {
        let rules = role["rules"].as_array().into_iter().flatten();
        let rules: Vec<PolicyRule> = rules.cloned().map(PolicyRule).collect();
        match role["metadata"]["namespace"].as_str() {
            Some(namespace) => self.allow(namespace, &rules),
            None => self.allow_cluster_wide(&rules),
        }
    }

    /// Waits until the authorizer sees the last rule: it learns of roles with a delay.
    #[track_caller]
    fn await_grant(&self, namespace: Option<&String>, rules: &[PolicyRule]) {
        let Some(PolicyRule(rule)) = rules.last() else {
            return;
        };
        let first = |field: &str| rule[field][0].as_str().unwrap_or_default();
        let (resource, group, name) = (
            first("resources"),
            first("apiGroups"),
            first("resourceNames"),
        );
        let resource = match group {
            "" => resource.to_owned(),
            group => format!("{resource}.{group}"),
        };
        let object = match name {
            "" => resource,
            name => format!("{resource}/{name}"),
        };
        let (object, subresource) = match object.split_once('/') {
            Some((resource, part)) if name.is_empty() => (resource.to_owned(), part.to_owned()),
            _ => (object, String::new()),
        };
        let user = self.name();
        wait_until("the authorizer sees the role", || {
            let review = self
                .cluster
                .kubectl(["auth", "can-i", first("verbs"), &object]);
            let review = review.args(["--as", &user, "--subresource", &subresource]);
            let review = match namespace {
                Some(namespace) => review.args(["-n", namespace]),
                None => review.arg("-A"),
            };
            review.run().code == Some(0)
        });
    }

    /// Returns the user name as the server reports it.
    pub fn name(&self) -> String {
        format!("system:serviceaccount:{HOME_NAMESPACE}:{}", self.name)
    }

    /// Returns the user's kubeconfig.
    pub fn kubeconfig(&self) -> PathBuf {
        self.dir.path().join("kubeconfig")
    }

    /// Returns a new session as this user.
    #[track_caller]
    pub fn session(&self) -> Session {
        Session::new(Path::new(&self.kubeconfig()))
    }

    /// Returns a role and its binding.
    fn grant(&self, kind: &str, namespace: Option<&str>, rules: &[PolicyRule]) -> [Value; 2] {
        let mut metadata = json!({"name": unique(&self.name)});
        if let Some(namespace) = namespace {
            metadata["namespace"] = namespace.into();
        }
        let rules: Vec<_> = rules.iter().map(|rule| &rule.0).collect();
        let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind,
            "metadata": metadata, "rules": rules});
        let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": format!("{kind}Binding"),
            "metadata": metadata,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": metadata["name"]},
            "subjects": [{"kind": "ServiceAccount", "name": self.name, "namespace": HOME_NAMESPACE}]});
        [role, binding]
    }
}
