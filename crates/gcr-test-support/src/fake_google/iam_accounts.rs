//! Service accounts of the IAM API.

use serde_json::{Value, json};

use super::authorization::{self, Resource};
use super::call::Call;
use super::iam_policy;
use super::pages;
use super::propagation::Delay;
use super::reply::{Answer, Reply, api_error, invalid_argument, not_found};
use super::state::{Account, State};
use super::stored_key::Key;

/// Maximum number of service accounts per project (IAM, "Quotas").
const MAX_ACCOUNTS: usize = 100;

pub(super) fn create(state: &mut State, call: &Call) -> Answer {
    let body = call.json()?;
    let project = &call.parameters[0];
    let id = body["accountId"].as_str().unwrap_or_default().to_owned();
    if !is_account_id(&id) {
        return Err(invalid_argument(
            "The account ID does not have the right length or does not match the regular expression [a-z]([-a-z0-9]*[a-z0-9]).",
        ));
    }
    let field = |name: &str| {
        body["serviceAccount"][name]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let (display_name, description) = (field("displayName"), field("description"));
    if display_name.len() > 100 || description.len() > 256 {
        return Err(invalid_argument("Request contains an invalid argument."));
    }
    let delay = Delay::new(state.propagation.accounts);
    let unique_id = format!("1{:020}", 40_000_000 + state.next_serial());
    let now = state.now();
    let Some(found) = state.project(project) else {
        return Err(authorization::unknown_project(project));
    };
    let email = format!("{id}@{}.iam.gserviceaccount.com", found.id);
    if found.accounts.contains_key(&email) {
        let message = format!(
            "Service account {id} already exists within project projects/{}.",
            found.id
        );
        let name = format!("projects/{}/serviceAccounts/{email}", found.id);
        let info =
            json!({"@type": "type.googleapis.com/google.rpc.ResourceInfo", "resourceName": name});
        return Err(api_error(409, "ALREADY_EXISTS", &message, &[info]));
    }
    if found
        .constraints
        .contains("iam.disableServiceAccountCreation")
    {
        let message = "Service account creation is not allowed on this project.";
        return Err(api_error(400, "FAILED_PRECONDITION", message, &[]));
    }
    if found.accounts.len() >= MAX_ACCOUNTS {
        let message = "Maximum number of service accounts on project reached.";
        return Err(api_error(429, "RESOURCE_EXHAUSTED", message, &[]));
    }
    let account = Account {
        unique_id,
        display_name,
        description,
        disabled: false,
        delay,
        keys: vec![Key::system_managed(now)],
        policy: iam_policy::PolicyStore::default(),
    };
    let shown = show(&email, &account);
    found.accounts.insert(email, account);
    Ok(Reply::json(&shown))
}

/// Adds an account without a request, unless it exists.
pub(super) fn add(state: &mut State, project: &str, id: &str) -> String {
    let email = format!("{id}@{project}.iam.gserviceaccount.com");
    add_address(state, project, email)
}

/// Adds an account with any address, unless it exists.
pub(super) fn add_address(state: &mut State, project: &str, email: String) -> String {
    let now = state.now();
    let unique_id = format!("1{:020}", state.next_serial());
    let accounts = &mut state.add_project(project).accounts;
    accounts.entry(email.clone()).or_insert_with(|| Account {
        unique_id,
        display_name: String::new(),
        description: String::new(),
        disabled: false,
        delay: Delay::default(),
        keys: vec![Key::system_managed(now)],
        policy: iam_policy::PolicyStore::default(),
    });
    email
}

pub(super) fn get(state: &mut State, call: &Call) -> Answer {
    let (email, account) = find(state, call)?;
    Ok(Reply::json(&show(&email, account)))
}

pub(super) fn list(state: &mut State, call: &Call) -> Answer {
    let name = &call.parameters[0];
    let project = state
        .project(name)
        .ok_or_else(|| authorization::unknown_project(name))?;
    let accounts = project.accounts.iter();
    let shown: Vec<Value> = accounts
        .map(|(email, account)| show(email, account))
        .collect();
    pages::page(call, "accounts", shown, 20)
}

pub(super) fn delete(state: &mut State, call: &Call) -> Answer {
    let (email, account) = find(state, call)?;
    let from = format!("serviceAccount:{email}");
    let to = format!("deleted:serviceAccount:{email}?uid={}", account.unique_id);
    for project in state.projects.values_mut() {
        project.accounts.remove(&email);
        project.policy.rename_member(&from, &to);
        let accounts = project.accounts.values_mut().map(|it| &mut it.policy);
        let repositories = project.repositories.values_mut().map(|it| &mut it.policy);
        for policy in accounts.chain(repositories) {
            policy.rename_member(&from, &to);
        }
    }
    Ok(Reply::json(&json!({})))
}

pub(super) fn set_disabled(state: &mut State, call: &Call, disabled: bool) -> Answer {
    let (_, account) = find(state, call)?;
    account.disabled = disabled;
    Ok(Reply::json(&json!({})))
}

pub(super) fn get_policy(state: &mut State, call: &Call) -> Answer {
    let (_, account) = find(state, call)?;
    Ok(Reply::json(
        &account.policy.read(iam_policy::requested_version(call)),
    ))
}

pub(super) fn set_policy(state: &mut State, call: &Call) -> Answer {
    let known = known_accounts(state);
    let propagation = state.propagation.bindings;
    let (_, account) = find(state, call)?;
    iam_policy::set(&mut account.policy, call, propagation, |email| {
        known.iter().any(|it| it == email)
    })
}

pub(super) fn test_permissions(state: &mut State, call: &Call, member: &str) -> Answer {
    let (email, _) = find(state, call)?;
    let resource = Resource::Account(call.parameters[0].clone(), email);
    authorization::test_permissions(state, call, member, &resource)
}

/// Returns the email addresses of all accounts that policies can name already. Counts as a request for new accounts.
pub(super) fn known_accounts(state: &mut State) -> Vec<String> {
    let accounts = state
        .projects
        .values_mut()
        .flat_map(|project| project.accounts.iter_mut());
    accounts
        .filter_map(|(email, account)| account.delay.is_over().then(|| email.clone()))
        .collect()
}

/// Returns the account that a call names.
///
/// # Errors
/// 404, or 403 if the project is written as `-`, as the API documents it.
pub(super) fn find<'state>(
    state: &'state mut State,
    call: &Call,
) -> Result<(String, &'state mut Account), Reply> {
    let [project, name, ..] = call.parameters.as_slice() else {
        return Err(invalid_argument("Request contains an invalid argument."));
    };
    let missing = if project == "-" {
        let resource = Resource::Account(project.clone(), name.clone());
        authorization::denied(call, call.method.permission, &resource)
    } else {
        let info = json!({"@type": "type.googleapis.com/google.rpc.ResourceInfo",
            "resourceName": format!("projects/{project}/serviceAccounts/{name}")});
        let message = format!("Unknown service account {name}.");
        api_error(404, "NOT_FOUND", &message, &[info])
    };
    if project != "-" && state.project(project).is_none() {
        return Err(not_found(&format!("Unknown project id: {project}")));
    }
    match state.account(name) {
        Some((email, account)) => {
            if account.delay.is_over() {
                Ok((email.to_owned(), account))
            } else {
                Err(missing)
            }
        }
        None => Err(missing),
    }
}

fn show(email: &str, account: &Account) -> Value {
    let project = authorization::project_of(email).unwrap_or_default();
    let mut shown = json!({
        "name": format!("projects/{project}/serviceAccounts/{email}"),
        "projectId": project,
        "uniqueId": account.unique_id,
        "email": email,
        "etag": "MDEwMjE5MjA=",
        "oauth2ClientId": account.unique_id,
    });
    for (name, value) in [
        ("displayName", &account.display_name),
        ("description", &account.description),
    ] {
        if !value.is_empty() {
            shown[name] = value.as_str().into();
        }
    }
    if account.disabled {
        shown["disabled"] = true.into();
    }
    shown
}

fn is_account_id(id: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (6..=30).contains(&id.len())
        && id.starts_with(|first: char| first.is_ascii_lowercase())
        && !id.ends_with('-')
        && id.bytes().all(inner)
}
