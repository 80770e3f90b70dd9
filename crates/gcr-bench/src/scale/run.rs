//! Runs the plugin over all namespaces and checks the counts that it prints last; replays the same requests with the
//! load generator.

use gcr_test_support::{Error, Result};

use super::load;
use super::namespaces::{Namespaces, ServerAccess};
use crate::process::{Measured, measure};

/// Name of the plugin's run in tables.
pub(super) const PLUGIN: &str = "kubectl-gcr_secret create --attach -A";

/// Flags that write Secret and ServiceAccount.
pub(super) const BOTH: [&str; 1] = ["--attach"];
/// Flags that write only the Secret.
pub(super) const SECRETS: [&str; 0] = [];

/// Runs `kubectl-gcr_secret create -A` with additional flags.
///
/// # Errors
/// The command fails, or reports an object as failed, unknown or not started.
pub(super) fn run_plugin(access: &ServerAccess, flags: &[&str]) -> Result<Measured> {
    match run_plugin_counting_failures(access, flags)? {
        (measured, 0) if measured.succeeded => Ok(measured),
        (measured, _) => Err(Error::new(format!(
            "the plugin did not write every object\n{}",
            measured.stderr
        ))),
    }
}

/// Like [`run_plugin`], but allows failures and also returns their number.
///
/// # Errors
/// The command cannot be started, or does not print its counts.
pub(super) fn run_plugin_counting_failures(
    access: &ServerAccess,
    flags: &[&str],
) -> Result<(Measured, u64)> {
    let command = access
        .session
        .gcr_secret(["create", "--key-file=key.json", "-A"])
        .args(flags)
        .into_command();
    let measured = measure(command)?;
    let counts = measured.stderr.lines().last().unwrap_or_default();
    let failures = failure_count(counts)
        .ok_or_else(|| Error::new(format!("the plugin printed no counts\n{}", measured.stderr)))?;
    Ok((measured, failures))
}

/// Returns the sum of `failed`, `unknown` and `not started` in the plugin's last line; `None` if one is missing.
fn failure_count(counts: &str) -> Option<u64> {
    let parts = counts.split(", ").filter_map(|part| part.split_once(' '));
    let numbers = ["failed", "unknown", "not started"].map(|word| {
        let mut parts = parts.clone();
        let number = parts.find_map(|(number, outcome)| (outcome == word).then_some(number));
        number?.parse::<u64>().ok()
    });
    numbers.into_iter().sum()
}

/// Sends the plugin's writes for both objects of all namespaces, and returns the duration in milliseconds.
///
/// # Errors
/// A request fails, or an object is missing afterwards.
pub(super) fn replay(
    namespaces: &Namespaces,
    access: &ServerAccess,
    concurrency: usize,
) -> Result<f64> {
    let sequences = namespaces.plugin_writes()?;
    let took = load::send_all(&access.endpoint, sequences, concurrency)?;
    namespaces.expect_counts(namespaces.count(), namespaces.count())?;
    Ok(took)
}

/// Returns the name of a replay in tables.
pub(super) fn replay_name(concurrency: usize) -> String {
    format!("the same requests replayed, {concurrency} in flight")
}

#[cfg(test)]
mod tests {
    use super::failure_count;

    #[test]
    fn failure_count_sums_failed_unknown_and_not_started() {
        assert_eq!(
            failure_count("3 created, 3 patched, 0 failed, 0 unknown, 0 not started"),
            Some(0)
        );
        assert_eq!(
            failure_count("1 created, 4 failed, 2 unknown, 1 not started"),
            Some(7)
        );
        assert_eq!(failure_count("error: no such thing"), None);
    }
}
