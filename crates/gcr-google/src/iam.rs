//! IAM API: service accounts.

use serde::Deserialize;
use serde_json::json;

use crate::api_client::{ApiCall, ApiClient};
use crate::api_error::Reason;
use crate::endpoints::Api;
use crate::error::{GoogleError, GoogleErrorKind};
use crate::names::{ProjectId, ServiceAccountEmail, segment};
use crate::retry::Safety;

/// A service account.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceAccount {
    /// The address.
    pub email: String,
    /// A number that no other account has, not even one with the same address later.
    pub unique_id: String,
    /// The project.
    pub project_id: String,
    /// Whether the account can do nothing until it is enabled.
    pub disabled: bool,
}

/// The result of creating a service account.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AccountCreation {
    /// The account is new. It may not be visible everywhere for a minute.
    Created(ServiceAccount),
    /// The account existed, perhaps since another client created it moments ago.
    Existing(ServiceAccount),
}

/// Permissions that a caller has on a resource.
#[derive(Default, Deserialize)]
pub(crate) struct TestedPermissions {
    #[serde(default)]
    pub(crate) permissions: Vec<String>,
}

impl ApiClient {
    /// Returns a service account; `None` if it does not exist. `after_create` waits until a new account is visible.
    ///
    /// # Errors
    /// Fails without `iam.serviceAccounts.get`.
    pub async fn service_account(
        &self,
        project: &ProjectId,
        account: &ServiceAccountEmail,
        after_create: bool,
    ) -> Result<Option<ServiceAccount>, GoogleError> {
        let action = format!("get service account {account}");
        let call = ApiCall::get(&action, Api::Iam, account_path(project, account));
        self.find(call.after_create(after_create)).await
    }

    /// Creates a service account. The address must name `project`: Google forms it from the account ID and the project.
    ///
    /// # Errors
    /// Fails without `iam.serviceAccounts.create`, if an organization policy forbids it, and if the new account has another
    /// address.
    pub async fn create_service_account(
        &self,
        project: &ProjectId,
        account: &ServiceAccountEmail,
        display_name: &str,
        description: &str,
    ) -> Result<AccountCreation, GoogleError> {
        let action = format!("create service account {account}");
        let body = json!({
            "accountId": account.id(),
            "serviceAccount": {"displayName": display_name, "description": description},
        });
        let path = format!("v1/projects/{}/serviceAccounts", segment(project.as_str()));
        // The name is unique, so that a repetition is refused.
        let call = ApiCall::post(&action, Api::Iam, path, Safety::Preconditioned, &body);
        match self.call::<ServiceAccount>(call).await {
            Ok(created) if created.email == account.as_str() => {
                Ok(AccountCreation::Created(created))
            }
            Ok(_) => Err(GoogleError::new(
                &action,
                GoogleErrorKind::Incomplete("this address"),
            )),
            Err(error) if error.reason() == Some(&Reason::AlreadyExists) => {
                let existing = self.service_account(project, account, true).await?;
                // An earlier attempt, of which the response was lost, may have created it.
                let result = match error.may_have_applied() {
                    true => AccountCreation::Created,
                    false => AccountCreation::Existing,
                };
                existing.map(result).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Returns which of the permissions the caller has on a service account.
    ///
    /// # Errors
    /// Fails if the account does not exist.
    pub async fn test_account_permissions(
        &self,
        project: &ProjectId,
        account: &ServiceAccountEmail,
        permissions: &[&str],
    ) -> Result<Vec<String>, GoogleError> {
        let action = format!("test permissions on service account {account}");
        let path = format!("{}:testIamPermissions", account_path(project, account));
        let body = json!({"permissions": permissions});
        let call = ApiCall::post(&action, Api::Iam, path, Safety::Idempotent, &body);
        Ok(self.call::<TestedPermissions>(call).await?.permissions)
    }
}

/// Returns the path of an account. With its project instead of `-`, Google responds 404 rather than 403 if it does not exist.
pub(crate) fn account_path(project: &ProjectId, account: &ServiceAccountEmail) -> String {
    let project = segment(project.as_str());
    format!(
        "v1/projects/{project}/serviceAccounts/{}",
        segment(account.as_str())
    )
}
