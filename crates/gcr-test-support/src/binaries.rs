//! Builds the test control plane and a kubectl of the same version from `tests/control-plane`.

use std::path::PathBuf;
use std::sync::OnceLock;

use crate::checkout::control_plane_module;
use crate::error::Result;
use crate::go::Go;
use crate::go_module::{GoModule, required_version};

pub use crate::go_module::BUILD_FLAGS;

const KUBECTL_PACKAGE: &str = "k8s.io/kubernetes/cmd/kubectl";

/// Absolute paths of the two programs.
#[derive(Clone, Debug)]
pub struct Binaries {
    /// One program that runs etcd, kube-apiserver and two controllers.
    pub control_plane: PathBuf,
    /// kubectl of the same version.
    pub kubectl: PathBuf,
}

/// Returns the two programs, building them on first use.
///
/// The first build takes minutes; progress goes to standard error.
///
/// # Errors
/// Go is missing or too old, the disk has too little free space, or the build failed (with Go's output).
pub fn binaries() -> Result<&'static Binaries> {
    static FOUND: OnceLock<Result<Binaries>> = OnceLock::new();
    FOUND
        .get_or_init(find_or_build)
        .as_ref()
        .map_err(Clone::clone)
}

/// Checks that a Go toolchain is installed that can build the programs.
///
/// # Errors
/// Go is missing or too old.
pub fn require_go() -> Result<()> {
    let module = module()?;
    Go::find(module.name, &module.directory).map(drop)
}

fn find_or_build() -> Result<Binaries> {
    let directory = module()?.build()?;
    Ok(Binaries {
        control_plane: directory.join("control-plane"),
        kubectl: directory.join("kubectl"),
    })
}

fn module() -> Result<GoModule> {
    let directory = control_plane_module();
    let version = required_version(&directory, "k8s.io/kubernetes")?;
    Ok(GoModule {
        name: "control plane",
        linker_flags: format!("-s -w -X k8s.io/component-base/version.gitVersion={version}"),
        directory,
        packages: &[".", KUBECTL_PACKAGE],
        version,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubernetes_version_is_read_from_go_mod() {
        assert!(module().unwrap().version.starts_with("v1."));
    }
}
