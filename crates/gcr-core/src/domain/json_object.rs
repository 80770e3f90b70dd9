//! Parses a JSON object without copying its values, which remain raw text.
//!
//! Use it for objects that contain secrets, where every copy must be wiped, and for values that must be written back byte for
//! byte. Keeps the order of members and repeated names. Does not recurse, so that deep nesting cannot overflow the stack.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

/// A member `"name": value` of an object.
pub(super) struct Member<'a> {
    /// The unescaped name.
    pub(super) name: Cow<'a, str>,
    /// The raw name, with its quotes.
    pub(super) raw_name: &'a str,
    /// The raw value.
    pub(super) value: &'a str,
}

/// A text that is not a JSON object. Contains none of the text.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum JsonObjectError {
    /// The text is not JSON.
    #[error("is not JSON (line {line}, column {column})")]
    NotJson {
        /// The line of the error, counted from 1.
        line: usize,
        /// The byte of the error in that line, counted from 1.
        column: usize,
    },
    /// The text is JSON, but not an object.
    #[error("is not a JSON object")]
    NotAnObject,
}

/// Returns the members of the object in `text`, in their order.
pub(super) fn members(text: &str) -> Result<Vec<Member<'_>>, JsonObjectError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer
        .deserialize_map(Members)
        .and_then(|members| deserializer.end().map(|()| members))
        .map_err(|error| match error.classify() {
            serde_json::error::Category::Data => JsonObjectError::NotAnObject,
            _ => JsonObjectError::NotJson {
                line: error.line(),
                column: error.column(),
            },
        })
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<Member<'de>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            let raw_name = name.get();
            members.push(Member {
                name: unescaped(raw_name),
                raw_name,
                value: value.get(),
            });
        }
        Ok(members)
    }
}

/// Returns the name without quotes and escapes. Leaves escapes in place if one of them is not a valid character.
fn unescaped(raw_name: &str) -> Cow<'_, str> {
    let inner = raw_name.trim_matches('"');
    if !raw_name.contains('\\') {
        return Cow::Borrowed(inner);
    }
    serde_json::from_str::<String>(raw_name).map_or(Cow::Borrowed(inner), Cow::Owned)
}

/// Returns the text of a raw JSON string in a buffer that is wiped when dropped, or `None` for other values.
///
/// This function does not use serde_json, which leaves a copy in its scratch buffer.
pub(super) fn string(raw: &str) -> Option<Zeroizing<String>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    // An escape is never shorter than its character, so the buffer never grows.
    let mut text = Zeroizing::new(String::with_capacity(inner.len()));
    let mut rest = inner.chars();
    while let Some(character) = rest.next() {
        text.push(match character {
            '\\' => unescaped_character(&mut rest)?,
            _ => character,
        });
    }
    Some(text)
}

/// Decodes the escape after a backslash. Returns `None` for surrogate pairs.
fn unescaped_character(rest: &mut std::str::Chars<'_>) -> Option<char> {
    Some(match rest.next()? {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'u' => {
            let hex = rest.as_str().get(..4)?;
            *rest = rest.as_str()[4..].chars();
            char::from_u32(u32::from_str_radix(hex, 16).ok()?)?
        }
        character => character,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_order_raw_text_and_repeated_names() {
        let text = r#" {"b": [1,  2], "\u0061\"":"x\n" ,"b":{"c" : null}} "#;
        let members = members(text).unwrap_or_default();
        let members: Vec<_> = members
            .iter()
            .map(|m| (&*m.name, m.raw_name, m.value))
            .collect();
        assert_eq!(
            members,
            [
                ("b", "\"b\"", "[1,  2]"),
                ("a\"", r#""\u0061\"""#, r#""x\n""#),
                ("b", "\"b\"", r#"{"c" : null}"#),
            ]
        );
    }

    #[test]
    fn other_json_and_invalid_json_fail_differently() {
        for text in ["[]", "null", "1", "\"text\"", "true"] {
            assert_eq!(
                members(text).err(),
                Some(JsonObjectError::NotAnObject),
                "{text}"
            );
        }
        for (text, line, column) in [
            ("", 1, 0),
            ("hello", 1, 1),
            ("{\n\"a\":}", 2, 5),
            ("{} {}", 1, 4),
            ("{\"a\":1", 1, 6),
        ] {
            assert_eq!(
                members(text).err(),
                Some(JsonObjectError::NotJson { line, column }),
                "{text}"
            );
        }
        for text in [
            "{\"a\":01}",
            "{\"a\":1,}",
            "{a:1}",
            "{\"a\":\"\n\"}",
            "\u{feff}{}",
        ] {
            assert!(
                matches!(members(text), Err(JsonObjectError::NotJson { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn string_matches_serde_json() {
        for raw in [
            r#""""#,
            r#""a\nb\"\\\/\r\t\b\f""#,
            r#""\u0041\u00e9\u2028""#,
            r#""räksmörgås""#,
        ] {
            let expected: String = serde_json::from_str(raw).unwrap();
            assert_eq!(string(raw).map(|text| text.to_string()), Some(expected));
        }
        for raw in ["1", "null", "{}", r#""\ud800""#] {
            assert!(string(raw).is_none(), "{raw}");
        }
    }

    #[test]
    fn deep_nesting_does_not_overflow_the_stack() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(members(&deep).map_or(0, |members| members.len()), 1);
        assert!(members(&"{\"a\":".repeat(10_000)).is_err());
    }
}
