//! Names the reasons for which Google refuses a request, each with one hint.

use http::StatusCode;

use super::details::Details;

/// The reason for an error response.
///
/// The names follow the `reason` of `google.rpc.ErrorInfo` where Google sends one. The others are recognized by status and
/// a keyword of the message, never by a whole sentence.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reason {
    /// The API is not enabled in the project.
    ServiceDisabled {
        /// The name of the API, such as `artifactregistry.googleapis.com`.
        service: String,
    },
    /// The project has no billing account.
    BillingDisabled,
    /// The caller lacks a permission, or the resource does not exist: Google does not tell them apart.
    PermissionDenied {
        /// The permission, if Google names it.
        permission: String,
        /// The resource, if Google names it.
        resource: String,
    },
    /// The caller may not use the project that is billed for the request.
    UserProjectDenied,
    /// The access token has expired.
    AccessTokenExpired,
    /// The access token lacks the scope.
    AccessTokenScopeInsufficient,
    /// The token is of another type, such as an ID token.
    AccessTokenTypeUnsupported,
    /// The server refuses the credential for another reason, or received none.
    Unauthenticated,
    /// The account of the credential is disabled or deleted.
    AccountStateInvalid,
    /// Too many requests.
    RateLimitExceeded,
    /// The project does not exist or is deleted.
    ConsumerInvalid,
    /// The organization forbids the action.
    OrganizationPolicy {
        /// The constraint, such as `constraints/iam.disableServiceAccountKeyCreation`.
        constraint: String,
    },
    /// A precondition fails, and Google names none. For a new key, the account usually has ten already.
    FailedPrecondition,
    /// Another activation of an API is in progress.
    ActivationInProgress,
    /// A member of the policy does not exist, or does not exist yet.
    MemberNotFound,
    /// The resource does not exist.
    NotFound,
    /// The resource exists already.
    AlreadyExists,
    /// Another client changed the resource meanwhile.
    Aborted,
    /// The refresh token was revoked or has expired, or the user must log in again.
    ReauthenticationRequired,
    /// The token endpoint refuses the grant for another reason.
    InvalidGrant,
    /// The request is invalid.
    InvalidArgument,
    /// The server is temporarily unable to respond.
    Unavailable,
    /// Another reason.
    Other,
}

impl Reason {
    pub(super) fn of_api(status: StatusCode, code: &str, message: &str, details: &Details) -> Self {
        match details.reason.as_str() {
            "SERVICE_DISABLED" => {
                return Self::ServiceDisabled {
                    service: details.service.clone(),
                };
            }
            "BILLING_DISABLED" | "UREQ_PROJECT_BILLING_NOT_FOUND" => return Self::BillingDisabled,
            "IAM_PERMISSION_DENIED" => {
                return Self::PermissionDenied {
                    permission: details.permission.clone(),
                    resource: details.resource.clone(),
                };
            }
            "USER_PROJECT_DENIED" => return Self::UserProjectDenied,
            "ACCESS_TOKEN_EXPIRED" => return Self::AccessTokenExpired,
            "ACCESS_TOKEN_SCOPE_INSUFFICIENT" => return Self::AccessTokenScopeInsufficient,
            "ACCESS_TOKEN_TYPE_UNSUPPORTED" => return Self::AccessTokenTypeUnsupported,
            "CREDENTIALS_MISSING" => return Self::Unauthenticated,
            "ACCOUNT_STATE_INVALID" => return Self::AccountStateInvalid,
            "RATE_LIMIT_EXCEEDED" => return Self::RateLimitExceeded,
            "CONSUMER_INVALID" => return Self::ConsumerInvalid,
            _ => {}
        }
        let violation = |word: &str| details.violations.iter().find(|it| it.contains(word));
        if let Some(constraint) = violation("constraints/") {
            return Self::OrganizationPolicy {
                constraint: constraint.clone(),
            };
        }
        if violation("billing-enabled").is_some() {
            return Self::BillingDisabled;
        }
        let lower = message.to_lowercase();
        // Reported with either code.
        if status == StatusCode::BAD_REQUEST
            && lower.contains("activation")
            && lower.contains("in progress")
        {
            return Self::ActivationInProgress;
        }
        match code {
            "PERMISSION_DENIED" if lower.contains("has not been used in project") => {
                Self::ServiceDisabled {
                    service: String::new(),
                }
            }
            "PERMISSION_DENIED" => Self::PermissionDenied {
                permission: quoted_permission(message).to_owned(),
                resource: String::new(),
            },
            "FAILED_PRECONDITION" if lower.contains("creation is not allowed") => {
                Self::OrganizationPolicy {
                    constraint: String::new(),
                }
            }
            "FAILED_PRECONDITION" if lower.contains("billing") => Self::BillingDisabled,
            "FAILED_PRECONDITION" => Self::FailedPrecondition,
            "RESOURCE_EXHAUSTED" if lower.contains("number of keys") => Self::FailedPrecondition,
            "RESOURCE_EXHAUSTED" => Self::RateLimitExceeded,
            "INVALID_ARGUMENT" if lower.contains("does not exist") => Self::MemberNotFound,
            "INVALID_ARGUMENT" => Self::InvalidArgument,
            "ALREADY_EXISTS" => Self::AlreadyExists,
            "ABORTED" => Self::Aborted,
            _ => Self::of_status(status),
        }
    }

    pub(super) fn of_token_endpoint(code: &str, message: &str, subtype: &str) -> Self {
        let needs_login = subtype.contains("rapt")
            || ["rapt", "reauth", "expired or revoked"]
                .iter()
                .any(|word| message.contains(word));
        match code {
            "invalid_grant" | "invalid_rapt" if needs_login => Self::ReauthenticationRequired,
            "disabled_client" => Self::AccountStateInvalid,
            "invalid_grant" if message.contains("account disabled") => Self::AccountStateInvalid,
            "invalid_grant" => Self::InvalidGrant,
            "access_denied" | "unauthorized_client" => Self::PermissionDenied {
                permission: String::new(),
                resource: String::new(),
            },
            "temporarily_unavailable" | "server_error" | "internal_failure" => Self::Unavailable,
            _ => Self::Other,
        }
    }

    pub(super) fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            400 => Self::InvalidArgument,
            401 => Self::Unauthenticated,
            403 => Self::PermissionDenied {
                permission: String::new(),
                resource: String::new(),
            },
            404 => Self::NotFound,
            409 => Self::Aborted,
            429 => Self::RateLimitExceeded,
            500..=599 => Self::Unavailable,
            _ => Self::Other,
        }
    }

    /// Returns what the user can do, as an imperative sentence.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::ServiceDisabled { service } if service.is_empty() => {
                "enable the API: gcloud services enable artifactregistry.googleapis.com".to_owned()
            }
            Self::ServiceDisabled { service } => {
                format!("enable the API: gcloud services enable {service}")
            }
            Self::BillingDisabled => {
                "link a billing account to the project: gcloud billing projects link".to_owned()
            }
            Self::PermissionDenied {
                permission,
                resource,
            } => match (permission.as_str(), resource.as_str()) {
                ("", _) => "grant the caller a role with the missing permission".to_owned(),
                (permission, "") => format!("grant the caller a role with {permission}"),
                (permission, resource) => {
                    format!("grant the caller a role with {permission} on {resource}")
                }
            },
            Self::UserProjectDenied => {
                "pass --billing-project with a project in which the caller has serviceusage.services.use"
                    .to_owned()
            }
            Self::AccessTokenExpired => "get a new access token: gcloud auth print-access-token".to_owned(),
            Self::AccessTokenScopeInsufficient => {
                "use a token with the scope https://www.googleapis.com/auth/cloud-platform".to_owned()
            }
            Self::AccessTokenTypeUnsupported => {
                "use an access token, not an ID token: gcloud auth print-access-token".to_owned()
            }
            Self::Unauthenticated => "log in again: gcloud auth application-default login".to_owned(),
            Self::AccountStateInvalid => {
                "enable the account: gcloud iam service-accounts enable EMAIL".to_owned()
            }
            Self::RateLimitExceeded => "wait a minute and run the command again".to_owned(),
            Self::ConsumerInvalid => "check the project ID: gcloud projects list".to_owned(),
            Self::OrganizationPolicy { .. } => {
                "pass --credential token, or ask the administrator of the organization for an exception"
                    .to_owned()
            }
            Self::ReauthenticationRequired => {
                "log in again: gcloud auth application-default login (or gcloud auth login)".to_owned()
            }
            Self::Aborted => "run the command again".to_owned(),
            _ => return None,
        };
        Some(hint)
    }
}

/// Returns the permission in a message such as `Permission 'a.b.c' denied on …`.
fn quoted_permission(message: &str) -> &str {
    let mut parts = message.split(['\'', '"']);
    let before = parts.next().unwrap_or_default();
    match parts.next() {
        Some(name) if before.trim_end().ends_with("ermission") => name,
        _ => "",
    }
}
