//! A flag as pflag knows one, read off clap's argument.
//!
//! Three conventions carry what clap has no room for. A value's name says what the value is: a placeholder that
//! completion knows (`CONTEXT`, `FILE`), `DURATION` or `LEVEL` for pflag's types of that kind, or the values there are,
//! as `json|yaml|name`. A help text that ends in `[default: x]` names a default that the code applies by itself. And a
//! flag that is global in clap belongs to kubectl's global options.

use clap::{Arg, ArgAction, Command};

use crate::domain::go_duration;
use crate::domain::go_quote::go_quoted;

/// One flag.
#[derive(Clone, Copy)]
pub(crate) struct Flag<'a>(&'a Arg);

/// pflag's type of a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `--flag`, `--flag=false`.
    Switch,
    /// A number.
    Level,
    /// A Go duration.
    Duration,
    /// Repeatable.
    List,
    /// Anything.
    Text,
}

impl<'a> Flag<'a> {
    /// The flags of the last command of `path`, with those its parents hand down, by name.
    pub(crate) fn all(path: &[&'a Command]) -> Vec<Self> {
        let Some((command, parents)) = path.split_last() else {
            return Vec::new();
        };
        let handed_down = parents.iter().flat_map(|parent| parent.get_arguments());
        let mut flags: Vec<_> = command
            .get_arguments()
            .chain(handed_down.filter(|arg| arg.is_global_set()))
            .filter(|arg| arg.get_long().is_some())
            .map(Self)
            .collect();
        flags.sort_by_key(|flag| flag.name());
        flags
    }

    /// The flag of this name or alias. As kubectl does, takes `_` for `-`.
    pub(crate) fn named(path: &[&'a Command], name: &str) -> Option<Self> {
        let name = name.replace('_', "-");
        Self::all(path).into_iter().find(|flag| {
            let aliases = flag.0.get_all_aliases().unwrap_or_default();
            flag.name() == name || aliases.contains(&name.as_str())
        })
    }

    /// The flag of this letter.
    pub(crate) fn lettered(path: &[&'a Command], letter: char) -> Option<Self> {
        Self::all(path)
            .into_iter()
            .find(|flag| flag.letter() == Some(letter))
    }

    /// Without its dashes.
    pub(crate) fn name(self) -> &'a str {
        self.0.get_long().unwrap_or_default()
    }

    /// Its shorthand.
    pub(crate) fn letter(self) -> Option<char> {
        self.0.get_short()
    }

    /// Neither in help nor offered by completion.
    pub(crate) fn is_hidden(self) -> bool {
        self.0.is_hide_set()
    }

    /// One of kubectl's global options.
    pub(crate) fn is_global(self) -> bool {
        self.0.is_global_set()
    }

    /// May stand without a value (pflag's `NoOptDefVal`).
    pub(crate) fn may_be_bare(self) -> bool {
        self.kind() == Kind::Switch || self.0.is_require_equals_set()
    }

    /// Its type.
    pub(crate) fn kind(self) -> Kind {
        match (self.0.get_action(), self.value_name()) {
            (ArgAction::SetTrue, _) => Kind::Switch,
            (ArgAction::Append, _) => Kind::List,
            (_, "LEVEL") => Kind::Level,
            (_, "DURATION") => Kind::Duration,
            _ => Kind::Text,
        }
    }

    /// What its value is.
    pub(crate) fn value_name(self) -> &'a str {
        self.0
            .get_value_names()
            .and_then(<[_]>::first)
            .map_or("", |name| name.as_str())
    }

    /// What it is for, without its default.
    pub(crate) fn usage(self) -> String {
        self.texts().0
    }

    /// Its default as help shows it, quotes and brackets included.
    pub(crate) fn default(self) -> String {
        let value = self.texts().1.unwrap_or_else(|| {
            let values = self.0.get_default_values();
            let values: Vec<_> = values.iter().map(|value| value.to_string_lossy()).collect();
            values.join(",")
        });
        match self.kind() {
            Kind::Switch => "false".to_owned(),
            Kind::Level | Kind::Duration => value,
            Kind::List => format!("[{value}]"),
            Kind::Text => format!("'{value}'"),
        }
    }

    fn texts(self) -> (String, Option<String>) {
        let help = self
            .0
            .get_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        match help.rsplit_once(" [default: ") {
            Some((usage, default)) => (
                usage.to_owned(),
                default.strip_suffix(']').map(str::to_owned),
            ),
            None => (help, None),
        }
    }

    /// The value as clap is to have it, or what pflag says against it.
    pub(crate) fn check(self, value: &str) -> Result<Option<&'static str>, String> {
        match self.kind() {
            Kind::Switch => match switch(value) {
                Some(true) => Ok(Some("true")),
                Some(false) => Ok(Some("false")),
                None => Err(format!(
                    "strconv.ParseBool: parsing {}: invalid syntax",
                    go_quoted(value.as_bytes())
                )),
            },
            Kind::Level => match value.parse::<i32>() {
                Ok(_) => Ok(None),
                Err(error) => {
                    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
                    let why = match error.kind() {
                        PosOverflow | NegOverflow => "value out of range",
                        _ => "invalid syntax",
                    };
                    Err(format!(
                        "strconv.ParseInt: parsing {}: {why}",
                        go_quoted(value.as_bytes())
                    ))
                }
            },
            Kind::Duration => match go_duration::parse(value) {
                Some(_) => Ok(None),
                None => Err(go_duration::parse_error(value)),
            },
            Kind::List | Kind::Text => Ok(None),
        }
    }

    /// As pflag's errors name it.
    pub(crate) fn in_errors(self) -> String {
        match self.letter() {
            Some(letter) => format!("-{letter}, --{}", self.name()),
            None => format!("--{}", self.name()),
        }
    }
}
/// Go's `strconv.ParseBool`.
pub(super) fn switch(value: &str) -> Option<bool> {
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}
