//! `bench kubeconfig`: measures the cost of a kubeconfig of 500 contexts, compared with one of a single context, for
//! kubectl and for the plugin. The commands send no request, so only the file differs.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gcr_test_support::{Result, Session, keys};

use crate::interleave::{Variant, interleave};
use crate::samples::{print_table, print_threshold, time};

const ROUNDS: usize = 50;
const CONTEXTS: usize = 500;
/// Length to which certificates and keys are padded, in bytes; makes a file of 1.3 MB.
const PEM_LENGTH: usize = 560;
const AUTHORITY: &str = include_str!("../../../tests/fixtures/x509-v1/authority.pem");
const CERTIFICATE: &str = include_str!("../../../tests/fixtures/x509-v1/certificate.pem");
const KEY: &str = include_str!("../../../tests/fixtures/x509-v1/key.pem");
/// Maximum ratio of the plugin's median to kubectl's, with the large file.
const THRESHOLD: f64 = 0.5;

/// Measures and prints the result.
pub(crate) fn run() -> Result<()> {
    let session = Session::open(None)?;
    session.file("key.json", keys::KEY, 0o600);
    session.file("small", kubeconfig(1), 0o600);
    let large = kubeconfig(CONTEXTS);
    session.file("large", &large, 0o600);
    let context = format!("cluster-{:04}", CONTEXTS / 2);
    let flags = |file: &str, context: &str| {
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
        let create = session.kubectl(["create", "secret", "generic", "gcr-io"]);
        time(create.args(flags(file, context)).into_command())
    };
    let plugin = |file, context: &str| {
        let create = session.gcr_secret(["create", "--key-file=key.json"]);
        time(create.args(flags(file, context)).into_command())
    };
    let variants = vec![
        Variant::new("kubectl, 1 context", || kubectl("small", "cluster-0000")),
        Variant::new("kubectl, 500 contexts", || kubectl("large", &context)),
        Variant::new("kubectl-gcr_secret, 1 context", || {
            plugin("small", "cluster-0000")
        }),
        Variant::new("kubectl-gcr_secret, 500 contexts", || {
            plugin("large", &context)
        }),
    ];
    let samples = interleave(ROUNDS, variants, || Ok(()))?;
    println!(
        "a kubeconfig of {CONTEXTS} contexts, {:.1} MB, {ROUNDS} rounds\n",
        large.len() as f64 / 1e6
    );
    print_table(&samples);
    println!();
    let medians: Vec<f64> = samples.iter().map(|it| it.median()).collect();
    let [kubectl_small, kubectl_large, plugin_small, plugin_large] = medians[..] else {
        return Ok(());
    };
    println!(
        "the large file adds {:.1} ms to kubectl and {:.1} ms to the plugin",
        kubectl_large - kubectl_small,
        plugin_large - plugin_small
    );
    print_threshold(
        &format!("with the large file, at most {THRESHOLD} times as long as kubectl by median"),
        plugin_large <= THRESHOLD * kubectl_large,
    );
    Ok(())
}

/// Returns a kubeconfig as kubectl writes it. Each context has a cluster and a user of the same name, with embedded
/// certificates.
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

/// Returns PEM text in base64, padded to a typical length and different for each name. PEM parsers ignore text after
/// the block.
fn data(pem: &str, name: &str) -> String {
    STANDARD.encode(format!("{:-<PEM_LENGTH$}", format!("{pem}{name} ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_kubeconfig_has_the_printed_size() {
        let megabytes = kubeconfig(CONTEXTS).len() as f64 / 1e6;
        assert!((1.25..1.35).contains(&megabytes), "{megabytes}");
    }
}
