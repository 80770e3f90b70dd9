//! `cargo xtask package`: builds the archives of both plugins, and for Linux their Debian packages, in `target/dist`, with
//! checksums and bills of materials. On a Linux host with glibc it also builds for an old glibc if cargo-zigbuild is
//! installed. Publishes nothing.

pub(crate) mod archive;
pub(crate) mod checksums;
mod completion;
pub(crate) mod deb;
mod glibc;
mod manual;
mod notices;
mod readme;
mod release;
mod sbom;
mod source_file;
pub(crate) mod target;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use gcr_test_support::plugins::PLUGINS;
use gcr_test_support::{Error, ReleaseBuild, Result, checkout};

use self::archive::Packed;
use self::release::commit_time;
use self::source_file::read;
use self::target::Target;
use crate::required_tool::require_tool;
use crate::step::step;

pub(crate) use self::release::{TAG, archive_name, dist};

/// Arguments of `cargo xtask package`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Build for this rustc target [default: this machine, and the same with an old glibc]
    #[arg(long, value_name = "T", value_parser = Target::parse, conflicts_with = "sums")]
    target: Option<Target>,
    /// Build nothing; write checksums and bills of materials of archives that were built elsewhere
    #[arg(long)]
    sums: bool,
}

/// Builds the archives and packages, their checksums, and the bills of materials.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let targets = match &arguments.target {
        Some(target) => vec![target.clone()],
        None if arguments.sums => Vec::new(),
        None => host_targets()?,
    };
    // A missing tool is reported before the builds, which take minutes.
    if targets.iter().any(|target| target.os() == "linux") {
        deb::require_cargo_deb()?;
    }
    let root = checkout::root();
    let into = dist();
    for target in &targets {
        let build = build_for(ReleaseBuild::here(), target)?;
        let mut written = step(&format!("archives for {}", target.name()), || {
            archives(&root, &build, target, TAG, &into)
        })?;
        if target.os() == "linux" {
            written.extend(step(
                &format!("Debian packages for {}", target.name()),
                || deb::packages(target, &into),
            )?);
        }
        for path in written {
            println!("  {}", path.display());
        }
    }
    sbom::write(&into)?;
    checksums::write(&into, TAG)?;
    println!("  {}", into.join(checksums::FILE).display());
    Ok(())
}

fn host_targets() -> Result<Vec<Target>> {
    let host = Target::host()?;
    let portable = host.portable();
    let mut targets = vec![host];
    match (portable, require_zigbuild()) {
        (Some(portable), Ok(())) => targets.push(portable),
        (Some(_), Err(missing)) => println!("skipped the build for an old glibc: {missing}"),
        (None, _) => {}
    }
    Ok(targets)
}

fn require_zigbuild() -> Result<()> {
    require_tool(
        "cargo-zigbuild",
        "--version",
        "`cargo install cargo-zigbuild --locked` and https://ziglang.org/download, or both by `pip install cargo-zigbuild ziglang`",
    )
}

/// Configures a build for a target. The host is not passed to cargo, so that its build is the one that the tests use.
pub(crate) fn build_for(build: ReleaseBuild, target: &Target) -> Result<ReleaseBuild> {
    if target.glibc().is_some() {
        require_zigbuild()?;
    }
    Ok(if *target == Target::host()? {
        build
    } else {
        build.target(target.name())
    })
}

/// Builds both plugins and packs each, as version `tag`, into an archive. `root` is the checkout that `build` builds.
/// Returns the paths of the archives.
pub(crate) fn archives(
    root: &Path,
    build: &ReleaseBuild,
    target: &Target,
    tag: &str,
    into: &Path,
) -> Result<Vec<PathBuf>> {
    let built = build.run()?;
    let time = commit_time(root)?;
    let notices = notices::notices(root, target)?;
    fs::create_dir_all(into).map_err(|error| Error::during(into.display(), error))?;
    let mut written = Vec::new();
    for (binary, file_name) in PLUGINS {
        let program = read(&built.join(format!("{binary}{}", target.suffix())))?;
        glibc::check(binary, &program, target)?;
        let files = contents(root, file_name, program, &notices, target)?;
        let archive = target.format().pack(&files, time)?;
        let path = into.join(archive_name(file_name, tag, target));
        fs::write(&path, archive).map_err(|error| Error::during(path.display(), error))?;
        written.push(path);
    }
    Ok(written)
}

/// Returns the files of a plugin's archive. All are at the top level, so that unpacking the archive into a directory on
/// PATH installs the plugin.
pub(crate) fn contents(
    root: &Path,
    file_name: &str,
    program: Vec<u8>,
    notices: &[Packed],
    target: &Target,
) -> Result<Vec<Packed>> {
    let file = |path: &str, bytes: Vec<u8>, executable| Packed {
        path: path.into(),
        bytes,
        executable,
    };
    let mut files = vec![
        file(&format!("{file_name}{}", target.suffix()), program, true),
        completion::shim(root, file_name, target)?,
        file("LICENSE", read(&root.join("LICENSE"))?, false),
        readme::packed(root)?,
    ];
    files.extend(manual::pages(root, file_name)?);
    files.extend_from_slice(notices);
    Ok(files)
}
