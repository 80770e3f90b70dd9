//! How `Cargo.toml` files are kept: each version once, in the workspace's; nothing of the tests in what is shipped.

use std::fs;

use gcr_test_support::checkout;

use crate::expect_none;

const SUPPORT: &str = "gcr-test-support";
/// Whose normal dependency the test support may be: it is no more shipped than itself.
const ITS_USERS: [&str; 1] = ["crates/xtask"];

fn manifests() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for parent in ["crates", "plugins"] {
        let entries = fs::read_dir(checkout::root().join(parent))
            .expect("a directory of the checkout can be read");
        for entry in entries.flatten() {
            if let Ok(text) = fs::read_to_string(entry.path().join("Cargo.toml")) {
                found.push((
                    format!("{parent}/{}", entry.file_name().to_string_lossy()),
                    text,
                ));
            }
        }
    }
    assert!(found.len() >= 5, "only {} manifests found", found.len());
    found
}

#[test]
fn versions_stand_once_in_the_workspace() {
    expect_none(
        manifests()
            .iter()
            .flat_map(|(path, text)| versions(path, text))
            .collect(),
    );
}

#[test]
fn the_test_support_is_in_nothing_that_is_shipped() {
    expect_none(
        manifests()
            .iter()
            .flat_map(|(path, text)| support(path, text))
            .collect(),
    );
}

#[test]
fn the_version_of_all_packages_stands_once() {
    expect_none(
        manifests()
            .iter()
            .flat_map(|(path, text)| own_version(path, text))
            .collect(),
    );
}

/// Each line of the sections whose name ends in `dependencies`, with the section.
fn dependencies(manifest: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut section = "";
    manifest.lines().map(str::trim).filter_map(move |line| {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
            return None;
        }
        let counts =
            section.ends_with("dependencies") && !line.is_empty() && !line.starts_with('#');
        counts.then_some((section, line))
    })
}

fn versions(path: &str, manifest: &str) -> Vec<String> {
    let own = dependencies(manifest).filter(|(_, line)| {
        let inherits = line.contains(".workspace = true") || line.contains("workspace = true,");
        !inherits || line.contains("version")
    });
    let mut wrong: Vec<String> = own
        .map(|(section, line)| {
            format!("{path}: [{section}] {line}: its version belongs into the workspace's manifest")
        })
        .collect();
    // A section a dependency would hide it from the lines above.
    let tables = manifest
        .lines()
        .filter(|line| line.starts_with('[') && line.contains("dependencies."));
    wrong.extend(tables.map(|line| format!("{path}: {line}: one line a dependency")));
    wrong
}

fn own_version(path: &str, manifest: &str) -> Option<String> {
    let inherits = manifest.lines().any(|it| it == "version.workspace = true");
    (!inherits).then(|| format!("{path}: its version is the workspace's"))
}

fn support(path: &str, manifest: &str) -> Vec<String> {
    if ITS_USERS.contains(&path) {
        return Vec::new();
    }
    dependencies(manifest)
        .filter(|(section, line)| {
            !section.ends_with("dev-dependencies") && line.starts_with(SUPPORT)
        })
        .map(|(section, line)| format!("{path}: [{section}] {line}: the test support is for tests"))
        .collect()
}

#[test]
fn a_version_of_ones_own_is_seen() {
    let wrong = |text: &str| versions("crates/x", text).len();
    assert_eq!(wrong("[dependencies]\nserde = \"1\"\n"), 1);
    assert_eq!(
        wrong("[target.'cfg(unix)'.dependencies]\nrustix = { version = \"1\" }\n"),
        1
    );
    assert_eq!(wrong("[dependencies.serde]\nversion = \"1\"\n"), 1);
    assert_eq!(
        wrong(
            "[package]\nversion = \"1\"\n[dependencies]\na.workspace = true\n[dev-dependencies]\nb = { workspace = true, features = [\"x\"] }\n"
        ),
        0
    );
}

#[test]
fn a_package_with_its_own_version_is_seen() {
    assert!(own_version("crates/x", "[package]\nversion = \"0.2.0\"\n").is_some());
    assert!(own_version("crates/x", "[package]\nversion.workspace = true\n").is_none());
}

#[test]
fn the_test_support_in_a_product_is_seen() {
    let line = "gcr-test-support.workspace = true\n";
    assert_eq!(
        support("plugins/x", &format!("[dependencies]\n{line}")).len(),
        1
    );
    assert_eq!(
        support("plugins/x", &format!("[dev-dependencies]\n{line}")).len(),
        0
    );
    assert_eq!(
        support("crates/xtask", &format!("[dependencies]\n{line}")).len(),
        0
    );
}
