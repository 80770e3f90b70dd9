//! `kubectl gcr-patch-sa` adds image pull Secrets to ServiceAccounts, or removes them. `main` runs the
//! command line and sets the exit code.
#![expect(
    clippy::disallowed_methods,
    reason = "an entry point reads the command line"
)]

mod cli;
mod verification;

use std::process::ExitCode;

fn main() -> ExitCode {
    gcr_core::process::install_crypto_provider();
    let code = cli::run(std::env::args_os().collect());
    ExitCode::from(code.unwrap_or_else(|exit| exit.print()))
}
