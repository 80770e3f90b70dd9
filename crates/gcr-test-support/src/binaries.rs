//! Builds the test control plane and a kubectl of the same version from `tests/control-plane`, and caches both in
//! `${XDG_CACHE_HOME:-~/.cache}/kubectl-gcr/control-plane`. Checkouts with the same sources share one build. Uses the
//! Go toolchain on PATH with its settings and caches; installs no programs.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::build_progress::{BuildProgress, print_status};
use crate::checkout::control_plane_module;
use crate::error::{Error, Result};
use crate::go::Go;

/// Flags of the Go build that also select its compiled packages in Go's cache. Debug information, which the linker would
/// remove (`-s -w`), is not even generated: that saves an eighth of the compile time.
pub const BUILD_FLAGS: [&str; 3] = ["-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false"];

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
    Go::find().map(drop)
}

fn find_or_build() -> Result<Binaries> {
    let go = Go::find()?;
    let version = kubernetes_version()?;
    let cache = cache_directory()?;
    let key = format!(
        "{version}-{}-{}-{}-{:016x}",
        go.version,
        go.os,
        go.arch,
        hash_of_module()?
    );
    let directory = cache.join(&key);
    if directory.is_dir() {
        return Ok(Binaries::at(&directory));
    }

    let failed = |error| Error::during(cache.display(), error);
    fs::create_dir_all(&cache).map_err(failed)?;
    let lock = File::create(cache.join("lock")).map_err(failed)?;
    if lock.try_lock().is_err() {
        print_status("waiting for another process to build the control plane");
        lock.lock().map_err(failed)?;
    }
    if !directory.is_dir() {
        go.check_disk()?;
        let new = cache.join("new");
        if new.exists() {
            fs::remove_dir_all(&new).map_err(failed)?;
        }
        fs::create_dir(&new).map_err(failed)?;
        build(&version, &new, &directory)?;
        fs::rename(&new, &directory).map_err(failed)?;
    }
    Ok(Binaries::at(&directory))
}

impl Binaries {
    fn at(directory: &Path) -> Self {
        Self {
            control_plane: directory.join("control-plane"),
            kubectl: directory.join("kubectl"),
        }
    }
}

/// Returns the Kubernetes version that `go.mod` requires, for example `v1.37.2`.
fn kubernetes_version() -> Result<String> {
    let path = control_plane_module().join("go.mod");
    let text = fs::read_to_string(&path).map_err(|error| Error::during(path.display(), error))?;
    text.lines()
        .find_map(|line| line.trim().strip_prefix("k8s.io/kubernetes "))
        .and_then(|rest| rest.split_whitespace().next())
        .map(String::from)
        .ok_or_else(|| {
            Error::new(format!(
                "{} does not require k8s.io/kubernetes",
                path.display()
            ))
        })
}

fn cache_directory() -> Result<PathBuf> {
    let absolute = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
        .map(|base| base.join("kubectl-gcr/control-plane"))
        .ok_or_else(|| {
            Error::new("cannot cache the control plane: neither XDG_CACHE_HOME nor HOME is set")
        })
}

/// Hashes the module's sources with FNV-1a, whose result does not depend on the Rust toolchain (the standard library's
/// hasher makes no such promise).
fn hash_of_module() -> Result<u64> {
    let module = control_plane_module();
    let failed = |error| Error::during(module.display(), error);
    let mut files: Vec<_> = fs::read_dir(&module)
        .map_err(failed)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|end| ["go", "mod", "sum"].iter().any(|known| end == *known))
        })
        .collect();
    files.sort();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for file in files {
        let name = file
            .file_name()
            .unwrap_or_default()
            .as_encoded_bytes()
            .to_vec();
        for byte in name.into_iter().chain(fs::read(&file).map_err(failed)?) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    Ok(hash)
}

fn build(version: &str, into: &Path, cached_at: &Path) -> Result<()> {
    print_status(&format!(
        "building etcd, kube-apiserver and kubectl {version} for tests (takes minutes once; cached in {})",
        cached_at.display()
    ));
    let mut child = Command::new("go")
        .args(["build", "-v"])
        .args(BUILD_FLAGS)
        .arg(format!(
            "-ldflags=-s -w -X k8s.io/component-base/version.gitVersion={version}"
        ))
        .arg("-o")
        .arg(into)
        .args([".", KUBECTL_PACKAGE])
        .current_dir(control_plane_module())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| Error::during("go build", error))?;

    let progress = BuildProgress::start("control plane");
    let (mut downloaded, mut compiled, mut errors) = (0, 0, String::new());
    if let Some(stderr) = child.stderr.take() {
        progress.follow(stderr, |line| {
            if line.starts_with("go: downloading ") {
                downloaded += 1;
            } else if !line.contains(char::is_whitespace) {
                // With -v, go prints each compiled package on a line of its own; all other lines contain spaces.
                compiled += 1;
            } else {
                errors += &line;
                errors.push('\n');
            }
            format!("{downloaded} modules downloaded, {compiled} packages compiled")
        });
    }
    let status = child
        .wait()
        .map_err(|error| Error::during("go build", error))?;
    let seconds = progress.seconds();
    progress.finish();
    if !status.success() {
        return Err(Error::new(format!(
            "building the control plane failed after {seconds} s:\n{errors}"
        )));
    }
    print_status(&format!("control plane built in {seconds} s"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubernetes_version_is_read_from_go_mod() {
        assert!(kubernetes_version().unwrap().starts_with("v1."));
    }
}
