//! Finds the hint for a 403: the missing permission, or that admission control rejected the request.
//!
//! Sends access reviews only after a 403, and only for a sample of the namespaces.

use crate::kubernetes::ApiError;
use crate::object_error::{Hint, ObjectError, ObjectErrorKind};
use crate::request::Desired;
use crate::target::{ObjectName, Target};

/// Adds a hint to a 403 that names no cause.
pub async fn explain_forbidden(
    target: &Target,
    object: &ObjectName,
    desired: &Desired,
    error: ObjectError,
) -> ObjectError {
    let forbidden = match &error.kind {
        ObjectErrorKind::Server(error) | ObjectErrorKind::LastAppliedNotRemoved { error, .. } => {
            error.api_error().is_some_and(|api_error: &ApiError| {
                api_error.is_forbidden() && api_error.causes.is_empty()
            })
        }
        _ => false,
    };
    if error.hint.is_some() || !forbidden {
        return error;
    }
    let (resource, name, verbs): (_, _, &'static [&'static str]) = match object {
        // The server checks `create` for an apply with the name too (apiserver endpoints/handlers/patch.go), so that a
        // rule can be limited to this Secret.
        ObjectName::Secret(name) => {
            let reads = desired
                .secret
                .as_ref()
                .is_some_and(|secret| secret.merge || secret.recreate);
            let deletes = desired
                .secret
                .as_ref()
                .is_some_and(|secret| secret.recreate);
            let verbs: &[&str] = match (reads, deletes) {
                (_, true) => &["get", "patch", "create", "delete"],
                (true, false) => &["get", "patch", "create"],
                (false, false) => &["patch", "create"],
            };
            ("secrets", name.as_str(), verbs)
        }
        ObjectName::ServiceAccount(name) => {
            ("serviceaccounts", name.as_str(), account_verbs(desired))
        }
    };
    let mut denied = false;
    for verb in verbs {
        match target
            .cluster
            .can_i(
                verb,
                resource,
                &target.namespace,
                (*verb != "list").then_some(name),
            )
            .await
        {
            Some(true) => {}
            Some(false) => {
                denied = true;
                break;
            }
            // Without an answer, any hint might be wrong.
            None => return error,
        }
    }
    let hint = if denied {
        // RBAC cannot limit a list without a field selector to names.
        let name = (!verbs.contains(&"list")).then(|| name.to_owned());
        Hint::MissingPermission {
            resource,
            name,
            verbs,
        }
    } else {
        Hint::Admission
    };
    ObjectError {
        hint: Some(hint),
        ..error
    }
}

fn account_verbs(desired: &Desired) -> &'static [&'static str] {
    use crate::request::AccountSelection::Names;
    match &desired.accounts {
        Some(accounts) if !matches!(accounts.selection, Names(_)) => &["list", "get", "patch"],
        _ => &["get", "patch"],
    }
}
