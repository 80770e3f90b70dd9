//! Reads source files for the rules: path, text, and code without comments, strings and inline tests.

use std::fs;
use std::path::Path;

use gcr_test_support::checkout;

/// A source file.
pub(crate) struct Source {
    /// Path relative to the workspace root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
    /// The text with comments, string contents and items under `#[cfg(test)]` replaced by spaces. Line numbers are
    /// unchanged.
    pub(crate) code: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code: without_tests(&without_comments_and_strings(text)),
        }
    }

    /// Returns every `.rs` and `.go` file of the workspace.
    pub(crate) fn all() -> Vec<Self> {
        let mut sources = Vec::new();
        for directory in ["crates", "plugins", "tests"] {
            collect_sources(&checkout::root().join(directory), &mut sources);
        }
        assert!(sources.len() > 50, "only {} sources", sources.len());
        sources
    }

    /// Returns the files of the core and the plugins, without test files.
    pub(crate) fn shipped() -> Vec<Self> {
        let mut all = Self::all();
        all.retain(Self::is_shipped);
        all
    }

    fn is_shipped(&self) -> bool {
        let product = self.path.starts_with("crates/gcr-core/src/")
            || (self.path.starts_with("plugins/") && self.path.contains("/src/"));
        product
            && !self.path.ends_with("/tests.rs")
            && !self.path.contains("/tests/")
            && !self.path.contains("/src/model/")
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Returns the position of each line of code that contains `fragment`, as `path:line`.
    pub(crate) fn lines_with(&self, fragment: &str) -> Vec<String> {
        let lines = self.code.lines().enumerate();
        lines
            .filter(|(_, line)| line.contains(fragment))
            .map(|(index, _)| format!("{}:{}", self.path, index + 1))
            .collect()
    }
}

fn collect_sources(directory: &Path, sources: &mut Vec<Source>) {
    let entries = fs::read_dir(directory).expect("a directory of the checkout can be read");
    for entry in entries.flatten() {
        let path = entry.path();
        // Build output.
        if path.ends_with("target") {
            continue;
        }
        if path.is_dir() {
            collect_sources(&path, sources);
        } else if path.extension().is_some_and(|it| it == "rs" || it == "go") {
            let text = fs::read_to_string(&path).expect("a source file is text");
            let name = path.strip_prefix(checkout::root()).unwrap_or(&path);
            sources.push(Source::new(&name.to_string_lossy(), &text));
        }
    }
}

/// Replaces comments and string contents by spaces.
fn without_comments_and_strings(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let skipped = comment(rest)
            .or_else(|| string(rest))
            .or_else(|| char_literal(rest));
        let length = skipped.unwrap_or(character.len_utf8());
        let (piece, after) = rest.split_at(length);
        match skipped {
            Some(_) => code.extend(piece.chars().map(|it| if it == '\n' { '\n' } else { ' ' })),
            None => code.push(character),
        }
        // An `r` at the end of an identifier does not start a raw string.
        if skipped.is_none() && is_identifier_char(character) {
            let more = after.len() - after.trim_start_matches(is_identifier_char).len();
            code.push_str(&after[..more]);
            rest = &after[more..];
        } else {
            rest = after;
        }
    }
    code
}

fn is_identifier_char(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    text.starts_with("/*")
        .then(|| text.find("*/").map_or(text.len(), |end| end + 2))
}

fn string(text: &str) -> Option<usize> {
    let raw = text.trim_start_matches('b');
    if let Some(hashes) = raw.strip_prefix('r') {
        let after = hashes.trim_start_matches('#');
        let end = format!("\"{}", "#".repeat(hashes.len() - after.len()));
        let start = text.len() - after.len() + 1;
        return after.strip_prefix('"').map(|body| {
            body.find(&end)
                .map_or(text.len(), |at| start + at + end.len())
        });
    }
    let body = raw.strip_prefix('"')?;
    let mut escaped = false;
    for (at, character) in body.char_indices() {
        match character {
            '"' if !escaped => return Some(text.len() - body.len() + at + 1),
            _ => escaped = character == '\\' && !escaped,
        }
    }
    Some(text.len())
}

/// Returns the length of a character literal; `None` for a lifetime.
fn char_literal(text: &str) -> Option<usize> {
    let body = text.strip_prefix('\'')?;
    let first = body.chars().next()?;
    let from = if first == '\\' { 2 } else { first.len_utf8() };
    let end = body.get(from..)?.find('\'')?;
    (first == '\\' || end == 0).then_some(1 + from + end + 1)
}

/// Removes each item under `#[cfg(test)]` or `#[cfg(all(test, …))]` but keeps its line breaks.
fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    const PARTIAL_MARK: &str = "#[cfg(all(test,";
    let mut kept = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = [MARK, PARTIAL_MARK]
        .into_iter()
        .filter_map(|mark| rest.find(mark))
        .min()
    {
        kept.push_str(&rest[..at]);
        let item = &rest[at..];
        let mut depth = 0;
        let end = item[MARK.len()..].find(|character| match character {
            '{' => {
                depth += 1;
                false
            }
            '}' => {
                depth -= 1;
                depth == 0
            }
            ';' => depth == 0,
            _ => false,
        });
        let length = end.map_or(item.len(), |end| MARK.len() + end + 1);
        kept.extend(item[..length].chars().filter(|it| *it == '\n'));
        rest = &item[length..];
    }
    kept.push_str(rest);
    kept
}

#[test]
fn code_excludes_comments_strings_and_tests() {
    let text = r##"//! crate::a
use crate::b; /* crate::c
*/ let x = "crate::d \" crate::e"; let y = r#"crate::f"#; let z: &'a str = b"crate::g";
let quote = '"'; let tick = '\''; for_r("crate::h"); // crate::i
#[cfg(test)]
mod tests { use crate::j; fn f() { } }
#[cfg(test)]
mod more;
#[cfg(all(test, unix))]
mod more { use crate::l; }
use crate::k;
"##;
    let source = Source::new("crates/gcr-core/src/x.rs", text);
    assert_eq!(
        source.lines_with("crate::"),
        ["crates/gcr-core/src/x.rs:2", "crates/gcr-core/src/x.rs:11"]
    );
    assert!(source.code.contains("for_r("), "{}", source.code);
    assert_eq!(source.code.lines().count(), text.lines().count());
}
