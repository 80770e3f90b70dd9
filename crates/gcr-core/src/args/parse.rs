//! From argv to a plugin's clap struct, with kubectl's exit codes and its habits of pflag.

use std::ffi::OsString;
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, CommandFactory, FromArgMatches};

use crate::domain::printable::printable;
use crate::exit;
use crate::report::Stream;

/// Something wrong with what was typed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("error: {message}")]
pub struct UsageError {
    message: String,
}

impl UsageError {
    /// An error with this message: lower-case, one line, printable.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }
}

/// Why a command line leads to no request.
#[derive(Debug)]
pub enum Stop {
    /// Help or version was asked for: text for standard output.
    Asked(String),
    /// It cannot be carried out: lines for standard error.
    Refused(String),
}

impl Stop {
    /// Prints it and says how the process should end.
    pub fn print(&self) -> u8 {
        let mut stream = Stream::new(None);
        match self {
            Self::Asked(text) => {
                stream.out(text);
                exit::OK
            }
            Self::Refused(text) => {
                stream.err(text);
                exit::FAILED
            }
        }
    }
}

impl From<UsageError> for Stop {
    fn from(error: UsageError) -> Self {
        Self::Refused(error.to_string())
    }
}

/// How the command was typed: `kubectl gcr-secret` for a file `kubectl-gcr_secret`, which is how kubectl finds a
/// plugin (kubectl `cmd/plugin.go`), else the file's own name.
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

/// Reads a command line. `plugin` is the name typed after `kubectl`.
///
/// # Errors
/// Help, or what is wrong with the line.
pub fn parse<C: CommandFactory + FromArgMatches>(
    plugin: &str,
    argv: Vec<OsString>,
) -> Result<C, Stop> {
    let name = typed_name(argv.first(), plugin);
    let mut command = like_pflag(C::command().name(name.clone()).bin_name(name));
    command.build();
    let matches = command
        .try_get_matches_from_mut(argv)
        .map_err(|error| stop(&error, &command))?;
    C::from_arg_matches(&matches).map_err(|error| stop(&error, &command))
}

/// pflag's habits: the last of a repeated flag wins, and every switch takes `=true` or `=false`.
fn like_pflag(command: clap::Command) -> clap::Command {
    command
        .args_override_self(true)
        .mut_args(|arg| match arg.get_action() {
            ArgAction::SetTrue => arg
                .action(ArgAction::Set)
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("true")
                .default_value("false")
                .hide_default_value(true)
                .hide_possible_values(true),
            _ => arg,
        })
        .mut_subcommands(like_pflag)
}

fn stop(error: &clap::Error, command: &clap::Command) -> Stop {
    let text = error.render().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            Stop::Asked(text.trim_end().to_owned())
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Stop::Refused(text.trim_end().to_owned())
        }
        kind => {
            let given = |context| match error.get(context) {
                Some(ContextValue::String(value)) => printable(value).into_owned(),
                _ => String::new(),
            };
            let message = match kind {
                ErrorKind::UnknownArgument => {
                    let argument = given(ContextKind::InvalidArg);
                    if argument.starts_with('-') {
                        format!("error: unknown flag: {argument}")
                    } else {
                        format!("error: unexpected argument {argument:?}")
                    }
                }
                ErrorKind::InvalidSubcommand => {
                    format!(
                        "error: unknown command {:?}",
                        given(ContextKind::InvalidSubcommand)
                    )
                }
                // The first paragraph says what is wrong; the rest is clap's usage.
                _ => printable(
                    &text
                        .lines()
                        .take_while(|line| !line.is_empty())
                        .collect::<Vec<_>>()
                        .join("; "),
                )
                .into_owned(),
            };
            Stop::Refused(format!(
                "{message}\nSee '{} --help' for usage.",
                command.get_name()
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_the_one_that_was_typed() {
        let name = |argv0: &str| typed_name(Some(&argv0.into()), "gcr-secret");
        assert_eq!(
            name("/home/me/.krew/bin/kubectl-gcr_secret"),
            "kubectl gcr-secret"
        );
        assert_eq!(name("kubectl-gcr-secret"), "kubectl-gcr-secret");
        assert_eq!(name("something-else"), "kubectl gcr-secret");
    }
}
