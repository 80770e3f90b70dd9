//! What must not be among the dependencies, whoever brings it.

use gcr_test_support::checkout;

/// A crate and why it is not wanted.
const UNWANTED: [(&str, &str); 2] = [
    (
        "aws-lc-rs",
        "it costs 22 ms at each process's first handshake, and a C compiler's flags at each build",
    ),
    ("openssl-sys", "it links to whatever the system has"),
];

#[test]
fn the_crypto_is_ring_and_nothing_else() {
    for (name, why) in UNWANTED {
        assert_eq!(who_needs(name), None, "{name} is here: {why}");
    }
}

#[test]
fn who_needs_a_crate_is_seen() {
    assert!(who_needs("ring").is_some_and(|tree| tree.contains("rustls")));
}

/// cargo's answer, or `None` where the crate is not among the dependencies.
fn who_needs(name: &str) -> Option<String> {
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
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        let tree = String::from_utf8_lossy(&output.stdout).into_owned();
        // With --target, a crate that only another platform's lock entry names is an empty tree.
        return (!tree.trim().is_empty()).then_some(tree);
    }
    assert!(said.contains("did not match any packages"), "{said}");
    None
}
