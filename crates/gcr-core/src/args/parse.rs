//! From argv to a plugin's clap struct, or to why there is none: help, or what is wrong, in kubectl's words.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use clap::{Arg, Command, CommandFactory, FromArgMatches};

use super::help::{Page, command_path};
use super::line::ParsedLine;
use super::wrap::Width;
use crate::domain::escape_control::escape_control;
use crate::exit;
use crate::report::Console;

/// Something wrong with what was typed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("error: {message}")]
pub struct UsageError {
    message: String,
}

impl UsageError {
    /// An error with this message: one line, printable.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }

    /// The same, with the way to the help of the command `path` (kubectl `cmd/util/helpers.go`, `UsageErrorf`).
    pub fn with_help_of(self, path: &str) -> Self {
        Self::new(format!(
            "{}\nSee '{path} -h' for help and examples",
            self.message
        ))
    }
}

/// Why a command line leads to no request.
#[derive(Debug)]
pub enum EarlyExit {
    /// Something else was asked for, as help: text for standard output.
    Print(String),
    /// It cannot be carried out: lines for standard error.
    Error(String),
}

impl EarlyExit {
    /// Prints it and says how the process should end.
    pub fn print(&self) -> u8 {
        let mut stream = Console::new(Arc::default());
        match self {
            Self::Print(text) => {
                stream.out(text);
                exit::OK
            }
            Self::Error(text) => {
                stream.err(text);
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

/// Reads a command line. `plugin` is the name typed after `kubectl`. Gives the arguments, and what was typed to name the
/// command, as `kubectl gcr-secret create`.
///
/// # Errors
/// Help, or what is wrong with the line.
pub fn parse<C: CommandFactory + FromArgMatches>(
    plugin: &str,
    argv: Vec<OsString>,
) -> Result<(C, String), EarlyExit> {
    let mut argv = argv.into_iter();
    let program = argv.next().unwrap_or_default();
    let name = typed_name(Some(&program), plugin);
    let argv: Vec<_> = argv.collect();

    let mut root = command_tree::<C>();
    let line = ParsedLine::read(&root, &argv).map_err(|parse_error| {
        let path = command_path(&name, &parse_error.path);
        let way_on = match parse_error.path[parse_error.path.len() - 1].get_name() {
            OPTIONS => format!("Run '{path}' without flags."),
            _ => format!("See '{path} --help' for usage."),
        };
        EarlyExit::Error(format!("error: {}\n{way_on}", parse_error.message))
    })?;
    if let Some(stop) = answered_here(&line, &root, &name) {
        return Err(stop);
    }
    let path = command_path(&name, &line.path);
    let ready = line.for_clap(program);
    // Whatever clap still has to say is about what the line above let through.
    let unreadable = |error: clap::Error| {
        let text = error.to_string();
        let said = text.lines().next().unwrap_or_default();
        EarlyExit::Error(format!(
            "{}\nSee '{path} --help' for usage.",
            escape_control(said)
        ))
    };
    let matches = root.try_get_matches_from_mut(ready).map_err(unreadable)?;
    let arguments = C::from_arg_matches(&matches).map_err(unreadable)?;
    Ok((arguments, path))
}

/// kubectl's command that lists its global options.
const OPTIONS: &str = "options";
/// cobra's other way to ask for help.
const HELP: &str = "help";

/// clap's tree, with what cobra and kubectl add to it. Not built here: that would copy the connection's flags into every
/// command, also where a page of help is all that is asked for. clap builds the one command that is run.
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

/// kubectl takes `-n` with every command. One that has no use for it does not look at it.
fn with_namespace(command: Command) -> Command {
    const NAMESPACE: &str = "namespace";
    if (command.get_arguments()).any(|arg| arg.get_long() == Some(NAMESPACE)) {
        return command;
    }
    let namespace = Arg::new(NAMESPACE).long(NAMESPACE).short('n');
    command.arg(namespace.hide(true))
}

/// Help, `options`, and words that the command does not take: what needs no more than the tree.
fn answered_here(line: &ParsedLine<'_>, root: &Command, name: &str) -> Option<EarlyExit> {
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
    let words: Vec<_> = line
        .words
        .iter()
        .map(|word| word.to_string_lossy())
        .collect();
    let places = command
        .get_positionals()
        .map(|place| place.get_num_args().map_or(1, |range| range.max_values()))
        .fold(0, usize::saturating_add);
    let message = if command.has_subcommands() {
        if words.is_empty() {
            return Some(EarlyExit::Error(err().help(&line.path)));
        }
        format!("unknown command {:?}", words.join(" "))
    } else if words.len() <= places {
        return None;
    } else if places == 0 {
        let message = format!("extra arguments: [{}]", words.join(" "));
        return Some(UsageError::new(escape_control(&message)).into());
    } else {
        let place = command.get_positionals().next();
        let what = place.map(|place| place.get_id().as_str().to_uppercase());
        // kubectl's "exactly one … is required" is of a name that has to be there; ours may be left out.
        format!(
            "at most one {} may be given, got {}",
            what.unwrap_or_default(),
            words.len()
        )
    };
    let path = command_path(name, &line.path);
    Some(
        UsageError::new(escape_control(&message))
            .with_help_of(&path)
            .into(),
    )
}

/// `help`, `help COMMAND`.
fn help_about(line: &ParsedLine<'_>, root: &Command, page: Page<'_>) -> EarlyExit {
    let topic = line.words.first().map(|word| word.to_string_lossy());
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
