//! Turns what happened into what is printed: lines, objects, errors, hints, the closing count.
//!
//! Nothing outside this folder writes to a terminal.

mod console;
mod count;
mod lines;
mod objects;
mod progress_display;
mod report_file;
mod reporter;

pub use console::Console;
pub(crate) use objects::{json_text, yaml_text};
pub use report_file::ReportFile;
pub(crate) use report_file::incomplete as report_incomplete;
pub use reporter::{Reporter, Summary};
