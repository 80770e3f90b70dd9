//! Completion through kubectl: what to offer for the word under the cursor.
//!
//! kubectl runs the file `kubectl_complete-…` with the words behind the plugin's name, the last of them unfinished, and
//! reads cobra's protocol from its standard output. Whatever goes wrong, nothing is said and nothing is offered: a shell
//! that waits for a Tab is no position for errors, questions or log-ins.

mod completion_reply;
mod cursor;
mod shim;
mod values;

pub use shim::shim;

use std::ffi::OsString;
use std::path::Path;

use clap::CommandFactory;

use crate::args::{EarlyExit, command_tree};
use completion_reply::CompletionReply;
use cursor::Cursor;

/// The answer, where `argv` asks for completion: by the name of the file that was called, or by the first word.
pub fn answer<C: CommandFactory>(argv: &[OsString]) -> Option<EarlyExit> {
    let words = asked(argv)?;
    let root = command_tree::<C>();
    let reply = match words.split_last() {
        Some((unfinished, before)) => {
            let unfinished = unfinished.to_string_lossy();
            Cursor::find(&root, before, &unfinished)
                .map_or_else(CompletionReply::nothing, values::offer)
        }
        None => CompletionReply::nothing(),
    };
    Some(EarlyExit::Print(reply.text()))
}

fn asked(argv: &[OsString]) -> Option<&[OsString]> {
    let (program, words) = argv.split_first()?;
    let file = Path::new(program).file_name()?.to_string_lossy();
    if file.starts_with("kubectl_complete-") {
        return Some(words);
    }
    let (word, words) = words.split_first()?;
    (word == shim::WORD).then_some(words)
}

#[cfg(test)]
mod tests;
