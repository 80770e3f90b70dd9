//! Escapes control characters in text from servers, files and the command line, so that it is safe to print on a terminal.
//!
//! Terminals interpret control characters: a name or an error message could overwrite the screen, the clipboard or the
//! window title of the user (CVE-2021-25743 reported this for kubectl). As kubectl's printers do, this module shows ESC as
//! `^[` and a carriage return as `\r`. It also escapes all other characters that move the cursor or change the reading order.
//! It drops no characters.

use std::borrow::Cow;

/// The maximum length of a value that an error message repeats, in characters. Names have at most 253; a longer value is
/// probably the content of a file, possibly secret, that was given instead of a name.
const QUOTED_CHARACTERS: usize = 253;

/// Returns the text as one line with all control characters escaped, including newlines and tabs.
#[must_use]
pub fn escape_control(text: &str) -> Cow<'_, str> {
    escape(text, is_terminal_control)
}

/// Returns an invalid value in double quotes, escaped, and truncated if it is longer than any name.
pub fn quoted(value: &str) -> String {
    match value.char_indices().nth(QUOTED_CHARACTERS) {
        Some((end, _)) => format!("\"{}…\"", escape_control(&value[..end])),
        None => format!("\"{}\"", escape_control(value)),
    }
}

fn escape(text: &str, is_control: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_control) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            _ if !is_control(character) => escaped.push(character),
            '\u{1b}' => escaped.push_str("^["),
            '\n' | '\r' | '\t' => escaped.extend(character.escape_default()),
            _ => escaped.extend(character.escape_unicode()),
        }
    }
    Cow::Owned(escaped)
}

/// Returns whether the character is in C0 or C1, DEL, a bidirectional control (Unicode Standard Annex 9), or a line or
/// paragraph separator.
fn is_terminal_control(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_without_controls_is_borrowed() {
        for text in [
            "",
            "secret/gcr-io created",
            "räksmörgås 🦀 日本語",
            "C:\\key",
        ] {
            assert!(matches!(escape_control(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn escape_and_carriage_return_are_shown_as_in_kubectl() {
        assert_eq!(escape_control("a\u{1b}[31mred"), "a^[[31mred");
        assert_eq!(escape_control("good\rbad"), "good\\rbad");
    }

    #[test]
    fn newline_and_tab_are_escaped() {
        assert_eq!(escape_control("a\nb\tc"), "a\\nb\\tc");
    }

    #[test]
    fn other_controls_are_shown_as_code_points() {
        assert_eq!(escape_control("\0\u{7}\u{8}"), "\\u{0}\\u{7}\\u{8}");
        assert_eq!(escape_control("\u{7f}\u{9b}31m"), "\\u{7f}\\u{9b}31m");
        assert_eq!(escape_control("\u{202e}gpj.exe"), "\\u{202e}gpj.exe");
        assert_eq!(
            escape_control("\u{2028}\u{2029}\u{2066}\u{2069}"),
            "\\u{2028}\\u{2029}\\u{2066}\\u{2069}"
        );
    }

    #[test]
    fn quoted_value_is_escaped_and_truncated() {
        assert_eq!(quoted("Bad\u{1b}Name"), "\"Bad^[Name\"");
        assert_eq!(quoted(&"é".repeat(253)), format!("\"{}\"", "é".repeat(253)));
        assert_eq!(
            quoted(&"é".repeat(254)),
            format!("\"{}…\"", "é".repeat(253))
        );
    }
}
