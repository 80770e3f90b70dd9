//! Turns what happened into what is printed: lines, objects, errors, hints, the closing count.
//!
//! Nothing outside this folder writes to a terminal.

mod console;
mod count;
mod lines;
mod objects;
mod progress_display;
mod report_file;
mod report_writer;
mod reporter;

pub use console::Console;
pub(crate) use objects::{json_text, yaml_text};
pub use report_file::ReportFile;
pub use report_writer::{ReportResult, ReportWriter};
pub use reporter::{Reporter, Summary};
