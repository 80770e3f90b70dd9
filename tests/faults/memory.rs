//! A reply of 200 MB is not kept: the most memory that was ever resident, as the kernel has it.

use gcr_test_support::fault_proxy::{Answer, Fault, FaultProxy, Rule};
use gcr_test_support::{Report, keys};

use crate::cases::HUGE;
use crate::lists::Crowd;
use crate::trial::Trial;

const MIB: u64 = 1 << 20;

#[test]
fn a_reply_of_200_mb_to_a_write_takes_less_than_96_mib() {
    for resource in ["secrets", "serviceaccounts"] {
        let trial = Trial::one("memory");
        for namespace in [&trial.bad, &trial.good] {
            let huge = Fault::After(Answer::padded(HUGE));
            trial
                .proxy
                .when(Rule::on("patch", resource).namespace(namespace), huge);
        }
        let (output, peak) = trial.create().spawn().wait_for_peak();
        output.exits(1);
        let sent = trial.proxy.traffic().sent;
        assert!(sent > 8 * MIB, "only {sent} bytes were offered");
        println!("{resource}: {} MiB at most", peak / MIB);
        assert!(peak > MIB && peak < 96 * MIB, "{resource}: {peak} bytes");
    }
}

#[test]
fn a_reply_of_200_mb_to_a_list_takes_less_than_160_mib() {
    let crowd = Crowd::new();
    // The second is just small enough to be read whole.
    for bytes in [HUGE, 31 * MIB] {
        let proxy = FaultProxy::before(crowd.cluster);
        for resource in ["secrets", "serviceaccounts"] {
            let huge = Fault::Instead(Answer::padded(bytes));
            proxy.when(Rule::on("list", resource), huge);
        }
        let session = proxy.session();
        session.file("key.json", keys::KEY, 0o600);
        let run = session
            .gcr_secret(["create", "--key-file=key.json", "--serviceaccount=default"])
            .args(["--namespace-selector", &crowd.label])
            .spawn();
        let (output, peak) = run.wait_for_peak();
        let report = Report::read(&output.success());
        report.all_done(2 * crowd.names.len());
        println!("{bytes} bytes: {} MiB at most", peak / MIB);
        assert!(peak > MIB && peak < 160 * MIB, "{peak} bytes");
    }
}

#[test]
fn nor_does_one_to_the_list_of_namespaces() {
    let crowd = Crowd::new();
    for bytes in [HUGE, 31 * MIB] {
        let proxy = FaultProxy::before(crowd.cluster);
        let huge = Fault::Instead(Answer::padded(bytes));
        proxy.when(Rule::on("list", "namespaces"), huge);
        let run = proxy
            .session()
            .gcr_patch_sa(["builder", "--namespace-selector", &crowd.label])
            .spawn();
        let (output, peak) = run.wait_for_peak();
        let output = output.exits(1);
        assert_eq!(Report::read(&output).total(), 0, "{output}");
        println!("{bytes} bytes: {} MiB at most", peak / MIB);
        assert!(peak > MIB && peak < 160 * MIB, "{peak} bytes");
    }
}
