//! Locates the checkout's sources and prepares cargo commands for them. Changes no files.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Returns the root directory of the workspace.
pub fn root() -> PathBuf {
    let manifest_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest_dir
        .ancestors()
        .nth(2)
        .unwrap_or(manifest_dir)
        .to_path_buf()
}

/// Returns the directory of the control plane's Go module.
pub fn control_plane_module() -> PathBuf {
    root().join("tests/control-plane")
}

/// Returns the directory of the Go module with the registry and its client.
pub fn registry_module() -> PathBuf {
    root().join("tests/registry")
}

/// Returns the directory of the Go module with Google's own clients.
pub fn google_clients_module() -> PathBuf {
    root().join("tests/google-clients")
}

/// Returns a command for the cargo that runs this process (otherwise the one on PATH), in the workspace root.
///
/// Removes the variables that cargo sets for the running package. Build scripts watch them, so they would rerun
/// whenever a different package starts cargo.
pub fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_MANIFEST_") || text.starts_with("CARGO_PKG_") {
            cargo.env_remove(&name);
        }
    }
    cargo
}

/// Returns cargo's home directory: `CARGO_HOME`, otherwise `~/.cargo`; `None` if neither `CARGO_HOME` nor HOME is set.
pub fn cargo_home() -> Option<PathBuf> {
    let from_env = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    from_env("CARGO_HOME").or_else(|| from_env("HOME").map(|home| home.join(".cargo")))
}
