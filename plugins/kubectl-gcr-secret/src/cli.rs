//! The command line of `kubectl gcr-secret`. clap ends here.

use std::ffi::OsString;

use clap::{Parser, Subcommand};
use gcr_core::args::{Stop, parse};
use gcr_core::request::Request;

use crate::create;

/// The name typed after `kubectl`.
pub(crate) const PLUGIN: &str = "gcr-secret";

#[derive(Debug, Parser)]
#[command(
    version,
    about = "Write image pull Secrets for Google's registries (gcr.io, Artifact Registry)"
)]
#[command(subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Create(Box<create::CreateArgs>),
}

/// From argv to what is asked for.
pub(crate) fn request(argv: Vec<OsString>) -> Result<Request, Stop> {
    let cli: Cli = parse(PLUGIN, argv)?;
    match cli.command {
        Command::Create(args) => create::request(*args),
    }
}
