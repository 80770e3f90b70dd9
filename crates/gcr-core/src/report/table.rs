//! Formats the rows of a query as a table, like kubectl (cli-runtime `printers/tableprinter.go`). Pure text.

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its header, in upper case.
    pub header: &'static str,
}

/// Width of the gap between two columns (cli-runtime `printers/tabwriter.go`).
const GAP: usize = 3;

/// Rows that wait to be printed. Columns grow with the rows and never shrink, so that the parts of a long table, which are
/// printed as they come, stay aligned.
#[derive(Debug, Default)]
pub(super) struct Table {
    columns: &'static [Column],
    widths: Vec<usize>,
    rows: Vec<Vec<String>>,
    has_header: bool,
}

impl Table {
    /// Returns an empty table. A table without columns prints nothing.
    pub(super) fn new(columns: &'static [Column]) -> Self {
        Self {
            columns,
            widths: columns.iter().map(|column| column.header.len()).collect(),
            rows: Vec::new(),
            has_header: false,
        }
    }

    /// Adds a row: one cell per column.
    pub(super) fn push(&mut self, cells: Vec<String>) {
        for (width, cell) in self.widths.iter_mut().zip(&cells) {
            *width = cell.chars().count().max(*width);
        }
        self.rows.push(cells);
    }

    /// Returns the text of the rows since the last call, without a final newline; `None` if there are none. The first text
    /// begins with the header.
    pub(super) fn take(&mut self) -> Option<String> {
        if self.rows.is_empty() {
            return None;
        }
        let mut lines = Vec::with_capacity(self.rows.len() + 1);
        if !self.has_header {
            self.has_header = true;
            lines.push(self.line(self.columns.iter().map(|column| column.header)));
        }
        for row in std::mem::take(&mut self.rows) {
            lines.push(self.line(row.iter().map(String::as_str)));
        }
        Some(lines.join("\n"))
    }

    fn line<'a>(&self, cells: impl Iterator<Item = &'a str>) -> String {
        let mut line = String::new();
        let last = self.columns.len().saturating_sub(1);
        for (index, (cell, width)) in cells.zip(&self.widths).enumerate() {
            line.push_str(cell);
            if index < last {
                let padding = width + GAP - cell.chars().count();
                line.extend(std::iter::repeat_n(' ', padding));
            }
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 2] = [Column { header: "NAME" }, Column { header: "AGE" }];

    fn cells(cells: [&str; 2]) -> Vec<String> {
        cells.map(str::to_owned).into()
    }

    #[test]
    fn table_prints_its_header_once_and_keeps_its_columns_aligned() {
        let mut table = Table::new(&COLUMNS);
        assert_eq!(table.take(), None);
        table.push(cells(["default", "5d"]));
        table.push(cells(["gcr-io", "1h"]));
        let text = "NAME      AGE\ndefault   5d\ngcr-io    1h";
        assert_eq!(table.take().as_deref(), Some(text));
        assert_eq!(table.take(), None);
        table.push(cells(["b", "2s"]));
        assert_eq!(table.take().as_deref(), Some("b         2s"));
    }
}
