//! Checks the caller of an API: the access token, whether the API is enabled, and the permission.

use serde_json::json;

use super::call::Call;
use super::reply::{Reply, api_error, error_info};
use super::roles;
use super::state::{CLOUD_PLATFORM, State};

/// A resource with a policy.
#[derive(Clone, Debug)]
pub(super) enum Resource {
    Project(String),
    /// Project, email address.
    Account(String, String),
    /// Project, location, repository id.
    Repository(String, String, String),
}

impl Resource {
    /// Returns the resource that a call names; `None` if it names none.
    fn of(call: &Call) -> Option<Self> {
        let p = &call.parameters;
        let id = call.method.id;
        Some(match p.as_slice() {
            [project, account, ..] if id.contains(".serviceAccounts.") => {
                Self::Account(project.clone(), account.clone())
            }
            [project, location, repository] if id.contains(".repositories.") => {
                Self::Repository(project.clone(), location.clone(), repository.clone())
            }
            [project, ..] => Self::Project(project.clone()),
            [] => return None,
        })
    }

    /// Returns the resource's full name in error messages.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Project(project) => format!("projects/{project}"),
            Self::Account(project, email) => format!("projects/{project}/serviceAccounts/{email}"),
            Self::Repository(project, location, id) => {
                format!("projects/{project}/locations/{location}/repositories/{id}")
            }
        }
    }
}

/// Checks a call and returns the member that its token authenticates; an empty string for methods without credentials.
pub(super) fn authorize(state: &mut State, call: &Call) -> Result<String, Reply> {
    let api = call.method.id.split('.').next().unwrap_or_default();
    if matches!(api, "oauth2" | "sts" | "metadata" | "registry") {
        return Ok(String::new());
    }
    let member = authenticate(state, call)?;
    check_service(state, call)?;
    if let (Some(resource), permission) = (Resource::of(call), call.method.permission)
        && !permission.is_empty()
        && !is_allowed(state, &member, permission, &resource)
    {
        return Err(denied(call, permission, &resource));
    }
    Ok(member)
}

fn authenticate(state: &State, call: &Call) -> Result<String, Reply> {
    let unauthenticated = |reason: &str, message: &str| {
        let service = call.method.host().unwrap_or_default();
        let metadata = json!({"service": service, "method": call.method.id});
        let details = [error_info(reason, "googleapis.com", metadata)];
        api_error(401, "UNAUTHENTICATED", message, &details).header(
            "www-authenticate",
            r#"Bearer realm="https://accounts.google.com/""#,
        )
    };
    let Some(text) = call.bearer() else {
        return Err(unauthenticated(
            "CREDENTIALS_MISSING",
            "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
        ));
    };
    const INVALID: &str = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.";
    let Some(token) = state.tokens.get(text) else {
        // A JSON web token is a valid credential elsewhere, but not for these APIs.
        return Err(unauthenticated("ACCESS_TOKEN_TYPE_UNSUPPORTED", INVALID));
    };
    if token.expires <= state.now() {
        return Err(unauthenticated("ACCESS_TOKEN_EXPIRED", INVALID));
    }
    if let Some(email) = token.member.strip_prefix("serviceAccount:") {
        let mut accounts = state
            .projects
            .values()
            .filter_map(|it| it.accounts.get(email));
        if accounts.next().is_none_or(|account| account.disabled) {
            return Err(unauthenticated("ACCOUNT_STATE_INVALID", INVALID));
        }
    }
    let read_only = format!("{CLOUD_PLATFORM}.read-only");
    let mut scopes = token.scopes.iter();
    if !scopes.any(|scope| *scope == CLOUD_PLATFORM || *scope == read_only && call.verb == "GET") {
        let metadata = json!({"service": call.method.host(), "method": call.method.id});
        return Err(api_error(
            403,
            "PERMISSION_DENIED",
            "Request had insufficient authentication scopes.",
            &[error_info(
                "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
                "googleapis.com",
                metadata,
            )],
        ));
    }
    Ok(token.member.clone())
}

/// Checks that the API is enabled in the consumer's project: the quota project if the client names one, otherwise the
/// project in the path.
fn check_service(state: &mut State, call: &Call) -> Result<(), Reply> {
    let Some(service) = call.method.service() else {
        return Ok(());
    };
    let in_path = call.parameters.first().map(String::as_str);
    let of_account = call.parameters.get(1).and_then(|email| project_of(email));
    let consumer = call.header("x-goog-user-project").or(match in_path {
        Some("-") => of_account,
        other => other,
    });
    let Some(consumer) = consumer else {
        return Ok(());
    };
    let Some(project) = state.project(consumer) else {
        // These two answer for an unknown project like for one without permission.
        let hides = ["iam", "cloudresourcemanager"]
            .iter()
            .any(|api| call.method.id.starts_with(api));
        return if hides {
            Ok(())
        } else {
            Err(unknown_project(consumer))
        };
    };
    let number = project.number;
    let enabled = project.services.get_mut(&service);
    if enabled.is_some_and(super::propagation::Delay::is_over) {
        return Ok(());
    }
    Err(service_disabled(&service, number))
}

/// Returns the project of a service account's email address.
pub(super) fn project_of(email: &str) -> Option<&str> {
    match email.split_once('@')?.1 {
        // The address of Compute Engine's account names the number of its project, here always that of `PROJECT`.
        "developer.gserviceaccount.com" => Some("demo-project"),
        domain => domain.strip_suffix(".iam.gserviceaccount.com"),
    }
}

/// Returns the error for a project that does not exist.
pub(super) fn unknown_project(project: &str) -> Reply {
    let consumer = format!("projects/{project}");
    let details = [error_info(
        "CONSUMER_INVALID",
        "googleapis.com",
        json!({"consumer": consumer}),
    )];
    let message = format!("Permission denied on resource project {project}.");
    api_error(403, "PERMISSION_DENIED", &message, &details)
}

/// Returns the error for an API that is not enabled.
pub(super) fn service_disabled(service: &str, number: u64) -> Reply {
    let title = match service {
        "artifactregistry.googleapis.com" => "Artifact Registry API",
        "iam.googleapis.com" => "Identity and Access Management (IAM) API",
        "iamcredentials.googleapis.com" => "IAM Service Account Credentials API",
        _ => "Cloud Resource Manager API",
    };
    let url = format!(
        "https://console.developers.google.com/apis/api/{service}/overview?project={number}"
    );
    let message = format!(
        "{title} has not been used in project {number} before or it is disabled. Enable it by visiting {url} then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry."
    );
    let metadata = json!({"service": service, "consumer": format!("projects/{number}"), "serviceTitle": title,
        "activationUrl": url, "containerInfo": number.to_string()});
    let help = json!({"@type": "type.googleapis.com/google.rpc.Help",
        "links": [{"description": "Google developers console API activation", "url": url}]});
    let localized = json!({"@type": "type.googleapis.com/google.rpc.LocalizedMessage", "locale": "en-US", "message": message});
    let info = error_info("SERVICE_DISABLED", "googleapis.com", metadata);
    api_error(403, "PERMISSION_DENIED", &message, &[info, localized, help])
}

/// Returns whether a member has a permission on a resource or on the project above it.
pub(super) fn is_allowed(
    state: &mut State,
    member: &str,
    permission: &str,
    resource: &Resource,
) -> bool {
    if member.starts_with("user:") {
        let name = resource.name();
        if state
            .allowed
            .as_ref()
            .is_some_and(|it| !it.contains(permission))
        {
            return false;
        }
        let mut denied = state.denied.iter();
        return !denied.any(|(it, within)| it == permission && name.contains(within.as_str()));
    }
    let (Resource::Project(id) | Resource::Account(id, _) | Resource::Repository(id, ..)) =
        resource;
    let id = match (id.as_str(), resource) {
        ("-", Resource::Account(_, email)) => project_of(email).unwrap_or_default().to_owned(),
        _ => id.clone(),
    };
    let Some(project) = state.project(&id) else {
        return false;
    };
    let mut roles = project.policy.roles_of(member);
    match resource {
        Resource::Project(_) => {}
        Resource::Account(_, email) => {
            roles.extend(
                project
                    .accounts
                    .get_mut(email)
                    .map(|it| it.policy.roles_of(member))
                    .into_iter()
                    .flatten(),
            );
        }
        Resource::Repository(_, location, repository) => {
            let key = (location.clone(), repository.clone());
            roles.extend(
                project
                    .repositories
                    .get_mut(&key)
                    .map(|it| it.policy.roles_of(member))
                    .into_iter()
                    .flatten(),
            );
        }
    }
    roles
        .iter()
        .any(|role| roles::has_permission(role, permission))
}

/// Answers `testIamPermissions`: the requested permissions that the caller has.
pub(super) fn test_permissions(
    state: &mut State,
    call: &Call,
    member: &str,
    resource: &Resource,
) -> Result<Reply, Reply> {
    let body = call.json()?;
    let requested = body["permissions"].as_array().cloned().unwrap_or_default();
    let held: Vec<_> = requested
        .into_iter()
        .filter(|it| is_allowed(state, member, it.as_str().unwrap_or_default(), resource))
        .collect();
    Ok(Reply::json(&if held.is_empty() {
        json!({})
    } else {
        json!({"permissions": held})
    }))
}

/// Returns the 403 for a missing permission, worded as the API words it.
pub(super) fn denied(call: &Call, permission: &str, resource: &Resource) -> Reply {
    let api = call.method.id.split('.').next().unwrap_or_default();
    let (name, message) = match api {
        "artifactregistry" => {
            let name = format!("//artifactregistry.googleapis.com/{}", resource.name());
            let message = format!(
                "Permission '{permission}' denied on resource '{name}' (or it may not exist)."
            );
            (name, message)
        }
        "serviceusage" => {
            let service = call.parameters.get(1).cloned().unwrap_or_default();
            let verb = permission.rsplit('.').next().unwrap_or_default();
            let reason = error_info("AUTH_PERMISSION_DENIED", "googleapis.com", json!({}));
            let message = format!("Permission denied to {verb} service [{service}]");
            return api_error(403, "PERMISSION_DENIED", &message, &[reason]);
        }
        "cloudresourcemanager" => (
            resource.name(),
            "The caller does not have permission".into(),
        ),
        _ => (
            resource.name(),
            format!("Permission '{permission}' denied on resource (or it may not exist)."),
        ),
    };
    let metadata = json!({"permission": permission, "resource": name});
    let domain = if api.starts_with("iam") {
        "iam.googleapis.com"
    } else {
        "cloudresourcemanager.googleapis.com"
    };
    let domain = if api == "artifactregistry" {
        "artifactregistry.googleapis.com"
    } else {
        domain
    };
    let info = error_info("IAM_PERMISSION_DENIED", domain, metadata);
    api_error(403, "PERMISSION_DENIED", &message, &[info])
}
