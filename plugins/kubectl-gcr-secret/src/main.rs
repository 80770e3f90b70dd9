//! `kubectl gcr-secret`: pull Secrets for Google's registries. Reads the command line, runs it, ends the process.

mod cli;
mod create;

use std::process::ExitCode;

fn main() -> ExitCode {
    gcr_core::process::install_crypto_provider();
    let code = match cli::request(std::env::args_os().collect()) {
        Ok(request) => gcr_core::run::run(request),
        Err(stop) => stop.print(),
    };
    ExitCode::from(code)
}
