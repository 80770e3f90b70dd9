//! Builds the programs of a Go module of this repository and caches them in `${XDG_CACHE_HOME:-~/.cache}/kubectl-gcr`.
//! Checkouts with the same sources share one build. Uses the Go toolchain on PATH with its settings and caches; installs
//! no programs.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::build_progress::{BuildProgress, print_status};
use crate::error::{Error, Result};
use crate::go::Go;

/// Flags of the Go build that also select its compiled packages in Go's cache. Debug information, which the linker would
/// remove (`-s -w`), is not even generated: that saves an eighth of the compile time.
pub const BUILD_FLAGS: [&str; 3] = ["-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false"];

/// A Go module below `tests`.
pub(crate) struct GoModule {
    /// Name of its programs in messages, and of its directory in the cache.
    pub(crate) name: &'static str,
    /// Its directory.
    pub(crate) directory: PathBuf,
    /// Packages whose programs are built.
    pub(crate) packages: &'static [&'static str],
    /// Text that identifies the version of the programs in the cache.
    pub(crate) version: String,
    /// Flags for the linker.
    pub(crate) linker_flags: String,
}

impl GoModule {
    /// Returns the directory with the module's programs, building them on first use. The first build takes minutes;
    /// progress goes to standard error.
    ///
    /// # Errors
    /// Go is missing or too old, the disk has too little free space, or the build failed (with Go's output).
    pub(crate) fn build(&self) -> Result<PathBuf> {
        let go = Go::find(self.name, &self.directory)?;
        let cache = self.cache_directory()?;
        let key = format!(
            "{}-{}-{}-{}-{:016x}",
            self.version,
            go.version,
            go.os,
            go.arch,
            self.hash_of_sources()?
        );
        let directory = cache.join(&key);
        if directory.is_dir() {
            return Ok(directory);
        }

        let failed = |error| Error::during(cache.display(), error);
        fs::create_dir_all(&cache).map_err(failed)?;
        let lock = File::create(cache.join("lock")).map_err(failed)?;
        if lock.try_lock().is_err() {
            print_status(&format!(
                "waiting for another process to build the {}",
                self.name
            ));
            lock.lock().map_err(failed)?;
        }
        if !directory.is_dir() {
            go.check_disk()?;
            let new = cache.join("new");
            if new.exists() {
                fs::remove_dir_all(&new).map_err(failed)?;
            }
            fs::create_dir(&new).map_err(failed)?;
            self.compile(&new, &directory)?;
            fs::rename(&new, &directory).map_err(failed)?;
        }
        Ok(directory)
    }

    fn cache_directory(&self) -> Result<PathBuf> {
        let absolute = |name| {
            std::env::var_os(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        absolute("XDG_CACHE_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
            .map(|base| base.join("kubectl-gcr").join(self.name.replace(' ', "-")))
            .ok_or_else(|| {
                Error::new(format!(
                    "cannot cache the {}: neither XDG_CACHE_HOME nor HOME is set",
                    self.name
                ))
            })
    }

    /// Hashes the module's sources with FNV-1a, whose result does not depend on the Rust toolchain (the standard
    /// library's hasher makes no such promise).
    fn hash_of_sources(&self) -> Result<u64> {
        let failed = |error| Error::during(self.directory.display(), error);
        // Packages below the module's directory have sources of their own.
        let packages = self.packages.iter().filter_map(|it| it.strip_prefix("./"));
        let directories = packages.map(|it| self.directory.join(it));
        let mut files = Vec::new();
        for directory in std::iter::once(self.directory.clone()).chain(directories) {
            let entries = fs::read_dir(&directory).map_err(failed)?.flatten();
            files.extend(entries.map(|entry| entry.path()).filter(|path| {
                path.extension()
                    .is_some_and(|end| ["go", "mod", "sum"].iter().any(|known| end == *known))
            }));
        }
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

    fn compile(&self, into: &Path, cached_at: &Path) -> Result<()> {
        print_status(&format!(
            "building the {} {} for tests (takes minutes once; cached in {})",
            self.name,
            self.version,
            cached_at.display()
        ));
        let mut child = Command::new("go")
            .args(["build", "-v"])
            .args(BUILD_FLAGS)
            .arg(format!("-ldflags={}", self.linker_flags))
            .arg("-o")
            .arg(into)
            .args(self.packages)
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| Error::during("go build", error))?;

        let progress = BuildProgress::start(self.name);
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
                "building the {} failed after {seconds} s:\n{errors}",
                self.name
            )));
        }
        print_status(&format!("{} built in {seconds} s", self.name));
        Ok(())
    }
}

/// Returns the version of a module that a `go.mod` requires, for example `v1.37.2`.
///
/// # Errors
/// The file cannot be read or does not require the module.
pub(crate) fn required_version(directory: &Path, module: &str) -> Result<String> {
    let path = directory.join("go.mod");
    let text = fs::read_to_string(&path).map_err(|error| Error::during(path.display(), error))?;
    let prefix = format!("{module} ");
    text.lines()
        .find_map(|line| line.trim().strip_prefix(&prefix))
        .and_then(|rest| rest.split_whitespace().next())
        .map(String::from)
        .ok_or_else(|| Error::new(format!("{} does not require {module}", path.display())))
}
