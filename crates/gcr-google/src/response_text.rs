//! Prepares text from a server for an error: redacted, on one line, printable, and short.

use gcr_core::domain::redactor::Redactor;
use kube_clientcmd::escape_control::escape_control;

/// The number of bytes of a response that are read.
const READ_BYTES: usize = 8 * 1024;
/// The maximum length of the text, in characters.
const MAX_CHARACTERS: usize = 1024;

/// Returns the beginning of a response or of a message in it, redacted, with control characters escaped.
pub(crate) fn printable(redactor: &Redactor, text: &[u8]) -> String {
    let text = String::from_utf8_lossy(&text[..text.len().min(READ_BYTES)]);
    let redacted = redactor.redact(text.trim());
    match redacted.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => format!("{}…", escape_control(&redacted[..end])),
        None => escape_control(&redacted).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printable_redacts_before_it_cuts_and_escapes() {
        let redactor = Redactor::default();
        redactor.add_secret("0123456789abcdef0123456789");
        let text = format!(
            "a\u{1b}[31m\n{}0123456789abcdef0123456789{}",
            "x".repeat(1000),
            "y".repeat(9000)
        );
        let printed = printable(&redactor, text.as_bytes());
        assert!(printed.starts_with("a^[[31m\\nxxx"), "{printed}");
        assert!(printed.contains("x***y"), "{printed}");
        assert!(printed.ends_with("y…"), "{printed}");
        assert!(printed.chars().count() < 1100, "{printed}");
    }

    #[test]
    fn printable_accepts_any_bytes() {
        assert_eq!(
            printable(&Redactor::default(), b" \xff\0 "),
            "\u{fffd}\\u{0}"
        );
    }
}
