//! `bench kubeconfig`: what a kubeconfig of 500 contexts costs, beside one of a single context, for kubectl and for ours.
//! The commands ask no server: all that differs is the file.

use std::fmt::Write as _;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gcr_test_support::{Result, Session, keys};

use super::samples::{Samples, print_bar, print_table, time};

const ROUNDS: usize = 50;
const CONTEXTS: usize = 500;
/// Bytes of a certificate or key at least, so that the file has 1.3 MB.
const PEM: usize = 560;
const AUTHORITY: &str = include_str!("../../../../tests/fixtures/x509-v1/authority.pem");
const CERTIFICATE: &str = include_str!("../../../../tests/fixtures/x509-v1/certificate.pem");
const KEY: &str = include_str!("../../../../tests/fixtures/x509-v1/key.pem");
/// Milliseconds that the large file may cost more than the small one.
const BAR: f64 = 10.0;

/// Measures and prints.
pub(crate) fn run() -> Result<()> {
    let session = Session::open(None)?;
    session.file("key.json", keys::KEY, 0o600);
    session.file("one", kubeconfig(1), 0o600);
    let large = kubeconfig(CONTEXTS);
    session.file("many", &large, 0o600);
    let many_context = format!("cluster-{:04}", CONTEXTS / 2);
    let words = |file: &str, context: &str| {
        [
            "--kubeconfig",
            file,
            "--context",
            context,
            "--dry-run=client",
        ]
        .map(String::from)
    };
    let kubectl = |file, context: &str| {
        session
            .kubectl(["create", "secret", "generic", "gcr-io"])
            .args(words(file, context))
            .into_command()
    };
    let ours = |file, context: &str| {
        session
            .gcr_secret(["create", "--key-file=key.json"])
            .args(words(file, context))
            .into_command()
    };
    let ways: [(&str, &dyn Fn() -> Command); 4] = [
        ("kubectl, 1 context", &|| kubectl("one", "cluster-0000")),
        ("kubectl, 500 contexts", &|| kubectl("many", &many_context)),
        ("kubectl-gcr_secret, 1 context", &|| {
            ours("one", "cluster-0000")
        }),
        ("kubectl-gcr_secret, 500 contexts", &|| {
            ours("many", &many_context)
        }),
    ];
    let mut samples = ways.map(|(name, _)| Samples::of(name));
    for round in 0..=ROUNDS {
        for ((_, command), samples) in ways.iter().zip(&mut samples) {
            let took = time(command())?;
            // The first round finds nothing in the page cache.
            if round > 0 {
                samples.add(took);
            }
        }
    }
    println!(
        "a kubeconfig of {CONTEXTS} contexts, {:.1} MB, {ROUNDS} rounds\n",
        large.len() as f64 / 1e6
    );
    print_table(&samples);
    println!();
    let [kubectl_one, kubectl_many, one, many] = samples.map(|way| way.median());
    println!(
        "the large file costs kubectl {:.1} ms, and us {:.1} ms",
        kubectl_many - kubectl_one,
        many - one
    );
    print_bar(
        &format!("it costs us at most {BAR} ms by median"),
        many - one <= BAR,
    );
    Ok(())
}

/// As kubectl writes one: a cluster, a user and a context of the same name each, with certificates inside.
fn kubeconfig(contexts: usize) -> String {
    let names = || (0..contexts).map(|index| format!("cluster-{index:04}"));
    let mut text = "apiVersion: v1\nclusters:\n".to_owned();
    // Writing to a String cannot fail.
    for name in names() {
        let data = data(AUTHORITY, &name);
        let _ = write!(
            text,
            "- cluster:\n    certificate-authority-data: {data}\n    server: https://{name}.example:6443\n  name: {name}\n"
        );
    }
    text += "contexts:\n";
    for name in names() {
        let _ = write!(
            text,
            "- context:\n    cluster: {name}\n    namespace: team\n    user: {name}\n  name: {name}\n"
        );
    }
    text += "current-context: cluster-0000\nkind: Config\npreferences: {}\nusers:\n";
    for name in names() {
        let (certificate, key) = (data(CERTIFICATE, &name), data(KEY, &name));
        let _ = write!(
            text,
            "- name: {name}\n  user:\n    client-certificate-data: {certificate}\n    client-key-data: {key}\n"
        );
    }
    text
}

/// PEM in base64, as long as others are, and different for each name: what stands behind its block does not matter.
fn data(pem: &str, name: &str) -> String {
    STANDARD.encode(format!("{:-<PEM$}", format!("{pem}{name} ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_large_file_is_as_large_as_is_said() {
        let megabytes = kubeconfig(CONTEXTS).len() as f64 / 1e6;
        assert!((1.25..1.35).contains(&megabytes), "{megabytes}");
    }
}
