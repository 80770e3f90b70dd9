//! Defines the values of `--dry-run` and `-o`.

/// `--dry-run`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DryRun {
    /// Writes to the cluster.
    #[default]
    None,
    /// Prints the objects that would be sent.
    Client,
    /// Sends the writes as server-side dry runs.
    Server,
}

impl DryRun {
    /// Returns the value of `--dry-run`; `None` for a real run.
    pub fn strategy(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Client => Some("client"),
            Self::Server => Some("server"),
        }
    }

    /// Returns the suffix of a line, which equals kubectl's.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Client => " (dry run)",
            Self::Server => " (server dry run)",
        }
    }
}

/// `-o`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// One line per object.
    #[default]
    Lines,
    /// A table with all columns.
    Wide,
    /// `KIND/NAME` per object.
    Name,
    /// JSON, indented by four spaces like kubectl's.
    Json,
    /// YAML.
    Yaml,
}

impl Format {
    /// Returns whether objects are printed instead of lines.
    pub fn shows_objects(self) -> bool {
        matches!(self, Self::Json | Self::Yaml)
    }
}
