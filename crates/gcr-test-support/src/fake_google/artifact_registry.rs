//! Artifact Registry API: locations, repositories and their policies.

use serde_json::{Value, json};

use super::authorization::{self, Resource};
use super::call::Call;
use super::iam_accounts;
use super::iam_policy::{self, PolicyStore};
use super::operations;
use super::pages;
use super::reply::{Answer, Reply, api_error, invalid_argument};
use super::state::{Repository, State, rfc3339};

/// Locations that the fake offers; Google has more.
const LOCATIONS: [&str; 9] = [
    "asia",
    "asia-northeast1",
    "europe",
    "europe-north1",
    "europe-west1",
    "europe-west3",
    "us",
    "us-central1",
    "us-east1",
];

/// Returns the location whose repository serves a gcr.io host; the repository has the host's name.
pub(super) fn location_of_gcr_host(host: &str) -> Option<&'static str> {
    Some(match host {
        "gcr.io" | "us.gcr.io" => "us",
        "eu.gcr.io" => "europe",
        "asia.gcr.io" => "asia",
        _ => return None,
    })
}

pub(super) fn list_locations(call: &Call) -> Answer {
    let project = &call.parameters[0];
    let shown = LOCATIONS
        .iter()
        .map(|id| show_location(project, id))
        .collect();
    pages::page(call, "locations", shown, 100)
}

pub(super) fn get_location(call: &Call) -> Answer {
    let (project, id) = (&call.parameters[0], &call.parameters[1]);
    check_location(id)?;
    Ok(Reply::json(&show_location(project, id)))
}

pub(super) fn get_settings(call: &Call) -> Answer {
    let name = format!("projects/{}/projectSettings", call.parameters[0]);
    Ok(Reply::json(
        &json!({"name": name, "legacyRedirectionState": "REDIRECTION_FROM_GCR_IO_ENABLED"}),
    ))
}

pub(super) fn create(state: &mut State, call: &Call) -> Answer {
    let body = call.json()?;
    let (project, location) = (call.parameters[0].clone(), call.parameters[1].clone());
    check_location(&location)?;
    let id = call.query("repositoryId").unwrap_or_default().to_owned();
    let format = body["format"].as_str().unwrap_or_default();
    let mode = body["mode"].as_str().unwrap_or("STANDARD_REPOSITORY");
    let is_gcr = location_of_gcr_host(&id).is_some_and(|expected| expected == location);
    if !(is_repository_id(&id) || is_gcr && format == "DOCKER")
        || !["DOCKER", "MAVEN", "NPM", "PYTHON"].contains(&format)
    {
        return Err(invalid_argument("Request contains an invalid argument."));
    }
    let (now, serial) = (state.now(), state.next_serial());
    let found = state
        .project(&project)
        .ok_or_else(|| authorization::unknown_project(&project))?;
    let key = (location.clone(), id.clone());
    if found.repositories.contains_key(&key) {
        return Err(api_error(
            409,
            "ALREADY_EXISTS",
            "the repository already exists",
            &[],
        ));
    }
    let repository = Repository {
        format: format.to_owned(),
        mode: mode.to_owned(),
        description: body["description"].as_str().unwrap_or_default().to_owned(),
        created: now,
        policy: PolicyStore::default(),
    };
    let mut response = show(&project, &location, &id, &repository);
    found.repositories.insert(key, repository);
    response["@type"] = "type.googleapis.com/google.devtools.artifactregistry.v1.Repository".into();
    let metadata = json!({"@type": "type.googleapis.com/google.devtools.artifactregistry.v1.OperationMetadata"});
    let name = format!(
        "projects/{project}/locations/{location}/operations/{serial:08x}-0000-4000-8000-000000000000"
    );
    Ok(operations::start(state, &name, metadata, response))
}

pub(super) fn get(state: &mut State, call: &Call) -> Answer {
    let [project, location, id] = names(call);
    let repository = find(state, call)?;
    Ok(Reply::json(&show(project, location, id, repository)))
}

pub(super) fn list(state: &mut State, call: &Call) -> Answer {
    let (project, location) = (call.parameters[0].clone(), call.parameters[1].clone());
    let found = state
        .project(&project)
        .ok_or_else(|| authorization::unknown_project(&project))?;
    let shown: Vec<Value> = found
        .repositories
        .iter()
        .filter(|((within, _), _)| *within == location || location == "-")
        .map(|((location, id), repository)| show(&project, location, id, repository))
        .collect();
    pages::page(call, "repositories", shown, 100)
}

pub(super) fn delete(state: &mut State, call: &Call) -> Answer {
    find(state, call)?;
    let [project, location, id] = names(call);
    let serial = state.next_serial();
    if let Some(found) = state.project(project) {
        found.repositories.remove(&(location.clone(), id.clone()));
    }
    let name = format!(
        "projects/{project}/locations/{location}/operations/{serial:08x}-0000-4000-8000-000000000000"
    );
    let metadata = json!({"@type": "type.googleapis.com/google.devtools.artifactregistry.v1.OperationMetadata"});
    let response = json!({"@type": "type.googleapis.com/google.protobuf.Empty"});
    Ok(operations::start(state, &name, metadata, response))
}

pub(super) fn get_policy(state: &mut State, call: &Call) -> Answer {
    let version = iam_policy::requested_version(call);
    Ok(Reply::json(&find(state, call)?.policy.read(version)))
}

pub(super) fn set_policy(state: &mut State, call: &Call) -> Answer {
    find(state, call)?;
    let known = iam_accounts::known_accounts(state);
    let propagation = state.propagation.bindings;
    let repository = find(state, call)?;
    iam_policy::set(&mut repository.policy, call, propagation, |email| {
        known.iter().any(|it| it == email)
    })
}

pub(super) fn test_permissions(state: &mut State, call: &Call, member: &str) -> Answer {
    let [project, location, id] = names(call);
    let resource = Resource::Repository(project.clone(), location.clone(), id.clone());
    // Google answers for a missing repository as for one without permissions.
    if find(state, call).is_err() {
        return Ok(Reply::json(&json!({})));
    }
    authorization::test_permissions(state, call, member, &resource)
}

fn names(call: &Call) -> [&String; 3] {
    [
        &call.parameters[0],
        &call.parameters[1],
        &call.parameters[2],
    ]
}

fn find<'state>(state: &'state mut State, call: &Call) -> Result<&'state mut Repository, Reply> {
    let [project, location, id] = names(call);
    let name = format!("projects/{project}/locations/{location}/repositories/{id}");
    let found = state
        .project(project)
        .ok_or_else(|| authorization::unknown_project(project))?;
    check_location(location)?;
    found.repositories.get_mut(&(location.clone(), id.clone())).ok_or_else(|| {
        let info = json!({"@type": "type.googleapis.com/google.rpc.ResourceInfo", "resourceName": name});
        api_error(404, "NOT_FOUND", "Requested entity was not found.", &[info])
    })
}

fn check_location(id: &str) -> Result<(), Reply> {
    if LOCATIONS.contains(&id) {
        return Ok(());
    }
    let message = format!("invalid location id \"{id}\"");
    Err(invalid_argument(&message))
}

fn show_location(project: &str, id: &str) -> Value {
    json!({"name": format!("projects/{project}/locations/{id}"), "locationId": id, "displayName": id})
}

fn show(project: &str, location: &str, id: &str, repository: &Repository) -> Value {
    let created = rfc3339(repository.created);
    let mut shown = json!({
        "name": format!("projects/{project}/locations/{location}/repositories/{id}"),
        "format": repository.format,
        "mode": repository.mode,
        "createTime": created,
        "updateTime": created,
        "registryUri": format!("{location}-docker.pkg.dev/{project}/{id}"),
        "vulnerabilityScanningConfig": {"enablementState": "SCANNING_DISABLED"},
    });
    if !repository.description.is_empty() {
        shown["description"] = repository.description.as_str().into();
    }
    shown
}

fn is_repository_id(id: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    id.len() <= 63
        && id.starts_with(|first: char| first.is_ascii_lowercase())
        && !id.ends_with('-')
        && id.bytes().all(inner)
}
