//! Text from a server, a file or a command line, made safe to show on a terminal.
//!
//! A terminal acts on control characters, so a name or an error message can rewrite the screen, the
//! clipboard or the window title of whoever reads it (CVE-2021-25743 was that in kubectl). kubectl's printers
//! show ESC as `^[` and a carriage return as `\r`; so does this, and it goes on to every other character that
//! moves the cursor or turns the reading order. It never drops a character: what was there stays visible.

use std::borrow::Cow;

/// The longest value an error message repeats, in characters. Names end at 253; what is longer is more likely a
/// file that was given in a name's place than a name, and may hold anything.
const QUOTED_CHARACTERS: usize = 253;

/// One line of text with everything that a terminal would act on made visible, newlines and tabs too.
#[must_use]
pub fn escape_control(text: &str) -> Cow<'_, str> {
    escape(text, acts_on_a_terminal)
}

/// A refused value in double quotes, printable and cut where it is longer than any name.
pub(crate) fn quoted(value: &str) -> String {
    match value.char_indices().nth(QUOTED_CHARACTERS) {
        Some((end, _)) => format!("\"{}…\"", escape_control(&value[..end])),
        None => format!("\"{}\"", escape_control(value)),
    }
}

fn escape(text: &str, unsafe_to_print: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&unsafe_to_print) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            _ if !unsafe_to_print(character) => shown.push(character),
            '\u{1b}' => shown.push_str("^["),
            '\n' | '\r' | '\t' => shown.extend(character.escape_default()),
            _ => shown.extend(character.escape_unicode()),
        }
    }
    Cow::Owned(shown)
}

/// C0, DEL and C1; the bidirectional controls of Unicode Standard Annex 9; line and paragraph separators.
fn acts_on_a_terminal(character: char) -> bool {
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
    fn ordinary_text_is_borrowed() {
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
    fn escape_and_carriage_return_look_as_in_kubectl() {
        assert_eq!(escape_control("a\u{1b}[31mred"), "a^[[31mred");
        assert_eq!(escape_control("good\rbad"), "good\\rbad");
    }

    #[test]
    fn one_line_stays_one_line() {
        assert_eq!(escape_control("a\nb\tc"), "a\\nb\\tc");
    }

    #[test]
    fn every_other_control_is_named_by_its_code() {
        assert_eq!(escape_control("\0\u{7}\u{8}"), "\\u{0}\\u{7}\\u{8}");
        assert_eq!(escape_control("\u{7f}\u{9b}31m"), "\\u{7f}\\u{9b}31m");
        assert_eq!(escape_control("\u{202e}gpj.exe"), "\\u{202e}gpj.exe");
        assert_eq!(
            escape_control("\u{2028}\u{2029}\u{2066}\u{2069}"),
            "\\u{2028}\\u{2029}\\u{2066}\\u{2069}"
        );
    }

    #[test]
    fn a_quoted_value_ends_where_a_name_would() {
        assert_eq!(quoted("Bad\u{1b}Name"), "\"Bad^[Name\"");
        assert_eq!(quoted(&"é".repeat(253)), format!("\"{}\"", "é".repeat(253)));
        assert_eq!(
            quoted(&"é".repeat(254)),
            format!("\"{}…\"", "é".repeat(253))
        );
    }
}
