//! The command line of `kubectl gcr-secret`. clap ends here.

use std::ffi::OsString;

use clap::{Args, Parser, Subcommand};
use gcr_core::args::{ConnectionArgs, EarlyExit, UsageError, VersionArgs, parse};
use gcr_core::completion::shim;
use gcr_core::domain::escape_control::escape_control;
use gcr_core::request::Request;

use crate::create;

/// The name typed after `kubectl`.
pub(crate) const PLUGIN: &str = "gcr-secret";

const LONG: &str = "\
Write image pull Secrets for Google's registries (gcr.io, Artifact Registry) and let ServiceAccounts use them.

A run brings what is there to what was asked for, and can be repeated at any time. What others put there stays.";

const EXAMPLES: &str = "\
# Make the pull Secret gcr-io from a service account key, and let the ServiceAccount default use it
kubectl gcr-secret create --key-file key.json --attach";

#[derive(Debug, Parser)]
#[command(
    about = "Write image pull Secrets for Google's registries",
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
Print the file that lets kubectl complete `kubectl gcr-secret` (kubectl 1.26 or newer, with its own completion set up).

Save it under the name kubectl_complete-gcr_secret in a directory of your PATH, and make it executable. It is not needed \
where that name is a link to the plugin itself.";

const COMPLETION_EXAMPLES: &str = "\
# For a plugin that krew installed
kubectl gcr-secret completion kubectl > \"${KREW_ROOT:-$HOME/.krew}/bin/kubectl_complete-gcr_secret\"
chmod +x \"${KREW_ROOT:-$HOME/.krew}/bin/kubectl_complete-gcr_secret\"";

#[derive(Debug, Args)]
#[command(
    about = "Print the file that lets kubectl complete this command",
    long_about = COMPLETION_LONG,
    after_help = COMPLETION_EXAMPLES,
    override_usage = "[kubectl]"
)]
struct CompletionArgs {
    #[arg(value_name = "kubectl")]
    shells: Vec<String>,
}

impl CompletionArgs {
    /// `command` is what was typed to come here.
    fn answer(&self, command: &str) -> EarlyExit {
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

#[derive(Debug, Subcommand)]
enum Command {
    Completion(CompletionArgs),
    Create(Box<create::CreateArgs>),
    Version(VersionArgs),
}

/// From argv to what is asked for.
pub(crate) fn request(argv: Vec<OsString>) -> Result<Request, EarlyExit> {
    if let Some(answer) = gcr_core::completion::answer::<Cli>(&argv) {
        return Err(answer);
    }
    let (cli, command): (Cli, _) = parse(PLUGIN, argv)?;
    match cli.command {
        Command::Completion(args) => Err(args.answer(&command)),
        Command::Create(args) => create::request(*args, cli.connection),
        Command::Version(args) => Err(args.answer(env!("CARGO_PKG_VERSION"))),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_manual_is_of_this_command_line() {
        gcr_test_support::assert_manual(super::Cli::command());
    }
}
