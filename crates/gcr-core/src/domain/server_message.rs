//! Formats messages of a server that may have several lines, as policies and webhooks send them.

use kube_clientcmd::escape_control::escape_control;

/// The indentation of all lines but the first. No line of a server can then look like a line of the plugin.
const INDENT: &str = "  ";

/// Returns the text with its lines kept, all but the first indented, and control characters escaped. Drops empty lines and
/// white space at the end of lines. Tabs that indent a line become spaces.
#[must_use]
pub fn escape_lines(text: &str) -> String {
    let mut lines = text.split('\n').map(str::trim_end);
    let mut lines = lines.by_ref().filter(|line| !line.is_empty());
    let Some(first) = lines.next() else {
        return String::new();
    };
    let mut escaped = escape_control(first).into_owned();
    for line in lines {
        let content = line.trim_start_matches([' ', '\t']);
        escaped.push('\n');
        escaped.push_str(INDENT);
        for indent in line[..line.len() - content.len()].chars() {
            escaped.push_str(if indent == '\t' { INDENT } else { " " });
        }
        escaped.push_str(&escape_control(content));
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_kept_and_indented() {
        for (text, expected) in [
            ("", ""),
            ("one line", "one line"),
            ("denied:\nfirst\nsecond\n", "denied:\n  first\n  second"),
            (
                "denied:\r\n\r\npolicy:\n\trule: no\n",
                "denied:\n  policy:\n    rule: no",
            ),
            ("\n\n", ""),
        ] {
            assert_eq!(escape_lines(text), expected, "{text:?}");
        }
    }

    #[test]
    fn control_characters_other_than_line_breaks_are_escaped() {
        assert_eq!(
            escape_lines("a\u{1b}[2J\nb\rc\td\u{2028}e"),
            "a^[[2J\n  b\\rc\\td\\u{2028}e"
        );
    }
}
