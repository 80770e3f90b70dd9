//! Checks that the files and directories that the documents name exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use gcr_test_support::checkout;

use crate::assert_no_violations;

/// Documents that name files of the sources between backticks.
const NAMING: [&str; 2] = ["ARCHITECTURE.md", "CONTRIBUTING.md"];

/// How a word ends that names a file, or a directory.
const ENDS: [&str; 7] = [".rs", ".md", ".toml", ".yaml", ".yml", ".sh", "/"];

/// How a word begins that names a file or directory by its whole path.
const BEGINNINGS: [&str; 8] = [
    ".ci/", ".github/", "crates/", "docs/", "krew/", "man/", "plugins/", "tests/",
];

#[test]
fn documents_name_only_existing_files() {
    let mut paths = BTreeSet::new();
    collect_paths(&checkout::root(), "", &mut paths);
    assert!(paths.len() > 300, "only {} paths", paths.len());
    let mut violations = Vec::new();
    for path in paths.iter().filter(|path| path.ends_with(".md")) {
        let text = fs::read_to_string(checkout::root().join(path)).expect("a document is text");
        let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
        let mut missing = missing_targets(&text, directory, &paths);
        if NAMING.contains(&path.as_str()) {
            missing.extend(missing_names(&text, &paths));
        }
        violations.extend(
            missing
                .iter()
                .map(|name| format!("{path}: {name} not found")),
        );
    }
    assert_no_violations(violations);
}

/// Adds the paths of all files and directories, relative to the checkout; those of directories end in `/`.
fn collect_paths(directory: &Path, prefix: &str, paths: &mut BTreeSet<String>) {
    let entries = fs::read_dir(directory).expect("a directory of the checkout can be read");
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        // Build output, and git's own files.
        if name == "target" || name == ".git" {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.path().is_dir() {
            collect_paths(&entry.path(), &format!("{path}/"), paths);
            paths.insert(format!("{path}/"));
        } else {
            paths.insert(path);
        }
    }
}

/// Returns the words between backticks that look like a path and are not the end of an existing one.
fn missing_names(text: &str, paths: &BTreeSet<String>) -> Vec<String> {
    let words = text.split('`').skip(1).step_by(2);
    let is_path = |word: &&str| {
        let is_word = word
            .chars()
            .all(|it| it.is_alphanumeric() || "-_./*".contains(it));
        let is_named = ENDS.iter().any(|end| word.ends_with(end))
            || BEGINNINGS.iter().any(|begin| word.starts_with(begin));
        is_word && is_named
    };
    words
        .filter(is_path)
        .filter(|word| !paths.iter().any(|path| names(word, path)))
        .map(str::to_owned)
        .collect()
}

/// Returns whether a word is a path or its last components. `*` stands for one component or a part of it.
fn names(word: &str, path: &str) -> bool {
    let mut words = word.trim_end_matches('/').split('/').rev();
    let mut components = path.trim_end_matches('/').split('/').rev();
    words.all(|word| {
        components
            .next()
            .is_some_and(|component| match word.split_once('*') {
                Some((start, end)) => component.starts_with(start) && component.ends_with(end),
                None => component == word,
            })
    })
}

/// Returns the targets of links to files that do not exist.
fn missing_targets(text: &str, directory: &str, paths: &BTreeSet<String>) -> Vec<String> {
    let targets = text
        .split("](")
        .skip(1)
        .filter_map(|it| it.split(')').next());
    let targets = targets.filter_map(|target| target.split('#').next());
    let is_file = |target: &&str| !target.is_empty() && !target.contains("://");
    let is_missing = |target: &&str| {
        let mut path: Vec<&str> = directory.split('/').filter(|it| !it.is_empty()).collect();
        for component in target.trim_end_matches('/').split('/') {
            match component {
                ".." => drop(path.pop()),
                "." => {}
                name => path.push(name),
            }
        }
        let path = path.join("/");
        !paths.contains(&path) && !paths.contains(&format!("{path}/"))
    };
    targets
        .filter(is_file)
        .filter(is_missing)
        .map(str::to_owned)
        .collect()
}

#[test]
fn missing_file_is_reported() {
    let paths = [
        "README.md",
        "docs/",
        "docs/a.md",
        "crates/x/src/a/",
        "crates/x/src/a/b.rs",
    ];
    let paths = BTreeSet::from(paths.map(str::to_owned));
    let text =
        "`a/b.rs` `x/src/a/` `crates/*/src/a` `*.md` `b` `std::fs` `secret/NAME` `cargo x.rs`";
    assert_eq!(missing_names(text, &paths), [""; 0]);
    let text = "`a/c.rs`, `c/b.rs`, `b.md` and `crates/x/c`";
    let missing = ["a/c.rs", "c/b.rs", "b.md", "crates/x/c"];
    assert_eq!(missing_names(text, &paths), missing);
    let text = "[a](a.md) [b](../README.md#b) [c](#c) [d](https://d.example/d.md) [e](../docs)";
    assert_eq!(missing_targets(text, "docs", &paths), [""; 0]);
    let text = "[a](docs/b.md#a), [b](../README.md)";
    assert_eq!(missing_targets(text, "", &paths), ["docs/b.md"]);
    assert_eq!(
        missing_targets(text, "docs/x", &paths),
        ["docs/b.md", "../README.md"]
    );
}
