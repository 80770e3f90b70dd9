//! Wall times of one command, and the table that compares several. All times are in milliseconds.

use std::process::{Command, Stdio};
use std::time::Instant;

use gcr_test_support::{Error, Result};

/// Measurements of one command.
#[derive(Clone)]
pub(crate) struct Samples {
    name: String,
    milliseconds: Vec<f64>,
}

impl Samples {
    /// Returns an empty set of measurements.
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            milliseconds: Vec::new(),
        }
    }

    /// Adds a measurement.
    pub(crate) fn add(&mut self, milliseconds: f64) {
        self.milliseconds.push(milliseconds);
    }

    /// Returns the name of the command.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the samples with the smallest median; without candidates, empty samples.
    pub(crate) fn fastest(candidates: &[Self]) -> Self {
        let by_median = |a: &&Self, b: &&Self| a.median().total_cmp(&b.median());
        let fastest = candidates.iter().min_by(by_median);
        fastest.cloned().unwrap_or_else(|| Self::new("nothing"))
    }

    /// Returns minimum, median and maximum as text.
    pub(crate) fn spread(&self) -> String {
        let [min, median, max] = [self.min(), self.median(), self.max()];
        format!("{min:.1} / {median:.1} / {max:.1}")
    }

    /// Returns the smallest sample; NaN without samples.
    pub(crate) fn min(&self) -> f64 {
        self.quantile(0.0)
    }

    /// Returns the median; NaN without samples.
    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// Returns the largest sample; NaN without samples.
    pub(crate) fn max(&self) -> f64 {
        self.quantile(1.0)
    }

    fn quantile(&self, fraction: f64) -> f64 {
        let mut sorted = self.milliseconds.clone();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().saturating_sub(1);
        sorted
            .get((last as f64 * fraction).round() as usize)
            .copied()
            .unwrap_or(f64::NAN)
    }
}

/// Prints one line per command. The last two columns are the factor by which each is faster than the first.
pub(crate) fn print_table(commands: &[Samples]) {
    let width = commands.iter().map(|it| it.name.len()).max().unwrap_or(0);
    println!(
        "{:width$}  {:>8} {:>8} {:>8} {:>8}   times faster by median, min",
        "ms", "min", "median", "p95", "max"
    );
    for samples in commands {
        let [min, median, p95, max] = [0.0, 0.5, 0.95, 1.0].map(|part| samples.quantile(part));
        let (by_median, by_min) = (commands[0].median() / median, commands[0].min() / min);
        println!(
            "{:width$}  {min:8.2} {median:8.2} {p95:8.2} {max:8.2}   {by_median:7.1} {by_min:7.1}",
            samples.name
        );
    }
}

/// Prints a threshold and whether the measurement met it.
pub(crate) fn print_threshold(threshold: &str, is_met: bool) {
    println!("{}: {threshold}", if is_met { "met" } else { "MISSED" });
}

/// Runs a command and returns its duration in milliseconds. Discards its standard output.
///
/// # Errors
/// The command cannot be started, or fails; the error then contains its standard error.
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
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(Error::new(format!(
            "{command:?}: {}\n{stderr}",
            output.status
        )));
    }
    Ok(took.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_unsorted_samples_are_in_order() {
        let mut samples = Samples::new("some");
        for value in [5.0, 1.0, 4.0, 2.0, 3.0] {
            samples.add(value);
        }
        assert_eq!(
            [samples.min(), samples.median(), samples.quantile(1.0)],
            [1.0, 3.0, 5.0]
        );
    }

    #[test]
    fn fastest_has_the_smallest_median() {
        let samples = |name, values: [f64; 3]| {
            let mut samples = Samples::new(name);
            for value in values {
                samples.add(value);
            }
            samples
        };
        let candidates = [
            samples("a", [1.0, 5.0, 9.0]),
            samples("b", [3.0, 4.0, 99.0]),
        ];
        assert_eq!(Samples::fastest(&candidates).name(), "b");
        assert_eq!(Samples::fastest(&candidates).spread(), "3.0 / 4.0 / 99.0");
        assert!(Samples::fastest(&[]).median().is_nan());
    }

    #[test]
    fn time_of_failed_command_is_an_error_with_its_stderr() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "echo why >&2; exit 3"]);
        assert!(time(command).unwrap_err().to_string().contains("why"));
    }
}
