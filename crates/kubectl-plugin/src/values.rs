//! Parses the values of flags.

use std::collections::HashSet;
use std::hash::Hash;
use std::time::Duration;

use crate::usage_error::UsageError;
use kube_clientcmd::go::duration;

/// Splits repeated and comma-separated values, and parses each of them.
///
/// # Errors
/// Fails for the first value that does not parse. Empty values fail too, so that an unset shell variable does not
/// silently select the default.
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

/// Does the same as [`parse_each`], and drops repeated values.
///
/// # Errors
/// See [`parse_each`].
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
/// Fails if the value does not parse.
pub fn parse_one<T: std::str::FromStr>(text: &str) -> Result<T, UsageError>
where
    T::Err: std::fmt::Display,
{
    text.parse()
        .map_err(|error: T::Err| UsageError::new(error.to_string()))
}

/// Parses the value of `--timeout`, a Go duration.
///
/// # Errors
/// Fails with pflag's message.
pub fn parse_wait(text: &str) -> Result<Duration, UsageError> {
    duration::parse(text).ok_or_else(|| {
        UsageError::new(format!(
            "invalid argument {text:?} for \"--timeout\" flag: {}",
            duration::parse_error(text)
        ))
    })
}
