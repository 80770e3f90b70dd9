//! Checks that certain crates are not dependencies, not even transitively.

use gcr_test_support::checkout;

/// A crate and the reason against it.
const FORBIDDEN: [(&str, &str); 2] = [
    (
        "aws-lc-rs",
        "it adds 22 ms to the first TLS handshake of each process and needs a C compiler to build",
    ),
    (
        "openssl-sys",
        "it links to the system's OpenSSL, whose version varies",
    ),
];

#[test]
fn workspace_has_no_forbidden_dependencies() {
    for (name, reason) in FORBIDDEN {
        assert_eq!(reverse_tree(name), None, "{name} is a dependency: {reason}");
    }
}

#[test]
fn gcr_patch_sa_links_nothing_of_google() {
    for name in ["gcr-google", "gcp_auth", "reqwest"] {
        let tree = reverse_tree(name).unwrap_or_default();
        assert!(!tree.contains("kubectl-gcr-patch-sa "), "{tree}");
    }
}

#[test]
fn reverse_tree_with_existing_dependency_is_found() {
    assert!(reverse_tree("ring").is_some_and(|tree| tree.contains("rustls")));
}

/// Returns the crate's reverse dependency tree, or `None` if it is not a dependency.
fn reverse_tree(name: &str) -> Option<String> {
    let mut cargo = checkout::cargo();
    cargo.args([
        "tree",
        "--locked",
        "--workspace",
        "--target",
        "all",
        "--invert",
        name,
    ]);
    let output = cargo.output().expect("cargo starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        let tree = String::from_utf8_lossy(&output.stdout).into_owned();
        // With --target, the tree is empty for a crate that only the lock file's entry of another platform names.
        return (!tree.trim().is_empty()).then_some(tree);
    }
    assert!(errors.contains("did not match any packages"), "{errors}");
    None
}
