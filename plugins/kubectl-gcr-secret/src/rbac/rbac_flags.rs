//! The flags of `rbac` itself.

use clap::Args;
use gcr_core::commands::rbac::Subject;
use kube_clientcmd::escape_control::escape_control;
use kubectl_plugin::{UsageError, parse_one};

/// The flags of `rbac` itself.
#[derive(Debug, Args)]
pub(super) struct RbacFlags {
    #[arg(
        long,
        help = "If true, ask the server whether you have each permission, print a table, and fail if one is missing"
    )]
    pub(super) check: bool,
    #[arg(
        long,
        value_name = "GROUP",
        help = "Group to bind the role to; can be repeated"
    )]
    for_group: Vec<String>,
    #[arg(
        long = "for-serviceaccount",
        value_name = "NAMESPACE/NAME",
        help = "ServiceAccount to bind the role to, as NAMESPACE/NAME; can be repeated"
    )]
    for_service_account: Vec<String>,
    #[arg(
        long,
        value_name = "NAME",
        help = "User to bind the role to; can be repeated"
    )]
    for_user: Vec<String>,
}

impl RbacFlags {
    /// Returns the subjects of the binding.
    ///
    /// # Errors
    /// Fails if a name is invalid.
    pub(super) fn subjects(&self) -> Result<Vec<Subject>, UsageError> {
        let required = |flag: &str, name: &String| match name.is_empty() {
            true => Err(UsageError::new(format!("{flag} requires a name"))),
            false => Ok(name.clone()),
        };
        let mut subjects = Vec::new();
        for name in &self.for_user {
            subjects.push(Subject::User(required("--for-user", name)?));
        }
        for name in &self.for_group {
            subjects.push(Subject::Group(required("--for-group", name)?));
        }
        for name in &self.for_service_account {
            let Some((namespace, account)) = name.split_once('/') else {
                return Err(UsageError::new(format!(
                    "Invalid for-serviceaccount value ({}). Must be NAMESPACE/NAME.",
                    escape_control(name)
                )));
            };
            let (namespace, account) = (parse_one(namespace)?, parse_one(account)?);
            subjects.push(Subject::ServiceAccount(namespace, account));
        }
        Ok(subjects)
    }
}
