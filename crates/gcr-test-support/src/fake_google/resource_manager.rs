//! Cloud Resource Manager API: projects and their policies.

use serde_json::json;

use super::authorization::{self, Resource};
use super::call::Call;
use super::iam_accounts;
use super::iam_policy;
use super::reply::{Answer, Reply, api_error};
use super::state::{Project, State};

pub(super) fn get(state: &mut State, call: &Call) -> Answer {
    let is_v3 = call.path.starts_with("/v3/");
    let project = find(state, call)?;
    let (id, number) = (&project.id, project.number);
    Ok(Reply::json(&if is_v3 {
        json!({"name": format!("projects/{number}"), "projectId": id, "displayName": id, "state": "ACTIVE",
            "createTime": "2024-01-02T03:04:05.678Z", "etag": "W/\"0123456789abcdef\""})
    } else {
        json!({"projectNumber": number.to_string(), "projectId": id, "name": id, "lifecycleState": "ACTIVE",
            "createTime": "2024-01-02T03:04:05.678Z"})
    }))
}

pub(super) fn get_policy(state: &mut State, call: &Call) -> Answer {
    let version = iam_policy::requested_version(call);
    Ok(Reply::json(&find(state, call)?.policy.read(version)))
}

pub(super) fn set_policy(state: &mut State, call: &Call) -> Answer {
    let known = iam_accounts::known_accounts(state);
    let propagation = state.propagation.bindings;
    let project = find(state, call)?;
    iam_policy::set(&mut project.policy, call, propagation, |email| {
        known.iter().any(|it| it == email)
    })
}

pub(super) fn test_permissions(state: &mut State, call: &Call, member: &str) -> Answer {
    find(state, call)?;
    let resource = Resource::Project(call.parameters[0].clone());
    authorization::test_permissions(state, call, member, &resource)
}

fn find<'state>(state: &'state mut State, call: &Call) -> Result<&'state mut Project, Reply> {
    // The API does not tell a missing project from one without permission.
    let denied = || {
        api_error(
            403,
            "PERMISSION_DENIED",
            "The caller does not have permission",
            &[],
        )
    };
    state.project(&call.parameters[0]).ok_or_else(denied)
}
