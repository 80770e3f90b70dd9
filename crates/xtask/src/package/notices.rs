//! Collects the licence notices that an archive must contain: those of all Rust libraries that are linked into the
//! plugins for a target, from their sources in cargo's registry, those of Rust's standard library, from the toolchain,
//! and that of musl for static programs. A library without a notice is an error. Not included: the parts that a C
//! toolchain adds (mingw-w64's start-up objects and libgcc for Windows, LLVM's libunwind and compiler-rt with zig). Which
//! licences are allowed is checked by cargo-deny.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gcr_test_support::plugins::PLUGINS;
use gcr_test_support::{Error, Result, checkout};
use serde_json::Value;

use super::archive::Packed;
use super::source_file::read;
use super::target::Target;
use crate::step::capture_success;

/// Prefixes of the names of files with a licence or a notice.
const NOTICES: [&str; 6] = [
    "license",
    "licence",
    "copying",
    "copyright",
    "notice",
    "unlicense",
];

/// Path of the standard library's notices in a toolchain.
const STANDARD_LIBRARY: &str = "share/doc/rust/COPYRIGHT-library.html";

/// Licence of musl, the C library in static Linux programs. No package and no toolchain contains it.
const MUSL: &str = include_str!("musl.txt");

/// A linked library that is not part of this workspace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Library {
    name: String,
    version: String,
    /// The licence expression of its manifest.
    licence: String,
    sources: PathBuf,
}

/// Returns the files with the notices of the libraries and of Rust's standard library.
pub(crate) fn notices(root: &Path, target: &Target) -> Result<Vec<Packed>> {
    let text = text(&linked(root, target)?, &root.join("LICENSE"), target)?;
    let mut rustc = Command::new("rustc");
    let sysroot = capture_success(rustc.args(["--print", "sysroot"]).current_dir(root))?;
    let rust = Path::new(sysroot.trim()).join(STANDARD_LIBRARY);
    let rust = fs::read(&rust).map_err(|error| {
        let operation = format!(
            "read the notices of Rust's standard library, which rustup's toolchains contain, in {}",
            rust.display()
        );
        Error::during(operation, error)
    })?;
    let file = |path: &str, bytes| Packed {
        path: path.into(),
        bytes,
        executable: false,
    };
    Ok(vec![
        file("THIRD-PARTY.txt", text.into_bytes()),
        file("THIRD-PARTY.rust.html", rust),
    ])
}

/// Returns the libraries that cargo links into the plugins for a target, without build scripts and procedural macros.
fn linked(root: &Path, target: &Target) -> Result<Vec<Library>> {
    let mut tree = checkout::cargo();
    tree.current_dir(root)
        .args(["tree", "--quiet", "--locked", "--target", target.triple()])
        .args(["--edges", "normal,no-proc-macro", "--no-dedupe"])
        .args(["--prefix", "none", "--format", "{p}"]);
    for (package, _) in PLUGINS {
        tree.args(["--package", package]);
    }
    let lines = capture_success(&mut tree)?;
    let names: BTreeSet<(&str, &str)> = lines.lines().filter_map(named).collect();
    let mut metadata = checkout::cargo();
    metadata
        .current_dir(root)
        .args(["metadata", "--quiet", "--locked", "--format-version", "1"])
        .args(["--filter-platform", target.triple()]);
    let metadata = capture_success(&mut metadata)?;
    let metadata: Value = serde_json::from_str(&metadata)
        .map_err(|error| Error::during("parse the output of cargo metadata", error))?;
    libraries(&metadata, &names)
}

/// Parses `name v1.2.3`, which is followed by a source if the package is not from a registry.
fn named(line: &str) -> Option<(&str, &str)> {
    let mut words = line.split_whitespace();
    Some((words.next()?, words.next()?.strip_prefix('v')?))
}

/// Returns the named packages of the metadata that are not in this workspace, sorted.
fn libraries(metadata: &Value, names: &BTreeSet<(&str, &str)>) -> Result<Vec<Library>> {
    let text = |package: &Value, key: &str| package[key].as_str().unwrap_or_default().to_owned();
    let known: BTreeMap<_, _> = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|package| ((text(package, "name"), text(package, "version")), package))
        .collect();
    let mut found = Vec::new();
    for (name, version) in names {
        let key = ((*name).to_owned(), (*version).to_owned());
        let package = known.get(&key).ok_or_else(|| {
            Error::new(format!(
                "{name} {version} is missing in the output of cargo metadata"
            ))
        })?;
        if package["source"].is_null() {
            continue;
        }
        let manifest = PathBuf::from(text(package, "manifest_path"));
        found.push(Library {
            name: key.0,
            version: key.1,
            licence: text(package, "license"),
            sources: manifest.parent().unwrap_or(&manifest).to_owned(),
        });
    }
    Ok(found)
}

/// Returns the content of THIRD-PARTY.txt: all libraries, then each notice once with all libraries that it belongs to.
fn text(libraries: &[Library], apache: &Path, target: &Target) -> Result<String> {
    let mut order: Vec<String> = Vec::new();
    let mut owners_of: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for library in libraries {
        for (file, notice) in library.notices(apache)? {
            let owner = format!("{} {}: {file}", library.name, library.version);
            let owners = owners_of.entry(notice.clone()).or_default();
            if owners.is_empty() {
                order.push(notice);
            }
            owners.push(owner);
        }
    }
    let mut text = format!(
        "The plugins for {} contain these third-party libraries, under these licences.\n\
         The licence texts follow. Those of Rust's standard library are in THIRD-PARTY.rust.html.\n\n",
        target.triple()
    );
    if target.triple().ends_with("-musl") {
        text += "musl libc: MIT\n";
        owners_of.insert(MUSL.into(), vec!["musl libc: COPYRIGHT".into()]);
        order.push(MUSL.into());
    }
    for library in libraries {
        let (name, version) = (&library.name, &library.version);
        text += &format!("{name} {version}: {}\n", library.licence);
    }
    for notice in order {
        text += &format!(
            "\n{}\n{}\n\n{notice}",
            "=".repeat(80),
            owners_of[&notice].join("\n")
        );
    }
    Ok(text)
}

impl Library {
    /// Returns the library's notices with the paths of their files. For a package without a notice that allows
    /// Apache-2.0, whose text names no copyright holder, returns the text of that licence in `apache`.
    fn notices(&self, apache: &Path) -> Result<Vec<(String, String)>> {
        let mut files = Vec::new();
        search(&self.sources, &mut files)?;
        files.sort();
        let mut notices = Vec::new();
        for file in &files {
            let path = file.strip_prefix(&self.sources).unwrap_or(file);
            notices.push((path.display().to_string(), notice(file)?));
        }
        if !notices.is_empty() {
            return Ok(notices);
        }
        let mut choice = self.licence.split(" OR ").flat_map(|it| it.split('/'));
        if choice.any(|licence| licence.trim() == "Apache-2.0") {
            return Ok(vec![("Apache-2.0".into(), notice(apache)?)]);
        }
        Err(Error::new(format!(
            "{} {}: the package does not contain the text of its licence {:?}",
            self.name, self.version, self.licence
        )))
    }
}

/// Returns the text of a file with `\n` line ends.
fn notice(file: &Path) -> Result<String> {
    let text = String::from_utf8_lossy(&read(file)?).replace("\r\n", "\n");
    Ok(format!("{}\n", text.trim_matches('\n').trim_end()))
}

/// Finds the licence files of a package, including those of code that it has copied from other projects.
fn search(directory: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let failed = |error| Error::during(directory.display(), error);
    for entry in fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().to_lowercase();
        if entry.file_type().map_err(failed)?.is_dir() {
            search(&entry.path(), found)?;
        } else if !name.ends_with(".rs") && NOTICES.iter().any(|start| name.starts_with(start)) {
            found.push(entry.path());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use gcr_test_support::scratch::ScratchDir;

    struct Sources(ScratchDir);

    impl Sources {
        fn new() -> Self {
            let sources_dir = Self(ScratchDir::new("notices").unwrap());
            sources_dir.put("apache", "the Apache text\n");
            sources_dir
        }

        fn put(&self, path: &str, text: &str) {
            let path = self.0.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn library(&self, name: &str, licence: &str) -> Library {
            let sources = self.0.path().join(name);
            fs::create_dir_all(&sources).unwrap();
            Library {
                name: name.into(),
                version: "1.0.0".into(),
                licence: licence.into(),
                sources,
            }
        }

        fn text(&self, libraries: &[Library]) -> Result<String> {
            let target = Target::parse("x86_64-unknown-linux-gnu.2.17").unwrap();
            text(libraries, &self.0.path().join("apache"), &target)
        }
    }

    #[test]
    fn text_with_equal_notices_contains_each_once() {
        let sources_dir = Sources::new();
        sources_dir.put("a/LICENSE-MIT", "\nThe same words\r\n\r\n");
        sources_dir.put("b/LICENSE-MIT", "The same words\n");
        sources_dir.put("b/NOTICE", "b is b's\n");
        sources_dir.put("b/third_party/c/COPYING.txt", "c is c's\n");
        sources_dir.put("b/src/license.rs", "fn main() {}\n");
        let libraries = [
            sources_dir.library("a", "MIT"),
            sources_dir.library("b", "MIT AND Zlib"),
        ];
        let line = "=".repeat(80);
        assert_eq!(
            sources_dir.text(&libraries).unwrap(),
            format!(
                "The plugins for x86_64-unknown-linux-gnu contain these third-party libraries, under these licences.\n\
                 The licence texts follow. Those of Rust's standard library are in THIRD-PARTY.rust.html.\n\n\
                 a 1.0.0: MIT\nb 1.0.0: MIT AND Zlib\n\
                 \n{line}\na 1.0.0: LICENSE-MIT\nb 1.0.0: LICENSE-MIT\n\nThe same words\n\
                 \n{line}\nb 1.0.0: NOTICE\n\nb is b's\n\
                 \n{line}\nb 1.0.0: third_party/c/COPYING.txt\n\nc is c's\n"
            )
        );
    }

    #[test]
    fn text_without_notice_uses_apache_or_fails() {
        let sources_dir = Sources::new();
        for licence in ["Apache-2.0", "MIT OR Apache-2.0", "MIT/Apache-2.0"] {
            let text = sources_dir
                .text(&[sources_dir.library("a", licence)])
                .unwrap();
            assert!(
                text.ends_with("\na 1.0.0: Apache-2.0\n\nthe Apache text\n"),
                "{text}"
            );
        }
        for licence in [
            "MIT",
            "Apache-2.0 AND ISC",
            "Apache-2.0 WITH LLVM-exception",
            "",
        ] {
            let error = sources_dir
                .text(&[sources_dir.library("a", licence)])
                .unwrap_err();
            assert!(
                error
                    .to_string()
                    .contains("does not contain the text of its licence"),
                "{licence}"
            );
        }
    }

    #[test]
    fn text_for_static_program_contains_musl() {
        let apache = Path::new("not read");
        let text_for = |name| text(&[], apache, &Target::parse(name).unwrap()).unwrap();
        let musl = text_for("aarch64-unknown-linux-musl");
        assert!(musl.contains("\nmusl libc: MIT\n") && musl.contains("Rich Felker, et al."));
        assert!(!text_for("x86_64-unknown-linux-gnu").contains("musl libc"));
    }

    /// cargo has the sources of all libraries, because it has built this test.
    #[test]
    fn notices_of_linked_libraries_are_complete() {
        let root = checkout::root();
        let host = Target::host().unwrap();
        let linked = linked(&root, &host).unwrap();
        let is_linked = |name: &str| linked.iter().any(|library| library.name == name);
        assert!(is_linked("ring") && is_linked("kube-client") && is_linked("clap_builder"));
        // A package of this workspace, a build dependency, and a dependency of tests.
        assert!(!is_linked("gcr-core") && !is_linked("cc") && !is_linked("proptest"));
        assert!(!is_linked("serde_derive") && !is_linked("zip"));
        let packed = notices(&root, &host).unwrap();
        let standard_library = String::from_utf8_lossy(&packed[1].bytes);
        assert!(
            standard_library.contains("The Rust Standard Library"),
            "{}",
            packed[1].path
        );
        let text = String::from_utf8_lossy(&packed[0].bytes);
        assert!(text.contains("ring 0.") && text.contains("Copyright"));
        let here = root.display().to_string();
        assert!(!text.contains(&here) && !text.contains("registry/src"));
    }
}
