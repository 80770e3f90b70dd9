//! The flags both plugins share, as clap groups to flatten, and how a command line is read.
//!
//! clap ends here and in the plugins' `cli.rs`: what leaves is plain values, checked.

mod connection;
pub(crate) mod flag;
mod help;
pub(crate) mod line;
mod os_bytes;
mod output;
mod parse;
mod targets;
mod version;
mod wrap;

pub use connection::ConnectionArgs;
pub use output::OutputArgs;
pub(crate) use parse::command_tree;
pub use parse::{EarlyExit, UsageError, parse, typed_name};
pub use targets::TargetArgs;
pub use version::{VersionArgs, version_text};

use std::collections::HashSet;
use std::hash::Hash;
use std::time::Duration;

use crate::domain::go_duration;

/// Splits repeated and comma-separated values, and parses each.
///
/// # Errors
/// The first value that does not parse. An empty one is among them: an unset variable must not turn into a default.
pub fn parse_each<T: std::str::FromStr>(values: &[String]) -> Result<Vec<T>, UsageError>
where
    T::Err: std::fmt::Display,
{
    values
        .iter()
        .flat_map(|value| value.split(','))
        .map(parse_one)
        .collect()
}

/// As [`parse_each`], each value once: what is named twice is one thing.
///
/// # Errors
/// As there.
pub fn parse_each_once<T>(values: &[String]) -> Result<Vec<T>, UsageError>
where
    T: std::str::FromStr + Clone + Eq + Hash,
    T::Err: std::fmt::Display,
{
    let mut known = HashSet::new();
    let mut values = parse_each(values)?;
    values.retain(|value: &T| known.insert(value.clone()));
    Ok(values)
}

/// Parses one value.
///
/// # Errors
/// It does not parse.
pub fn parse_one<T: std::str::FromStr>(text: &str) -> Result<T, UsageError>
where
    T::Err: std::fmt::Display,
{
    text.parse()
        .map_err(|error: T::Err| UsageError::new(error.to_string()))
}

/// Reads `--timeout`, a Go duration.
///
/// # Errors
/// As pflag words it.
pub fn parse_wait(text: &str) -> Result<Duration, UsageError> {
    go_duration::parse(text).ok_or_else(|| {
        UsageError::new(format!(
            "invalid argument {text:?} for \"--timeout\" flag: {}",
            go_duration::parse_error(text)
        ))
    })
}
