//! The YAML that kubectl and its kin write, read at a glance.
//!
//! A general parser takes 30 ms for a kubeconfig of 500 contexts. This one knows block mappings and lists of keys, words,
//! base64 and quoted text without escapes, each on one line, and nothing else. Whatever else it meets, or is not sure of,
//! it gives up, and the general parser reads the file.

use serde_json::{Map, Value};

/// Reads `text`; `None` where it holds anything beyond the few forms known here.
pub(super) fn read(text: &str) -> Option<Value> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let content = line.trim_start_matches(' ');
        if content.is_empty() || content.starts_with('#') {
            // Alone, it ends a line and the comment with it.
            if content.contains('\r') {
                return None;
            }
            continue;
        }
        lines.push(Line {
            indent: line.len() - content.len(),
            content,
        });
    }
    let mut reader = Reader { lines, next: 0 };
    let value = reader.mapping(0, 0)?;
    (reader.next == reader.lines.len()).then_some(value)
}

struct Line<'a> {
    indent: usize,
    content: &'a str,
}

struct Reader<'a> {
    lines: Vec<Line<'a>>,
    next: usize,
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
/// Deeper than any kubeconfig; extensions could be.
const DEEPEST: usize = 32;

impl<'a> Reader<'a> {
    /// The line to read, where it is at `indent`; `Err` where it is deeper, which is a form not known here.
    fn at(&self, indent: usize) -> Option<Option<&'a str>> {
        match self.lines.get(self.next) {
            Some(line) if line.indent == indent => Some(Some(line.content)),
            Some(line) if line.indent > indent => None,
            _ => Some(None),
        }
    }

    fn mapping(&mut self, indent: usize, depth: usize) -> Option<Value> {
        let mut map = Map::new();
        while let Some(content) = self.at(indent)? {
            if content.starts_with("- ") || content == "-" {
                break;
            }
            self.entry(&mut map, content, indent, depth)?;
        }
        (!map.is_empty()).then_some(Value::Object(map))
    }

    /// One `key: value`, whose value may be in the lines below.
    fn entry(
        &mut self,
        map: &mut Map<String, Value>,
        content: &str,
        indent: usize,
        depth: usize,
    ) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        let (key, value) = content.split_once(':')?;
        let is_key = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
        if !key.bytes().all(is_key) || !is_word(key) {
            return None;
        }
        self.next += 1;
        let value = match value.strip_prefix(' ') {
            Some(value) => scalar(value)?,
            None if value.is_empty() => self.below(indent, depth)?,
            None => return None,
        };
        // Elsewhere a list would be taken for the fields of a mapping, in their order.
        if value.is_array() && !LISTS.contains(&key) {
            return None;
        }
        // The last of several would count: that is for the general parser.
        map.insert(key.to_owned(), value).is_none().then_some(())
    }

    /// What a key without a value of its own has below it.
    fn below(&mut self, indent: usize, depth: usize) -> Option<Value> {
        match self.lines.get(self.next) {
            Some(line) if line.content.starts_with("- ") && line.indent >= indent => {
                self.list(line.indent, depth + 1)
            }
            Some(line) if line.indent > indent => self.mapping(line.indent, depth + 1),
            _ => Some(Value::Null),
        }
    }

    fn list(&mut self, indent: usize, depth: usize) -> Option<Value> {
        let mut list = Vec::new();
        while let Some(content) = self.at(indent)? {
            let Some(item) = content.strip_prefix("- ") else {
                break;
            };
            if !item.contains(':') {
                list.push(scalar(item)?);
                self.next += 1;
                continue;
            }
            // An item's first key stands where its others stand.
            let inner = indent + 2;
            let mut map = Map::new();
            self.entry(&mut map, item, inner, depth + 1)?;
            while let Some(content) = self.at(inner)? {
                if content.starts_with("- ") || content == "-" {
                    return None;
                }
                self.entry(&mut map, content, inner, depth + 1)?;
            }
            list.push(Value::Object(map));
        }
        Some(Value::Array(list))
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

/// A value on one line: quoted text without escapes, an empty collection, or a word.
fn scalar(text: &str) -> Option<Value> {
    for quote in ['"', '\''] {
        if let Some(rest) = text.strip_prefix(quote) {
            let inner = rest.strip_suffix(quote)?;
            let plain = inner
                .bytes()
                .all(|it| (b' '..=b'~').contains(&it) && !b"\"'\\".contains(&it));
            return plain.then(|| Value::String(inner.to_owned()));
        }
    }
    let is_plain = |byte: u8| PLAIN[usize::from(byte)];
    match text {
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        "{}" => Some(Value::Object(Map::new())),
        "[]" => Some(Value::Array(Vec::new())),
        _ if is_word(text) && text.bytes().all(is_plain) && !text.ends_with(':') => {
            Some(Value::String(text.to_owned()))
        }
        _ => None,
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
