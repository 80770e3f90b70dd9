//! Finds the hint for a 403: the missing permission, or that admission control rejected the request.
//!
//! Sends access reviews only after a 403, and only for a sample of the namespaces.

use super::namespace_target::NamespaceTarget;
use super::permissions::Rule;
use super::resource_error::{self, ResourceError, ResourceErrorKind};
use crate::engine::Hint;
use crate::kubernetes::ApiError;
use crate::kubernetes::access_review_cache::Access;

/// Adds a hint to a 403 that names no cause. `rule` is the one that the command needs for the object called `name`;
/// an empty name stands for all objects.
pub async fn explain_forbidden(
    target: &NamespaceTarget,
    rule: &Rule,
    name: &str,
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
    let resource = rule.resource;
    let mut hint = None;
    for verb in rule.verbs.iter().copied() {
        match target
            .cluster
            .can_i(
                verb,
                resource,
                &target.namespace,
                (verb != "list" && !name.is_empty()).then_some(name),
            )
            .await
        {
            Some(Access::Allowed) => {}
            Some(Access::NotAllowed) => {
                let names = (!rule.names.is_empty()).then_some(name);
                hint = Some(rule.clone().named(names).hint(false));
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
