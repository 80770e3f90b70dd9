//! A column of a table.

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its header, in upper case.
    pub header: &'static str,
    /// Whether only `-o wide` prints it.
    pub wide: bool,
    /// The number of characters after which a cell is cut, except by `-o wide`.
    pub max_width: Option<usize>,
}

impl Column {
    /// Returns a column that is always printed.
    pub const fn new(header: &'static str) -> Self {
        Self {
            header,
            wide: false,
            max_width: None,
        }
    }

    /// Returns a column whose cells are cut after this number of characters.
    pub const fn cut(header: &'static str, max_width: usize) -> Self {
        Self {
            max_width: Some(max_width),
            ..Self::new(header)
        }
    }

    /// Returns a column that only `-o wide` prints.
    pub const fn wide(header: &'static str) -> Self {
        Self {
            wide: true,
            ..Self::new(header)
        }
    }
}
