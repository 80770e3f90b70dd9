//! A reply of 200 MB is not kept: peak memory, as the kernel has it.

use gcr_test_support::fault_proxy::{Answer, Fault, Rule};

use crate::cases::HUGE;
use crate::trial::Trial;

const MIB: u64 = 1 << 20;

#[test]
fn a_reply_of_200_mb_to_a_write_takes_less_than_96_mib() {
    for resource in ["secrets", "serviceaccounts"] {
        let trial = Trial::one("memory");
        // Both at once, and then something that takes a second, so that the peak is seen before the end.
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
