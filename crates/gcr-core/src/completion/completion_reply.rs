//! cobra's completion protocol: a candidate a line, a tab and a description behind it, and a last line that tells the
//! shell what else to do (cobra `completions.go`).

/// Offer no files.
const NO_FILES: u8 = 4;
/// Offer directories.
const DIRECTORIES: u8 = 16;

/// What to offer.
pub(super) struct CompletionReply {
    candidates: Vec<(String, String)>,
    directive: u8,
}

impl CompletionReply {
    /// Nothing, and no files either.
    pub(super) fn nothing() -> Self {
        Self::of(Vec::new())
    }

    /// These, each with its description, and no files.
    pub(super) fn of(candidates: Vec<(String, String)>) -> Self {
        Self {
            candidates,
            directive: NO_FILES,
        }
    }

    /// What the shell finds: files.
    pub(super) fn files() -> Self {
        Self {
            candidates: Vec::new(),
            directive: 0,
        }
    }

    /// What the shell finds: directories.
    pub(super) fn directories() -> Self {
        Self {
            candidates: Vec::new(),
            directive: DIRECTORIES,
        }
    }

    /// As kubectl reads it, without a newline at the end.
    pub(super) fn text(self) -> String {
        let mut text = String::new();
        for (candidate, description) in self.candidates {
            text.push_str(&candidate);
            if let Some(line) = description.lines().next() {
                text.push('\t');
                text.push_str(line);
            }
            text.push('\n');
        }
        text.push(':');
        text.push_str(&self.directive.to_string());
        text
    }
}
