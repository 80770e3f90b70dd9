//! Turns what happened into what is printed: lines, objects, errors, hints, the closing count.
//!
//! Nothing outside this folder writes to a terminal.

mod bars;
mod count;
mod lines;
mod objects;
mod report_file;
mod reporter;
mod stream;

pub(crate) use objects::{json_text, yaml_text};
pub use report_file::ReportFile;
pub use reporter::{Reporter, Summary};
pub use stream::Stream;
