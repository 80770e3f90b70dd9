//! Wraps help text to the width of the terminal, as kubectl does.

use std::io::{IsTerminal, Write};

/// The maximum width of text, in columns; `None` leaves text unchanged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Width(Option<usize>);

/// The number of columns by which the texts of flags are narrower (kubectl `templates/help_flags_printer.go`).
const FLAG_MARGIN: usize = 10;

impl Width {
    /// Returns the width for a stream: the largest of 120, 100 and 80 columns that fits the terminal, and no limit if the
    /// stream is not a terminal or is narrower (kubectl `util/term/term_writer.go`).
    fn of<S: IsTerminal + Write + Descriptor>(stream: &S) -> Self {
        let columns = stream.is_terminal().then(|| columns(stream)).flatten();
        Self(columns.and_then(|columns| [120, 100, 80].into_iter().find(|limit| columns >= *limit)))
    }

    /// Returns the width for standard output.
    #[expect(clippy::disallowed_methods, reason = "only queries the terminal")]
    pub(crate) fn of_stdout() -> Self {
        Self::of(&std::io::stdout())
    }

    /// Returns the width for standard error.
    #[expect(clippy::disallowed_methods, reason = "only queries the terminal")]
    pub(crate) fn of_stderr() -> Self {
        Self::of(&std::io::stderr())
    }

    /// Returns the width for the texts of flags.
    pub(crate) fn of_flags(self) -> Self {
        Self(self.0.map(|limit| limit - FLAG_MARGIN))
    }

    /// Breaks the text at spaces so that lines fit. Words longer than a line stay whole.
    pub(crate) fn wrap(self, text: &str) -> String {
        let Some(limit) = self.0 else {
            return text.to_owned();
        };
        let lines: Vec<_> = text
            .split('\n')
            .map(|line| wrap_line(line, limit))
            .collect();
        lines.join("\n")
    }
}

/// Breaks one line. Drops the space before a word that moves to the next line; a tab counts as one column.
fn wrap_line(line: &str, limit: usize) -> String {
    let mut wrapped = String::new();
    let mut column = 0;
    let mut rest = line;
    while !rest.is_empty() {
        let word_at = rest
            .find(|c: char| !c.is_whitespace())
            .unwrap_or(rest.len());
        let (space, tail) = rest.split_at(word_at);
        let word_end = tail.find(char::is_whitespace).unwrap_or(tail.len());
        let (word, tail) = tail.split_at(word_end);
        let (space_length, length) = (space.chars().count(), word.chars().count());
        if column + space_length + length > limit && length < limit {
            if !word.is_empty() {
                wrapped.push('\n');
            }
            column = length;
        } else {
            wrapped.push_str(space);
            column += space_length + length;
        }
        wrapped.push_str(word);
        rest = tail;
    }
    wrapped
}

#[cfg(unix)]
use std::os::fd::AsFd as Descriptor;

#[cfg(unix)]
fn columns(stream: &impl Descriptor) -> Option<usize> {
    rustix::termios::tcgetwinsize(stream)
        .ok()
        .map(|size| usize::from(size.ws_col))
}

/// A stand-in for `AsFd` on platforms where the width of a terminal is not queried.
#[cfg(not(unix))]
trait Descriptor {}

#[cfg(not(unix))]
impl<S: IsTerminal> Descriptor for S {}

#[cfg(not(unix))]
fn columns(_: &impl Descriptor) -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flag_text_wraps_as_in_kubectl() {
        // `kubectl create secret docker-registry --help` of 1.37.2 on a terminal of 80 columns.
        let text = "Must be \"none\", \"server\", or \"client\". If client strategy, only print the object that would be sent, without sending it. If server strategy, submit server-side request without persisting the resource.";
        assert_eq!(
            Width(Some(80)).of_flags().wrap(text),
            "Must be \"none\", \"server\", or \"client\". If client strategy, only print\nthe object that would be sent, without sending it. If server strategy,\nsubmit server-side request without persisting the resource."
        );
    }

    #[test]
    fn indentation_and_long_words_are_kept() {
        let width = Width(Some(10));
        assert_eq!(width.wrap("  ab\n\n  cd"), "  ab\n\n  cd");
        assert_eq!(width.wrap("a 0123456789ab b"), "a 0123456789ab\nb");
    }

    #[test]
    fn text_without_terminal_is_unchanged() {
        assert_eq!(Width(None).of_flags().wrap("a b\tc"), "a b\tc");
    }
}
