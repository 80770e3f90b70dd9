//! Kills kube-apiserver and etcd during a run, restarts them, and asserts that the report is true and that another run
//! completes the work.

use std::thread::sleep;
use std::time::Duration;

use gcr_test_support::{ControlPlane, Options, Report, Stored};

use crate::many_namespaces::{ManyNamespaces, OBJECTS, wait_for_lines};
use crate::rounds::{min_median_max, print_figures, rounds};

#[test]
fn report_after_server_kill_is_true_and_rerun_completes() {
    let mut plane = ControlPlane::dedicated(Options::new().sync());
    let many_namespaces = ManyNamespaces::new(&plane);
    let rounds = rounds(1, 10);
    let (mut succeeded, mut failed, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=rounds {
        let mut run = many_namespaces.create().args(["-v=2"]).spawn();
        wait_for_lines(&mut run, fastrand::usize(1..OBJECTS / 2));
        plane.kill();
        assert!(run.is_running(), "the run had already finished");
        sleep(Duration::from_millis(fastrand::u64(0..2000)));
        plane.restart();
        let output = run.wait();
        assert!(output.stderr.contains("; retrying in "), "{output}");
        let report = Report::parse(&output);
        let stored = Stored::fetch(&plane);
        report.assert_matches(&stored, &many_namespaces.objects);
        assert!(stored.dangling_references().is_empty(), "round {round}");
        let all_succeeded = report.lines.len() == OBJECTS;
        assert_eq!(output.code, Some(i32::from(!all_succeeded)), "{output}");
        many_namespaces.assert_rerun_converges(&plane, &report, &stored);
        many_namespaces.delete_written_objects(&plane);
        succeeded.push(report.lines.len());
        failed.push((report.count_of("failed") + report.count_of("not started")) as usize);
        unknown.push(report.count_of("unknown") as usize);
        print_figures(&format!("{round} of {rounds} server kills"));
    }
    print_figures(&format!(
        "{rounds} server kills; of {OBJECTS} objects (min / median / max) succeeded: {}; failed or not started: {}; unknown: {}; \
         every report was true, and another run completed the work",
        min_median_max(succeeded),
        min_median_max(failed),
        min_median_max(unknown)
    ));
}
