//! Maps each method to the function that answers it.

use super::call::Call;
use super::reply::{Answer, unknown_path};
use super::state::State;
use super::{
    artifact_registry, authorization, iam_accounts, iam_credentials, iam_keys, metadata_server,
    oauth_token, operations, registry_token, resource_manager, service_usage, sts,
};

/// Checks the caller and answers.
pub(super) fn answer(state: &mut State, call: &Call) -> Answer {
    let member = authorization::authorize(state, call)?;
    let (api, method) = call.method.id.split_once('.').unwrap_or_default();
    match api {
        "iam" => iam(
            state,
            call,
            &member,
            method.trim_start_matches("projects.serviceAccounts."),
        ),
        "artifactregistry" => {
            artifacts(state, call, &member, method.trim_start_matches("projects."))
        }
        "serviceusage" => match method {
            "services.enable" | "services.batchEnable" => service_usage::enable(state, call),
            "services.disable" => service_usage::disable(state, call),
            "services.batchGet" => service_usage::batch_get(state, call),
            "services.get" => service_usage::get(state, call),
            "services.list" => service_usage::list(state, call),
            _ => operations::get(state, call),
        },
        "cloudresourcemanager" => match method {
            "projects.getIamPolicy" => resource_manager::get_policy(state, call),
            "projects.setIamPolicy" => resource_manager::set_policy(state, call),
            "projects.testIamPermissions" => {
                resource_manager::test_permissions(state, call, &member)
            }
            _ => resource_manager::get(state, call),
        },
        "iamcredentials" => match method.rsplit('.').next() {
            Some("generateAccessToken") => {
                iam_credentials::generate_access_token(state, call, &member)
            }
            Some("generateIdToken") => iam_credentials::generate_id_token(state, call, &member),
            _ => iam_credentials::sign_jwt(state, call, &member),
        },
        "oauth2" => oauth_token::exchange(state, call),
        "sts" => sts::exchange(state, call),
        "metadata" => metadata_server::answer(state, call),
        "registry" => registry_token::answer(state, call),
        _ => Err(unknown_path(&call.path)),
    }
}

fn iam(state: &mut State, call: &Call, member: &str, method: &str) -> Answer {
    match method {
        "create" => iam_accounts::create(state, call),
        "get" => iam_accounts::get(state, call),
        "list" => iam_accounts::list(state, call),
        "delete" => iam_accounts::delete(state, call),
        "disable" => iam_accounts::set_disabled(state, call, true),
        "enable" => iam_accounts::set_disabled(state, call, false),
        "getIamPolicy" => iam_accounts::get_policy(state, call),
        "setIamPolicy" => iam_accounts::set_policy(state, call),
        "testIamPermissions" => iam_accounts::test_permissions(state, call, member),
        "keys.create" => iam_keys::create(state, call),
        "keys.get" => iam_keys::get(state, call),
        "keys.list" => iam_keys::list(state, call),
        "keys.delete" => iam_keys::delete(state, call),
        "keys.disable" => iam_keys::set_disabled(state, call, true),
        "keys.enable" => iam_keys::set_disabled(state, call, false),
        _ => Err(unknown_path(&call.path)),
    }
}

fn artifacts(state: &mut State, call: &Call, member: &str, method: &str) -> Answer {
    match method {
        "getProjectSettings" => artifact_registry::get_settings(call),
        "locations.list" => artifact_registry::list_locations(call),
        "locations.get" => artifact_registry::get_location(call),
        "locations.operations.get" => operations::get(state, call),
        "locations.repositories.create" => artifact_registry::create(state, call),
        "locations.repositories.get" => artifact_registry::get(state, call),
        "locations.repositories.list" => artifact_registry::list(state, call),
        "locations.repositories.delete" => artifact_registry::delete(state, call),
        "locations.repositories.getIamPolicy" => artifact_registry::get_policy(state, call),
        "locations.repositories.setIamPolicy" => artifact_registry::set_policy(state, call),
        "locations.repositories.testIamPermissions" => {
            artifact_registry::test_permissions(state, call, member)
        }
        _ => Err(unknown_path(&call.path)),
    }
}
