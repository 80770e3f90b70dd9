//! Parses argv into a plugin's clap struct, or returns the help or kubectl's usage error to print.

use std::ffi::OsString;
use std::path::Path;

use clap::{Args, Command, CommandFactory, FromArgMatches};

use crate::command_tree::{HELP, OPTIONS, command_tree};
use crate::early_exit::EarlyExit;
use crate::flag::Flag;
use crate::help::{Page, command_path};
use crate::line::{self, ParsedLine};
use crate::usage_error::UsageError;
use crate::wrap::Width;
use kube_clientcmd::escape_control::escape_control;

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

/// Returns the index in `argv` of the word that names a command of the tree, if there is one. `argv` begins with the program.
///
/// A command whose arguments are another command line can thus be told apart before [`parse()`].
pub fn command_index<C: CommandFactory>(argv: &[OsString]) -> Option<usize> {
    let arguments = argv.get(1..)?;
    let root = command_tree::<C>();
    line::command_index(&root, arguments).map(|(index, _)| index + 1)
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
    if let Some(exit) = early_exit(&line, &root, plugin, &name) {
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

/// Returns the flags of a command line that `S` defines too, each as `--name=value`, to pass them on to another command.
/// `argv` begins with the program and is valid for [`parse()`]: without that, no flag is returned.
pub fn shared_flags<C: CommandFactory, S: Args>(argv: &[OsString]) -> Vec<OsString> {
    let root = command_tree::<C>();
    let shared = S::augment_args(Command::new(""));
    let line = ParsedLine::parse(&root, argv.get(1..).unwrap_or_default());
    line.map_or_else(
        |_| Vec::new(),
        |line| line.flags_for_clap(|flag| Flag::by_name(&[&shared], flag.name()).is_some()),
    )
}

/// Returns the output of help and `options`, or the error for surplus positional arguments, if the line leads to one.
fn early_exit(
    line: &ParsedLine<'_>,
    root: &Command,
    plugin: &str,
    name: &str,
) -> Option<EarlyExit> {
    let page = |width| Page {
        plugin,
        program: name,
        width,
        flags: Width::of_stdout(),
    };
    let out = || page(Width::of_stdout());
    let err = || page(Width::of_stderr());
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

    #[derive(clap::Args)]
    struct Shared {
        #[arg(short, long, value_name = "NAMESPACE")]
        namespace: Vec<String>,
        #[arg(short = 'A', long)]
        all: bool,
    }

    #[derive(clap::Parser)]
    struct Line {
        names: Vec<String>,
        #[arg(long, value_name = "TEXT")]
        other: Option<String>,
        #[command(flatten)]
        shared: Shared,
    }

    #[test]
    fn shared_flags_are_returned_unambiguously() {
        let flags = |line: &str| {
            let argv: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            shared_flags::<Line, Shared>(&argv)
        };
        assert_eq!(
            flags("p name -n a --other x -n=b -A -- --all"),
            ["--namespace=a", "--namespace=b", "--all"]
        );
        assert_eq!(flags("p --all=false"), [""; 0]);
        assert_eq!(flags("p --unknown -A"), [""; 0]);
    }

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
