//! Presents the command line before the cursor to a program's [`ValueSource`](super::ValueSource).

use std::ffi::{OsStr, OsString};

use clap::Parser;
use kube_clientcmd::ConnectionOptions;

use super::time_limit::TIME_LIMIT;
use crate::connection::ConnectionArgs;
use crate::line::ParsedLine;

/// The complete arguments before the cursor.
#[derive(Clone, Copy)]
pub struct LineBefore<'a>(&'a ParsedLine<'a>);

/// A command line that has only kubectl's global flags.
#[derive(Parser)]
struct Global {
    #[command(flatten)]
    connection: ConnectionArgs,
}

impl<'a> LineBefore<'a> {
    pub(super) fn of(line: &'a ParsedLine<'a>) -> Self {
        Self(line)
    }

    /// Returns the last value of the flag with this name, without dashes.
    pub fn flag(self, name: &str) -> Option<&'a OsStr> {
        let mut flags = self.0.flags.iter().rev();
        let (_, value) = flags.find(|(flag, _)| flag.name() == name)?;
        value.as_deref()
    }

    /// Returns the positional arguments.
    pub fn positionals(self) -> &'a [OsString] {
        &self.0.positionals
    }

    /// Returns the connection that the flags of this line select, limited to what completion may do: requests end at the
    /// time limit, exec plugins cannot read standard input, and no token is refreshed. `version` becomes part of the
    /// `User-Agent`.
    ///
    /// Returns `None` if a flag is invalid.
    pub fn connection_options(self, version: &str) -> Option<ConnectionOptions> {
        let flags = self.0.flags_for_clap(|flag| flag.is_global());
        let argv = std::iter::once("kubectl".into()).chain(flags);
        let global = Global::try_parse_from(argv).ok()?;
        let plugin = self.0.path[0].get_name().trim_start_matches("kubectl-");
        let mut options = global.connection.options(plugin, version).ok()?;
        options.request_timeout = Some(Some(TIME_LIMIT));
        options.stdin_taken = true;
        options.disable_token_refresh = true;
        Some(options)
    }
}
