//! Ctrl-C in the middle of many: everything that was meant is counted, and the report names it.

use std::fs;

use gcr_test_support::Signal;
use gcr_test_support::fault_proxy::{Fault, FaultProxy, Rule};

use crate::setting::{Setting, split_count, with_key};

#[test]
fn what_nobody_came_to_is_counted_and_named() {
    const ALL: usize = 120;
    let setting = Setting::new("interruption", ALL);
    let proxy = FaultProxy::before(setting.cluster);
    let hang = proxy.when(Rule::on("patch", "secrets").after(20), Fault::Hang);
    let session = with_key(proxy.session());
    let mut run = setting
        .create_as(&session)
        .args(["--report", "report.jsonl"])
        .spawn();
    while proxy.met(hang) == 0 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    run.signal(Signal::INT);
    let output = run.wait().exits(130);
    let (_, count) = split_count(&output);
    let number = |word: &str| {
        let part = count.split(", ").find_map(|part| part.strip_suffix(word));
        part.and_then(|number| number.trim().parse::<usize>().ok())
            .unwrap_or(0)
    };
    let ends = ["created", "patched", "failed", "unknown", "not started"].map(number);
    assert_eq!(ends.iter().sum::<usize>(), 2 * ALL, "{count}");
    let [created, _, failed, unknown, not_started] = ends;
    assert_eq!((created, failed), (20, 0), "{count}");
    assert!(unknown > 0 && not_started > ALL, "{count}");
    let report = fs::read_to_string(session.work().join("report.jsonl")).expect("the report");
    assert_eq!(report.lines().count(), 2 * ALL);
    assert_eq!(report.matches("\"not started\"").count(), not_started);
    assert_eq!(report.matches("\"unknown\"").count(), unknown);
}
