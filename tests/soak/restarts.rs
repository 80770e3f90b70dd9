//! API server and etcd are killed in the middle of a run and started again: the report is true, and one more run
//! finishes what is left.

use std::thread::sleep;
use std::time::Duration;

use gcr_test_support::{ControlPlane, Options, Report, Stored};

use crate::many_namespaces::{ManyNamespaces, OBJECTS, wait_for_lines};
use crate::rounds::{min_median_max, print_figures, rounds};

#[test]
fn whenever_the_server_is_killed_the_report_is_true() {
    let mut plane = ControlPlane::dedicated(Options::new().sync());
    let many_namespaces = ManyNamespaces::new(&plane);
    let rounds = rounds(1, 10);
    let (mut done, mut failed, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=rounds {
        let mut run = many_namespaces.create().args(["-v=2"]).spawn();
        wait_for_lines(&mut run, fastrand::usize(1..OBJECTS / 2));
        plane.kill();
        assert!(run.is_running(), "it was over before");
        sleep(Duration::from_millis(fastrand::u64(0..2000)));
        plane.restart();
        let output = run.wait();
        assert!(output.stderr.contains("; again in "), "{output}");
        let report = Report::parse(&output);
        let stored = Stored::fetch(&plane);
        report.assert_matches(&stored, &many_namespaces.objects);
        assert!(stored.dangling_references().is_empty(), "round {round}");
        let all = report.lines.len() == OBJECTS;
        assert_eq!(output.code, Some(i32::from(!all)), "{output}");
        many_namespaces.converge(&plane, &report, &stored);
        many_namespaces.clear(&plane);
        done.push(report.lines.len());
        failed.push((report.count_of("failed") + report.count_of("not started")) as usize);
        unknown.push(report.count_of("unknown") as usize);
        print_figures(&format!("{round} of {rounds} server kills"));
    }
    print_figures(&format!(
        "{rounds} server kills; of {OBJECTS} objects ended (least / middle / most) as asked: {}; failed or not started: {}; \
         unknown: {}; every report was true, and one more run finished the rest",
        min_median_max(done),
        min_median_max(failed),
        min_median_max(unknown)
    ));
}
