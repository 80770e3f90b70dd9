//! The metadata server of a virtual machine. It exists only if the fake was told that it runs on Google Cloud.

use serde_json::json;

use super::call::Call;
use super::oauth_token;
use super::reply::{Answer, Reply};
use super::state::{CLOUD_PLATFORM, State};

/// Lifetime of a token in seconds: the server returns a cached one.
const LIFETIME: i64 = 3477;

/// Answers a request.
pub(super) fn answer(state: &mut State, call: &Call) -> Answer {
    let Some(email) = state.machine_account.clone() else {
        return Err(flavored(Reply::new(
            404,
            "text/html; charset=UTF-8",
            "Not Found",
        )));
    };
    if call.header("metadata-flavor") != Some("Google") && call.method.id != "metadata.ping" {
        let page = "<!DOCTYPE html>\n<title>Error 403 (Forbidden)!!1</title>\nMissing Metadata-Flavor:Google header.\n";
        return Err(flavored(Reply::new(403, "text/html; charset=UTF-8", page)));
    }
    let text = |text: String| flavored(Reply::new(200, "application/text", text));
    let project = super::authorization::project_of(&email)
        .unwrap_or_default()
        .to_owned();
    let parameters: Vec<&str> = call.parameters.iter().map(String::as_str).collect();
    Ok(match (call.method.id, parameters.as_slice()) {
        ("metadata.ping", _) => text("computeMetadata/\n".into()),
        ("metadata.accounts", _) => text(format!("default/\n{email}/\n")),
        ("metadata.universe", _) => text("googleapis.com".into()),
        ("metadata.project", ["project-id"]) => text(project),
        ("metadata.project", ["numeric-project-id"]) => text(
            state
                .project(&project)
                .map(|it| it.number.to_string())
                .unwrap_or_default(),
        ),
        ("metadata.account", [account]) if is(account, &email) => {
            let shown = json!({"aliases": ["default"], "email": email, "scopes": [CLOUD_PLATFORM]});
            flavored(Reply::json(&shown))
        }
        ("metadata.account", [account, "email"]) if is(account, &email) => text(email),
        ("metadata.account", [account, "scopes"]) if is(account, &email) => {
            text(format!("{CLOUD_PLATFORM}\n"))
        }
        ("metadata.account", [account, "identity"]) if is(account, &email) => {
            let audience = call.query("audience").unwrap_or_default();
            text(oauth_token::id_token(
                &email,
                audience,
                state.now().as_second(),
            ))
        }
        ("metadata.account", [account, "token"]) if is(account, &email) => {
            let member = format!("serviceAccount:{email}");
            let token = state.issue_token(&member, LIFETIME, &[CLOUD_PLATFORM.to_owned()]);
            let shown =
                json!({"access_token": token, "expires_in": LIFETIME, "token_type": "Bearer"});
            flavored(Reply::json(&shown))
        }
        _ => {
            return Err(flavored(Reply::new(
                404,
                "text/html; charset=UTF-8",
                "Not Found",
            )));
        }
    })
}

fn is(account: &str, email: &str) -> bool {
    account == "default" || account == email
}

fn flavored(reply: Reply) -> Reply {
    reply
        .header("metadata-flavor", "Google")
        .header("server", "Metadata Server for VM")
}
