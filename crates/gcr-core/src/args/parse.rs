//! Parses argv into a plugin's clap struct, or returns the help or kubectl's usage error to print.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use clap::{Arg, Command, CommandFactory, FromArgMatches};

use super::help::{Page, command_path};
use super::line::ParsedLine;
use super::wrap::Width;
use crate::exit;
use crate::report::Console;
use kube_clientcmd::escape_control::escape_control;

/// An error in the command line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("error: {message}")]
pub struct UsageError {
    message: String,
}

impl UsageError {
    /// Creates an error with this message: one line without control characters.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }

    /// Appends a pointer to the help of the command `path` (kubectl `cmd/util/helpers.go`, `UsageErrorf`).
    pub fn with_help_of(self, path: &str) -> Self {
        Self::new(format!(
            "{}\nSee '{path} -h' for help and examples",
            self.message
        ))
    }
}

/// The result of a command line that makes no request to a server.
#[derive(Debug)]
pub enum EarlyExit {
    /// Text for standard output, such as help.
    Print(String),
    /// An error for standard error.
    Error(String),
}

impl EarlyExit {
    /// Prints the text and returns the exit code.
    pub fn print(&self) -> u8 {
        let mut console = Console::new(Arc::default());
        match self {
            Self::Print(text) => {
                console.out(text);
                if console.has_failed() {
                    exit::FAILED
                } else {
                    exit::OK
                }
            }
            Self::Error(text) => {
                console.err(text);
                exit::FAILED
            }
        }
    }
}

impl From<UsageError> for EarlyExit {
    fn from(error: UsageError) -> Self {
        Self::Error(error.to_string())
    }
}

/// Returns the command as the user typed it. kubectl runs the file `kubectl-gcr_secret` for `kubectl gcr-secret` (kubectl
/// `cmd/plugin.go`). A file `kubectl-…` without an underscore was called directly: its own name is returned.
pub fn typed_name(argv0: Option<&OsString>, plugin: &str) -> String {
    let file = argv0
        .map(Path::new)
        .and_then(Path::file_stem)
        .map(|stem| stem.to_string_lossy().into_owned());
    match file {
        Some(file) if file.starts_with("kubectl-") && !file.contains('_') => file,
        _ => format!("kubectl {plugin}"),
    }
}

/// Parses a command line. `plugin` is the name typed after `kubectl`. Returns the arguments, and the command as the user
/// typed it, such as `kubectl gcr-secret create`.
///
/// # Errors
/// Returns the help or the usage error to print.
pub fn parse<C: CommandFactory + FromArgMatches>(
    plugin: &str,
    argv: Vec<OsString>,
) -> Result<(C, String), EarlyExit> {
    let mut argv = argv.into_iter();
    let program = argv.next().unwrap_or_default();
    let name = typed_name(Some(&program), plugin);
    let argv: Vec<_> = argv.collect();

    let mut root = command_tree::<C>();
    let line = ParsedLine::parse(&root, &argv).map_err(|parse_error| {
        let path = command_path(&name, &parse_error.path);
        let hint = match parse_error.path[parse_error.path.len() - 1].get_name() {
            OPTIONS => format!("Run '{path}' without flags."),
            _ => format!("See '{path} --help' for usage."),
        };
        EarlyExit::Error(format!("error: {}\n{hint}", parse_error.message))
    })?;
    if let Some(exit) = early_exit(&line, &root, &name) {
        return Err(exit);
    }
    let path = command_path(&name, &line.path);
    let argv = line.for_clap(program);
    // Only errors that pflag's rules do not detect remain, such as a value that is not UTF-8.
    let clap_error = |error: clap::Error| {
        let text = error.to_string();
        let message = text.lines().next().unwrap_or_default();
        EarlyExit::Error(format!(
            "{}\nSee '{path} --help' for usage.",
            escape_control(message)
        ))
    };
    let matches = root.try_get_matches_from_mut(argv).map_err(clap_error)?;
    let arguments = C::from_arg_matches(&matches).map_err(clap_error)?;
    Ok((arguments, path))
}

/// The name of the command that lists the global options, as in kubectl.
const OPTIONS: &str = "options";
/// The name of cobra's help command.
const HELP: &str = "help";

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

/// Returns the output of help and `options`, or the error for surplus positional arguments, if the line leads to one.
fn early_exit(line: &ParsedLine<'_>, root: &Command, name: &str) -> Option<EarlyExit> {
    let page = |width| Page {
        program: name,
        width,
        flags: Width::of(&std::io::stdout()),
    };
    let out = || page(Width::of(&std::io::stdout()));
    let err = || page(Width::of(&std::io::stderr()));
    let command = line.command();
    match command.get_name() {
        OPTIONS => return Some(EarlyExit::Print(out().global_options(root))),
        HELP => return Some(help_about(line, root, out())),
        _ => {}
    }
    if line.help {
        return Some(EarlyExit::Print(out().help(&line.path)));
    }
    let positionals: Vec<_> = line
        .positionals
        .iter()
        .map(|arg| arg.to_string_lossy())
        .collect();
    let limit = command
        .get_positionals()
        .map(|arg| arg.get_num_args().map_or(1, |range| range.max_values()))
        .fold(0, usize::saturating_add);
    let message = if command.has_subcommands() {
        if positionals.is_empty() {
            return Some(EarlyExit::Error(err().help(&line.path)));
        }
        format!("unknown command {:?}", positionals.join(" "))
    } else if positionals.len() <= limit {
        return None;
    } else if limit == 0 {
        let message = format!("extra arguments: [{}]", positionals.join(" "));
        return Some(UsageError::new(escape_control(&message)).into());
    } else {
        let first = command.get_positionals().next();
        let name = first.map(|arg| arg.get_id().as_str().to_uppercase());
        // kubectl says "exactly one NAME is required"; here the name is optional.
        format!(
            "at most one {} may be given, got {}",
            name.unwrap_or_default(),
            positionals.len()
        )
    };
    let path = command_path(name, &line.path);
    Some(
        UsageError::new(escape_control(&message))
            .with_help_of(&path)
            .into(),
    )
}

/// Returns the output of `help` and `help COMMAND`.
fn help_about(line: &ParsedLine<'_>, root: &Command, page: Page<'_>) -> EarlyExit {
    let topic = line.positionals.first().map(|arg| arg.to_string_lossy());
    match topic {
        None => EarlyExit::Print(page.help(&[root])),
        Some(topic) => match root.find_subcommand(&*topic) {
            Some(command) if command.get_name() == OPTIONS => {
                EarlyExit::Print(page.global_options(root))
            }
            Some(command) => EarlyExit::Print(page.help(&[root, command])),
            None => EarlyExit::Error(format!(
                "Unknown help topic [`{}`]\n{}",
                escape_control(&topic),
                page.help(&[root])
            )),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_name_follows_the_file_name() {
        let name = |argv0: &str| typed_name(Some(&argv0.into()), "gcr-secret");
        assert_eq!(
            name("/home/me/.krew/bin/kubectl-gcr_secret"),
            "kubectl gcr-secret"
        );
        assert_eq!(name("kubectl-gcr-secret"), "kubectl-gcr-secret");
        assert_eq!(name("something-else"), "kubectl gcr-secret");
    }
}
