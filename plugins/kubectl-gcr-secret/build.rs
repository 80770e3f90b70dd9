//! Says, while `cargo install` builds a plugin, which links its file wants (on Windows, copies): cargo names the file after
//! the package, and kubectl looks for another name. Both plugins share this; the builds of `cargo xtask` make the links
//! and stay silent.

use std::env;

/// Set by whoever gives the file its name afterwards.
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
    // A link wants rights there that not everybody has; a copy does the same.
    let commands = if env::var_os("CARGO_CFG_WINDOWS").is_some() {
        names.map(|name| format!("copy {package}.exe {name}.exe"))
    } else {
        names.map(|name| format!("ln -s {package} {name}"))
    };
    println!(
        "cargo::warning=a file called {package} answers `{words}` only. For `kubectl {typed}` and its completion, \
         in the directory it is installed into: {}",
        commands.join("; ")
    );
}
