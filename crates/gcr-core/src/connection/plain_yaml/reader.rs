//! The lines of a file, one after another, and what their indentation says. Knows nothing of what a value may look like but
//! where it goes on in the lines below.

use std::str::Lines;

use super::scalar::is_sentence;
use super::{Kind, Unsure};

/// A line that says something.
pub(super) struct Line<'a> {
    indent: usize,
    content: &'a str,
    /// It comes right after the line before: no empty one and no comment stands between.
    follows: bool,
}

/// Where the reader stands: at a line that says something, or at the end.
pub(super) struct Reader<'a> {
    pub(super) line: Option<Line<'a>>,
    rest: Lines<'a>,
}

impl<'a> Reader<'a> {
    /// At the first line that says something.
    pub(super) fn new(text: &'a str) -> Result<Self, Unsure> {
        let mut reader = Self {
            line: None,
            rest: text.lines(),
        };
        reader.advance()?;
        Ok(reader)
    }

    /// Goes to the next line that is neither empty nor a comment.
    pub(super) fn advance(&mut self) -> Result<(), Unsure> {
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
    pub(super) fn at(&self, indent: usize) -> Result<Option<&'a str>, Unsure> {
        match &self.line {
            Some(line) if line.indent == indent => Ok(Some(line.content)),
            Some(line) if line.indent > indent => Err(Unsure),
            _ => Ok(None),
        }
    }

    /// A sentence that begins behind a key, with what deeper lines add to it (YAML 1.2, section 7.3.3).
    pub(super) fn folded(&mut self, begun: &'a str, indent: usize) -> Result<Kind<'a>, Unsure> {
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
    pub(super) fn below(&self, indent: usize) -> Kind<'a> {
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
