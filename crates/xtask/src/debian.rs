//! `cargo xtask test debian`: builds the Debian packages of this machine with cargo-deb, checks their control fields and
//! files with dpkg-deb, and runs the unpacked programs. Installs nothing.

use std::fs;
use std::path::Path;
use std::process::Command;

use gcr_test_support::plugins::{PLUGINS, completion_file};
use gcr_test_support::scratch::ScratchDir;
use gcr_test_support::{Error, ReleaseBuild, Result, checkout};

use crate::package::target::Target;
use crate::package::{TAG, deb};
use crate::required_tool::require_tool;
use crate::step::{capture_success, step};

/// The arguments with which each plugin prints its version.
const VERSION_ARGUMENTS: [&str; 2] = ["version", "--version"];

/// Runs the suite.
pub(crate) fn run() -> Result<()> {
    require_tool("dpkg-deb", "--version", "a distribution's package `dpkg`")?;
    deb::require_cargo_deb()?;
    let scratch = ScratchDir::new("debian")?;
    let host = Target::host()?;
    step("release build of the plugins", || {
        ReleaseBuild::here().quietly().run()
    })?;
    let [first, second] = ["first", "second"].map(|name| scratch.path().join(name));
    let packages = step("packages", || {
        deb::packages(&host, &second)?;
        deb::packages(&host, &first)
    })?;
    for ((path, (package, file_name)), version_argument) in
        packages.iter().zip(PLUGINS).zip(VERSION_ARGUMENTS)
    {
        step(&format!("{package}: two packages are identical"), || {
            let other = second.join(path.file_name().unwrap_or_default());
            expect_equal("the packages", &read(path)?, &read(&other)?)
        })?;
        step(&format!("{package}: control fields"), || {
            check_fields(path, package, &host)
        })?;
        step(&format!("{package}: files"), || {
            check_listing(path, package, file_name)
        })?;
        step(&format!("{package}: content"), || {
            let unpacked = scratch.path().join(package);
            dpkg_deb(&["--extract".as_ref(), path, &unpacked])?;
            check_content(&unpacked, package)?;
            check_programs(&unpacked, file_name, version_argument)
        })?;
    }
    Ok(())
}

/// Compares the control fields with literals. cargo-deb and the manifests' unit test check the description.
fn check_fields(path: &Path, package: &str, host: &Target) -> Result<()> {
    // Debian sorts `1.0~rc.1` before `1.0`.
    let version = TAG.trim_start_matches('v').replacen('-', "~", 1);
    for (field, expected) in [
        ("Package", package),
        ("Version", &version),
        ("Architecture", host.arch()),
        ("Maintainer", "maintainers <maintainers@gcr-secret.example>"),
        ("Section", "admin"),
        ("Priority", "optional"),
        ("Homepage", "https://gcr-secret.example/"),
    ] {
        let value = dpkg_deb(&["--field".as_ref(), path, field.as_ref()])?;
        expect_equal(field, value.trim_end(), expected)?;
    }
    let depends = dpkg_deb(&["--field".as_ref(), path, "Depends".as_ref()])?;
    if host.triple().ends_with("-gnu") && !depends.starts_with("libc6 (>= 2.") {
        return Err(Error::new(format!("Depends: {depends:?} has no libc6")));
    }
    Ok(())
}

/// Compares mode, owner and path of every file and directory with literals.
fn check_listing(path: &Path, package: &str, file_name: &str) -> Result<()> {
    let completion = completion_file(file_name);
    let mut expected: Vec<String> = [
        "usr/",
        "usr/bin/",
        "usr/share/",
        "usr/share/doc/",
        &format!("usr/share/doc/{package}/"),
        "usr/share/man/",
        "usr/share/man/man1/",
    ]
    .map(|directory| format!("drwxr-xr-x 0/0 ./{directory}"))
    .into();
    expected.extend(
        [file_name, &completion].map(|program| format!("-rwxr-xr-x 0/0 ./usr/bin/{program}")),
    );
    expected.extend(
        [
            "README.md",
            "THIRD-PARTY.rust.html",
            "THIRD-PARTY.txt",
            "copyright",
        ]
        .map(|document| format!("-rw-r--r-- 0/0 ./usr/share/doc/{package}/{document}")),
    );
    let pages = manual_pages(package)?;
    expected.extend(
        pages
            .iter()
            .map(|page| format!("-rw-r--r-- 0/0 ./usr/share/man/man1/{page}.gz")),
    );
    let listing = dpkg_deb(&["--contents".as_ref(), path])?;
    let mut found: Vec<String> = listing.lines().filter_map(without_size_and_time).collect();
    expected.sort();
    found.sort();
    expect_equal("the files", &found, &expected)
}

/// Returns mode, owner and path of a line of `dpkg-deb --contents`.
fn without_size_and_time(line: &str) -> Option<String> {
    let mut columns = line.split_whitespace();
    let (mode, owner) = (columns.next()?, columns.next()?);
    // Size, date and time.
    Some(format!("{mode} {owner} {}", columns.nth(3)?))
}

/// Compares the licence and the manual pages with those of the checkout, and looks for the licence notices.
fn check_content(unpacked: &Path, package: &str) -> Result<()> {
    let root = checkout::root();
    let documents = unpacked.join("usr/share/doc").join(package);
    expect_equal(
        "copyright",
        &read(&documents.join("copyright"))?,
        &read(&root.join("LICENSE"))?,
    )?;
    for page in manual_pages(package)? {
        let packed = unpacked.join(format!("usr/share/man/man1/{page}.gz"));
        let text = capture_success(Command::new("gzip").args(["-dc"]).arg(packed))?;
        let original = read(&root.join("man").join(&page))?;
        expect_equal(&page, text.as_bytes(), &original[..])?;
    }
    let notices = String::from_utf8_lossy(&read(&documents.join("THIRD-PARTY.txt"))?).into_owned();
    if !notices.contains("ring 0.") {
        return Err(Error::new("THIRD-PARTY.txt does not contain ring's notice"));
    }
    Ok(())
}

/// Runs the unpacked plugin directly, and its completion with the plugin on PATH.
fn check_programs(unpacked: &Path, file_name: &str, version_argument: &str) -> Result<()> {
    let bin = unpacked.join("usr/bin");
    let version = capture_success(Command::new(bin.join(file_name)).arg(version_argument))?;
    if !version.contains(TAG.trim_start_matches('v')) {
        return Err(Error::new(format!("unexpected version: {version}")));
    }
    let path = std::env::join_paths([&bin, Path::new("/usr/bin"), Path::new("/bin")])
        .map_err(|error| Error::during("PATH", error))?;
    let mut completion = Command::new(bin.join(completion_file(file_name)));
    let offered = capture_success(completion.arg("--he").env("PATH", path))?;
    if !offered.contains("--help") {
        return Err(Error::new(format!("unexpected completion: {offered}")));
    }
    Ok(())
}

/// Returns the names of a plugin's pages in `man/`.
fn manual_pages(package: &str) -> Result<Vec<String>> {
    let directory = checkout::root().join("man");
    let failed = |error| Error::during(directory.display(), error);
    let entries = fs::read_dir(&directory).map_err(failed)?;
    Ok(entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with(package))
        .collect())
}

fn dpkg_deb(arguments: &[&Path]) -> Result<String> {
    capture_success(Command::new("dpkg-deb").args(arguments))
}

fn expect_equal<T: PartialEq + std::fmt::Debug + ?Sized>(
    what: &str,
    found: &T,
    expected: &T,
) -> Result<()> {
    if found == expected {
        Ok(())
    } else {
        // Packages and pages are long.
        let values = format!("found {found:#?}\nexpected {expected:#?}");
        let values: String = values.chars().take(4000).collect();
        Err(Error::new(format!("{what}: unexpected value\n{values}")))
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| Error::during(path.display(), error))
}
