//! Determines what the incomplete argument is: a flag, a flag's value, a command or a positional argument.
//!
//! The rules are cobra's (`completions.go`, `getCompletions` and `checkIfFlagCompletion`).

use std::ffi::OsString;

use clap::Command;

use super::value_source::ValueSource;
use crate::flag::{Flag, Kind};
use crate::line::ParsedLine;

/// The position to complete.
pub(super) struct Cursor<'a> {
    /// The complete part of the line.
    pub(super) line: ParsedLine<'a>,
    /// The kind of the incomplete argument.
    pub(super) position: CursorPosition<'a>,
    /// The text typed so far: for a flag with `=`, only the text after it.
    pub(super) typed: String,
}

/// The kind of the incomplete argument.
pub(super) enum CursorPosition<'a> {
    /// The name of a flag.
    Flag,
    /// The name of a command.
    Subcommand,
    /// A value. `name` is its clap value name (see `flag`); `list` allows several values, separated by commas.
    Value { name: &'a str, list: bool },
    /// No candidates are known.
    Unknown,
}

impl<'a> Cursor<'a> {
    /// Returns the position of the cursor, or `None` if the line before it has an error.
    pub(super) fn find(
        root: &'a Command,
        before: &[OsString],
        incomplete: &str,
        source: &dyn ValueSource,
    ) -> Option<Self> {
        let line = ParsedLine::parse(root, before).ok();
        if let Some(line) = line.filter(|line| line.has_separator) {
            return Some(Self::positional(line, incomplete));
        }
        if let Some((flag, typed)) = incomplete
            .split_once('=')
            .filter(|_| incomplete.starts_with('-'))
        {
            let line = ParsedLine::parse(root, before).ok()?;
            let flag = find_flag(&line.path, flag)?;
            return Some(Self::value(line, flag, typed, source));
        }
        if incomplete.starts_with('-') {
            return Some(Self {
                line: ParsedLine::parse(root, before).ok()?,
                position: CursorPosition::Flag,
                typed: incomplete.to_owned(),
            });
        }
        if let Some((flag, earlier)) = before.split_last() {
            let flag = flag.to_string_lossy();
            // An argument that looks like a flag may be the value of the flag before it. In that case `before` parses.
            if flag.starts_with('-')
                && !flag.contains('=')
                && ParsedLine::parse(root, before).is_err()
                && let Ok(line) = ParsedLine::parse(root, earlier)
                && let Some(flag) = find_flag(&line.path, &flag)
            {
                return Some(Self::value(line, flag, incomplete, source));
            }
        }
        let line = ParsedLine::parse(root, before).ok()?;
        Some(Self::positional(line, incomplete))
    }

    fn value(line: ParsedLine<'a>, flag: Flag<'a>, typed: &str, source: &dyn ValueSource) -> Self {
        let name = flag.value_name();
        let list = flag.kind() == Kind::List || source.is_list(name);
        Self {
            line,
            position: CursorPosition::Value { name, list },
            typed: typed.to_owned(),
        }
    }

    fn positional(line: ParsedLine<'a>, typed: &str) -> Self {
        let command = line.command();
        let is_first = line.positionals.is_empty();
        let position = if line.help {
            CursorPosition::Unknown
        } else if is_first && (command.has_subcommands() || command.get_name() == "help") {
            CursorPosition::Subcommand
        } else {
            positional_at(command, line.positionals.len())
        };
        Self {
            line,
            position,
            typed: typed.to_owned(),
        }
    }
}

/// Returns the positional argument at `index`.
fn positional_at(command: &Command, index: usize) -> CursorPosition<'_> {
    let mut end = 0_usize;
    for arg in command.get_positionals() {
        end = end.saturating_add(arg.get_num_args().map_or(1, |range| range.max_values()));
        if index < end {
            let names = arg.get_value_names().unwrap_or_default();
            return CursorPosition::Value {
                name: names.first().map_or("", |name| name.as_str()),
                list: false,
            };
        }
    }
    CursorPosition::Unknown
}

/// Finds the flag for `--name`, or for the last shorthand in `-abc`.
fn find_flag<'a>(path: &[&'a Command], flag: &str) -> Option<Flag<'a>> {
    match flag.strip_prefix("--") {
        Some(name) => Flag::by_name(path, name),
        None => Flag::by_shorthand(path, flag.chars().last()?),
    }
}
