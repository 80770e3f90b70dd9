//! Service Usage API: which APIs are enabled in a project.

use serde_json::{Value, json};

use super::authorization;
use super::call::Call;
use super::operations;
use super::pages;
use super::propagation::Delay;
use super::reply::{Answer, Reply, api_error, error_info, invalid_argument};
use super::state::{Project, State};

/// Services that exist in the fake.
const SERVICES: [&str; 7] = [
    "artifactregistry.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "containerregistry.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "serviceusage.googleapis.com",
    "sts.googleapis.com",
];
/// Maximum number of services in a batch.
const MAX_BATCH: usize = 20;

pub(super) fn get(state: &mut State, call: &Call) -> Answer {
    let project = project(state, &call.parameters[0])?;
    let service = &call.parameters[1];
    check_known(std::slice::from_ref(service))?;
    Ok(Reply::json(&show(project, service)))
}

pub(super) fn list(state: &mut State, call: &Call) -> Answer {
    let project = project(state, &call.parameters[0])?;
    let wanted = call
        .query("filter")
        .and_then(|filter| filter.strip_prefix("state:"));
    let services = SERVICES.iter().map(|service| show(project, service));
    let shown = services
        .filter(|it| wanted.is_none_or(|wanted| it["state"] == wanted))
        .collect();
    pages::page(call, "services", shown, 50)
}

pub(super) fn batch_get(state: &mut State, call: &Call) -> Answer {
    let project = project(state, &call.parameters[0])?;
    let names = call.query.iter().filter(|(name, _)| name == "names");
    let services = names.filter_map(|(_, value)| value.rsplit('/').next());
    let shown: Vec<Value> = services.map(|service| show(project, service)).collect();
    Ok(Reply::json(&json!({"services": shown})))
}

pub(super) fn enable(state: &mut State, call: &Call) -> Answer {
    let body = call.json()?;
    let services: Vec<String> = match call.parameters.get(1) {
        Some(service) => vec![service.clone()],
        None => {
            let ids = body["serviceIds"].as_array().into_iter().flatten();
            ids.filter_map(|id| id.as_str().map(String::from)).collect()
        }
    };
    if services.is_empty() || services.len() > MAX_BATCH {
        return Err(invalid_argument("Request contains an invalid argument."));
    }
    check_known(&services)?;
    let is_batch = call.parameters.len() == 1;
    let delay = state.propagation.services;
    let serial = state.next_serial();
    let project = project(state, &call.parameters[0])?;
    if !project.has_billing {
        return Err(billing_required(project.number, &services));
    }
    let is_noop = services
        .iter()
        .all(|service| project.services.contains_key(service));
    for service in &services {
        project
            .services
            .entry(service.clone())
            .or_insert_with(|| Delay::new(delay));
    }
    let shown: Vec<Value> = services
        .iter()
        .map(|service| show(project, service))
        .collect();
    let (kind, response) = if is_batch {
        ("BatchEnableServicesResponse", json!({"services": shown}))
    } else {
        ("EnableServiceResponse", json!({"service": shown[0]}))
    };
    let response = with_type(kind, response);
    if is_noop {
        return Ok(Reply::json(
            &json!({"name": "operations/noop.DONE_OPERATION", "done": true, "response": response}),
        ));
    }
    let resources: Vec<String> = services.iter().map(|it| format!("services/{it}")).collect();
    let metadata = with_type("OperationMetadata", json!({"resourceNames": resources}));
    let name = format!("operations/acf.p2-{}-{serial:08}", project.number);
    Ok(operations::start(state, &name, metadata, response))
}

pub(super) fn disable(state: &mut State, call: &Call) -> Answer {
    let service = call.parameters[1].clone();
    check_known(std::slice::from_ref(&service))?;
    let serial = state.next_serial();
    let project = project(state, &call.parameters[0])?;
    project.services.remove(&service);
    let response = with_type(
        "DisableServiceResponse",
        json!({"service": show(project, &service)}),
    );
    let metadata = with_type(
        "OperationMetadata",
        json!({"resourceNames": [format!("services/{service}")]}),
    );
    let name = format!("operations/acf.p2-{}-{serial:08}", project.number);
    Ok(operations::start(state, &name, metadata, response))
}

fn project<'state>(state: &'state mut State, name: &str) -> Result<&'state mut Project, Reply> {
    state
        .project(name)
        .ok_or_else(|| authorization::unknown_project(name))
}

fn with_type(kind: &str, mut value: Value) -> Value {
    value["@type"] = format!("type.googleapis.com/google.api.serviceusage.v1.{kind}").into();
    value
}

fn show(project: &Project, service: &str) -> Value {
    let state = if project.services.contains_key(service) {
        "ENABLED"
    } else {
        "DISABLED"
    };
    json!({
        "name": format!("projects/{}/services/{service}", project.number),
        "parent": format!("projects/{}", project.number),
        "config": {"name": service, "title": service, "documentation": {}, "quota": {}, "authentication": {}, "usage": {}},
        "state": state,
    })
}

fn check_known(services: &[String]) -> Result<(), Reply> {
    let Some(unknown) = services.iter().find(|it| !SERVICES.contains(&it.as_str())) else {
        return Ok(());
    };
    let message = format!("Not found or permission denied for service(s): {unknown}.");
    let metadata = json!({"services": unknown});
    let info = error_info(
        "SERVICE_CONFIG_NOT_FOUND_OR_PERMISSION_DENIED",
        "serviceusage.googleapis.com",
        metadata,
    );
    Err(api_error(403, "PERMISSION_DENIED", &message, &[info]))
}

fn billing_required(number: u64, services: &[String]) -> Reply {
    let services = services.join(",");
    let message = format!(
        "Billing account for project '{number}' is not found. Billing must be enabled for activation of service(s) '{services}' to proceed."
    );
    let violation = json!({"type": "googleapis.com/billing-enabled", "subject": number.to_string(), "description": message});
    let failure = json!({"@type": "type.googleapis.com/google.rpc.PreconditionFailure", "violations": [violation]});
    let metadata = json!({"project": number.to_string(), "services": services});
    let domain = "serviceusage.googleapis.com/billing-enabled";
    let info = error_info("UREQ_PROJECT_BILLING_NOT_FOUND", domain, metadata);
    api_error(400, "FAILED_PRECONDITION", &message, &[failure, info])
}
