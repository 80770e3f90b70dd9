//! What the licences of others ask for: the notices of all Rust libraries that are linked into the plugins on one machine,
//! out of the sources that cargo has and of the compiler's own documentation, and that of musl where a program is static.
//! A library without a notice is an error, not a gap. Knows nothing of what a C toolchain adds by itself: mingw-w64's
//! startup objects and libgcc for Windows, LLVM's libunwind and compiler-rt from zig. Judges no licence: that is
//! cargo-deny's part.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gcr_test_support::plugins::PLUGINS;
use gcr_test_support::{Error, Result, checkout};
use serde_json::Value;

use super::archive::Packed;
use super::read;
use super::target::Target;
use crate::step::succeed;

/// What the names of files begin with that hold a licence or a notice.
const NOTICES: [&str; 6] = [
    "license",
    "licence",
    "copying",
    "copyright",
    "notice",
    "unlicense",
];

/// Where a toolchain keeps the notices of what is in its standard library.
const STANDARD_LIBRARY: &str = "share/doc/rust/COPYRIGHT-library.html";

/// What the C library of the static Linux programs says of itself: no package and no toolchain carries it.
const MUSL: &str = include_str!("musl.txt");

/// A library of somebody else's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Library {
    name: String,
    version: String,
    /// As its manifest words it.
    licence: String,
    sources: PathBuf,
}

/// The files with the notices: of the libraries, and of Rust's own.
pub(crate) fn notices(root: &Path, target: &Target) -> Result<Vec<Packed>> {
    let text = text(&linked(root, target)?, &root.join("LICENSE"), target)?;
    let mut rustc = Command::new("rustc");
    let sysroot = succeed(rustc.args(["--print", "sysroot"]).current_dir(root))?;
    let rust = Path::new(sysroot.trim()).join(STANDARD_LIBRARY);
    let rust = fs::read(&rust).map_err(|error| {
        let words = format!(
            "{} (the notices of Rust's standard library; a toolchain of rustup's has them)",
            rust.display()
        );
        Error::during(words, error)
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

/// What cargo links into the plugins for this machine. What only runs while they are built is not among it.
fn linked(root: &Path, target: &Target) -> Result<Vec<Library>> {
    let mut tree = checkout::cargo();
    tree.current_dir(root)
        .args(["tree", "--quiet", "--locked", "--target", target.triple()])
        .args(["--edges", "normal,no-proc-macro", "--no-dedupe"])
        .args(["--prefix", "none", "--format", "{p}"]);
    for (package, _) in PLUGINS {
        tree.args(["--package", package]);
    }
    let lines = succeed(&mut tree)?;
    let names: BTreeSet<(&str, &str)> = lines.lines().filter_map(named).collect();
    let mut metadata = checkout::cargo();
    metadata
        .current_dir(root)
        .args(["metadata", "--quiet", "--locked", "--format-version", "1"])
        .args(["--filter-platform", target.triple()]);
    let metadata = succeed(&mut metadata)?;
    let metadata: Value = serde_json::from_str(&metadata)
        .map_err(|error| Error::during("what cargo metadata says", error))?;
    libraries(&metadata, &names)
}

/// `name v1.2.3`, and more behind it where it is not from a registry.
fn named(line: &str) -> Option<(&str, &str)> {
    let mut words = line.split_whitespace();
    Some((words.next()?, words.next()?.strip_prefix('v')?))
}

/// Those packages of the metadata that were named and are not of this workspace, sorted.
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
        let package = known
            .get(&key)
            .ok_or_else(|| Error::new(format!("cargo metadata knows no {name} {version}")))?;
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

/// The whole text: who is in it, and then each notice once, with all whose it is.
fn text(libraries: &[Library], apache: &Path, target: &Target) -> Result<String> {
    let mut order: Vec<String> = Vec::new();
    let mut whose: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for library in libraries {
        for (file, notice) in library.notices(apache)? {
            let words = format!("{} {}: {file}", library.name, library.version);
            let owners = whose.entry(notice.clone()).or_default();
            if owners.is_empty() {
                order.push(notice);
            }
            owners.push(words);
        }
    }
    let mut text = format!(
        "The plugins for {} hold the libraries of others that are named here, under these\n\
         licences. The texts follow. Those of Rust's standard library stand in THIRD-PARTY.rust.html.\n\n",
        target.triple()
    );
    if target.triple().ends_with("-musl") {
        text += "musl libc: MIT\n";
        whose.insert(MUSL.into(), vec!["musl libc: COPYRIGHT".into()]);
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
            whose[&notice].join("\n")
        );
    }
    Ok(text)
}

impl Library {
    /// Its notices, by the path of their file. Some packages come without one; where a licence that names no owner may be
    /// chosen, its text is ours.
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
            "{} {} is under {:?} and comes without its text",
            self.name, self.version, self.licence
        )))
    }
}

/// The text of a file, with one way of ending lines.
fn notice(file: &Path) -> Result<String> {
    let text = String::from_utf8_lossy(&read(file)?).replace("\r\n", "\n");
    Ok(format!("{}\n", text.trim_matches('\n').trim_end()))
}

/// The files of a package that hold a licence, also of what it has taken in from others.
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

    struct Shelf(ScratchDir);

    impl Shelf {
        fn new() -> Self {
            let shelf = Self(ScratchDir::new("notices").unwrap());
            shelf.put("apache", "the Apache text\n");
            shelf
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
    fn a_text_stands_once_with_all_whose_it_is() {
        let shelf = Shelf::new();
        shelf.put("a/LICENSE-MIT", "\nThe same words\r\n\r\n");
        shelf.put("b/LICENSE-MIT", "The same words\n");
        shelf.put("b/NOTICE", "b is b's\n");
        shelf.put("b/third_party/c/COPYING.txt", "c is c's\n");
        shelf.put("b/src/license.rs", "fn main() {}\n");
        let libraries = [
            shelf.library("a", "MIT"),
            shelf.library("b", "MIT AND Zlib"),
        ];
        let line = "=".repeat(80);
        assert_eq!(
            shelf.text(&libraries).unwrap(),
            format!(
                "The plugins for x86_64-unknown-linux-gnu hold the libraries of others that are named here, under these\n\
                 licences. The texts follow. Those of Rust's standard library stand in THIRD-PARTY.rust.html.\n\n\
                 a 1.0.0: MIT\nb 1.0.0: MIT AND Zlib\n\
                 \n{line}\na 1.0.0: LICENSE-MIT\nb 1.0.0: LICENSE-MIT\n\nThe same words\n\
                 \n{line}\nb 1.0.0: NOTICE\n\nb is b's\n\
                 \n{line}\nb 1.0.0: third_party/c/COPYING.txt\n\nc is c's\n"
            )
        );
    }

    #[test]
    fn a_package_without_a_text_has_apaches_or_is_refused() {
        let shelf = Shelf::new();
        for licence in ["Apache-2.0", "MIT OR Apache-2.0", "MIT/Apache-2.0"] {
            let text = shelf.text(&[shelf.library("a", licence)]).unwrap();
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
            let refused = shelf.text(&[shelf.library("a", licence)]).unwrap_err();
            assert!(
                refused.to_string().contains("comes without its text"),
                "{licence}"
            );
        }
    }

    #[test]
    fn a_static_program_names_its_libc() {
        let apache = Path::new("not read");
        let said = |name| text(&[], apache, &Target::parse(name).unwrap()).unwrap();
        let musl = said("aarch64-unknown-linux-musl");
        assert!(musl.contains("\nmusl libc: MIT\n") && musl.contains("Rich Felker, et al."));
        assert!(!said("x86_64-unknown-linux-gnu").contains("musl libc"));
    }

    /// On this machine: cargo has its sources wherever this test was built.
    #[test]
    fn what_is_linked_has_its_notices() {
        let root = checkout::root();
        let host = Target::host().unwrap();
        let linked = linked(&root, &host).unwrap();
        let is_there = |name: &str| linked.iter().any(|library| library.name == name);
        assert!(is_there("ring") && is_there("kube-client") && is_there("clap_builder"));
        // Of this workspace; run while building only; of the tests.
        assert!(!is_there("gcr-core") && !is_there("cc") && !is_there("proptest"));
        assert!(!is_there("serde_derive") && !is_there("zip"));
        let packed = notices(&root, &host).unwrap();
        let of_rust = String::from_utf8_lossy(&packed[1].bytes);
        assert!(
            of_rust.contains("The Rust Standard Library"),
            "{}",
            packed[1].path
        );
        let text = String::from_utf8_lossy(&packed[0].bytes);
        assert!(text.contains("ring 0.") && text.contains("Copyright"));
        let here = root.display().to_string();
        assert!(!text.contains(&here) && !text.contains("registry/src"));
    }
}
