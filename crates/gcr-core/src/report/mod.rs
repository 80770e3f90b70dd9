//! Prints the events of a run: lines, objects, errors, hints and the summary. Writes the report file.
//!
//! No other module writes to the terminal.

mod column;
mod console;
mod lines;
mod objects;
mod progress_display;
mod report_file;
mod report_writer;
mod reporter;
mod summary;
mod table;
mod view;

/// The `apiVersion` of the JSON objects that queries print. `docs/output.md` fixes their shape.
pub const API_VERSION: &str = "kubectl-gcr-secret/v1";

pub use column::Column;
pub use console::Console;
pub use report_file::ReportFile;
pub use report_writer::{ReportResult, ReportWriter};
pub use reporter::{Reporter, Summary};
pub use view::{TableLayout, View};
