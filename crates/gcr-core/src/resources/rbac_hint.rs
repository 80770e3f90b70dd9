//! Finds the hint for a 403: the missing permission, or that admission control rejected the request.
//!
//! Sends access reviews only after a 403, and only for a sample of the namespaces.

use super::namespace_target::NamespaceTarget;
use super::resource_error::{self, ResourceError, ResourceErrorKind};
use crate::engine::Hint;
use crate::kubernetes::ApiError;
use crate::kubernetes::access_review_cache::Access;

/// The permissions that a command needs for an object.
#[derive(Debug, Clone, Copy)]
pub struct Permissions<'a> {
    /// The resource, for example `secrets`.
    pub resource: &'static str,
    /// The object's name.
    pub name: &'a str,
    /// The verbs that a Role must grant.
    pub verbs: &'static [&'static str],
}

/// Adds a hint to a 403 that names no cause.
pub async fn explain_forbidden(
    target: &NamespaceTarget,
    permissions: Permissions<'_>,
    error: ResourceError,
) -> ResourceError {
    let forbidden = match &error.kind {
        ResourceErrorKind::Server(error)
        | ResourceErrorKind::LastAppliedNotRemoved { error, .. } => {
            error.api_error().is_some_and(|api_error: &ApiError| {
                api_error.is_forbidden() && api_error.causes.is_empty()
            })
        }
        _ => false,
    };
    if error.hint.is_some() || !forbidden {
        return error;
    }
    let Permissions {
        resource,
        name,
        verbs,
    } = permissions;
    let mut hint = None;
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
            Some(Access::Allowed) => {}
            Some(Access::NotAllowed) => {
                // RBAC cannot limit a list without a field selector to names.
                let name = (!verbs.contains(&"list")).then_some(name);
                hint = Some(resource_error::missing_permission(resource, name, verbs));
                break;
            }
            Some(Access::Denied(reason)) => {
                hint = Some(resource_error::denied(&reason));
                break;
            }
            // Without an answer, any hint might be wrong.
            None => return error,
        }
    }
    ResourceError {
        hint: Some(hint.unwrap_or_else(|| Hint::new(resource_error::ADMISSION))),
        ..error
    }
}
