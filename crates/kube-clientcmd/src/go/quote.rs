//! Quotes text like Go's `%q`, which many of kubectl's messages use. The result is safe to print on a terminal.

use std::fmt::Write as _;

use crate::escape_control::escape_control;

/// Returns bytes, which need not be UTF-8, as a quoted string (Go `strconv.Quote`).
pub fn go_quoted(bytes: &[u8]) -> String {
    let mut quoted = String::with_capacity(bytes.len() + 2);
    quoted.push('"');
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            push(&mut quoted, character);
        }
        for byte in chunk.invalid() {
            let _ = write!(quoted, "\\x{byte:02x}");
        }
    }
    quoted.push('"');
    quoted
}

fn push(quoted: &mut String, character: char) {
    let mut buffer = [0; 4];
    let is_safe = |text: &str| matches!(escape_control(text), std::borrow::Cow::Borrowed(_));
    let _ = match character {
        '"' | '\\' => write!(quoted, "\\{character}"),
        ' ' => write!(quoted, " "),
        '\u{7}' => write!(quoted, "\\a"),
        '\u{8}' => write!(quoted, "\\b"),
        '\u{c}' => write!(quoted, "\\f"),
        '\n' => write!(quoted, "\\n"),
        '\r' => write!(quoted, "\\r"),
        '\t' => write!(quoted, "\\t"),
        '\u{b}' => write!(quoted, "\\v"),
        _ if !character.is_whitespace() && is_safe(character.encode_utf8(&mut buffer)) => {
            write!(quoted, "{character}")
        }
        '\0'..='\u{7f}' => write!(quoted, "\\x{:02x}", u32::from(character)),
        '\u{80}'..='\u{ffff}' => write!(quoted, "\\u{:04x}", u32::from(character)),
        _ => write!(quoted, "\\U{:08x}", u32::from(character)),
    };
}

#[cfg(test)]
mod tests {
    use super::go_quoted;

    #[test]
    fn go_quoted_matches_go() {
        // The output of Go 1.26.
        for (text, quoted) in [
            (&b"plain"[..], r#""plain""#),
            (b"a\"b\\c\n", r#""a\"b\\c\n""#),
            (b"\x1b[31m\x7f\x07", r#""\x1b[31m\x7f\a""#),
            (b"\xff\xc3\xa9", "\"\\xff\u{e9}\""),
            ("\u{a0}\u{202e}".as_bytes(), r#""\u00a0\u202e""#),
        ] {
            assert_eq!(go_quoted(text), quoted);
        }
    }
}
