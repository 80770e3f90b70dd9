//! Checks the `Cargo.toml` files: all versions are in the workspace manifest, and no shipped package depends on the
//! test support.

use std::fs;

use gcr_test_support::checkout;

use crate::assert_no_violations;

const TEST_SUPPORT: &str = "gcr-test-support_violations";
/// Packages that have the test support as a normal dependency, because they are not shipped either.
const SUPPORT_USERS: [&str; 2] = ["crates/gcr-bench", "crates/xtask"];

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
fn dependency_versions_are_set_only_in_the_workspace_manifest() {
    assert_no_violations(
        manifests()
            .iter()
            .flat_map(|(path, text)| version_violations(path, text))
            .collect(),
    );
}

#[test]
fn shipped_packages_do_not_depend_on_test_support() {
    assert_no_violations(
        manifests()
            .iter()
            .flat_map(|(path, text)| support_violations(path, text))
            .collect(),
    );
}

#[test]
fn packages_inherit_the_workspace_version() {
    assert_no_violations(
        manifests()
            .iter()
            .flat_map(|(path, text)| own_version_violation(path, text))
            .collect(),
    );
}

/// Returns each line of the sections whose name ends in `dependencies`, with the section.
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

fn version_violations(path: &str, manifest: &str) -> Vec<String> {
    let own = dependencies(manifest).filter(|(_, line)| {
        let inherits = line.contains(".workspace = true") || line.contains("workspace = true,");
        !inherits || line.contains("version")
    });
    let mut violations: Vec<String> = own
        .map(|(section, line)| {
            format!("{path}: [{section}] {line}: set its version in the workspace manifest")
        })
        .collect();
    // A section per dependency (`[dependencies.x]`) would bypass the check above.
    let tables = manifest
        .lines()
        .filter(|line| line.starts_with('[') && line.contains("dependencies."));
    violations
        .extend(tables.map(|line| format!("{path}: {line}: write the dependency on one line")));
    violations
}

fn own_version_violation(path: &str, manifest: &str) -> Option<String> {
    let inherits = manifest.lines().any(|it| it == "version.workspace = true");
    (!inherits).then(|| format!("{path}: set version.workspace = true"))
}

fn support_violations(path: &str, manifest: &str) -> Vec<String> {
    if SUPPORT_USERS.contains(&path) {
        return Vec::new();
    }
    dependencies(manifest)
        .filter(|(section, line)| {
            !section.ends_with("dev-dependencies") && line.starts_with(TEST_SUPPORT)
        })
        .map(|(section, line)| {
            format!("{path}: [{section}] {line}: use the test support only in dev-dependencies")
        })
        .collect()
}

#[test]
fn dependency_with_own_version_is_reported() {
    let violations = |text: &str| version_violations("crates/x", text).len();
    assert_eq!(violations("[dependencies]\nserde = \"1\"\n"), 1);
    assert_eq!(
        violations("[target.'cfg(unix)'.dependencies]\nrustix = { version = \"1\" }\n"),
        1
    );
    assert_eq!(violations("[dependencies.serde]\nversion = \"1\"\n"), 1);
    assert_eq!(
        violations(
            "[package]\nversion = \"1\"\n[dependencies]\na.workspace = true\n[dev-dependencies]\nb = { workspace = true, features = [\"x\"] }\n"
        ),
        0
    );
}

#[test]
fn package_with_own_version_is_reported() {
    assert!(own_version_violation("crates/x", "[package]\nversion = \"0.2.0\"\n").is_some());
    assert!(own_version_violation("crates/x", "[package]\nversion.workspace = true\n").is_none());
}

#[test]
fn test_support_in_shipped_package_is_reported() {
    let line = "gcr-test-support_violations.workspace = true\n";
    assert_eq!(
        support_violations("plugins/x", &format!("[dependencies]\n{line}")).len(),
        1
    );
    assert_eq!(
        support_violations("plugins/x", &format!("[dev-dependencies]\n{line}")).len(),
        0
    );
    assert_eq!(
        support_violations("crates/xtask", &format!("[dependencies]\n{line}")).len(),
        0
    );
}
