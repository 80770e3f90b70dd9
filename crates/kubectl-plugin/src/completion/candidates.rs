//! Finds the candidates for a cursor position: from the command tree, the kubeconfig or the program's [`ValueSource`].

use kube_clientcmd::Environment;
use kube_clientcmd::Kubeconfig;

use super::completion_reply::CompletionReply;
use super::cursor::{Cursor, CursorPosition};
use super::line_before::LineBefore;
use super::value_source::ValueSource;
use crate::flag::{Flag, Kind};
use crate::line::ParsedLine;

/// Returns the candidates for the argument under the cursor.
pub(super) fn candidates(cursor: Cursor<'_>, source: &dyn ValueSource) -> CompletionReply {
    let Cursor {
        line,
        position,
        typed,
    } = cursor;
    match position {
        CursorPosition::Unknown => CompletionReply::empty(),
        CursorPosition::Flag => CompletionReply::of(flags(&line, &typed)),
        CursorPosition::Subcommand => CompletionReply::of(subcommands(&line, &typed)),
        CursorPosition::Value { name, list } => match name {
            "FILE" => CompletionReply::files(),
            "DIR" => CompletionReply::directories(),
            _ => {
                let values = values(&line, name, source);
                let used = if list { Vec::new() } else { positionals(&line) };
                let kinds = source.kinds();
                CompletionReply::of(matching(values, &typed, list, kinds, &used))
            }
        },
    }
}

/// Returns the flags that are not given yet or are repeatable.
fn flags(line: &ParsedLine<'_>, typed: &str) -> Vec<(String, String)> {
    let mut candidates = Vec::new();
    for flag in Flag::all(&line.path) {
        let is_given = line
            .flags
            .iter()
            .any(|(other, _)| other.name() == flag.name());
        if flag.is_hidden() || (is_given && flag.kind() != Kind::List) {
            continue;
        }
        candidates.push((format!("--{}", flag.name()), flag.usage()));
        if let Some(shorthand) = flag.shorthand() {
            candidates.push((format!("-{shorthand}"), flag.usage()));
        }
    }
    let help = format!("Help for {}", line.command().get_name());
    candidates.push(("--help".to_owned(), help.clone()));
    candidates.push(("-h".to_owned(), help));
    candidates.retain(|(name, _)| name.starts_with(typed));
    candidates
}

fn subcommands(line: &ParsedLine<'_>, typed: &str) -> Vec<(String, String)> {
    let mut candidates: Vec<_> = line.path[0]
        .get_subcommands()
        .map(|command| {
            let about = command.get_about().map(ToString::to_string);
            (command.get_name().to_owned(), about.unwrap_or_default())
        })
        .filter(|(name, _)| name.starts_with(typed))
        .collect();
    candidates.sort();
    candidates
}

fn positionals(line: &ParsedLine<'_>) -> Vec<String> {
    line.positionals
        .iter()
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect()
}

/// Returns the values that start with the typed text and are not used yet. Keeps the typed part of a list (`a,`) and the
/// typed kind (`pod/`) in front of each value.
fn matching(
    values: Vec<String>,
    typed: &str,
    list: bool,
    kinds: &[&str],
    used: &[String],
) -> Vec<(String, String)> {
    let (head, item) = match typed.rfind(',').filter(|_| list) {
        Some(comma) => typed.split_at(comma + 1),
        None => ("", typed),
    };
    let (kind, start) = match item.find('/') {
        Some(slash) if kinds.contains(&&item[..slash]) => item.split_at(slash + 1),
        _ => ("", item),
    };
    let is_used =
        |value: &String| head.split(',').any(|other| other == value) || used.contains(value);
    values
        .into_iter()
        .filter(|value| value.starts_with(start) && !is_used(value))
        .map(|value| (format!("{head}{kind}{value}"), String::new()))
        .collect()
}

/// Returns all values for a clap value name (see `flag`).
fn values(line: &ParsedLine<'_>, name: &str, source: &dyn ValueSource) -> Vec<String> {
    match name {
        "kubectl" => vec!["kubectl".to_owned()],
        "BOOL" => vec!["true".to_owned(), "false".to_owned()],
        "CONTEXT" | "CLUSTER" | "USER" => kubeconfig_names(line, name),
        choices if choices.contains('|') => choices.split('|').map(str::to_owned).collect(),
        _ => source.values(name, LineBefore::of(line)),
    }
}

/// Returns names from the kubeconfig, or none if it cannot be read.
fn kubeconfig_names(line: &ParsedLine<'_>, kind: &str) -> Vec<String> {
    // The version does not matter: no request is sent.
    let options = LineBefore::of(line).connection_options("");
    let options = options.unwrap_or_default();
    let Ok(kubeconfig) = Kubeconfig::load(&options, Environment::of_process()) else {
        return Vec::new();
    };
    let [contexts, clusters, users] = kubeconfig.names();
    match kind {
        "CONTEXT" => contexts,
        "CLUSTER" => clusters,
        _ => users,
    }
}
