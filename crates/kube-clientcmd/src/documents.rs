//! Finds the first YAML document of a file; kubectl ignores the others.
//!
//! A line that begins with `---` or `...` is a document marker even inside a quoted scalar (YAML 1.2, section 9.1.2), so that
//! the end of a document can be found without a parser.

/// Splits `text` into the first document, including its own `---`, and the rest, which begins with a marker.
pub(super) fn first(text: &str) -> (&str, &str) {
    let mut has_begun = false;
    let mut at = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        let content = line.trim_end_matches(['\n', '\r']);
        let is_marker = |marker: &str| {
            content
                .strip_prefix(marker)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
        };
        if is_marker("---") || is_marker("...") {
            if has_begun {
                return text.split_at(at);
            }
            has_begun = is_marker("---");
        } else if !is_blank_or_comment(content) && (has_begun || !content.starts_with('%')) {
            has_begun = true;
        }
        at += line.len();
    }
    (text, "")
}

/// Returns whether a line is empty or a comment.
fn is_blank_or_comment(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

/// Returns `text` without its leading empty lines and comments.
pub(super) fn skip_comments(text: &str) -> &str {
    let lines = text.split_inclusive(['\n', '\r']);
    let skipped: usize = lines
        .take_while(|line| is_blank_or_comment(line))
        .map(str::len)
        .sum();
    &text[skipped..]
}

/// Returns the line of the first directive that Go's YAML parser rejects: a version other than 1.1, a second version, or an
/// unknown directive.
pub(super) fn wrong_directive(text: &str) -> Option<u64> {
    let mut versions = 0;
    let text = text.replace("\r\n", "\n");
    let lines = text.split(['\n', '\r']).zip(1_u64..);
    let header = lines.take_while(|(line, _)| line.starts_with('%') || is_blank_or_comment(line));
    for (line, number) in header {
        let Some(directive) = line.strip_prefix('%') else {
            continue;
        };
        let mut words = directive.split([' ', '\t']).filter(|word| !word.is_empty());
        let is_valid = match words.next() {
            Some("YAML") => {
                versions += 1;
                versions == 1 && words.next() == Some("1.1")
            }
            Some("TAG") => true,
            _ => false,
        };
        if !is_valid {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{first, wrong_directive};

    #[test]
    fn wrong_directive_returns_line_that_kubectl_rejects() {
        // The results of kubectl 1.37.2. A directive after a marker is left to the parser.
        for (text, line) in [
            ("a: b\n", None),
            ("a: b\n%YAML 1.2\n", None),
            ("---\n%FOO\n", None),
            (
                "# x\n%YAML 1.1 # y\n%TAG ! tag:example.com,2000:\n---\n",
                None,
            ),
            ("%YAML 1.2\n---\n", Some(1)),
            ("\n%YAML 2.0\n---\n", Some(2)),
            ("%YAML 1.1\n%YAML 1.1\n---\n", Some(2)),
            ("%FOO bar\n---\n", Some(1)),
            ("%YAML 1.1\r\n%FOO\r\n---\r\n", Some(2)),
        ] {
            assert_eq!(wrong_directive(text), line, "{text:?}");
        }
    }

    #[test]
    fn first_ends_document_at_next_marker() {
        for (document, rest) in [
            ("", ""),
            ("a: b\n", ""),
            ("a: b\n", "---\nc: d\n"),
            ("a: b\r\n", "---\r\nc: d\r\n"),
            ("a: b\r", "---\rc: d\r"),
            ("a: b\n", "--- c\n"),
            ("a: b\n", "...\n"),
            ("a: b\n", "---"),
            ("---\na: b\n", "---\nc: d\n"),
            ("# x\n\n--- # y\n# z\na: b\n", "...\n---\nc: d\n"),
            ("%YAML 1.1\n---\na: b\n", "---\n"),
            ("---\n", "---\na: b\n"),
            ("a: b\n----\n---c\n ---\n", ""),
        ] {
            let text = format!("{document}{rest}");
            assert_eq!(first(&text), (document, rest), "{text:?}");
        }
    }
}
