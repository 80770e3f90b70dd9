//! Where the sources are, and cargo as it is to be started on them. Changes nothing in the checkout.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The root directory of the workspace.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// The Go module of the control plane.
pub fn control_plane_module() -> PathBuf {
    root().join("tests/control-plane")
}

/// The cargo that runs us (else the one on PATH), in the workspace's root, without what cargo told us about the
/// package that is running: build scripts watch those variables, and would run again at every change of hands.
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

/// Where cargo keeps what it downloads and installs: `CARGO_HOME`, else `~/.cargo`; `None` where neither it nor HOME is set.
pub fn cargo_home() -> Option<PathBuf> {
    let given = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    given("CARGO_HOME").or_else(|| given("HOME").map(|home| home.join(".cargo")))
}
