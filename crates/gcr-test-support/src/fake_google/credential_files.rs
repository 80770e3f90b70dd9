//! Credential files of the types that Google's clients read, for the fake's token endpoints.

use std::path::Path;

use serde_json::{Value, json};

use super::state::{RefreshToken, random_text};
use super::{FakeGoogle, OPERATOR, PROJECT};

impl FakeGoogle {
    /// Returns a credential file of [`OPERATOR`] (`authorized_user`), as `gcloud auth application-default login` writes
    /// it.
    pub fn user_credential_file(&self) -> String {
        self.add_refresh_token(None)
    }

    /// Returns a credential file whose refresh token the token endpoint refuses with this error and description.
    pub fn refused_user_credential_file(&self, error: &str, description: &str) -> String {
        self.add_refresh_token(Some((error.into(), description.into())))
    }

    fn add_refresh_token(&self, refusal: Option<(String, String)>) -> String {
        let token = format!("1//0{}", random_text(60));
        let client_secret = format!("d-{}", random_text(20));
        let secrets = [token.clone(), client_secret.clone()];
        self.server.state().secrets.extend(secrets);
        let member = OPERATOR.to_owned();
        let stored = RefreshToken { member, refusal };
        self.server
            .state()
            .refresh_tokens
            .insert(token.clone(), stored);
        let file = json!({
            "account": "",
            "client_id": "764086051850-example.apps.googleusercontent.com",
            "client_secret": client_secret,
            "quota_project_id": PROJECT,
            "refresh_token": token,
            "type": "authorized_user",
            "universe_domain": "googleapis.com",
        });
        format!("{file:#}\n")
    }

    /// Lets the token exchange accept a subject token of another identity provider, and returns the member that it
    /// authenticates. The pool is `ci` of [`PROJECT`], its provider `ci`.
    pub fn accept_subject_token(&self, token: &str, subject: &str) -> String {
        let mut state = self.server.state();
        state.subject_tokens.insert(token.into(), subject.into());
        state.secrets.push(token.into());
        let number = state.add_project(PROJECT).number;
        format!(
            "principal://iam.googleapis.com/projects/{number}/locations/global/workloadIdentityPools/ci/subject/{subject}"
        )
    }

    /// Returns the audience that clients send to the token exchange for [`FakeGoogle::accept_subject_token`].
    pub fn workload_identity_audience(&self) -> String {
        let number = self.project_number();
        format!(
            "//iam.googleapis.com/projects/{number}/locations/global/workloadIdentityPools/ci/providers/ci"
        )
    }

    /// Returns a credential file (`external_account`) whose subject token is in a file, without impersonation or with that
    /// of a service account.
    pub fn federated_credential_file(&self, subject_token: &Path, account: Option<&str>) -> String {
        let source = json!({"file": subject_token, "format": {"type": "text"}});
        self.external_account(source, account)
    }

    /// Returns a credential file (`external_account`) whose subject token is in the field `value` of a URL's response.
    pub fn federated_credential_from_url(&self, url: &str, account: Option<&str>) -> String {
        let format = json!({"type": "json", "subject_token_field_name": "value"});
        let source =
            json!({"url": url, "headers": {"Authorization": "Bearer ci"}, "format": format});
        self.external_account(source, account)
    }

    fn external_account(&self, source: Value, account: Option<&str>) -> String {
        let mut file = json!({
            "type": "external_account",
            "audience": self.workload_identity_audience(),
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": "https://sts.googleapis.com/v1/token",
            "credential_source": source,
            "universe_domain": "googleapis.com",
        });
        if let Some(email) = account {
            file["service_account_impersonation_url"] = impersonation_url(email).into();
        }
        format!("{file:#}\n")
    }

    /// Returns a credential file (`impersonated_service_account`) whose source is another credential file.
    pub fn impersonated_credential_file(&self, source: &str, account: &str) -> String {
        let file = json!({
            "type": "impersonated_service_account",
            "service_account_impersonation_url": impersonation_url(account),
            "source_credentials": serde_json::from_str::<Value>(source).unwrap_or_default(),
            "delegates": [],
        });
        format!("{file:#}\n")
    }
}

fn impersonation_url(email: &str) -> String {
    format!(
        "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{email}:generateAccessToken"
    )
}
