//! Tests the report file of a target that is no namespace.

use std::sync::Arc;

use super::thing::{Reply, SharedWorld, TestRun, Thing};
use crate::report::{ReportFile, ReportWriter};
use crate::request::DryRun;

#[tokio::test]
async fn report_file_names_the_project_of_each_object() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("report.jsonl");
    let mut run = TestRun::begin(DryRun::None);
    let (events, entries) = run.context.events.clone().with_report();
    run.context.events = events;
    let file = ReportFile::create(&path, DryRun::None).unwrap();
    let ledger = run.context.ledger.clone();
    let (writer, _result) = ReportWriter::spawn(file, entries, ledger, Arc::default()).unwrap();
    let world = SharedWorld::default();
    world.script("account", &[Reply::Refused]);
    let things = ["api", "account"].map(|name| Thing::new(&world, name, &[]));
    run.reconcile(things.into()).await;
    drop(run);
    writer.finish(std::time::Duration::from_secs(10)).await;
    let report = std::fs::read_to_string(&path).unwrap();
    let mut lines: Vec<_> = report.lines().collect();
    lines.sort_unstable();
    let line = |name, result, reason| {
        format!(
            r#"{{"context":null,"namespace":null,"project":"my-project","kind":"Thing","name":"{name}","result":"{result}","reason":{reason}}}"#
        )
    };
    let expected = [
        line("account", "failed", r#""error: thing/account: refused""#),
        line("api", "made", "null"),
    ];
    assert_eq!(lines, expected);
}
