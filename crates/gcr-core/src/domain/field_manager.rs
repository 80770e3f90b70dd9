//! Classifies field managers: which of them restore the fields that they own, and which wrote them once.
//!
//! The server names a client that sends no `fieldManager` after its user agent, up to the first slash (apiserver
//! `endpoints/handlers/create.go`, `managerOrUserAgent`). Hence browsers are `Mozilla` and Terraform is `HashiCorp`.

use std::collections::BTreeMap;

use kube_clientcmd::escape_control::escape_control;

use super::pull_secret::MANAGED_BY;

/// What a field manager does with the fields that it owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldManagerKind {
    /// A person wrote the fields, with kubectl, a browser or a desktop client.
    Interactive,
    /// A tool wrote the fields once, such as a restore from a backup.
    OneTime,
    /// The server does not know the owner: it recorded none before the first apply.
    Unrecorded,
    /// A tool restores the fields at its next run, however it wrote them.
    Reapplying,
    /// Any other client, probably a controller.
    Unknown,
}

use FieldManagerKind::{Interactive, OneTime, Reapplying, Unrecorded};

/// The known field managers by their names. The prefixes in [`PREFIXES`] extend it.
const NAMES: [(&str, FieldManagerKind); 20] = [
    // kubectl apply --server-side, and other writes of kubectl by the name of its user agent.
    ("kubectl", Interactive),
    // OpenShift's kubectl.
    ("oc", Interactive),
    ("k9s", Interactive),
    ("curl", Interactive),
    // Desktop clients that are built on Electron.
    ("node-fetch", Interactive),
    // Browsers, and web consoles that forward the browser's user agent.
    ("Mozilla", Interactive),
    ("velero", OneTime),
    ("velero-server", OneTime),
    // apimachinery `managedfields/internal/skipnonapplied.go`.
    ("before-first-apply", Unrecorded),
    ("helm", Reapplying),
    ("Helm", Reapplying),
    ("helm-controller", Reapplying),
    ("kustomize-controller", Reapplying),
    ("argocd-controller", Reapplying),
    ("argocd-application-controller", Reapplying),
    // The user agent of Terraform's providers is `HashiCorp/1.0 Terraform/VERSION`.
    ("HashiCorp", Reapplying),
    ("Terraform", Reapplying),
    ("kapp", Reapplying),
    ("kapp-controller", Reapplying),
    ("config-management-operator", Reapplying),
];

/// The known beginnings of field managers' names.
const PREFIXES: [(&str, FieldManagerKind); 4] = [
    // kubectl names itself after its subcommand: kubectl-create, kubectl-client-side-apply, kubectl-replace, ….
    ("kubectl-", Interactive),
    // Without an own name, the provider appends a random suffix to its name.
    ("pulumi-kubernetes", Reapplying),
    ("pulumi-resource-kubernetes", Reapplying),
    ("terraform-provider-", Reapplying),
];

impl FieldManagerKind {
    /// Returns the kind of the field manager with this name.
    #[must_use]
    pub fn of(manager: &str) -> Self {
        let named = NAMES.iter().find(|(name, _)| *name == manager);
        let prefixed = || {
            let mut prefixes = PREFIXES.iter();
            prefixes.find(|(prefix, _)| manager.starts_with(prefix))
        };
        named
            .or_else(prefixed)
            .map_or(Self::Unknown, |(_, kind)| *kind)
    }

    /// Returns whether no client restores the fields after another manager has taken them over.
    #[must_use]
    pub fn is_safe_to_override(self) -> bool {
        matches!(self, Interactive | OneTime | Unrecorded)
    }
}

/// Returns whether the manager of a `managedFields` entry may restore the fields of that entry. `operation` is that of the
/// entry: clients that apply do so repeatedly, clients that update only if the table says so.
#[must_use]
pub fn may_restore(manager: &str, operation: &str) -> bool {
    operation == "Apply" || FieldManagerKind::of(manager) == Reapplying
}

/// Returns the warning for a Secret that is taken over from a Helm release; `None` if its label does not name Helm.
///
/// Helm installs and upgrades a release only with objects that carry this label and the release's annotations
/// (helm `pkg/action/validate.go`, `checkOwnership`).
#[must_use]
pub fn helm_warning(
    secret: &str,
    labels: Option<&BTreeMap<String, String>>,
    annotations: Option<&BTreeMap<String, String>>,
) -> Option<String> {
    if labels?.get(MANAGED_BY)? != "Helm" {
        return None;
    }
    let release = annotations.and_then(|annotations| annotations.get("meta.helm.sh/release-name"));
    let release = release.map_or_else(
        || "a Helm release".to_owned(),
        |release| format!("the Helm release \"{}\"", escape_control(release)),
    );
    Some(format!(
        "secret {secret:?} belongs to {release}, whose next upgrade fails or restores it; take the Secret out of the \
         chart, and set the annotation helm.sh/resource-policy to keep in the chart first, so that Helm does not delete it"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_and_one_time_tools_are_safe_to_override() {
        for manager in [
            "kubectl",
            "kubectl-create",
            "kubectl-client-side-apply",
            "kubectl-edit",
            "kubectl-patch",
            "kubectl-replace",
            "kubectl-label",
            "kubectl-annotate",
            "node-fetch",
            "Mozilla",
        ] {
            assert_eq!(FieldManagerKind::of(manager), Interactive, "{manager}");
            assert!(FieldManagerKind::of(manager).is_safe_to_override());
        }
        for (manager, kind) in [
            ("velero-server", OneTime),
            ("before-first-apply", Unrecorded),
        ] {
            assert_eq!(FieldManagerKind::of(manager), kind, "{manager}");
            assert!(FieldManagerKind::of(manager).is_safe_to_override());
        }
    }

    #[test]
    fn deployment_tools_and_unknown_clients_are_not_safe_to_override() {
        for manager in [
            "helm",
            "argocd-controller",
            "HashiCorp",
            "Terraform",
            "terraform-provider-kubernetes_v2.35.1_x5",
            "pulumi-kubernetes",
            "pulumi-kubernetes-1a2b3c4d",
            "kapp",
        ] {
            assert_eq!(FieldManagerKind::of(manager), Reapplying, "{manager}");
            assert!(!FieldManagerKind::of(manager).is_safe_to_override());
        }
        for manager in ["", "flux", "external-secrets", "mozilla", "kubectlx"] {
            let kind = FieldManagerKind::of(manager);
            assert_eq!(kind, FieldManagerKind::Unknown, "{manager}");
            assert!(!kind.is_safe_to_override());
        }
    }

    #[test]
    fn restoring_depends_on_operation_or_tool() {
        for (manager, operation, expected) in [
            ("flux", "Apply", true),
            ("flux", "Update", false),
            ("kubectl-patch", "Update", false),
            ("kubectl", "Apply", true),
            ("HashiCorp", "Update", true),
            ("Terraform", "Update", true),
            ("pulumi-kubernetes", "Update", true),
            ("kapp", "Update", true),
            ("helm", "Update", true),
            ("argocd-controller", "Update", true),
        ] {
            assert_eq!(may_restore(manager, operation), expected, "{manager}");
        }
    }

    #[test]
    fn secret_of_helm_release_has_warning_with_release() {
        let map = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
        let helm = map(MANAGED_BY, "Helm");
        let release = map("meta.helm.sh/release-name", "web\u{1b}");
        assert_eq!(
            helm_warning("gcr-io", Some(&helm), Some(&release)).unwrap(),
            "secret \"gcr-io\" belongs to the Helm release \"web^[\", whose next upgrade fails or restores it; take the \
             Secret out of the chart, and set the annotation helm.sh/resource-policy to keep in the chart first, so \
             that Helm does not delete it"
        );
        let warning = helm_warning("gcr-io", Some(&helm), None).unwrap();
        assert!(warning.contains("belongs to a Helm release, "), "{warning}");
        for labels in [map(MANAGED_BY, "kubectl-gcr-secret"), map("other", "Helm")] {
            assert_eq!(helm_warning("gcr-io", Some(&labels), Some(&release)), None);
        }
        assert_eq!(helm_warning("gcr-io", None, Some(&release)), None);
    }
}
