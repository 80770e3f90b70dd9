//! Formats the rows of a query as a table, like kubectl (cli-runtime `printers/tableprinter.go`). Pure text.

use std::cmp::Ordering;

use super::column::Column;
use super::view::TableLayout;
use crate::engine::{Cell, Row};
use kube_clientcmd::escape_control::escape_control;

/// Width of the gap between two columns (cli-runtime `printers/tabwriter.go`).
const GAP: usize = 3;
/// The column with the cluster's kubeconfig context.
const CONTEXT: Column = Column::new("CONTEXT");

/// Formats rows. Columns grow with the rows and never shrink, so that the parts of a long table, which are printed as they
/// come, stay aligned.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// The printed columns, each with the index of its cell; `None` for the context.
    columns: Vec<(Column, Option<usize>)>,
    widths: Vec<usize>,
    /// Whether cells are printed whole.
    whole_cells: bool,
    /// Whether the next text begins with the header.
    prints_header: bool,
}

impl Table {
    /// Returns a table without rows. `wide` prints all columns and whole cells, `contexts` a column with the cluster.
    pub(super) fn new(layout: TableLayout, wide: bool, contexts: bool) -> Self {
        let context = contexts.then_some((CONTEXT, None));
        let indexed = layout.columns.iter().copied().zip((0..).map(Some));
        let printed = indexed.filter(|(column, _)| wide || !column.wide);
        let columns: Vec<_> = context.into_iter().chain(printed).collect();
        let widths = columns.iter().map(|(column, _)| column.header.len());
        Self {
            widths: widths.collect(),
            columns,
            whole_cells: wide,
            prints_header: layout.headers,
        }
    }

    /// Returns the lines of these rows, without a final newline. The first text begins with the header.
    pub(super) fn text(&mut self, rows: &[Row]) -> String {
        let mut lines: Vec<Vec<String>> = Vec::with_capacity(rows.len() + 1);
        if std::mem::take(&mut self.prints_header) {
            let headers = self
                .columns
                .iter()
                .map(|(column, _)| column.header.to_owned());
            lines.push(headers.collect());
        }
        lines.extend(rows.iter().map(|row| self.cells(row)));
        for cells in &lines {
            for (width, cell) in self.widths.iter_mut().zip(cells) {
                *width = cell.chars().count().max(*width);
            }
        }
        let lines: Vec<String> = lines.iter().map(|cells| self.line(cells)).collect();
        lines.join("\n")
    }

    fn cells(&self, row: &Row) -> Vec<String> {
        let cell = |(column, index): &(Column, Option<usize>)| {
            let Some(index) = index else {
                let context = row.target.context.as_deref().unwrap_or_default();
                return escape_control(context).into_owned();
            };
            let text = row.cells.get(*index).map_or("", |cell| cell.text.as_str());
            match column.max_width.filter(|_| !self.whole_cells) {
                Some(width) if text.chars().count() > width => {
                    text.chars().take(width - 1).chain(['…']).collect()
                }
                _ => text.to_owned(),
            }
        };
        self.columns.iter().map(cell).collect()
    }

    fn line(&self, cells: &[String]) -> String {
        let mut line = String::new();
        let last = self.columns.len().saturating_sub(1);
        for (index, (cell, width)) in cells.iter().zip(&self.widths).enumerate() {
            line.push_str(cell);
            if index < last {
                let padding = width + GAP - cell.chars().count();
                line.extend(std::iter::repeat_n(' ', padding));
            }
        }
        line
    }
}

/// Compares two rows by the cells of a column.
pub(super) fn cmp_rows(left: &Row, right: &Row, column: usize) -> Ordering {
    let key = |cell: &'_ Cell| (cell.rank, cell.text.clone());
    let [left, right] = [left, right].map(|row| row.cells.get(column).map(key));
    left.cmp(&right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{ObjectId, ObjectKind, TargetName, TargetScope};

    const COLUMNS: [Column; 3] = [
        Column::cut("NAME", 8),
        Column::new("AGE"),
        Column::wide("PODS"),
    ];
    const THING: ObjectKind = ObjectKind {
        rank: 1,
        singular: "thing",
        kind: "Thing",
        unchanged: "unchanged",
    };

    fn row(name: &str, age: &str, seconds: i64) -> Row {
        Row {
            target: TargetName {
                context: Some("eu".into()),
                scope: TargetScope::Cluster,
            },
            object: ObjectId::new(&THING, name),
            cells: vec![name.into(), Cell::ranked(age, seconds), "2".into()],
            value: serde_json::Value::Null,
            is_problem: false,
        }
    }

    fn layout(headers: bool) -> TableLayout {
        TableLayout {
            columns: &COLUMNS,
            headers,
            sort_by: None,
        }
    }

    #[test]
    fn table_prints_its_header_once_and_keeps_its_columns_aligned() {
        let mut table = Table::new(layout(true), false, false);
        let text = table.text(&[row("default", "5d", 5), row("gcr-io", "1h", 1)]);
        assert_eq!(text, "NAME      AGE\ndefault   5d\ngcr-io    1h");
        assert_eq!(table.text(&[row("b", "2s", 2)]), "b         2s");
    }

    #[test]
    fn cells_are_cut_unless_the_table_is_wide() {
        let long = [row("a-very-long-name", "5d", 5)];
        let mut table = Table::new(layout(false), false, true);
        assert_eq!(table.text(&long), "eu        a-very-…   5d");
        let mut table = Table::new(layout(true), true, false);
        let text = "NAME               AGE   PODS\na-very-long-name   5d    2";
        assert_eq!(table.text(&long), text);
    }

    #[test]
    fn rows_are_sorted_by_text_or_rank() {
        let (old, new) = (row("a", "5d", 5), row("b", "10s", 1));
        assert!(cmp_rows(&old, &new, 0).is_lt());
        assert!(cmp_rows(&old, &new, 1).is_gt());
    }
}
