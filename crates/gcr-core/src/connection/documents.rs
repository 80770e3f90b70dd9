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
        let says_nothing =
            |line: &str| line.trim_start().is_empty() || line.trim_start().starts_with('#');
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

#[cfg(test)]
mod tests {
    use super::first;

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
