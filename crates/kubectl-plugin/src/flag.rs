//! Presents a clap argument as a pflag flag.
//!
//! The crate's documentation describes the conventions that encode pflag's attributes in clap's tree.

use clap::{Arg, ArgAction, Command};

use kube_clientcmd::go::duration;
use kube_clientcmd::go::quote::go_quoted;

/// One flag.
#[derive(Clone, Copy)]
pub(crate) struct Flag<'a>(&'a Arg);

/// The pflag type of a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A boolean: `--flag`, `--flag=false`.
    Bool,
    /// A 32-bit integer.
    Int,
    /// A Go duration.
    Duration,
    /// A repeatable flag.
    List,
    /// Any text.
    String,
}

impl<'a> Flag<'a> {
    /// Returns the flags of the last command in `path`, including inherited global flags, sorted by name.
    pub(crate) fn all(path: &[&'a Command]) -> Vec<Self> {
        let Some((command, parents)) = path.split_last() else {
            return Vec::new();
        };
        let inherited = parents.iter().flat_map(|parent| parent.get_arguments());
        let mut flags: Vec<_> = command
            .get_arguments()
            .chain(inherited.filter(|arg| arg.is_global_set()))
            .filter(|arg| arg.get_long().is_some())
            .map(Self)
            .collect();
        flags.sort_by_key(|flag| flag.name());
        flags
    }

    /// Finds the flag with this name or alias. Accepts `_` for `-`, as kubectl does.
    pub(crate) fn by_name(path: &[&'a Command], name: &str) -> Option<Self> {
        let name = name.replace('_', "-");
        Self::all(path).into_iter().find(|flag| {
            let aliases = flag.0.get_all_aliases().unwrap_or_default();
            flag.name() == name || aliases.contains(&name.as_str())
        })
    }

    /// Finds the flag with this shorthand.
    pub(crate) fn by_shorthand(path: &[&'a Command], shorthand: char) -> Option<Self> {
        Self::all(path)
            .into_iter()
            .find(|flag| flag.shorthand() == Some(shorthand))
    }

    /// Returns the name without dashes.
    pub(crate) fn name(self) -> &'a str {
        self.0.get_long().unwrap_or_default()
    }

    /// Returns whether clap takes a value for the flag: a boolean whose default is true does.
    pub(crate) fn takes_value(self) -> bool {
        !matches!(self.0.get_action(), ArgAction::SetTrue)
    }

    /// Returns the one-letter shorthand.
    pub(crate) fn shorthand(self) -> Option<char> {
        self.0.get_short()
    }

    /// Returns whether help and completion omit the flag.
    pub(crate) fn is_hidden(self) -> bool {
        self.0.is_hide_set()
    }

    /// Returns whether the flag is one of kubectl's global options.
    pub(crate) fn is_global(self) -> bool {
        self.0.is_global_set()
    }

    /// Returns whether the value is optional (pflag's `NoOptDefVal`).
    pub(crate) fn has_optional_value(self) -> bool {
        self.kind() == Kind::Bool || self.0.is_require_equals_set()
    }

    /// Returns the pflag type.
    pub(crate) fn kind(self) -> Kind {
        match (self.0.get_action(), self.value_name()) {
            (ArgAction::SetTrue, _) | (_, "BOOL") => Kind::Bool,
            (ArgAction::Append, _) => Kind::List,
            (_, "LEVEL") => Kind::Int,
            (_, "DURATION") => Kind::Duration,
            _ => Kind::String,
        }
    }

    /// Returns the name of the value; see the conventions in the crate's documentation.
    pub(crate) fn value_name(self) -> &'a str {
        self.0
            .get_value_names()
            .and_then(<[_]>::first)
            .map_or("", |name| name.as_str())
    }

    /// Returns the help text without the default.
    pub(crate) fn usage(self) -> String {
        self.usage_and_default().0
    }

    /// Returns the default as help prints it, with quotes or brackets.
    pub(crate) fn default(self) -> String {
        let value = self.usage_and_default().1.unwrap_or_else(|| {
            let values = self.0.get_default_values();
            let values: Vec<_> = values.iter().map(|value| value.to_string_lossy()).collect();
            values.join(",")
        });
        match self.kind() {
            Kind::Bool if value.is_empty() => "false".to_owned(),
            Kind::Bool => value,
            Kind::Int | Kind::Duration => value,
            Kind::List => format!("[{value}]"),
            Kind::String => format!("'{value}'"),
        }
    }

    fn usage_and_default(self) -> (String, Option<String>) {
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

    /// Validates a value. Returns its canonical form for clap, if it differs, or pflag's error.
    pub(crate) fn check(self, value: &str) -> Result<Option<&'static str>, String> {
        match self.kind() {
            Kind::Bool => match parse_bool(value) {
                Some(true) => Ok(Some("true")),
                Some(false) => Ok(Some("false")),
                None => Err(format!(
                    "strconv.ParseBool: parsing {}: invalid syntax",
                    go_quoted(value.as_bytes())
                )),
            },
            Kind::Int => match value.parse::<i32>() {
                Ok(_) => Ok(None),
                Err(error) => {
                    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
                    let reason = match error.kind() {
                        PosOverflow | NegOverflow => "value out of range",
                        _ => "invalid syntax",
                    };
                    Err(format!(
                        "strconv.ParseInt: parsing {}: {reason}",
                        go_quoted(value.as_bytes())
                    ))
                }
            },
            Kind::Duration => match duration::parse(value) {
                Some(_) => Ok(None),
                None => Err(duration::parse_error(value)),
            },
            Kind::List | Kind::String => Ok(None),
        }
    }

    /// Returns the flag as pflag's errors name it.
    pub(crate) fn error_name(self) -> String {
        match self.shorthand() {
            Some(shorthand) => format!("-{shorthand}, --{}", self.name()),
            None => format!("--{}", self.name()),
        }
    }
}

/// Parses a boolean by the rules of Go's `strconv.ParseBool`.
pub(crate) fn parse_bool(value: &str) -> Option<bool> {
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}
