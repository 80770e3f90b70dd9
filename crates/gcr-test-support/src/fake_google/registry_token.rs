//! The registries' token endpoint (`/v2/token`) and the check of each request for content. Replies have the shape of
//! Google's, which differs from the distribution specification in small points.

use std::str::FromStr as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::authorization::{self, Resource};
use super::call::Call;
use super::image_path::ImagePath;
use super::reply::{Answer, Reply, registry_error};
use super::rsa_key::{Jwt, RsaKey, public_jwk};
use super::state::State;

/// Issuer and audience of the tokens that the registry checks. Clients treat them as opaque.
pub(super) const ISSUER: &str = "fake-google";
pub(super) const AUDIENCE: &str = "registry";
const KEY_ID: &str = "registry";
/// Lifetime of a registry token in seconds.
const LIFETIME: i64 = 43_200;
const PULL: &str = "artifactregistry.repositories.downloadArtifacts";
const PUSH: &str = "artifactregistry.repositories.uploadArtifacts";
const SERVICE: &str = "artifactregistry.googleapis.com";

/// A request for content that is allowed: the name and token for the real registry.
pub(super) struct Forward {
    pub(super) image: ImagePath,
    /// Name in the client's path.
    pub(super) name: String,
    pub(super) token: String,
}

/// Answers the token endpoint and `/v2/`.
pub(super) fn answer(state: &mut State, call: &Call) -> Answer {
    if call.method.id == "registry.token" {
        return issue(state, call);
    }
    match member_of(state, call)? {
        Some(_) => Ok(Reply::json(&json!({}))),
        None => {
            let challenge = format!("Bearer realm=\"https://{}/v2/token\"", call.host);
            let message = "not authenticated: No credential was supplied.";
            Err(registry_error(401, "UNAUTHORIZED", message).header("www-authenticate", challenge))
        }
    }
}

fn issue(state: &mut State, call: &Call) -> Answer {
    let member = member_of(state, call)?;
    let mut access = Vec::new();
    for scope in call.query.iter().filter(|(name, _)| name == "scope") {
        let mut parts = scope.1.rsplitn(2, ':');
        let actions: Vec<&str> = parts.next().unwrap_or_default().split(',').collect();
        let Some(name) = parts
            .next()
            .and_then(|rest| rest.strip_prefix("repository:"))
        else {
            continue;
        };
        let image = parse_image(call, name)?;
        for action in &actions {
            check(state, call, member.as_deref(), &image, action)?;
        }
        access.push(json!({"type": "repository", "name": image.stored_name(), "actions": actions}));
    }
    let Some(member) = member else {
        return Err(unauthenticated(PULL, None));
    };
    let token = sign(state, &member, &access.into());
    Ok(Reply::json(
        &json!({"token": token, "expires_in": LIFETIME}),
    ))
}

/// Checks a request for a manifest, blob or list of tags.
pub(super) fn check_content(state: &mut State, call: &Call) -> Result<Forward, Reply> {
    let rest = call.path.strip_prefix("/v2/").unwrap_or_default();
    let ends = ["/manifests/", "/blobs/", "/tags/", "/referrers/"];
    let Some(end) = ends.iter().find_map(|end| rest.rfind(end)) else {
        return Err(registry_error(404, "NAME_UNKNOWN", "Not found"));
    };
    let name = &rest[..end];
    let image = parse_image(call, name)?;
    let is_read = call.verb == "GET" || call.verb == "HEAD";
    let action = if is_read { "pull" } else { "push" };
    let bearer = call.bearer().filter(|token| !token.starts_with("ya29."));
    let token = match bearer {
        Some(token) => {
            let Some(jwt) = verified(state, token) else {
                let message = "not authenticated: No valid credential was supplied.";
                return Err(registry_error(401, "UNAUTHORIZED", message));
            };
            if !covers(&jwt.claims, &image, action) {
                return Err(denied(permission(action), &image.resource()));
            }
            token.to_owned()
        }
        None => {
            let member = member_of(state, call)?;
            if member.is_none() {
                let challenge = format!(
                    "Bearer realm=\"https://{0}/v2/token\",service=\"{0}\",scope=\"repository:{name}:{1}\"",
                    call.host,
                    if is_read { "pull" } else { "pull,push" },
                );
                let message = "not authenticated: No valid credential was supplied.";
                return Err(registry_error(401, "UNAUTHORIZED", message)
                    .header("www-authenticate", challenge));
            }
            check(state, call, member.as_deref(), &image, action)?;
            let access = json!([{"type": "repository", "name": image.stored_name(), "actions": ["pull", "push"]}]);
            sign(state, &member.unwrap_or_default(), &access)
        }
    };
    let exists = state.project(&image.project).is_some_and(|project| {
        let key = (image.location.clone(), image.repository.clone());
        project.repositories.contains_key(&key)
    });
    if !exists {
        let message = format!("Repository \"{}\" not found", image.repository);
        return Err(registry_error(404, "NAME_UNKNOWN", &message));
    }
    Ok(Forward {
        name: name.to_owned(),
        image,
        token,
    })
}

/// Returns the public key with which the real registry checks tokens, as a JSON web key set.
pub(super) fn key_set() -> Value {
    json!({"keys": [public_jwk(RsaKey::of_process().public(), KEY_ID)]})
}

/// Returns the error for an image that is not in the registry.
pub(super) fn manifest_unknown(reference: &str) -> Reply {
    registry_error(
        404,
        "MANIFEST_UNKNOWN",
        &format!("Failed to fetch \"{reference}\""),
    )
}

fn parse_image(call: &Call, name: &str) -> Result<ImagePath, Reply> {
    ImagePath::parse(&call.host, name).map_err(|count| {
        let message = format!("invalid number of path components: {count}");
        registry_error(400, "NAME_INVALID", &message)
    })
}

/// Returns the member that the credential authenticates; `None` if the client sent none.
fn member_of(state: &mut State, call: &Call) -> Result<Option<String>, Reply> {
    let failed = || registry_error(401, "UNAUTHORIZED", "authentication failed");
    if let Some(token) = call.bearer() {
        let member = match verified(state, token) {
            Some(jwt) => jwt.claims["sub"].as_str().map(String::from),
            None => member_of_access_token(state, token),
        };
        return member.map(Some).ok_or_else(failed);
    }
    let Some((user, password)) = call.basic() else {
        return Ok(None);
    };
    let member = match user.as_str() {
        "_json_key" => member_of_key(state, &password)?,
        "_json_key_base64" => {
            let decoded = STANDARD.decode(password.trim()).ok();
            let file = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
            member_of_key(state, &file.unwrap_or_default())?
        }
        "oauth2accesstoken" | "_dcgcloud_token" | "_token" => {
            member_of_access_token(state, &password)
        }
        _ => None,
    };
    member.map(Some).ok_or_else(failed)
}

fn member_of_key(state: &mut State, file: &str) -> Result<Option<String>, Reply> {
    let unparsable = || registry_error(401, "UNKNOWN", "Unable to parse json key.");
    let file = Value::from_str(file).map_err(|_| unparsable())?;
    let text = |name: &str| file[name].as_str().unwrap_or_default();
    let private = RsaKey::from_pem(text("private_key")).ok_or_else(unparsable)?;
    let (now, id) = (state.now(), text("private_key_id"));
    let Some((email, account)) = state.account(text("client_email")) else {
        return Ok(None);
    };
    let mut keys = account.keys.iter_mut();
    let known =
        keys.any(|key| key.id == id && key.public == *private.public() && key.is_usable(now));
    Ok((known && !account.disabled).then(|| format!("serviceAccount:{email}")))
}

fn member_of_access_token(state: &State, token: &str) -> Option<String> {
    let token = state.tokens.get(token)?;
    let is_valid = token.expires > state.now()
        && token
            .scopes
            .iter()
            .any(|scope| scope.starts_with(super::state::CLOUD_PLATFORM));
    is_valid.then(|| token.member.clone())
}

fn check(
    state: &mut State,
    call: &Call,
    member: Option<&str>,
    image: &ImagePath,
    action: &str,
) -> Result<(), Reply> {
    let permission = permission(action);
    let resource = image.resource();
    let Some(member) = member else {
        return Err(unauthenticated(permission, Some(&resource)));
    };
    if let Some(project) = state.project(&image.project) {
        let number = project.number;
        let delay = project.services.get_mut(SERVICE);
        if !delay.is_some_and(super::propagation::Delay::is_over) {
            let message = format!(
                "Artifact Registry API has not been used in project {number} before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/{SERVICE}/overview?project={number} then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry."
            );
            return Err(registry_error(403, "DENIED", &message));
        }
        let key = (image.location.clone(), image.repository.clone());
        let is_gcr = super::artifact_registry::location_of_gcr_host(&call.host).is_some();
        if is_gcr && action == "push" && !project.repositories.contains_key(&key) {
            let message = "gcr.io repo does not exist. Creating on push requires the artifactregistry.repositories.createOnPush permission";
            return Err(registry_error(403, "DENIED", message));
        }
    }
    let is_known = state.project(&image.project).is_some();
    if is_known && authorization::is_allowed(state, member, permission, &resource) {
        return Ok(());
    }
    Err(denied(permission, &resource))
}

fn permission(action: &str) -> &'static str {
    if action == "pull" { PULL } else { PUSH }
}

fn denied(permission: &str, resource: &Resource) -> Reply {
    let name = resource.name();
    let message =
        format!("Permission \"{permission}\" denied on resource \"{name}\" (or it may not exist)");
    registry_error(403, "DENIED", &message)
}

fn unauthenticated(permission: &str, resource: Option<&Resource>) -> Reply {
    let name = resource.map(Resource::name).unwrap_or_default();
    let message = format!(
        "Unauthenticated request. Unauthenticated requests do not have permission \"{permission}\" on resource \"{name}\" (or it may not exist)"
    );
    registry_error(403, "DENIED", &message)
}

fn sign(state: &mut State, member: &str, access: &Value) -> String {
    let now = state.now().as_second();
    let claims = json!({"iss": ISSUER, "aud": AUDIENCE, "sub": member, "iat": now, "nbf": now - 60,
        "exp": now + LIFETIME, "jti": super::state::random_text(16), "access": access});
    let token = RsaKey::of_process().sign(KEY_ID, &claims);
    state.secrets.push(token.clone());
    token
}

/// Returns a token of ours that is still valid.
fn verified(state: &State, token: &str) -> Option<Jwt> {
    let jwt = Jwt::parse(token)?;
    let is_valid = jwt.is_signed_by(RsaKey::of_process().public())
        && jwt.claims["iss"] == ISSUER
        && jwt.claims["exp"].as_i64()? > state.now().as_second();
    is_valid.then_some(jwt)
}

fn covers(claims: &Value, image: &ImagePath, action: &str) -> bool {
    let name = image.stored_name();
    let mut entries = claims["access"].as_array().into_iter().flatten();
    entries.any(|entry| {
        let mut actions = entry["actions"].as_array().into_iter().flatten();
        entry["name"] == name && actions.any(|held| held == action)
    })
}
