//! `kubectl gcr-secret` creates image pull Secrets for Google's registries. `main` runs the command line and sets the exit
//! code.
#![expect(
    clippy::disallowed_methods,
    reason = "an entry point reads the command line"
)]

mod cli;
mod create;
mod credential_flags;
mod delete;
mod describe;
mod docker_login;
mod doctor;
mod google_args;
mod google_permissions;
mod list;
mod plugin_name;
mod pod_reads;
mod rbac;
mod refresh;
mod rotate;
mod setup;
mod shell_word;
mod unused_key;
mod verify;

use std::process::ExitCode;

fn main() -> ExitCode {
    gcr_core::process::install_crypto_provider();
    let code = cli::run(std::env::args_os().collect());
    ExitCode::from(code.unwrap_or_else(|exit| exit.print()))
}
