//! Follows a run event by event and prints what the user is to see of it.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use super::{Console, ReportResult, count, lines, objects};
use crate::event::{Event, EventReceiver, ObjectResult};
use crate::ledger::{Ledger, Outcome};
use crate::object_error::Hint;
use crate::request::{DryRun, Format, LineQualifiers, OutputOptions};
use crate::target::{ObjectName, TargetName};

/// How long events gather once a run takes long. To be woken for every line costs a fleet more than to write it, and on a
/// machine that the server shares, the server too.
const BATCH_INTERVAL: Duration = Duration::from_millis(5);

/// How a run is to be reported.
pub struct Reporter {
    /// What to print.
    pub output: OutputOptions,
    /// What lines end with.
    pub dry_run: DryRun,
    /// The shape of lines and whether there is a count.
    pub shape: LineQualifiers,
    /// Whether manifests are printed with their data.
    pub plain_manifests: bool,
    /// The books the count is read from.
    pub ledger: Ledger,
    /// Whether the run was told to stop.
    pub stopped: watch::Receiver<bool>,
    /// The result of the report file, if one is written.
    pub report: Option<ReportResult>,
    /// Where to print.
    pub stream: Console,
}

/// What the exit code depends on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Summary {
    /// An object or a cluster did not end as asked.
    pub failed: bool,
}

#[derive(Default)]
struct Seen {
    objects: Vec<((TargetName, ObjectName), Value)>,
    server_warnings: BTreeSet<String>,
    hints: Vec<Hint>,
    hint_counts: HashMap<Hint, usize>,
    failed: bool,
}

impl Reporter {
    /// Prints until every sender is gone, then the objects, the hints and the count.
    ///
    /// Blocks as long as a terminal or pipe takes nothing: it has a thread of its own, so that signals are heard
    /// meanwhile.
    pub fn run(mut self, mut events: EventReceiver) -> Summary {
        let mut seen = Seen::default();
        if self.shape.namespaces && !self.output.quiet {
            self.stream.with_bars();
        }
        let mut gathers = false;
        while let Some(event) = events.blocking_recv() {
            gathers |= matches!(event, Event::ShowProgress);
            self.event(event, &mut seen);
            if gathers && events.is_empty() {
                std::thread::sleep(BATCH_INTERVAL);
            }
        }
        self.stream.without_bars();
        self.finish(seen)
    }

    fn event(&mut self, event: Event, seen: &mut Seen) {
        match event {
            Event::ObjectResult(ended) => self.ended(*ended, seen),
            Event::Warning { text, at } => {
                let place = at
                    .map(|target| lines::place(&target, self.shape))
                    .unwrap_or_default();
                self.stream.warning(&format!("{text}{place}"));
            }
            Event::ServerWarning(text) => {
                if seen.server_warnings.insert(text.clone()) {
                    self.stream.warning(&text);
                }
            }
            Event::Note { line, context } => {
                if !self.output.quiet {
                    let place = lines::cluster(context.as_deref(), self.shape);
                    self.stream.err(&format!("{line}{place}"));
                }
            }
            Event::Diagnostic(line) => self.stream.err(&line),
            Event::Error { line, context } => {
                seen.failed = true;
                let place = lines::cluster(context.as_deref(), self.shape);
                self.stream.err(&lines::placed(&line, &place));
            }
            Event::Hint(hint) => self.hint(hint, seen),
            Event::TotalIncreased { context, objects } => {
                if let Some(bars) = self.stream.bars() {
                    bars.increase_total(context.as_ref(), objects);
                }
            }
            Event::TotalDecreased { context, objects } => {
                if let Some(bars) = self.stream.bars() {
                    bars.decrease_total(context.as_ref(), objects);
                }
            }
            Event::ShowProgress => {
                if let Some(bars) = self.stream.bars() {
                    bars.show();
                }
            }
        }
    }

    fn ended(&mut self, ended: ObjectResult, seen: &mut Seen) {
        if let Some(bars) = self.stream.bars() {
            let failed = ended.outcome == Outcome::Failed;
            bars.ended(ended.target.context.as_ref(), failed);
        }
        if let Some(line) = lines::done(&ended, self.dry_run, self.shape) {
            match self.output.format {
                Format::Lines if !self.output.quiet => self.stream.out(&line),
                Format::Name => self.stream.out(&ended.object.to_string()),
                _ => {}
            }
        } else {
            seen.failed = true;
            if let Some(line) = lines::failed(&ended, self.shape) {
                self.stream.err(&line);
            }
            if let Some(hint) = ended.error.and_then(|error| error.hint) {
                self.hint(hint, seen);
            }
        }
        if let Some(object) = ended.manifest {
            seen.objects.push(((ended.target, ended.object), object));
        }
    }

    /// Beside its error for one target; in a fleet once, at the end, with the number it is for.
    fn hint(&mut self, hint: Hint, seen: &mut Seen) {
        if !self.shape.namespaces {
            self.stream.err(&format!("hint: {hint}"));
            return;
        }
        let count = seen.hint_counts.entry(hint.clone()).or_default();
        *count += 1;
        if *count == 1 {
            seen.hints.push(hint);
        }
    }

    fn finish(mut self, mut seen: Seen) -> Summary {
        // Cut off: nobody else will speak of these.
        for (target, object, outcome) in self.ledger.unreported() {
            let Some(why) = lines::cut_off(outcome) else {
                // It is done, and only the word was missing.
                let (error, manifest) = (None, None);
                let ended = ObjectResult {
                    target,
                    object,
                    outcome,
                    error,
                    manifest,
                };
                self.ended(ended, &mut seen);
                continue;
            };
            seen.failed = true;
            let place = lines::place(&target, self.shape);
            match outcome {
                Outcome::Unknown => {
                    let line = lines::unknown(&object, why);
                    self.stream.err(&format!("{line}{place}"));
                }
                Outcome::Failed => self.stream.err(&format!("error: {object}: {why}{place}")),
                _ => {}
            }
        }
        if self.output.format.shows_objects() && !seen.objects.is_empty() {
            seen.objects
                .sort_by(|(left, _), (right, _)| left.cmp(right));
            let objects = seen.objects.into_iter().map(|(_, object)| object).collect();
            let text = objects::render(
                objects,
                self.shape.namespaces,
                self.output.show_managed_fields,
                self.output.format,
            );
            if self.plain_manifests {
                self.stream.out_plain(&text)
            } else {
                self.stream.out_masked(&text)
            }
        }
        if let Some(line) = self.report.take().and_then(ReportResult::wait) {
            self.stream.err(&line);
            seen.failed = true;
        }
        for hint in &seen.hints {
            self.stream
                .err(&format!("hint: (for {}) {hint}", seen.hint_counts[hint]));
        }
        if self.shape.namespaces && !self.output.quiet {
            for context in self.ledger.unlisted_clusters() {
                let place = lines::cluster(context.as_deref(), self.shape);
                self.stream.err(&format!(
                    "the list of namespaces is incomplete: namespaces that were not listed are not counted{place}"
                ));
            }
            let counts = self.ledger.counts();
            // Who was stopped may not have looked.
            let stopped = *self.stopped.borrow();
            if counts.iter().sum::<u64>() == 0 && !seen.failed && !stopped {
                self.stream.err("No resources found");
            }
            self.stream.err(&count::line(counts));
        }
        Summary {
            failed: seen.failed,
        }
    }
}
