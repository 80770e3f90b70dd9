//! Defines how a command prints what it finds: lines about changes, a table, or a text per object.

use super::column::Column;

/// The output of a command.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum View {
    /// A line per object: the command changes something.
    #[default]
    Lines,
    /// A table with a line per row: the command only reads.
    Table(TableLayout),
    /// A text of several lines per row: the command only reads.
    Texts,
    /// A finding per row, with its location at the end of the first line. Further cells are lines of `-o wide`.
    Findings,
}

/// The layout of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableLayout {
    /// The columns.
    pub columns: &'static [Column],
    /// Whether the table begins with its header.
    pub headers: bool,
    /// The index of the column to sort the rows by. Sorted rows are printed when all are known.
    pub sort_by: Option<usize>,
}

impl View {
    /// Returns whether the command only reads: it prints rows, and a summary only if it did not read everything.
    pub(super) fn is_query(self) -> bool {
        !matches!(self, Self::Lines)
    }
}
