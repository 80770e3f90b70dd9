//! Formats replies in cobra's completion protocol: one candidate per line, optionally followed by a tab and a
//! description. The last line is a directive for the shell (cobra `completions.go`).

/// The directive not to complete file names (`ShellCompDirectiveNoFileComp`).
const NO_FILES: u8 = 4;
/// The directive to complete only directory names (`ShellCompDirectiveFilterDirs`).
const DIRECTORIES: u8 = 16;

/// A completion reply: candidates and a directive.
pub(super) struct CompletionReply {
    candidates: Vec<(String, String)>,
    directive: u8,
}

impl CompletionReply {
    /// Creates a reply without candidates that also prevents file completion.
    pub(super) fn empty() -> Self {
        Self::of(Vec::new())
    }

    /// Creates a reply with these candidates and their descriptions that prevents file completion.
    pub(super) fn of(candidates: Vec<(String, String)>) -> Self {
        Self {
            candidates,
            directive: NO_FILES,
        }
    }

    /// Creates a reply that lets the shell complete file names.
    pub(super) fn files() -> Self {
        Self {
            candidates: Vec::new(),
            directive: 0,
        }
    }

    /// Creates a reply that lets the shell complete directory names.
    pub(super) fn directories() -> Self {
        Self {
            candidates: Vec::new(),
            directive: DIRECTORIES,
        }
    }

    /// Returns the reply as kubectl reads it, without a final newline.
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
