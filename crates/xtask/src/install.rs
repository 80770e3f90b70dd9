//! `cargo xtask install`: installs the release build of the plugins under the file names by which kubectl finds them
//! (kubectl turns `-` inside a typed word into `_`; with the names of a plain `cargo install` it would find them under
//! other command names). Next to each plugin it installs `kubectl_complete-…`, which kubectl runs for completion: a link to the
//! plugin, which recognizes the name.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use gcr_test_support::plugins::{self, PLUGINS, completion_file};
use gcr_test_support::{Error, Result};

/// Installs into `ROOT/bin`, by default the directory into which cargo installs.
pub(crate) fn run(root: Option<PathBuf>) -> Result<()> {
    let root = root.map_or_else(cargo_install_root, Ok)?;
    let bin = root.join("bin");
    let built = plugins::build()?;
    fs::create_dir_all(&bin).map_err(|error| Error::during(bin.display(), error))?;
    for (binary, file_name) in PLUGINS {
        let path = bin.join(file_name);
        copy(&built.join(binary), &path).map_err(|error| Error::during(path.display(), error))?;
        println!("installed {}", path.display());
        let completion = bin.join(completion_file(file_name));
        link(file_name, &completion).map_err(|error| Error::during(completion.display(), error))?;
        println!("installed {}", completion.display());
    }
    let on_path = env::var_os("PATH")
        .is_some_and(|path| env::split_paths(&path).any(|entry| is_same_directory(&entry, &bin)));
    if !on_path {
        println!(
            "{} is not on PATH: kubectl finds plugins only there",
            bin.display()
        );
    }
    Ok(())
}

/// Returns cargo's installation root: `CARGO_INSTALL_ROOT`, otherwise `CARGO_HOME`, otherwise `~/.cargo`.
fn cargo_install_root() -> Result<PathBuf> {
    let from_env = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    from_env("CARGO_INSTALL_ROOT")
        .or_else(|| from_env("CARGO_HOME"))
        .or_else(|| from_env("HOME").map(|home| home.join(".cargo")))
        .ok_or_else(|| Error::new("HOME is not set; pass --root DIR"))
}

/// Copies to a temporary name and renames, because a running program can be replaced but not overwritten.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    let new = to.with_extension("new");
    fs::copy(from, &new)?;
    fs::rename(&new, to)
}

/// Creates a symbolic link to a file of the same directory, replacing an existing file.
fn link(file_name: &str, to: &Path) -> std::io::Result<()> {
    let new = to.with_extension("new");
    if let Err(error) = fs::remove_file(&new)
        && error.kind() != ErrorKind::NotFound
    {
        return Err(error);
    }
    symlink(file_name, &new)?;
    fs::rename(&new, to)
}

fn is_same_directory(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}
