//! API server and etcd are killed in the middle of a run and started again: the report is true, and one more run
//! finishes what is left.

use std::thread::sleep;
use std::time::Duration;

use gcr_test_support::{ControlPlane, Options, Report, Stored};

use crate::fleet::{Fleet, OBJECTS, after_lines};
use crate::length::{rounds, spread, tell};

#[test]
fn whenever_the_server_is_killed_the_report_is_true() {
    let mut plane = ControlPlane::own(Options::new().sync());
    let fleet = Fleet::new(&plane);
    let rounds = rounds(1, 10);
    let (mut done, mut failed, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=rounds {
        let mut run = fleet.create().args(["-v=2"]).spawn();
        after_lines(&mut run, fastrand::usize(1..OBJECTS / 2));
        plane.kill();
        assert!(run.is_running(), "it was over before");
        sleep(Duration::from_millis(fastrand::u64(0..2000)));
        plane.restart();
        let output = run.wait();
        assert!(output.stderr.contains("; again in "), "{output}");
        let report = Report::read(&output);
        let stored = Stored::look(&plane);
        report.is_true(&stored, &fleet.objects);
        assert!(stored.dangling().is_empty(), "round {round}");
        let all = report.lines.len() == OBJECTS;
        assert_eq!(output.code, Some(i32::from(!all)), "{output}");
        fleet.converge(&plane, &report, &stored);
        fleet.clear(&plane);
        done.push(report.lines.len());
        failed.push((report.counted("failed") + report.counted("not started")) as usize);
        unknown.push(report.counted("unknown") as usize);
        tell(&format!("{round} of {rounds} server kills"));
    }
    tell(&format!(
        "{rounds} server kills; of {OBJECTS} objects ended (least / middle / most) as asked: {}; failed or not started: {}; \
         unknown: {}; every report was true, and one more run finished the rest",
        spread(done),
        spread(failed),
        spread(unknown)
    ));
}
