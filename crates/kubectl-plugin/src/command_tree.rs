//! Adds to clap's tree what cobra and kubectl add to theirs: the commands `options` and `help`, and `-n` everywhere.

use clap::{Arg, Command, CommandFactory};

/// The name of the command that lists the global options, as in kubectl.
pub(crate) const OPTIONS: &str = "options";
/// The name of cobra's help command.
pub(crate) const HELP: &str = "help";

/// Returns clap's tree with the commands and flags that cobra and kubectl add. Does not call `Command::build`, which would
/// copy the connection flags into every command even to print one help page: clap builds only the command that runs.
pub(crate) fn command_tree<C: CommandFactory>() -> Command {
    let root = C::command()
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .disable_version_flag(true);
    if !root.has_subcommands() {
        return root;
    }
    let options = Command::new(OPTIONS).about("List the global command-line options");
    let help = Command::new(HELP).about("Help about any command");
    with_namespace(root)
        .subcommands([options.hide(true), help.hide(true)])
        .mut_subcommands(with_namespace)
}

/// Adds a hidden `-n`: kubectl accepts it with every command, and commands without a namespace ignore it.
fn with_namespace(command: Command) -> Command {
    const NAMESPACE: &str = "namespace";
    if (command.get_arguments()).any(|arg| arg.get_long() == Some(NAMESPACE)) {
        return command;
    }
    let namespace = Arg::new(NAMESPACE).long(NAMESPACE).short('n');
    command.arg(namespace.hide(true))
}
