//! Tests a query: order of the rows, errors, and interruption.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use serde_json::json;

use super::thing::{TestRun, id, project};
use crate::engine::query::query;
use crate::engine::{Event, Hint, ObjectError, ObjectId, Query, Row};
use crate::request::DryRun;

/// A query whose rows come one second apart. The row `broken` is an error.
struct Words(Vec<&'static str>);

impl Query for Words {
    fn id(&self) -> ObjectId {
        id("words")
    }

    fn pages(&self) -> BoxStream<'_, Result<Vec<Row>, ObjectError>> {
        let pages = stream::iter(&self.0).then(|word| async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if *word == "broken" {
                let hint = Some(Hint::new("mend it"));
                return Err(ObjectError {
                    hint,
                    ..ObjectError::new("error: broken")
                });
            }
            Ok(vec![Row {
                target: project(),
                object: id(word),
                cells: vec![(*word).into()],
                value: json!({"word": word}),
                is_problem: false,
            }])
        });
        pages.boxed()
    }
}

async fn events(run: &mut TestRun) -> Vec<String> {
    let mut events = Vec::new();
    while !run.received.is_empty() {
        events.push(match run.received.recv().await {
            Some(Event::Rows(rows)) => format!("row {}", rows[0].object.name),
            Some(Event::Error { line, .. }) => line,
            Some(Event::Hint(hint)) => format!("hint: {hint}"),
            Some(Event::ObjectResult(result)) => {
                let error = result.error.map(|error| error.text);
                format!("{} {}", result.outcome.as_str(), error.unwrap_or_default())
            }
            other => format!("{other:?}"),
        });
    }
    events
}

#[tokio::test(start_paused = true)]
async fn rows_are_reported_in_order() {
    let mut run = TestRun::begin(DryRun::None);
    query(project(), &Words(vec!["b", "a"]), &run.context).await;
    assert_eq!(events(&mut run).await, ["row b", "row a", "unchanged "]);
    assert_eq!(run.counts(), [("unchanged", 1)]);
}

#[tokio::test(start_paused = true)]
async fn error_ends_no_other_row_and_fails_the_query() {
    let mut run = TestRun::begin(DryRun::None);
    let words = Words(vec!["broken", "a", "broken"]);
    query(project(), &words, &run.context).await;
    let expected = [
        "row a",
        "error: broken",
        "hint: mend it",
        "failed error: broken",
    ];
    assert_eq!(events(&mut run).await, expected);
    assert_eq!(run.counts(), [("failed", 1)]);
}

#[tokio::test(start_paused = true)]
async fn interrupted_query_counts_as_not_started() {
    let mut run = TestRun::begin(DryRun::None);
    let stop = run.stop.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        stop.send_replace(true);
    });
    query(project(), &Words(vec!["a", "b"]), &run.context).await;
    assert_eq!(events(&mut run).await, ["row a"]);
    assert_eq!(run.counts(), [("not started", 1)]);
}
