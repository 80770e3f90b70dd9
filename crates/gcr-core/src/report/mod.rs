//! Prints the events of a run: lines, objects, errors, hints and the summary. Writes the report file.
//!
//! No other module writes to the terminal.

mod console;
mod lines;
mod objects;
mod progress_display;
mod report_file;
mod report_writer;
mod reporter;
mod summary;
mod table;

pub use console::Console;
pub use report_file::ReportFile;
pub use report_writer::{ReportResult, ReportWriter};
pub use reporter::{Reporter, Summary};
pub use table::Column;
