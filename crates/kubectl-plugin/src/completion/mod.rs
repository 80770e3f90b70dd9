//! Implements shell completion through kubectl.
//!
//! kubectl runs the file `kubectl_complete-…` with the arguments that follow the plugin's name, the last of which is
//! incomplete, and reads cobra's completion protocol from its standard output. On any error, completion offers no
//! candidates and prints no messages, prompts or login requests, because the user is typing a command line.

mod candidates;
mod completion_reply;
mod cursor;
mod line_before;
mod shim;
mod time_limit;
mod value_source;

pub use line_before::LineBefore;
pub use shim::shim;
pub use time_limit::{TIME_LIMIT, within_time_limit};
pub use value_source::ValueSource;

use std::ffi::OsString;
use std::path::Path;

use clap::CommandFactory;

use crate::command_tree::command_tree;
use crate::early_exit::EarlyExit;
use completion_reply::CompletionReply;
use cursor::Cursor;

/// Returns the completion output if `argv` requests completion, by the name of the executable or by the first argument.
/// `argv` includes the program's name.
pub fn complete<C: CommandFactory>(
    argv: &[OsString],
    source: &dyn ValueSource,
) -> Option<EarlyExit> {
    let args = args_to_complete(argv)?;
    let root = command_tree::<C>();
    let reply = match args.split_last() {
        Some((incomplete, before)) => {
            let incomplete = incomplete.to_string_lossy();
            match Cursor::find(&root, before, &incomplete, source) {
                Some(cursor) => candidates::candidates(cursor, source),
                None => CompletionReply::empty(),
            }
        }
        None => CompletionReply::empty(),
    };
    Some(EarlyExit::Print(reply.text()))
}

/// Returns the arguments to complete, the last of which is incomplete.
fn args_to_complete(argv: &[OsString]) -> Option<&[OsString]> {
    let (program, args) = argv.split_first()?;
    let file = Path::new(program).file_name()?.to_string_lossy();
    if file.starts_with("kubectl_complete-") {
        return Some(args);
    }
    let (command, args) = args.split_first()?;
    (command == shim::COMMAND).then_some(args)
}

#[cfg(test)]
mod tests;
