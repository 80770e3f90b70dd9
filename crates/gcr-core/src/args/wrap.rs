//! Words in lines of a terminal's width, as kubectl sets its help.

use std::io::{IsTerminal, Write};

/// How wide text may be; without a limit it is left as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Width(Option<usize>);

/// How much narrower than the rest a flag's text is (kubectl `templates/help_flags_printer.go`).
const FLAG_MARGIN: usize = 10;

impl Width {
    /// Of what a stream writes to: 120, 100 or 80 columns, whichever there is room for, on a terminal; no limit
    /// elsewhere (kubectl `util/term/term_writer.go`).
    pub(crate) fn of<S: IsTerminal + Write + Descriptor>(stream: &S) -> Self {
        let columns = stream.is_terminal().then(|| columns(stream)).flatten();
        Self(columns.and_then(|columns| [120, 100, 80].into_iter().find(|limit| columns >= *limit)))
    }

    /// The width of a flag's text.
    pub(crate) fn of_flags(self) -> Self {
        Self(self.0.map(|limit| limit - FLAG_MARGIN))
    }

    /// The text, broken at spaces so that no line is longer; words that are longer stay whole.
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

/// Breaks one line. The space before a word that goes to the next line is dropped; a tab counts as one.
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
pub(crate) use std::os::fd::AsFd as Descriptor;

#[cfg(unix)]
fn columns(stream: &impl Descriptor) -> Option<usize> {
    rustix::termios::tcgetwinsize(stream)
        .ok()
        .map(|size| usize::from(size.ws_col))
}

/// Where the width of a terminal cannot be asked for.
#[cfg(not(unix))]
pub(crate) trait Descriptor {}

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
    fn a_flags_text_is_broken_where_kubectl_breaks_it() {
        // `kubectl create secret docker-registry --help` of 1.37.2 on a terminal of 80 columns.
        let text = "Must be \"none\", \"server\", or \"client\". If client strategy, only print the object that would be sent, without sending it. If server strategy, submit server-side request without persisting the resource.";
        assert_eq!(
            Width(Some(80)).of_flags().wrap(text),
            "Must be \"none\", \"server\", or \"client\". If client strategy, only print\nthe object that would be sent, without sending it. If server strategy,\nsubmit server-side request without persisting the resource."
        );
    }

    #[test]
    fn indented_lines_and_long_words_stay() {
        let width = Width(Some(10));
        assert_eq!(width.wrap("  ab\n\n  cd"), "  ab\n\n  cd");
        assert_eq!(width.wrap("a 0123456789ab b"), "a 0123456789ab\nb");
    }

    #[test]
    fn without_a_terminal_nothing_is_broken() {
        assert_eq!(Width(None).of_flags().wrap("a b\tc"), "a b\tc");
    }
}
