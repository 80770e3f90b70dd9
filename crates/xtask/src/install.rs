//! `cargo xtask install`: the plugins, built as for a release, under the file names by which kubectl finds them
//! (kubectl turns a `-` inside a typed word into `_`, so a plain `cargo install` would answer to other words), and beside
//! each the file `kubectl_complete-…` that kubectl asks for completion: a link to the plugin, which answers to both.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use gcr_test_support::plugins::{self, PLUGINS, completion_file};
use gcr_test_support::{Error, Result};

/// Installs into `DIR/bin`.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let root = match words {
        [] => cargo_root()?,
        ["--root", directory] => PathBuf::from(directory),
        _ => return Err(crate::not_understood("install", words)),
    };
    let bin = root.join("bin");
    let built = plugins::build()?;
    fs::create_dir_all(&bin).map_err(|error| Error::during(bin.display(), error))?;
    for (binary, file_name) in PLUGINS {
        let place = bin.join(file_name);
        put(&built.join(binary), &place).map_err(|error| Error::during(place.display(), error))?;
        println!("installed {}", place.display());
        let completion = bin.join(completion_file(file_name));
        link(file_name, &completion).map_err(|error| Error::during(completion.display(), error))?;
        println!("installed {}", completion.display());
    }
    let on_path = env::var_os("PATH")
        .is_some_and(|path| env::split_paths(&path).any(|entry| same(&entry, &bin)));
    if !on_path {
        println!(
            "{} is not on PATH: kubectl finds plugins only there",
            bin.display()
        );
    }
    Ok(())
}

/// Where cargo installs: `CARGO_INSTALL_ROOT`, `CARGO_HOME`, `~/.cargo`.
fn cargo_root() -> Result<PathBuf> {
    let given = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    given("CARGO_INSTALL_ROOT")
        .or_else(|| given("CARGO_HOME"))
        .or_else(|| given("HOME").map(|home| home.join(".cargo")))
        .ok_or_else(|| Error::new("HOME is not set: say --root DIR"))
}

/// Copies beside and renames: one that is running is replaced, not written into.
fn put(from: &Path, to: &Path) -> std::io::Result<()> {
    let new = to.with_extension("new");
    fs::copy(from, &new)?;
    fs::rename(&new, to)
}

/// A link to a file of the same directory, in place of what is there.
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

fn same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}
