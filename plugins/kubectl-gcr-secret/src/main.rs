//! `kubectl gcr-secret` creates image pull Secrets for Google's registries. `main` parses the command line, runs the request
//! and sets the exit code.
#![expect(
    clippy::disallowed_methods,
    reason = "an entry point reads the command line"
)]

mod cli;
mod create;

use std::process::ExitCode;

fn main() -> ExitCode {
    gcr_core::process::install_crypto_provider();
    let code = match cli::request(std::env::args_os().collect()) {
        Ok(request) => gcr_core::run::run(request),
        Err(exit) => exit.print(),
    };
    ExitCode::from(code)
}
