//! Prints the commands that make a plugin installed by `cargo install` available to kubectl.
//!
//! cargo names the executable after the package, but kubectl expects a different name, so that the executable needs links (on
//! Windows, copies). Both plugins use this script. `cargo xtask` creates the links itself and suppresses the message.
#![expect(
    clippy::disallowed_methods,
    reason = "cargo passes its settings to a build script in the environment"
)]

use std::env;

/// The environment variable that suppresses the message: the caller names the executable itself.
const NAMED: &str = "KUBECTL_PLUGIN_IS_NAMED";

fn main() {
    println!("cargo::rerun-if-env-changed={NAMED}");
    println!("cargo::rerun-if-changed=Cargo.toml");
    let release = env::var_os("PROFILE").is_some_and(|profile| profile == "release");
    if !release || env::var_os(NAMED).is_some() {
        return;
    }
    let package = env::var("CARGO_PKG_NAME").unwrap_or_default();
    let (typed, words) = (
        package.replacen("kubectl-", "", 1),
        package.replace('-', " "),
    );
    let file = typed.replace('-', "_");
    let names = [
        format!("kubectl-{file}"),
        format!("kubectl_complete-{file}"),
    ];
    // On Windows, creating a symbolic link requires a privilege that most users lack.
    let commands = if env::var_os("CARGO_CFG_WINDOWS").is_some() {
        names.map(|name| format!("copy {package}.exe {name}.exe"))
    } else {
        names.map(|name| format!("ln -s {package} {name}"))
    };
    println!(
        "cargo::warning=kubectl runs the executable {package} only for `{words}`. To use `kubectl {typed}` with completion, \
         run in the installation directory: {}",
        commands.join("; ")
    );
}
