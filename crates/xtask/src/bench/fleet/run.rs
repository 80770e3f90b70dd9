//! One run of the plugin over all namespaces, held against its own closing count, and the same requests sent by the load
//! generator.

use gcr_test_support::{Error, Result};

use super::load;
use super::namespaces::{Namespaces, Way};
use crate::bench::process::{Measured, measure};

/// What it is called in tables.
pub(super) const OURS: &str = "kubectl-gcr_secret create --attach -A";

/// Secret and account of all namespaces.
pub(super) const BOTH: [&str; 1] = ["--attach"];
/// The Secrets alone.
pub(super) const SECRETS: [&str; 0] = [];

/// Runs `kubectl-gcr_secret create -A` with `more` words, all of which has to end as asked.
pub(super) fn ours(way: &Way, more: &[&str]) -> Result<Measured> {
    match attempt(way, more)? {
        (measured, 0) if measured.succeeded => Ok(measured),
        (measured, _) => {
            let said = measured.stderr;
            Err(Error::new(format!("not all is as asked\n{said}")))
        }
    }
}

/// As [`ours`], with how many objects did not end as asked.
pub(super) fn attempt(way: &Way, more: &[&str]) -> Result<(Measured, u64)> {
    let command = way
        .session
        .gcr_secret(["create", "--key-file=key.json", "-A"])
        .args(more)
        .into_command();
    let measured = measure(command)?;
    let count = measured.stderr.lines().last().unwrap_or_default();
    let not_done = not_done(count)
        .ok_or_else(|| Error::new(format!("there is no count\n{}", measured.stderr)))?;
    Ok((measured, not_done))
}

/// The numbers of `failed`, `unknown` and `not started` of a closing count, together.
fn not_done(count: &str) -> Option<u64> {
    let parts = count.split(", ").filter_map(|part| part.split_once(' '));
    let numbers = ["failed", "unknown", "not started"].map(|word| {
        let mut parts = parts.clone();
        let number = parts.find_map(|(number, said)| (said == word).then_some(number));
        number?.parse::<u64>().ok()
    });
    numbers.into_iter().sum()
}

/// Sends what the plugin sends for both objects of all namespaces, and says how long that took.
pub(super) fn replay(namespaces: &Namespaces, way: &Way, concurrency: usize) -> Result<f64> {
    let jobs = namespaces.both()?;
    let took = load::send(&way.endpoint, jobs, concurrency)?;
    namespaces.expect(namespaces.count(), namespaces.count())?;
    Ok(took)
}

/// The name of such a way.
pub(super) fn replay_at(concurrency: usize) -> String {
    format!("the same requests replayed, {concurrency} in flight")
}

#[cfg(test)]
mod tests {
    use super::not_done;

    #[test]
    fn what_did_not_end_as_asked_is_counted() {
        let count = |text| not_done(text);
        assert_eq!(
            count("3 created, 3 patched, 0 failed, 0 unknown, 0 not started"),
            Some(0)
        );
        assert_eq!(
            count("1 created, 4 failed, 2 unknown, 1 not started"),
            Some(7)
        );
        assert_eq!(count("error: no such thing"), None);
    }
}
