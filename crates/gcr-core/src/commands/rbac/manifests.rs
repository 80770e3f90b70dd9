//! Formats roles and bindings as YAML. Pure text.

use kubectl_plugin::yaml_text;
use serde_json::{Value, json};

use super::request::{GROUP, RbacRequest, Subject};
use crate::commands::resolved_clusters::NamespaceSelection;
use crate::domain::names::Namespace;
use crate::resources::permissions::Rule;
use kube_clientcmd::escape_control::escape_control;

/// Returns the documents for one cluster: a Role and a RoleBinding per namespace, or a ClusterRole and a ClusterRoleBinding if the
/// namespaces are not named. Rules that no Role can grant are in a ClusterRole of their own. Each document ends with a newline.
pub(super) fn documents(
    request: &RbacRequest,
    rules: &[Rule],
    selection: &NamespaceSelection<'_>,
    context: Option<&str>,
) -> Vec<String> {
    let roles: Vec<(Option<&Namespace>, Vec<Value>)> = match selection {
        NamespaceSelection::Explicit(names) => {
            let (wide, namespaced): (Vec<&Rule>, Vec<&Rule>) =
                rules.iter().partition(|rule| rule.is_cluster_scoped);
            let namespaced: Vec<Value> = namespaced.into_iter().map(rule).collect();
            let roles = names.iter().map(|name| (Some(name), namespaced.clone()));
            let wide = (None, wide.into_iter().map(rule).collect());
            roles.chain([wide]).collect()
        }
        NamespaceSelection::Selector(_) => vec![(None, rules.iter().map(rule).collect())],
    };
    let subjects: Vec<Value> = request.subjects.iter().map(Subject::value).collect();
    let mut documents = Vec::new();
    for (namespace, rules) in roles.into_iter().filter(|(_, rules)| !rules.is_empty()) {
        let kind = match namespace {
            Some(_) => "Role",
            None => "ClusterRole",
        };
        let mut metadata = json!({"name": request.role});
        if let Some(namespace) = namespace {
            metadata["namespace"] = namespace.as_str().into();
        }
        let api_version = format!("{GROUP}/v1");
        let role = json!({
            "apiVersion": api_version, "kind": kind, "metadata": metadata, "rules": rules,
        });
        let mut binding = json!({
            "apiVersion": api_version, "kind": format!("{kind}Binding"), "metadata": metadata,
            "roleRef": {"apiGroup": GROUP, "kind": kind, "name": request.role},
        });
        let mut hint = "";
        if subjects.is_empty() {
            hint = "# The binding has no subject: pass --for-user, --for-group or --for-serviceaccount.\n";
        } else {
            binding["subjects"] = Value::Array(subjects.clone());
        }
        let context = context.map_or_else(String::new, |context| {
            format!("# For the cluster of context {}\n", escape_control(context))
        });
        for (comments, object) in [(context.clone(), role), (context + hint, binding)] {
            documents.push(format!("{comments}{}\n", yaml_text(&object).trim_end()));
        }
    }
    documents
}

fn rule(rule: &Rule) -> Value {
    let mut value = json!({"apiGroups": [""], "resources": [rule.resource], "verbs": rule.verbs});
    if !rule.names.is_empty() {
        value["resourceNames"] = json!(rule.names);
    }
    value
}
