//! Completion through kubectl: what to offer for the word under the cursor.
//!
//! kubectl runs the file `kubectl_complete-…` with the words behind the plugin's name, the last of them unfinished, and
//! reads cobra's protocol from its standard output. Whatever goes wrong, nothing is said and nothing is offered: a shell
//! that waits for a Tab is no place for errors, questions or log-ins.

mod cursor;
mod reply;
mod shim;
mod values;

pub use shim::shim;

use std::ffi::OsString;
use std::path::Path;

use clap::CommandFactory;

use crate::args::{Stop, command_tree};
use cursor::Cursor;
use reply::Reply;

/// The answer, where `argv` asks for completion: by the name of the file that was called, or by the first word.
pub fn answer<C: CommandFactory>(argv: &[OsString]) -> Option<Stop> {
    let words = asked(argv)?;
    let root = command_tree::<C>();
    let reply = match words.split_last() {
        Some((unfinished, before)) => {
            let unfinished = unfinished.to_string_lossy();
            Cursor::find(&root, before, &unfinished).map_or_else(Reply::nothing, values::offer)
        }
        None => Reply::nothing(),
    };
    Some(Stop::Asked(reply.text()))
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
