//! Grants roles on repositories: read, modify, write with the etag, and all of it again when another client was faster.

use std::fmt;
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::api_client::{ApiCall, ApiClient};
use crate::api_error::Reason;
use crate::endpoints::Api;
use crate::error::{GoogleError, GoogleErrorKind};
use crate::iam_policy::{Grant, Policy, PolicyError};
use crate::names::{RepositoryName, ServiceAccountEmail};
use crate::retry::{Safety, backoff};

/// A role on a repository.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RepositoryRole {
    /// Pull images.
    Reader,
    /// Pull and push images.
    Writer,
}

/// The result of granting a role.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RoleGrant {
    /// The role was granted.
    Granted,
    /// The account has this role already, or a broader one.
    Unchanged(String),
}

#[derive(serde::Serialize)]
struct SetPolicy<'a> {
    policy: &'a RawValue,
}

impl RepositoryRole {
    /// Returns the name, such as `roles/artifactregistry.reader`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reader => "roles/artifactregistry.reader",
            Self::Writer => "roles/artifactregistry.writer",
        }
    }

    /// Returns the predefined roles that have every permission of this one.
    #[must_use]
    pub fn broader(self) -> &'static [&'static str] {
        const ROLES: [&str; 5] = [
            "roles/artifactregistry.writer",
            "roles/artifactregistry.createOnPushWriter",
            "roles/artifactregistry.repoAdmin",
            "roles/artifactregistry.createOnPushRepoAdmin",
            "roles/artifactregistry.admin",
        ];
        match self {
            Self::Reader => &ROLES,
            Self::Writer => &ROLES[1..],
        }
    }
}

impl fmt::Display for RepositoryRole {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl ApiClient {
    /// Returns the policy of a repository.
    ///
    /// # Errors
    /// Fails without `artifactregistry.repositories.getIamPolicy`, and if the repository does not exist.
    pub async fn repository_policy(&self, name: &RepositoryName) -> Result<Policy, GoogleError> {
        let action = format!("get the policy of repository {name}");
        let path = format!("v1/{}:getIamPolicy", name.path());
        let call = ApiCall::get(&action, Api::ArtifactRegistry, path)
            .query("options.requestedPolicyVersion", "3");
        let response = self.send(call).await?;
        Policy::parse(&response.body).map_err(|error| failed(&action, error))
    }

    /// Grants a role on a repository to a service account. Other bindings, conditions and fields stay as they are.
    ///
    /// `after_create` waits until a new account is visible to Artifact Registry. The role takes effect minutes later.
    ///
    /// # Errors
    /// Fails without `artifactregistry.repositories.setIamPolicy`, and if other clients are faster until `timeout`.
    pub async fn grant_repository_role(
        &self,
        name: &RepositoryName,
        role: RepositoryRole,
        account: &ServiceAccountEmail,
        after_create: bool,
        timeout: Duration,
    ) -> Result<RoleGrant, GoogleError> {
        let action = format!("grant {role} on repository {name}");
        let member = account.member();
        let started = Instant::now();
        let mut wrote = false;
        for number in 0.. {
            let policy = self.repository_policy(name).await?;
            let grant = policy.grant(role.as_str(), role.broader(), &member);
            let new = match grant.map_err(|error| failed(&action, error))? {
                // An earlier attempt may have succeeded although its response was lost.
                Grant::Unchanged { role: found } if wrote && found == role.as_str() => {
                    return Ok(RoleGrant::Granted);
                }
                Grant::Unchanged { role } => return Ok(RoleGrant::Unchanged(role)),
                Grant::Changed(new) => new,
            };
            wrote = true;
            let error = match self.set_repository_policy(name, &action, &new).await {
                // The policy in the response decides, not its status.
                Ok(written)
                    if written
                        .granted(role.as_str(), role.broader(), &member)
                        .is_some() =>
                {
                    return Ok(RoleGrant::Granted);
                }
                Ok(_) => GoogleError::new(&action, GoogleErrorKind::Incomplete("the new binding")),
                Err(error) => error,
            };
            let is_temporary = match error.reason() {
                Some(Reason::Aborted) => true,
                Some(Reason::MemberNotFound) => after_create,
                _ => false,
            };
            let pause = backoff(number);
            if !is_temporary || started.elapsed() + pause > timeout {
                return Err(error);
            }
            tracing::debug!("retrying in {} milliseconds: {error}", pause.as_millis());
            tokio::time::sleep(pause).await;
        }
        unreachable!("the loop has no other end")
    }

    /// Writes a policy that contains the etag of the policy that it replaces, and returns what Google has stored. `role` is
    /// named in errors.
    ///
    /// # Errors
    /// Fails without `artifactregistry.repositories.setIamPolicy`, and if another client was faster.
    pub async fn write_repository_policy(
        &self,
        name: &RepositoryName,
        role: RepositoryRole,
        policy: &str,
    ) -> Result<Policy, GoogleError> {
        let action = format!("grant {role} on repository {name}");
        self.set_repository_policy(name, &action, policy).await
    }

    async fn set_repository_policy(
        &self,
        name: &RepositoryName,
        action: &str,
        policy: &str,
    ) -> Result<Policy, GoogleError> {
        let policy = RawValue::from_string(policy.to_owned());
        let policy = policy.map_err(|_| failed(action, PolicyError::Invalid))?;
        let path = format!("v1/{}:setIamPolicy", name.path());
        let body = SetPolicy { policy: &policy };
        let call = ApiCall::post(
            action,
            Api::ArtifactRegistry,
            path,
            Safety::Preconditioned,
            &body,
        );
        let response = self.send(call).await?;
        Policy::parse(&response.body).map_err(|error| failed(action, error))
    }
}

fn failed(action: &str, error: PolicyError) -> GoogleError {
    let what = match error {
        PolicyError::Invalid => "a valid policy",
        PolicyError::NoEtag => {
            "the etag of the policy, without which a concurrent change would be lost"
        }
    };
    GoogleError::new(action, GoogleErrorKind::Incomplete(what))
}
