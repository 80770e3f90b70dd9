//! The first of a file's YAML documents, which is all that kubectl looks at.
//!
//! A line that begins with `---` or `...` is a marker wherever it stands, also inside of quoted text (YAML 1.2, section
//! 9.1.2), so no parser is needed to tell where a document ends.

/// What belongs to the first document, its own marker among it, and what comes after, with the marker that begins that.
pub(super) fn first(text: &str) -> (&str, &str) {
    let mut has_begun = false;
    let mut at = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        let content = line.trim_end_matches(['\n', '\r']);
        let marks = |marker: &str| {
            content
                .strip_prefix(marker)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
        };
        if marks("---") || marks("...") {
            if has_begun {
                return text.split_at(at);
            }
            has_begun = marks("---");
        } else if !says_nothing(content) && (has_begun || !content.starts_with('%')) {
            has_begun = true;
        }
        at += line.len();
    }
    (text, "")
}

/// Whether a line is empty or a comment.
fn says_nothing(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

/// What begins with the first line that says something; empty where none does.
pub(super) fn behind_comments(text: &str) -> &str {
    let lines = text.split_inclusive(['\n', '\r']);
    let nothing: usize = lines
        .take_while(|line| says_nothing(line))
        .map(str::len)
        .sum();
    &text[nothing..]
}

/// The line of a directive that Go's YAML does not take: of another version than 1.1, again, or of its own making.
pub(super) fn wrong_directive(text: &str) -> Option<u64> {
    let mut versions = 0;
    let text = text.replace("\r\n", "\n");
    let lines = text.split(['\n', '\r']).zip(1_u64..);
    let before_the_document =
        lines.take_while(|(line, _)| line.starts_with('%') || says_nothing(line));
    for (line, number) in before_the_document {
        let Some(directive) = line.strip_prefix('%') else {
            continue;
        };
        let mut words = directive.split([' ', '\t']).filter(|word| !word.is_empty());
        let is_right = match words.next() {
            Some("YAML") => {
                versions += 1;
                versions == 1 && words.next() == Some("1.1")
            }
            Some("TAG") => true,
            _ => false,
        };
        if !is_right {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{first, wrong_directive};

    #[test]
    fn directives_are_those_of_yaml_1_1() {
        // What kubectl 1.37.2 took and refused; what stands behind a marker is for the parser to refuse.
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
    fn a_document_ends_at_the_next_marker() {
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
