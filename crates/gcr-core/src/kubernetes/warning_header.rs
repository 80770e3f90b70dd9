//! Reads the `Warning` header, in which an API server sends messages for the user.

use kube_clientcmd::escape_control::escape_control;

/// Returns the texts of a `Warning: 299 - "text", 299 - "text"` header (RFC 7234 section 5.5, KEP-1693), with control
/// characters escaped. Warnings with other codes are skipped; the first malformed one ends the list, as in
/// apimachinery's `ParseWarningHeaders`.
pub(super) fn texts(value: &http::HeaderValue) -> Vec<String> {
    let mut texts = Vec::new();
    let mut rest = value.to_str().unwrap_or_default().trim_start();
    while let Some((code, (text, after))) = warning(rest) {
        if code == "299" {
            texts.push(escape_control(&text).into_owned());
        }
        let after = after.trim_start();
        rest = after.strip_prefix(',').unwrap_or_default().trim_start();
    }
    texts
}

/// Splits the first warning off a list: its code, its text, and the rest of the list.
fn warning(list: &str) -> Option<(&str, (String, &str))> {
    let (code, rest) = list.split_once(' ')?;
    let (_agent, rest) = rest.split_once(' ')?;
    Some((code, quoted(rest.strip_prefix('"')?)?))
}

/// Splits a quoted string, after its opening quote, from the text after its closing quote.
fn quoted(rest: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut characters = rest.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((text, &rest[at + 1..])),
            '\\' => text.push(characters.next()?.1),
            other => text.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #[test]
    fn warning_header_with_several_values_yields_the_299_texts() {
        let texts = |value: &'static str| super::texts(&http::HeaderValue::from_static(value));
        assert_eq!(texts(r#"299 - "old \"thing\"""#), [r#"old "thing""#]);
        assert_eq!(texts(r#"110 - "stale""#), [""; 0]);
        let several = r#"299 - "one, two", 110 - "stale", 299 x "three""#;
        assert_eq!(texts(several), ["one, two", "three"]);
        assert_eq!(texts(r#"299 - "cut off"#), [""; 0]);
    }
}
