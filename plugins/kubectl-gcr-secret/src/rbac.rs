//! Runs `kubectl gcr-secret rbac COMMAND`, whose arguments are the command line of another command.

mod nested_command;
mod rbac_flags;
#[cfg(test)]
mod tests;

use std::ffi::OsString;

use clap::Args;
use gcr_core::commands::rbac::{self, RbacRequest};
use kube_clientcmd::escape_control::escape_control;
use kubectl_plugin::{EarlyExit, UsageError, command_index, parse};

use self::nested_command::Line;
use self::rbac_flags::RbacFlags;
use crate::plugin_name::PLUGIN;

const LONG: &str = "\
Print the minimal role for a command line of this plugin or of gcr-patch-sa.

The output is a Role and a RoleBinding per namespace; a ClusterRole and a ClusterRoleBinding if the command line selects \
namespaces with -A or --namespace-selector, and for the Secrets that rotate searches in the whole cluster. Nothing is sent \
to a server, except with --check. Comments list the permissions at Google that the command needs, with the smallest \
predefined roles.";

const EXAMPLES: &str = "\
# Print the role for a user who creates the Secret and adds it to the default ServiceAccount
kubectl gcr-secret rbac create --attach -n team-a --for-user jane

# Grant a ServiceAccount what a scheduled list of all namespaces needs
kubectl gcr-secret rbac list -A --for-serviceaccount ops/inventory | kubectl apply -f -

# Ask the server whether you may patch all ServiceAccounts of a namespace
kubectl gcr-secret rbac gcr-patch-sa --all -n team-a --check";

#[derive(Debug, Args)]
#[command(
    about = "Print the minimal role for a command",
    long_about = LONG,
    after_help = EXAMPLES,
    override_usage = "COMMAND [flags of the command] [--for-user=name] [--check]"
)]
pub(crate) struct RbacArgs {
    #[arg(
        value_name = "create|delete|describe|docker-login|doctor|gcr-patch-sa|list|refresh|rotate|setup|verify"
    )]
    command: Option<String>,
    #[command(flatten)]
    flags: RbacFlags,
}

impl RbacArgs {
    /// Returns the error for a line without a known command. `typed` is the command as the user typed it.
    pub(crate) fn error(&self, typed: &str) -> EarlyExit {
        let error = match &self.command {
            None => UsageError::new("exactly one COMMAND is required, got 0"),
            Some(command) => {
                UsageError::new(format!("unknown command \"{}\"", escape_control(command)))
            }
        };
        error.with_help_of(typed).into()
    }
}

/// Returns the command line without the word `rbac` at `index`, if it names a command.
pub(crate) fn nested_line(argv: &[OsString], index: usize) -> Option<Vec<OsString>> {
    let mut line = argv.to_vec();
    if line.remove(index) != "rbac" {
        return None;
    }
    command_index::<Line>(&line).map(|_| line)
}

/// Runs a line of [`nested_line`] and returns the exit code.
///
/// # Errors
/// Returns the text to print: the roles, or an error of the line.
pub(crate) fn run(line: Vec<OsString>) -> Result<u8, EarlyExit> {
    let (line, _): (Line, _) = parse(&format!("{PLUGIN} rbac"), line)?;
    let Line {
        command,
        connection,
    } = line;
    let (permissions, flags, name) = command.permissions(&connection)?;
    let subjects = flags.subjects()?;
    let check = flags.check;
    let request = RbacRequest {
        permissions,
        role: format!("gcr-secret-{name}"),
        subjects,
        connection: connection.options(PLUGIN, env!("CARGO_PKG_VERSION"))?,
    };
    if check {
        return Ok(rbac::check(request));
    }
    match rbac::manifests(&request) {
        Ok(text) => Err(EarlyExit::Print(text)),
        Err(line) => Err(EarlyExit::Error(line)),
    }
}
