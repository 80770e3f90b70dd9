//! The columns of the table.

use crate::report::Column;

/// The columns of the table, in the order of the cells.
pub const COLUMNS: [Column; 10] = [
    Column::new("NAMESPACE"),
    Column::new("NAME"),
    Column::new("REGISTRIES"),
    Column::cut("ACCOUNT", 40),
    Column::cut("KEY-ID", 8),
    Column::new("TYPE"),
    Column::new("EXPIRES"),
    Column::new("USED-BY"),
    Column::wide("PODS"),
    Column::new("AGE"),
];
