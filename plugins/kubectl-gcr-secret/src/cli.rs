//! Defines the command line of `kubectl gcr-secret`, and runs the command that it names.

use std::ffi::OsString;

use clap::{Args, Parser, Subcommand};
use gcr_core::completion::PluginValues;
use kube_clientcmd::escape_control::escape_control;
use kubectl_plugin::completion::{complete, shim};
use kubectl_plugin::{ConnectionArgs, EarlyExit, UsageError, VersionArgs, command_index, parse};

use crate::plugin_name::PLUGIN;
use crate::{
    create, delete, describe, docker_login, doctor, list, rbac, refresh, rotate, setup, verify,
};

const LONG: &str = "\
Create image pull Secrets for Google's registries (gcr.io, Artifact Registry), and add them to ServiceAccounts.

Commands can be repeated at any time, and keep the fields and entries that other clients manage.";

const EXAMPLES: &str = "\
# Create the pull Secret gcr-io from a service account key, and add it to the default ServiceAccount
kubectl gcr-secret create --key-file key.json --attach";

#[derive(Debug, Parser)]
#[command(
    about = "Create image pull Secrets for Google's registries",
    long_about = LONG,
    after_help = EXAMPLES,
    override_usage = "SUBCOMMAND"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    connection: ConnectionArgs,
}

const COMPLETION_LONG: &str = "\
Print the script that lets kubectl complete the arguments of `kubectl gcr-secret`. Requires kubectl 1.26 or newer with shell \
completion enabled.

Save the script as kubectl_complete-gcr_secret in a directory on your PATH, and make it executable. It is not needed if \
that name is a link to the plugin itself.";

const COMPLETION_EXAMPLES: &str = "\
# Enable completion for a plugin installed with krew
kubectl gcr-secret completion kubectl > \"${KREW_ROOT:-$HOME/.krew}/bin/kubectl_complete-gcr_secret\"
chmod +x \"${KREW_ROOT:-$HOME/.krew}/bin/kubectl_complete-gcr_secret\"";

#[derive(Debug, Args)]
#[command(
    about = "Print the script that lets kubectl complete this command",
    long_about = COMPLETION_LONG,
    after_help = COMPLETION_EXAMPLES,
    override_usage = "[kubectl]"
)]
struct CompletionArgs {
    #[arg(value_name = "kubectl")]
    shells: Vec<String>,
}

impl CompletionArgs {
    /// Returns the script, or kubectl's error for other arguments. `command` is the command as the user typed it.
    fn output(&self, command: &str) -> EarlyExit {
        let message = match self.shells.as_slice() {
            [] => return EarlyExit::Print(shim(PLUGIN)),
            [shell] if shell == "kubectl" => return EarlyExit::Print(shim(PLUGIN)),
            [shell] => format!("Unsupported shell type {shell:?}."),
            _ => "Too many arguments. Expected only the shell type.".to_owned(),
        };
        UsageError::new(escape_control(&message))
            .with_help_of(command)
            .into()
    }
}

const VERSION_EXAMPLES: &str = "\
# Print the version
kubectl gcr-secret version

# Print the version as JSON
kubectl gcr-secret version -o json";

#[derive(Debug, Subcommand)]
enum Command {
    Completion(CompletionArgs),
    Create(Box<create::CreateArgs>),
    Delete(Box<delete::DeleteArgs>),
    Describe(Box<describe::DescribeArgs>),
    #[command(name = "docker-login")]
    DockerLogin(Box<docker_login::DockerLoginArgs>),
    Doctor(Box<doctor::DoctorArgs>),
    List(Box<list::ListArgs>),
    Rbac(rbac::RbacArgs),
    Refresh(Box<refresh::RefreshArgs>),
    Rotate(Box<rotate::RotateArgs>),
    Setup(Box<setup::SetupArgs>),
    Verify(Box<verify::VerifyArgs>),
    #[command(after_help = VERSION_EXAMPLES)]
    Version(VersionArgs),
}

/// Runs the command line and returns the exit code.
///
/// # Errors
/// Returns the text to print if the command line makes no request.
pub(crate) fn run(argv: Vec<OsString>) -> Result<u8, EarlyExit> {
    if let Some(reply) = complete::<Cli>(&argv, &PluginValues) {
        return Err(reply);
    }
    let is_rbac = argv.iter().any(|word| word == "rbac");
    let index = is_rbac.then(|| command_index::<Cli>(&argv)).flatten();
    if let Some(line) = index.and_then(|index| rbac::nested_line(&argv, index)) {
        return rbac::run(line);
    }
    let (cli, command): (Cli, _) = parse(PLUGIN, argv)?;
    match cli.command {
        Command::Completion(args) => Err(args.output(&command)),
        Command::Create(args) => create::run(*args, cli.connection),
        Command::Delete(args) => delete::run(*args, cli.connection, &command),
        Command::Describe(args) => describe::run(*args, cli.connection, &command),
        Command::DockerLogin(args) => docker_login::run(*args, cli.connection),
        Command::Doctor(args) => doctor::run(*args, cli.connection),
        Command::List(args) => list::run(*args, cli.connection),
        Command::Refresh(args) => refresh::run(*args, cli.connection),
        Command::Rotate(args) => rotate::run(*args, cli.connection),
        Command::Setup(args) => setup::run(*args, cli.connection),
        Command::Verify(args) => verify::run(*args, cli.connection),
        Command::Rbac(args) => Err(args.error(&command)),
        Command::Version(args) => Err(args.output(env!("CARGO_PKG_VERSION"))),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn manual_matches_command_line() {
        gcr_test_support::assert_manual(super::Cli::command());
    }
}
