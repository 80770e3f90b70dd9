//! The times of a measurement as bars, for a page: ours above what it is compared with, each pair as wide as its longer
//! one. In SVG (W3C SVG 2), for light pages and dark ones.

use std::fmt::Write as _;

use super::figures::{Comparison, Figure};

const WIDTH: f64 = 760.0;
const MARGIN: f64 = 16.0;
/// Right of a bar, for its name and time.
const LABEL: f64 = 360.0;
const TITLE: f64 = 22.0;
const BAR: f64 = 16.0;
/// Between the bars of a pair, and between pairs.
const GAP: [f64; 2] = [4.0, 20.0];

const STYLE: &str = "\
text{font:13px system-ui,sans-serif;fill:#1f2328}\
.what{font-weight:600}\
.ours{fill:#1a7f5a}\
.other{fill:#afb8c1}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.ours{fill:#3fb58a}.other{fill:#59636e}}";

/// Those of the figures that are a time beside another and have a bar to reach.
pub(crate) fn draw(figures: &[Figure]) -> String {
    let comparisons: Vec<Comparison> = figures.iter().filter_map(Figure::comparison).collect();
    let pair = TITLE + 2.0 * BAR + GAP[0] + GAP[1];
    let height = 2.0 * MARGIN + pair * comparisons.len() as f64 - GAP[1];
    let mut picture = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\">\n<style>{STYLE}</style>\n"
    );
    let mut top = MARGIN;
    for comparison in &comparisons {
        let longest = comparison.ours.max(comparison.other);
        let rows = [
            ("ours", "ours", comparison.ours),
            ("other", comparison.name.as_str(), comparison.other),
        ];
        // Writing to a String cannot fail.
        let _ = writeln!(
            picture,
            "<text class=\"what\" x=\"{MARGIN}\" y=\"{}\">{}</text>",
            top + BAR - 3.0,
            escaped(&comparison.what)
        );
        let mut y = top + TITLE;
        for (class, name, time) in rows {
            let width = (WIDTH - 2.0 * MARGIN - LABEL) * time / longest;
            let _ = writeln!(
                picture,
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
    picture + "</svg>\n"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::figures::Bar;

    #[test]
    fn a_bar_is_as_long_as_its_time() {
        let figures = [
            Figure::times("a & b", 1000.0, ("the <loop>", 80_000.0), Bar::Faster(80.0)),
            Figure::times("shown elsewhere", 1.0, ("x", 2.0), Bar::None),
            Figure::number("memory", 1.0, "MiB", Bar::AtMost(20.0)),
        ];
        let picture = draw(&figures);
        let bars: Vec<&str> = picture
            .lines()
            .filter(|line| line.starts_with("<rect"))
            .collect();
        assert_eq!(bars.len(), 2, "{picture}");
        assert!(bars[0].contains("width=\"4.6\""), "{picture}");
        assert!(bars[0].ends_with(">ours: 1.0 s</text>"), "{picture}");
        assert!(bars[1].contains("width=\"368.0\""), "{picture}");
        assert!(bars[1].ends_with(">the &lt;loop>: 80.0 s</text>"));
        assert!(picture.contains(">a &amp; b</text>"), "{picture}");
    }
}
