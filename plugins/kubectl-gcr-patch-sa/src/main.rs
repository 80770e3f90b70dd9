//! `kubectl gcr-patch-sa`: pull Secrets on ServiceAccounts. Reads the command line, runs it, ends the process.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    gcr_core::process::install_crypto_provider();
    let code = match cli::request(std::env::args_os().collect()) {
        Ok(request) => gcr_core::run::run(request),
        Err(stop) => stop.print(),
    };
    ExitCode::from(code)
}
