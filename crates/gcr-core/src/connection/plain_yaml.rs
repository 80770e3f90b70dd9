//! The YAML that kubectl and its kin write, read at a glance.
//!
//! A general parser takes 30 ms for a kubeconfig of 500 contexts. This one knows block mappings and lists of keys, words,
//! sentences, base64 and quoted text without escapes, and nothing else. Whatever else it meets, or is not sure of, it gives
//! up, and the general parser reads the file. What it reads goes straight into the type that is wanted.

use std::fmt;
use std::iter::empty;
use std::mem;
use std::str::Lines;

use serde::de::value::{BorrowedStrDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

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

struct Line<'a> {
    indent: usize,
    content: &'a str,
    /// It comes right after the line before: no empty one and no comment stands between.
    follows: bool,
}

/// Where the reader stands: at a line that says something, or at the end.
struct Reader<'a> {
    line: Option<Line<'a>>,
    rest: Lines<'a>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Result<Self, Unsure> {
        let mut reader = Self {
            line: None,
            rest: text.lines(),
        };
        reader.advance()?;
        Ok(reader)
    }

    /// Goes to the next line that is neither empty nor a comment.
    fn advance(&mut self) -> Result<(), Unsure> {
        let mut follows = true;
        for line in self.rest.by_ref() {
            let content = line.trim_start_matches(' ');
            if !content.is_empty() && !content.starts_with('#') {
                self.line = Some(Line {
                    indent: line.len() - content.len(),
                    content,
                    follows,
                });
                return Ok(());
            }
            follows = false;
            // To others these end a line and the comment with it, or are an error.
            let is_odd = |it: char| it.is_control() || matches!(it, '\u{2028}' | '\u{2029}');
            if content.contains(is_odd) {
                return Err(Unsure);
            }
        }
        self.line = None;
        Ok(())
    }

    /// The line to read, where it is at `indent`. A deeper one is a form not known here.
    fn at(&self, indent: usize) -> Result<Option<&'a str>, Unsure> {
        match &self.line {
            Some(line) if line.indent == indent => Ok(Some(line.content)),
            Some(line) if line.indent > indent => Err(Unsure),
            _ => Ok(None),
        }
    }

    /// A sentence that begins behind a key, with what deeper lines add to it (YAML 1.2, section 7.3.3).
    fn folded(&mut self, begun: &'a str, indent: usize) -> Result<Kind<'a>, Unsure> {
        let mut text = None;
        while let Some(line) = self.line.as_ref().filter(|line| line.indent > indent) {
            if !line.follows || line.content.starts_with('-') || !is_sentence(line.content) {
                return Err(Unsure);
            }
            let text = text.get_or_insert_with(|| begun.to_owned());
            text.push(' ');
            text.push_str(line.content);
            self.advance()?;
        }
        Ok(text.map_or(Kind::Text(begun), Kind::Folded))
    }

    /// What a key without a value of its own has below it.
    fn below(&self, indent: usize) -> Kind<'a> {
        match &self.line {
            Some(line) if line.content.starts_with("- ") && line.indent >= indent => Kind::List {
                indent: line.indent,
            },
            Some(line) if line.indent > indent => Kind::Mapping {
                indent: line.indent,
                first: None,
            },
            _ => Kind::Nothing,
        }
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
fn scalar(text: &str) -> Option<Kind<'_>> {
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
fn is_sentence(text: &str) -> bool {
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
fn is_word(text: &str) -> bool {
    const OTHER: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    text.bytes()
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'/')
        && !OTHER.iter().any(|word| text.eq_ignore_ascii_case(word))
}
