//! What a measurement comes to: each figure beside what it is compared with, and the bar it has to reach. As one table
//! at the end, ready to be copied into a page.

use std::fmt::Write as _;

/// How a figure is held against its bar.
#[derive(Clone, Copy)]
pub(crate) enum Bar {
    /// The other takes so many times as long, or more.
    Faster(f64),
    /// Takes so many times as long as the other, or less.
    Within(f64),
    /// Is so many of its unit, or fewer.
    AtMost(f64),
    /// Is exactly so many.
    Exactly(f64),
    /// Shown for what it is.
    None,
}

/// One line of the table.
pub(crate) struct Figure {
    what: String,
    ours: f64,
    unit: &'static str,
    other: Option<(String, f64)>,
    bar: Bar,
}

/// Two times, in milliseconds.
pub(crate) struct Comparison {
    pub(crate) what: String,
    pub(crate) ours: f64,
    /// What ours is compared with.
    pub(crate) name: String,
    pub(crate) other: f64,
}

impl Figure {
    /// A time beside another, both in milliseconds.
    pub(crate) fn times(what: impl Into<String>, ours: f64, other: (&str, f64), bar: Bar) -> Self {
        Self {
            what: what.into(),
            ours,
            unit: "s",
            other: Some((other.0.into(), other.1)),
            bar,
        }
    }

    /// A number by itself.
    pub(crate) fn number(what: impl Into<String>, ours: f64, unit: &'static str, bar: Bar) -> Self {
        Self {
            what: what.into(),
            ours,
            unit,
            other: None,
            bar,
        }
    }

    /// A number beside another of the same unit.
    pub(crate) fn beside(mut self, what: &str, number: f64) -> Self {
        self.other = Some((what.into(), number));
        self
    }

    /// The two times, where there are two and a bar.
    pub(crate) fn comparison(&self) -> Option<Comparison> {
        let (name, other) = self.other.clone()?;
        let has_bar = matches!(self.bar, Bar::Faster(_) | Bar::Within(_));
        (self.unit == "s" && has_bar).then(|| Comparison {
            what: self.what.clone(),
            ours: self.ours,
            name,
            other,
        })
    }

    fn reached(&self) -> bool {
        let other = self.other.as_ref().map_or(f64::NAN, |(_, other)| *other);
        match self.bar {
            Bar::Faster(times) => other / self.ours >= times,
            Bar::Within(times) => self.ours / other <= times,
            Bar::AtMost(most) => self.ours <= most,
            Bar::Exactly(number) => self.ours == number,
            Bar::None => true,
        }
    }

    fn bar(&self) -> String {
        let bar = match self.bar {
            Bar::Faster(times) => format!("{times} times faster"),
            Bar::Within(times) => format!("at most {times} times as long"),
            Bar::AtMost(most) => format!("at most {most}{}", unit(self.unit)),
            Bar::Exactly(number) => format!("{number}"),
            Bar::None => return String::new(),
        };
        let word = if self.reached() { "met" } else { "MISSED" };
        format!("{bar}: {word}")
    }

    fn ratio(&self) -> String {
        let Some((_, other)) = &self.other else {
            return String::new();
        };
        match self.bar {
            Bar::Faster(_) => format!("{:.1} times faster", other / self.ours),
            Bar::Within(_) => format!("{:.2} times as long", self.ours / other),
            _ => format!("{:.2} times", self.ours / other),
        }
    }

    fn value(&self, value: f64) -> String {
        match self.unit {
            "s" => format!("{:.3} s", value / 1000.0),
            "" => format!("{value}"),
            other => format!("{value:.1}{}", unit(other)),
        }
    }
}

fn unit(unit: &str) -> String {
    if unit.is_empty() {
        String::new()
    } else {
        format!(" {unit}")
    }
}

/// The table, as Markdown.
pub(crate) fn table(figures: &[Figure]) -> String {
    let mut rows = vec![["what", "ours", "compared with", "", "", "bar"].map(String::from)];
    rows.extend(figures.iter().map(|figure| {
        let (name, value) = match &figure.other {
            Some((name, value)) => (name.clone(), figure.value(*value)),
            None => Default::default(),
        };
        let ours = figure.value(figure.ours);
        [
            figure.what.clone(),
            ours,
            name,
            value,
            figure.ratio(),
            figure.bar(),
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
    fn a_missed_bar_is_shown_as_missed() {
        let loops = Figure::times("a", 1000.0, ("loop", 79_900.0), Bar::Faster(80.0));
        assert!(loops.bar().ends_with("MISSED"), "{}", loops.bar());
        let replay = Figure::times("a", 1151.0, ("replay", 1000.0), Bar::Within(1.15));
        assert!(replay.bar().ends_with("MISSED"), "{}", replay.bar());
        let memory = Figure::number("a", 20.1, "MiB", Bar::AtMost(20.0));
        assert_eq!(memory.bar(), "at most 20 MiB: MISSED");
        let moved = Figure::number("a", 1.0, "", Bar::Exactly(0.0));
        assert_eq!(moved.bar(), "0: MISSED");
        // What could not be measured has reached nothing.
        let lost = Figure::times("a", f64::NAN, ("loop", 1.0), Bar::Within(2.0));
        assert!(lost.bar().ends_with("MISSED"), "{}", lost.bar());
    }

    #[test]
    fn the_table_is_markdown() {
        let figures = [
            Figure::times("a", 1000.0, ("loop", 80_000.0), Bar::Faster(80.0)),
            Figure::number("memory", 19.96, "MiB", Bar::None),
        ];
        let expected = "\
| what   | ours     | compared with |          |                   | bar                  |
|--------|----------|---------------|----------|-------------------|----------------------|
| a      | 1.000 s  | loop          | 80.000 s | 80.0 times faster | 80 times faster: met |
| memory | 20.0 MiB |               |          |                   |                      |
";
        assert_eq!(table(&figures), expected);
    }
}
