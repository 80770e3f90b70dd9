//! The YAML that kubectl and its kin write, read at a glance.
//!
//! A general parser takes 30 ms for a kubeconfig of 500 contexts. This one knows block mappings and lists of keys, words,
//! sentences, base64 and quoted text without escapes, and nothing else. Whatever else it meets, or is not sure of, it gives
//! up, and the general parser reads the file. What it reads goes straight into the type that is wanted.

mod reader;
mod scalar;

use std::fmt;
use std::iter::empty;
use std::mem;

use serde::de::value::{BorrowedStrDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

use reader::Reader;
use scalar::{is_word, scalar};

/// Reads `text`; `None` where it holds anything beyond the few forms known here, or is of another shape than `T`.
///
/// Of a repeated key the last counts, where `T` lets a key be repeated.
pub(super) fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    let mut reader = Reader::new(text).ok()?;
    let kind = Kind::Mapping {
        indent: 0,
        first: None,
    };
    let whole = Node {
        reader: &mut reader,
        depth: 0,
        kind,
    };
    let value = T::deserialize(whole).ok()?;
    reader.line.is_none().then_some(value)
}

/// What is not read here, for whatever reason: the general parser will say it.
#[derive(Debug)]
struct Unsure;

impl fmt::Display for Unsure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a form that is known here")
    }
}

impl std::error::Error for Unsure {}

impl Error for Unsure {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// What stands in one place of the file.
enum Kind<'a> {
    Nothing,
    Text(&'a str),
    /// Text of several lines.
    Folded(String),
    Bool(bool),
    List {
        indent: usize,
    },
    EmptyList,
    /// Its first entry stands behind a list's dash, where there is one.
    Mapping {
        indent: usize,
        first: Option<&'a str>,
    },
    EmptyMapping,
}

struct Node<'r, 'a> {
    reader: &'r mut Reader<'a>,
    depth: usize,
    kind: Kind<'a>,
}

/// Deeper than any kubeconfig; extensions could be.
const DEEPEST: usize = 32;

impl<'a> Deserializer<'a> for Node<'_, 'a> {
    type Error = Unsure;

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unsure> {
        let Self {
            reader,
            depth,
            kind,
        } = self;
        if depth > DEEPEST {
            return Err(Unsure);
        }
        let depth = depth + 1;
        match kind {
            Kind::Nothing => visitor.visit_unit(),
            Kind::Text(text) => visitor.visit_borrowed_str(text),
            Kind::Folded(text) => visitor.visit_string(text),
            Kind::Bool(value) => visitor.visit_bool(value),
            Kind::EmptyList => visitor.visit_seq(SeqDeserializer::new(empty::<&str>())),
            Kind::EmptyMapping => visitor.visit_map(MapDeserializer::new(empty::<(&str, &str)>())),
            Kind::List { indent } => visitor.visit_seq(Items {
                reader,
                indent,
                depth,
            }),
            Kind::Mapping { indent, first } => visitor.visit_map(Entries {
                reader,
                indent,
                depth,
                first,
                value: Kind::Nothing,
            }),
        }
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Unsure> {
        match self.kind {
            Kind::Nothing => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    forward_to_deserialize_any! {
        <W: Visitor<'a>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct Items<'r, 'a> {
    reader: &'r mut Reader<'a>,
    indent: usize,
    depth: usize,
}

impl<'a> SeqAccess<'a> for Items<'_, 'a> {
    type Error = Unsure;

    fn next_element_seed<T: DeserializeSeed<'a>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Unsure> {
        let content = self.reader.at(self.indent)?;
        let Some(item) = content.and_then(|it| it.strip_prefix("- ")) else {
            return Ok(None);
        };
        let kind = if item.contains(": ") || item.ends_with(':') {
            // An item's first key stands where its others stand.
            let indent = self.indent + 2;
            let first = Some(item);
            Kind::Mapping { indent, first }
        } else {
            let kind = scalar(item).ok_or(Unsure)?;
            // It would be taken for the fields of a mapping, in their order.
            if matches!(kind, Kind::EmptyList) {
                return Err(Unsure);
            }
            self.reader.advance()?;
            kind
        };
        let item = Node {
            reader: self.reader,
            depth: self.depth,
            kind,
        };
        seed.deserialize(item).map(Some)
    }
}

/// The entries of a mapping, `key: value` each, where the value may be in the lines below.
struct Entries<'r, 'a> {
    reader: &'r mut Reader<'a>,
    indent: usize,
    depth: usize,
    /// The entry that stands behind a list's dash, until it is read.
    first: Option<&'a str>,
    value: Kind<'a>,
}

/// The keys of a kubeconfig that have lists.
const LISTS: [&str; 7] = [
    "args",
    "as-groups",
    "clusters",
    "contexts",
    "env",
    "extensions",
    "users",
];

impl<'a> MapAccess<'a> for Entries<'_, 'a> {
    type Error = Unsure;

    fn next_key_seed<K: DeserializeSeed<'a>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Unsure> {
        let content = match self.first.take() {
            Some(first) => first,
            None => match self.reader.at(self.indent)? {
                Some(content) => content,
                None => return Ok(None),
            },
        };
        let (key, value) = content.split_once(':').ok_or(Unsure)?;
        let is_key = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
        if !key.bytes().all(is_key) || !is_word(key) {
            return Err(Unsure);
        }
        self.reader.advance()?;
        self.value = match value.strip_prefix(' ') {
            Some(value) => match scalar(value).ok_or(Unsure)? {
                Kind::Text(text) if text.len() == value.len() => {
                    self.reader.folded(text, self.indent)?
                }
                kind => kind,
            },
            None if value.is_empty() => self.reader.below(self.indent),
            None => return Err(Unsure),
        };
        // Elsewhere a list would be taken for the fields of a mapping, in their order.
        if matches!(self.value, Kind::List { .. } | Kind::EmptyList) && !LISTS.contains(&key) {
            return Err(Unsure);
        }
        seed.deserialize(BorrowedStrDeserializer::new(key))
            .map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Unsure> {
        seed.deserialize(Node {
            reader: self.reader,
            depth: self.depth,
            kind: mem::replace(&mut self.value, Kind::Nothing),
        })
    }
}
