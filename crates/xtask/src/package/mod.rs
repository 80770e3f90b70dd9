//! `cargo xtask package`: an archive of each plugin, as it is released, and for Linux a Debian package, in `target/dist`,
//! with checksums. On a Linux machine with glibc also such that run on an older glibc, where cargo-zigbuild is there to
//! build them. Publishes nothing.

pub(crate) mod archive;
pub(crate) mod checksums;
mod completion;
mod debian;
mod glibc;
mod manual;
mod notices;
mod readme;
mod sbom;
pub(crate) mod target;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gcr_test_support::plugins::PLUGINS;
use gcr_test_support::{Error, ReleaseBuild, Result, checkout};

use self::archive::Packed;
use self::target::Target;
use crate::krew;
use crate::step::{step, succeed};
use crate::suites::wanted;

/// The version of this workspace as a tag has it.
pub(crate) const TAG: &str = concat!("v", env!("CARGO_PKG_VERSION"));

/// Makes the archives of this machine, or of one that is named.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let targets = match words {
        [] => of_this_machine()?,
        ["--target", name] => vec![Target::parse(name)?],
        // For archives that were built on several machines and gathered on one.
        ["--sums"] => Vec::new(),
        _ => return Err(crate::not_understood("package", words)),
    };
    let root = checkout::root();
    let into = dist();
    for target in &targets {
        let build = build_for(ReleaseBuild::here(), target)?;
        for path in step(&format!("archives for {}", target.name()), || {
            archives(&root, &build, target, TAG, &into)
        })? {
            println!("  {}", path.display());
        }
    }
    sbom::write(&into)?;
    checksums::write(&into, TAG)?;
    println!("  {}", into.join(checksums::FILE).display());
    Ok(())
}

/// Where archives go.
pub(crate) fn dist() -> PathBuf {
    checkout::root().join("target/dist")
}

fn of_this_machine() -> Result<Vec<Target>> {
    let host = Target::host()?;
    let portable = host.portable();
    let mut targets = vec![host];
    match (portable, zigbuild()) {
        (Some(portable), Ok(())) => targets.push(portable),
        (Some(_), Err(missing)) => println!("no portable build: {missing}"),
        (None, _) => {}
    }
    Ok(targets)
}

fn zigbuild() -> Result<()> {
    wanted(
        "cargo-zigbuild",
        "--version",
        "`cargo install cargo-zigbuild --locked` and https://ziglang.org/download, or both by `pip install cargo-zigbuild ziglang`",
    )
}

/// `build`, for this target; for the host without naming it, so that it is the build that is tested.
pub(crate) fn build_for(build: ReleaseBuild, target: &Target) -> Result<ReleaseBuild> {
    if target.glibc().is_some() {
        zigbuild()?;
    }
    Ok(if *target == Target::host()? {
        build
    } else {
        build.target(target.name())
    })
}

/// Builds both plugins and packs each, as version `tag`, into an archive and for Linux a Debian package. `root` is the
/// checkout that is built.
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
        let mut made = vec![(archive_name(file_name, tag, target), archive)];
        if target.os() == "linux" {
            let name = format!("{file_name}-{tag}-{}.deb", target.name());
            let spec = krew::described(root, file_name)?.spec;
            let about = debian::About {
                package: binary,
                tag,
                homepage: &spec.homepage,
                short: &spec.short_description,
                long: &spec.description,
            };
            made.push((name, debian::package(&about, &files, target, time)?));
        }
        for (name, bytes) in made {
            let path = into.join(name);
            fs::write(&path, bytes).map_err(|error| Error::during(path.display(), error))?;
            written.push(path);
        }
    }
    Ok(written)
}

/// `kubectl-gcr_secret-v1.2.3-x86_64-unknown-linux-musl.tar.gz`
pub(crate) fn archive_name(file_name: &str, tag: &str, target: &Target) -> String {
    let (name, extension) = (target.name(), target.format().extension());
    format!("{file_name}-{tag}-{name}.{extension}")
}

/// What is in the archive of the plugin with this file name: all of it lies at the top, so that one who unpacks it into
/// a directory of PATH is done.
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
    let readme = read(&root.join("README.md"))?;
    let readme = readme::for_archive(&String::from_utf8_lossy(&readme));
    let mut files = vec![
        file(&format!("{file_name}{}", target.suffix()), program, true),
        completion::shim(root, file_name, target)?,
        file("LICENSE", read(&root.join("LICENSE"))?, false),
        file("README.md", readme.into_bytes(), false),
    ];
    files.extend(manual::pages(root, file_name)?);
    files.extend_from_slice(notices);
    Ok(files)
}

/// The time that all files of an archive bear: the commit's, or `SOURCE_DATE_EPOCH`
/// (<https://reproducible-builds.org/specs/source-date-epoch/>) where that is set.
pub(crate) fn commit_time(root: &Path) -> Result<u64> {
    let said = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(given) => given,
        Err(_) => {
            let mut git = Command::new("git");
            succeed(git.args(["log", "-1", "--format=%ct"]).current_dir(root)).map_err(|error| {
                Error::during(
                    "the time of the commit (SOURCE_DATE_EPOCH names one where there is no git)",
                    error,
                )
            })?
        }
    };
    said.trim()
        .parse()
        .map_err(|error| Error::during(format!("the time {said:?}"), error))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| Error::during(path.display(), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_is_named_after_plugin_version_and_target() {
        let windows = Target::parse("x86_64-pc-windows-gnu").unwrap();
        assert_eq!(
            archive_name("kubectl-gcr_secret", "v1.2.3", &windows),
            "kubectl-gcr_secret-v1.2.3-x86_64-pc-windows-gnu.zip"
        );
    }
}
