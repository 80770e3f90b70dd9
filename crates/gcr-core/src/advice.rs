//! Finds the hint for a 403: which right is missing, or that none is and admission refused.
//!
//! Asks the server only after it has refused, and of a fleet no more than a sample of its namespaces.

use crate::cluster::Refusal;
use crate::failure::{Failure, Hint, Trouble};
use crate::request::Wanted;
use crate::target::{ObjectName, Target};

/// Adds a hint to a refusal that gave no cause of its own.
pub async fn advise(
    target: &Target,
    object: &ObjectName,
    wanted: &Wanted,
    failure: Failure,
) -> Failure {
    let forbidden = match &failure.trouble {
        Trouble::Server(fault) | Trouble::CopyLeft { fault, .. } => fault
            .refusal()
            .is_some_and(|refusal: &Refusal| refusal.is_forbidden() && refusal.causes.is_empty()),
        _ => false,
    };
    if failure.hint.is_some() || !forbidden {
        return failure;
    }
    let (resource, name, verbs): (_, _, &'static [&'static str]) = match object {
        // The create check of an apply carries the name too (apiserver endpoints/handlers/patch.go), so the right can
        // be cut down to this one Secret.
        ObjectName::Secret(name) => {
            let reads = wanted
                .secret
                .as_ref()
                .is_some_and(|secret| secret.merge || secret.recreate);
            let deletes = wanted.secret.as_ref().is_some_and(|secret| secret.recreate);
            let verbs: &[&str] = match (reads, deletes) {
                (_, true) => &["get", "patch", "create", "delete"],
                (true, false) => &["get", "patch", "create"],
                (false, false) => &["patch", "create"],
            };
            ("secrets", name.as_str(), verbs)
        }
        ObjectName::ServiceAccount(name) => {
            ("serviceaccounts", name.as_str(), account_verbs(wanted))
        }
    };
    let mut denied = false;
    for verb in verbs {
        match target
            .cluster
            .may(verb, resource, &target.namespace, name)
            .await
        {
            Some(true) => {}
            Some(false) => {
                denied = true;
                break;
            }
            // Without an answer there is nothing true to say.
            None => return failure,
        }
    }
    let hint = if denied {
        // A list cannot be cut down to a name.
        let name = (!verbs.contains(&"list")).then(|| name.to_owned());
        Hint::Right {
            resource,
            name,
            verbs,
        }
    } else {
        Hint::Admission
    };
    Failure {
        hint: Some(hint),
        ..failure
    }
}

fn account_verbs(wanted: &Wanted) -> &'static [&'static str] {
    use crate::request::AccountSelection::Names;
    match &wanted.accounts {
        Some(accounts) if !matches!(accounts.selection, Names(_)) => &["list", "get", "patch"],
        _ => &["get", "patch"],
    }
}
