//! Wall times of one way of doing a thing, and the table that shows several ways side by side. All in milliseconds.

use std::process::{Command, Stdio};
use std::time::Instant;

use gcr_test_support::{Error, Result};

/// What was measured of one way.
#[derive(Clone)]
pub(crate) struct Samples {
    name: String,
    milliseconds: Vec<f64>,
}

impl Samples {
    /// None yet.
    pub(crate) fn of(name: &str) -> Self {
        Self {
            name: name.into(),
            milliseconds: Vec::new(),
        }
    }

    /// Adds one.
    pub(crate) fn add(&mut self, milliseconds: f64) {
        self.milliseconds.push(milliseconds);
    }

    /// What the way is called.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Of several ways, the one that takes the least as a rule; an empty one of none.
    pub(crate) fn best(ways: &[Self]) -> Self {
        let by_median = |a: &&Self, b: &&Self| a.median().total_cmp(&b.median());
        let best = ways.iter().min_by(by_median);
        best.cloned().unwrap_or_else(|| Self::of("nothing"))
    }

    /// The least, the middle and the most, for a line.
    pub(crate) fn spread(&self) -> String {
        let [min, median, max] = [self.min(), self.median(), self.max()];
        format!("{min:.1} / {median:.1} / {max:.1}")
    }

    /// The smallest: what it takes when nothing is in the way.
    pub(crate) fn min(&self) -> f64 {
        self.quantile(0.0)
    }

    /// What it takes as a rule.
    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The largest.
    pub(crate) fn max(&self) -> f64 {
        self.quantile(1.0)
    }

    fn quantile(&self, part: f64) -> f64 {
        let mut sorted = self.milliseconds.clone();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().saturating_sub(1);
        sorted
            .get((last as f64 * part).round() as usize)
            .copied()
            .unwrap_or(f64::NAN)
    }
}

/// One line a way; the ratios are against the first: how many times less this one takes.
pub(crate) fn print_table(ways: &[Samples]) {
    let width = ways.iter().map(|way| way.name.len()).max().unwrap_or(0);
    println!(
        "{:width$}  {:>8} {:>8} {:>8} {:>8}   times faster by median, min",
        "ms", "min", "median", "p95", "max"
    );
    for way in ways {
        let [min, median, p95, max] = [0.0, 0.5, 0.95, 1.0].map(|part| way.quantile(part));
        let (by_median, by_min) = (ways[0].median() / median, ways[0].min() / min);
        println!(
            "{:width$}  {min:8.2} {median:8.2} {p95:8.2} {max:8.2}   {by_median:7.1} {by_min:7.1}",
            way.name
        );
    }
}

/// A bar and whether it was reached.
pub(crate) fn print_bar(what: &str, reached: bool) {
    println!("{}: {what}", if reached { "met" } else { "MISSED" });
}

/// The milliseconds from starting a command to its end. It has to succeed; what it writes to standard output is thrown
/// away.
pub(crate) fn time(mut command: Command) -> Result<f64> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let started = Instant::now();
    let output = command
        .output()
        .map_err(|error| Error::during(format!("{command:?}"), error))?;
    let took = started.elapsed();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Error::new(format!(
            "{command:?}: {}\n{said}",
            output.status
        )));
    }
    Ok(took.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_sorted_samples() {
        let mut samples = Samples::of("some");
        for value in [5.0, 1.0, 4.0, 2.0, 3.0] {
            samples.add(value);
        }
        assert_eq!(
            [samples.min(), samples.median(), samples.quantile(1.0)],
            [1.0, 3.0, 5.0]
        );
    }

    #[test]
    fn the_best_way_is_the_one_with_the_least_median() {
        let way = |name, values: [f64; 3]| {
            let mut samples = Samples::of(name);
            for value in values {
                samples.add(value);
            }
            samples
        };
        let ways = [way("a", [1.0, 5.0, 9.0]), way("b", [3.0, 4.0, 99.0])];
        assert_eq!(Samples::best(&ways).name(), "b");
        assert_eq!(Samples::best(&ways).spread(), "3.0 / 4.0 / 99.0");
        assert!(Samples::best(&[]).median().is_nan());
    }

    #[test]
    fn a_command_that_fails_is_no_sample() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "echo why >&2; exit 3"]);
        assert!(time(command).unwrap_err().to_string().contains("why"));
    }
}
