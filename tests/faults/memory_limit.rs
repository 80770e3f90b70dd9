//! Tests that a 200 MB response is not buffered, by the peak resident memory that the kernel reports.

use gcr_test_support::fault_proxy::{CannedResponse, Fault, FaultProxy, Rule};
use gcr_test_support::{Report, keys};

use crate::cases::HUGE;
use crate::lists::ManyNamespaces;
use crate::scenario::Scenario;

const MIB: u64 = 1 << 20;

#[test]
fn write_response_of_200_mb_uses_less_than_96_mib() {
    for resource in ["secrets", "serviceaccounts"] {
        let scenario = Scenario::one("memory");
        for namespace in [&scenario.faulty, &scenario.healthy] {
            let huge = Fault::RespondAfterCommit(CannedResponse::padded(HUGE));
            scenario
                .proxy
                .inject(Rule::on("patch", resource).namespace(namespace), huge);
        }
        let (output, peak) = scenario.create().spawn().wait_with_peak_memory();
        output.exits(1);
        let sent = scenario.proxy.traffic().bytes_sent;
        assert!(sent > 8 * MIB, "the proxy sent only {sent} bytes");
        println!("{resource}: {} MiB at most", peak / MIB);
        assert!(peak > MIB && peak < 96 * MIB, "{resource}: {peak} bytes");
    }
}

#[test]
fn object_list_of_200_mb_uses_less_than_160_mib() {
    let namespaces = ManyNamespaces::new();
    // The second size is just below the limit for a buffered response.
    for bytes in [HUGE, 31 * MIB] {
        let proxy = FaultProxy::new(namespaces.cluster);
        for resource in ["secrets", "serviceaccounts"] {
            let huge = Fault::Replace(CannedResponse::padded(bytes));
            proxy.inject(Rule::on("list", resource), huge);
        }
        let session = proxy.session();
        session.file("key.json", keys::KEY, 0o600);
        let run = session
            .gcr_secret(["create", "--key-file=key.json", "--serviceaccount=default"])
            .args(["--namespace-selector", &namespaces.label])
            .spawn();
        let (output, peak) = run.wait_with_peak_memory();
        let report = Report::parse(&output.success());
        report.assert_all_succeeded(2 * namespaces.names.len());
        println!("{bytes} bytes: {} MiB at most", peak / MIB);
        assert!(peak > MIB && peak < 160 * MIB, "{peak} bytes");
    }
}

#[test]
fn namespace_list_of_200_mb_uses_less_than_160_mib() {
    let namespaces = ManyNamespaces::new();
    for bytes in [HUGE, 31 * MIB] {
        let proxy = FaultProxy::new(namespaces.cluster);
        let huge = Fault::Replace(CannedResponse::padded(bytes));
        proxy.inject(Rule::on("list", "namespaces"), huge);
        let run = proxy
            .session()
            .gcr_patch_sa(["builder", "--namespace-selector", &namespaces.label])
            .spawn();
        let (output, peak) = run.wait_with_peak_memory();
        let output = output.exits(1);
        assert_eq!(Report::parse(&output).total(), 0, "{output}");
        println!("{bytes} bytes: {} MiB at most", peak / MIB);
        assert!(peak > MIB && peak < 160 * MIB, "{peak} bytes");
    }
}
