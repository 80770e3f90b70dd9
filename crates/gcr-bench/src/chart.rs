//! Draws times as a bar chart in SVG 2 for light and dark pages. Each pair of bars is the plugin's time above its
//! baseline; the longer bar of a pair always has the full width.

use std::fmt::Write as _;

use crate::figures::{Comparison, Figure};

const WIDTH: f64 = 760.0;
const MARGIN: f64 = 16.0;
/// Width to the right of a full bar, for its name and time.
const LABEL: f64 = 360.0;
const TITLE: f64 = 22.0;
const BAR: f64 = 16.0;
/// Gap between the bars of a pair, and between pairs.
const GAP: [f64; 2] = [4.0, 20.0];

const STYLE: &str = "\
text{font:13px system-ui,sans-serif;fill:#1f2328}\
.what{font-weight:600}\
.plugin{fill:#1a7f5a}\
.baseline{fill:#afb8c1}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.plugin{fill:#3fb58a}.baseline{fill:#59636e}}";

/// Returns the chart of those figures that are a time with a baseline and a threshold.
pub(crate) fn draw(figures: &[Figure]) -> String {
    let comparisons: Vec<Comparison> = figures.iter().filter_map(Figure::comparison).collect();
    let pair = TITLE + 2.0 * BAR + GAP[0] + GAP[1];
    let height = 2.0 * MARGIN + pair * comparisons.len() as f64 - GAP[1];
    let mut chart = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\">\n<style>{STYLE}</style>\n"
    );
    let mut top = MARGIN;
    for comparison in &comparisons {
        let longest = comparison.value.max(comparison.baseline);
        let rows = [
            ("plugin", "plugin", comparison.value),
            (
                "baseline",
                comparison.baseline_name.as_str(),
                comparison.baseline,
            ),
        ];
        // Writing to a String cannot fail.
        let _ = writeln!(
            chart,
            "<text class=\"what\" x=\"{MARGIN}\" y=\"{}\">{}</text>",
            top + BAR - 3.0,
            escaped(&comparison.label)
        );
        let mut y = top + TITLE;
        for (class, name, time) in rows {
            let width = (WIDTH - 2.0 * MARGIN - LABEL) * time / longest;
            let _ = writeln!(
                chart,
                "<rect class=\"{class}\" x=\"{MARGIN}\" y=\"{y}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"2\"/>\
                 <text x=\"{:.1}\" y=\"{}\">{}: {:.1} s</text>",
                MARGIN + width + 8.0,
                y + BAR - 3.0,
                escaped(name),
                time / 1000.0
            );
            y += BAR + GAP[0];
        }
        top += pair;
    }
    chart + "</svg>\n"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::Threshold;

    #[test]
    fn bar_length_is_proportional_to_time() {
        let figures = [
            Figure::times(
                "a & b",
                1000.0,
                ("the <loop>", 80_000.0),
                Threshold::Faster(80.0),
            ),
            Figure::times("shown elsewhere", 1.0, ("x", 2.0), Threshold::None),
            Figure::number("memory", 1.0, "MiB", Threshold::AtMost(20.0)),
        ];
        let chart = draw(&figures);
        let bars: Vec<&str> = chart
            .lines()
            .filter(|line| line.starts_with("<rect"))
            .collect();
        assert_eq!(bars.len(), 2, "{chart}");
        assert!(bars[0].contains("width=\"4.6\""), "{chart}");
        assert!(bars[0].ends_with(">plugin: 1.0 s</text>"), "{chart}");
        assert!(bars[1].contains("width=\"368.0\""), "{chart}");
        assert!(bars[1].ends_with(">the &lt;loop>: 80.0 s</text>"));
        assert!(chart.contains(">a &amp; b</text>"), "{chart}");
    }
}
