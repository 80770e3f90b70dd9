//! A JSON object read without copying its values: each stays the raw text it was.
//!
//! For what holds secrets, where every copy would have to be wiped, and for what must be written back byte for
//! byte. Keeps the order and double names. Never recurses, so deep nesting is only long.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

/// One `"name": value` of an object.
pub(super) struct Member<'a> {
    /// The name with its escapes resolved.
    pub(super) name: Cow<'a, str>,
    /// The name as written, in its quotes.
    pub(super) raw_name: &'a str,
    /// The value as written.
    pub(super) value: &'a str,
}

/// Why there are no members. Holds no content.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum JsonObjectError {
    /// Broken, cut off, or something else altogether. Counted from 1, in bytes.
    #[error("is not JSON (line {line}, column {column})")]
    NotJson {
        /// The line where it stops being JSON.
        line: usize,
        /// The byte in that line.
        column: usize,
    },
    /// JSON of another kind.
    #[error("is not a JSON object")]
    NotAnObject,
}

/// The members of the object that `text` is, in their order.
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
                name: resolved(raw_name),
                raw_name,
                value: value.get(),
            });
        }
        Ok(members)
    }
}

/// A name without its quotes and escapes; as written where an escape means no character.
fn resolved(raw_name: &str) -> Cow<'_, str> {
    let inner = raw_name.trim_matches('"');
    if !raw_name.contains('\\') {
        return Cow::Borrowed(inner);
    }
    serde_json::from_str::<String>(raw_name).map_or(Cow::Borrowed(inner), Cow::Owned)
}

/// The text that a raw JSON string stands for, in a buffer that is wiped; `None` for any other value.
///
/// serde_json would leave a copy in a scratch buffer of its own.
pub(super) fn string(raw: &str) -> Option<Zeroizing<String>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    // No escape is shorter than what it stands for, so the buffer never grows.
    let mut text = Zeroizing::new(String::with_capacity(inner.len()));
    let mut rest = inner.chars();
    while let Some(character) = rest.next() {
        text.push(match character {
            '\\' => escaped(&mut rest)?,
            _ => character,
        });
    }
    Some(text)
}

/// What stands behind a backslash. A character beyond the basic plane, written as two escapes, is `None`.
fn escaped(rest: &mut std::str::Chars<'_>) -> Option<char> {
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
    fn members_keep_order_text_and_double_names() {
        let text = r#" {"b": [1,  2], "\u0061\"":"x\n" ,"b":{"c" : null}} "#;
        let members = members(text).unwrap_or_default();
        let seen: Vec<_> = members
            .iter()
            .map(|m| (&*m.name, m.raw_name, m.value))
            .collect();
        assert_eq!(
            seen,
            [
                ("b", "\"b\"", "[1,  2]"),
                ("a\"", r#""\u0061\"""#, r#""x\n""#),
                ("b", "\"b\"", r#"{"c" : null}"#),
            ]
        );
    }

    #[test]
    fn what_is_no_object_is_told_from_what_is_no_json() {
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
    fn a_string_is_what_serde_json_reads() {
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
    fn deep_nesting_is_only_long() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(members(&deep).map_or(0, |members| members.len()), 1);
        assert!(members(&"{\"a\":".repeat(10_000)).is_err());
    }
}
