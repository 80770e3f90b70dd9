//! Renders the results of the benchmarks as a Markdown table: each figure with its baseline, the figure of the compared
//! command, and its threshold.

use std::fmt::Write as _;

/// The threshold of a figure.
#[derive(Clone, Copy)]
pub(crate) enum Threshold {
    /// The baseline takes at least this many times as long.
    Faster(f64),
    /// The figure is at most this many times the baseline.
    Within(f64),
    /// The figure is at most this, in its unit.
    AtMost(f64),
    /// The figure is exactly this.
    Exactly(f64),
    /// The figure has no threshold.
    None,
}

/// A row of the table.
pub(crate) struct Figure {
    label: String,
    value: f64,
    unit: &'static str,
    baseline: Option<(String, f64)>,
    threshold: Threshold,
}

/// A time and its baseline, both in milliseconds.
pub(crate) struct Comparison {
    pub(crate) label: String,
    pub(crate) value: f64,
    pub(crate) baseline_name: String,
    pub(crate) baseline: f64,
}

impl Figure {
    /// Returns a time and its baseline, both in milliseconds.
    pub(crate) fn times(
        label: impl Into<String>,
        value: f64,
        baseline: (&str, f64),
        threshold: Threshold,
    ) -> Self {
        Self {
            label: label.into(),
            value,
            unit: "s",
            baseline: Some((baseline.0.into(), baseline.1)),
            threshold,
        }
    }

    /// Returns a number without a baseline.
    pub(crate) fn number(
        label: impl Into<String>,
        value: f64,
        unit: &'static str,
        threshold: Threshold,
    ) -> Self {
        Self {
            label: label.into(),
            value,
            unit,
            baseline: None,
            threshold,
        }
    }

    /// Sets the baseline, which has the same unit.
    pub(crate) fn compared_with(mut self, name: &str, baseline: f64) -> Self {
        self.baseline = Some((name.into(), baseline));
        self
    }

    /// Returns both times of a figure that is a time with a baseline and a threshold.
    pub(crate) fn comparison(&self) -> Option<Comparison> {
        let (baseline_name, baseline) = self.baseline.clone()?;
        let has_threshold = matches!(self.threshold, Threshold::Faster(_) | Threshold::Within(_));
        (self.unit == "s" && has_threshold).then(|| Comparison {
            label: self.label.clone(),
            value: self.value,
            baseline_name,
            baseline,
        })
    }

    fn is_met(&self) -> bool {
        let baseline = self.baseline.as_ref().map_or(f64::NAN, |it| it.1);
        match self.threshold {
            Threshold::Faster(times) => baseline / self.value >= times,
            Threshold::Within(times) => self.value / baseline <= times,
            Threshold::AtMost(most) => self.value <= most,
            Threshold::Exactly(number) => self.value == number,
            Threshold::None => true,
        }
    }

    fn threshold(&self) -> String {
        let threshold = match self.threshold {
            Threshold::Faster(times) => format!("{times} times faster"),
            Threshold::Within(times) => format!("at most {times} times as long"),
            Threshold::AtMost(most) => format!("at most {most}{}", with_space(self.unit)),
            Threshold::Exactly(number) => format!("{number}"),
            Threshold::None => return String::new(),
        };
        let word = if self.is_met() { "met" } else { "MISSED" };
        format!("{threshold}: {word}")
    }

    fn ratio(&self) -> String {
        let Some((_, baseline)) = &self.baseline else {
            return String::new();
        };
        match self.threshold {
            Threshold::Faster(_) => format!("{:.1} times faster", baseline / self.value),
            Threshold::Within(_) => format!("{:.2} times as long", self.value / baseline),
            _ => format!("{:.2} times", self.value / baseline),
        }
    }

    fn format(&self, value: f64) -> String {
        match self.unit {
            "s" => format!("{:.3} s", value / 1000.0),
            "" => format!("{value}"),
            unit => format!("{value:.1}{}", with_space(unit)),
        }
    }
}

/// Returns the unit after a space; an empty string without a unit.
fn with_space(unit: &str) -> String {
    if unit.is_empty() {
        String::new()
    } else {
        format!(" {unit}")
    }
}

/// Returns the figures as a Markdown table.
pub(crate) fn table(figures: &[Figure]) -> String {
    let mut rows = vec![["what", "plugin", "compared with", "", "", "threshold"].map(String::from)];
    rows.extend(figures.iter().map(|figure| {
        let (name, value) = match &figure.baseline {
            Some((name, value)) => (name.clone(), figure.format(*value)),
            None => Default::default(),
        };
        let value_text = figure.format(figure.value);
        [
            figure.label.clone(),
            value_text,
            name,
            value,
            figure.ratio(),
            figure.threshold(),
        ]
    }));
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or_default()
    };
    let widths = [0, 1, 2, 3, 4, 5].map(width);
    let mut table = String::new();
    for (index, row) in rows.iter().enumerate() {
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(table, "| {cell:width$} ");
        }
        table.push_str("|\n");
        if index == 0 {
            for width in widths {
                let _ = write!(table, "|{}", "-".repeat(width + 2));
            }
            table.push_str("|\n");
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figure_beyond_its_threshold_is_missed() {
        let loops = Figure::times("a", 1000.0, ("loop", 79_900.0), Threshold::Faster(80.0));
        assert!(
            loops.threshold().ends_with("MISSED"),
            "{}",
            loops.threshold()
        );
        let replay = Figure::times("a", 1151.0, ("replay", 1000.0), Threshold::Within(1.15));
        assert!(
            replay.threshold().ends_with("MISSED"),
            "{}",
            replay.threshold()
        );
        let memory = Figure::number("a", 20.1, "MiB", Threshold::AtMost(20.0));
        assert_eq!(memory.threshold(), "at most 20 MiB: MISSED");
        let moved = Figure::number("a", 1.0, "", Threshold::Exactly(0.0));
        assert_eq!(moved.threshold(), "0: MISSED");
        // NaN means that there are no samples.
        let lost = Figure::times("a", f64::NAN, ("loop", 1.0), Threshold::Within(2.0));
        assert!(lost.threshold().ends_with("MISSED"), "{}", lost.threshold());
    }

    #[test]
    fn table_is_aligned_markdown() {
        let figures = [
            Figure::times("a", 1000.0, ("loop", 80_000.0), Threshold::Faster(80.0)),
            Figure::number("memory", 19.96, "MiB", Threshold::None),
        ];
        let expected = "\
| what   | plugin   | compared with |          |                   | threshold            |
|--------|----------|---------------|----------|-------------------|----------------------|
| a      | 1.000 s  | loop          | 80.000 s | 80.0 times faster | 80 times faster: met |
| memory | 20.0 MiB |               |          |                   |                      |
";
        assert_eq!(table(&figures), expected);
    }
}
