//! A value on one line, and when a word means to YAML what it says.

use super::Kind;

/// The bytes of a word that need no quotes and mean nothing to YAML.
const PLAIN: [bool; 256] = {
    let mut table = [false; 256];
    let others = b"-_./:@+=,";
    let mut index = 0;
    while index < 256 {
        table[index] = (index as u8).is_ascii_alphanumeric();
        index += 1;
    }
    let mut index = 0;
    while index < others.len() {
        table[others[index] as usize] = true;
        index += 1;
    }
    table
};

/// A value on one line: quoted text without escapes, an empty collection, nothing, a word or a sentence.
pub(super) fn scalar(text: &str) -> Option<Kind<'_>> {
    for quote in ['"', '\''] {
        if let Some(rest) = text.strip_prefix(quote) {
            let inner = rest.strip_suffix(quote)?;
            let plain = inner
                .bytes()
                .all(|it| (b' '..=b'~').contains(&it) && !b"\"'\\".contains(&it));
            return plain.then_some(Kind::Text(inner));
        }
    }
    match text {
        "true" => Some(Kind::Bool(true)),
        "false" => Some(Kind::Bool(false)),
        "null" => Some(Kind::Nothing),
        "{}" => Some(Kind::EmptyMapping),
        "[]" => Some(Kind::EmptyList),
        _ => (begins_text(text) && is_sentence(text)).then_some(Kind::Text(text)),
    }
}

/// Words with spaces between them, in which nothing means anything to YAML.
pub(super) fn is_sentence(text: &str) -> bool {
    let is_plain = |byte: u8| PLAIN[usize::from(byte)];
    if text.bytes().all(is_plain) {
        return !text.ends_with(':');
    }
    let is_plain = |byte: u8| is_plain(byte) || b" #()'".contains(&byte);
    text.bytes().all(is_plain)
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with([':', ' '])
}

/// Whether it begins as nothing but text does.
fn begins_text(text: &str) -> bool {
    // No number, whatever its base, and no time has one of these.
    let is_telling =
        |byte: u8| matches!(byte.to_ascii_lowercase(), b'g'..=b'n' | b'p'..=b's' | b'u'..=b'w');
    match text.as_bytes() {
        // A flag.
        [b'-', ..] => text
            .trim_start_matches('-')
            .starts_with(|first: char| first.is_ascii_alphabetic()),
        [b'0'..=b'9', rest @ ..] => rest.iter().copied().any(is_telling),
        _ => is_word(text),
    }
}

/// Whether it begins with a letter or a slash and is none of the words that YAML takes for something else.
pub(super) fn is_word(text: &str) -> bool {
    const OTHER: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    text.bytes()
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'/')
        && !OTHER.iter().any(|word| text.eq_ignore_ascii_case(word))
}
