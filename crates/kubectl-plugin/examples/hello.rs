//! A kubectl plugin: `kubectl hello` greets the server of a context.
#![expect(
    clippy::disallowed_methods,
    reason = "an entry point reads the command line"
)]

use std::ffi::OsString;
use std::process::ExitCode;

use kubectl_plugin::{ConnectionArgs, EarlyExit, completion, parse};

/// Greet a server
#[derive(clap::Parser)]
#[command(after_help = "# Greet the server of a context\nkubectl hello --context prod")]
struct Cli {
    /// Word to greet with
    #[arg(long, value_name = "hello|hi", default_value = "hello")]
    word: String,
    #[command(flatten)]
    connection: ConnectionArgs,
}

fn run(argv: Vec<OsString>) -> Result<String, EarlyExit> {
    if let Some(candidates) = completion::complete::<Cli>(&argv, &()) {
        return Err(candidates);
    }
    let (cli, _command): (Cli, String) = parse("hello", argv)?;
    let options = cli.connection.options("hello", env!("CARGO_PKG_VERSION"))?;
    let connection = kube_clientcmd::Connection::resolve(&options)?;
    Ok(format!("{}, {}", cli.word, connection.server))
}

fn main() -> ExitCode {
    let exit = run(std::env::args_os().collect()).map_or_else(|exit| exit, EarlyExit::Print);
    ExitCode::from(exit.print())
}
