//! What the unfinished word is: a flag, a flag's value, a command, or one of a command's words. Pure; the rules are
//! cobra's (`completions.go`, `getCompletions` and `checkIfFlagCompletion`).

use std::ffi::OsString;

use clap::Command;

use crate::args::flag::{Flag, Kind};
use crate::args::line::ParsedLine;

/// The position to complete.
pub(super) struct Cursor<'a> {
    /// The finished part of the line.
    pub(super) line: ParsedLine<'a>,
    /// What the word is.
    pub(super) position: CursorPosition<'a>,
    /// The word, as far as it is typed: of a flag with `=` what stands behind it.
    pub(super) typed: String,
}

/// What the unfinished word is.
pub(super) enum CursorPosition<'a> {
    /// A flag's name.
    Flag,
    /// A command's name.
    Subcommand,
    /// A value, by its name in the flags' conventions; `list` where commas separate several.
    Value { name: &'a str, list: bool },
    /// Nothing that is known.
    Nothing,
}

impl<'a> Cursor<'a> {
    /// Where the cursor stands; `None` where the line is wrong before it.
    pub(super) fn find(root: &'a Command, before: &[OsString], unfinished: &str) -> Option<Self> {
        let line = ParsedLine::read(root, before).ok();
        if let Some(line) = line.filter(|line| line.ended) {
            return Some(Self::word(line, unfinished));
        }
        if let Some((flag, typed)) = unfinished
            .split_once('=')
            .filter(|_| unfinished.starts_with('-'))
        {
            let line = ParsedLine::read(root, before).ok()?;
            let flag = named(&line.path, flag)?;
            return Some(Self::value(line, flag, typed));
        }
        if unfinished.starts_with('-') {
            return Some(Self {
                line: ParsedLine::read(root, before).ok()?,
                position: CursorPosition::Flag,
                typed: unfinished.to_owned(),
            });
        }
        if let Some((flag, finished)) = before.split_last() {
            let flag = flag.to_string_lossy();
            // A word that looks like a flag may be the value of the one before it: then the whole reads well.
            if flag.starts_with('-')
                && !flag.contains('=')
                && ParsedLine::read(root, before).is_err()
                && let Ok(line) = ParsedLine::read(root, finished)
                && let Some(flag) = named(&line.path, &flag)
            {
                return Some(Self::value(line, flag, unfinished));
            }
        }
        Some(Self::word(ParsedLine::read(root, before).ok()?, unfinished))
    }

    fn value(line: ParsedLine<'a>, flag: Flag<'a>, typed: &str) -> Self {
        let name = flag.value_name();
        let list = flag.kind() == Kind::List || name == "NAMESPACE";
        Self {
            line,
            position: CursorPosition::Value { name, list },
            typed: typed.to_owned(),
        }
    }

    fn word(line: ParsedLine<'a>, typed: &str) -> Self {
        let command = line.command();
        let is_first = line.words.is_empty();
        let position = if line.help {
            CursorPosition::Nothing
        } else if is_first && (command.has_subcommands() || command.get_name() == "help") {
            CursorPosition::Subcommand
        } else {
            word_of(command, line.words.len())
        };
        Self {
            line,
            position,
            typed: typed.to_owned(),
        }
    }
}

/// The word behind `count` others.
fn word_of(command: &Command, count: usize) -> CursorPosition<'_> {
    let mut before = 0_usize;
    for position in command.get_positionals() {
        before = before.saturating_add(
            position
                .get_num_args()
                .map_or(1, |range| range.max_values()),
        );
        if count < before {
            let names = position.get_value_names().unwrap_or_default();
            return CursorPosition::Value {
                name: names.first().map_or("", |name| name.as_str()),
                list: false,
            };
        }
    }
    CursorPosition::Nothing
}

/// The flag of `--name`, or of the last letter of `-abc`.
fn named<'a>(path: &[&'a Command], flag: &str) -> Option<Flag<'a>> {
    match flag.strip_prefix("--") {
        Some(name) => Flag::named(path, name),
        None => Flag::lettered(path, flag.chars().last()?),
    }
}
