//! Prints the events of a run, then its summary.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use serde_json::Value;

use super::console::Console;
use super::report_writer::ReportResult;
use super::table::{Table, cmp_rows};
use super::view::{TableLayout, View};
use super::{lines, objects, summary};
use crate::engine::event::EventReceiver;
use crate::engine::{Event, Hint, Ledger, ObjectId, ObjectResult, Outcome, Row, TargetName};
use crate::request::{DryRun, Format, LineQualifiers, OutputOptions};
use crate::stop::StopSignal;

/// Pause in which the events of a long run accumulate. Waking the thread for each line would cost more than printing it,
/// and would take CPU time from a server on the same machine.
const BATCH_INTERVAL: Duration = Duration::from_millis(5);

/// Prints the events of a run.
pub struct Reporter {
    /// The output options.
    pub output: OutputOptions,
    /// The kind of dry run, which lines state.
    pub dry_run: DryRun,
    /// The location that lines state, and whether there is a summary.
    pub qualifiers: LineQualifiers,
    /// Whether manifests are printed with their data.
    pub plain_manifests: bool,
    /// How the command prints what it finds.
    pub view: View,
    /// The ledger from which the summary is computed.
    pub ledger: Ledger,
    /// Whether the run was interrupted.
    pub stopped: StopSignal,
    /// The result of the report file, if one is written.
    pub report: Option<ReportResult>,
    /// The console to print to.
    pub console: Console,
}

/// The result of a run, which determines the exit code.
#[derive(Debug, Clone, Copy, Default)]
pub struct Summary {
    /// Whether an object, a cluster or the report failed.
    pub failed: bool,
}

/// State of the output that later events or the end of the run need.
#[derive(Default)]
struct Collected {
    objects: Vec<((TargetName, ObjectId), Value)>,
    server_warnings: BTreeSet<String>,
    hints: Vec<Hint>,
    hint_counts: HashMap<Hint, usize>,
    /// The table of a query.
    table: Table,
    /// The rows of a query that sorts them.
    unsorted: Vec<Row>,
    /// Whether a query has found a row.
    has_rows: bool,
    failed: bool,
}

impl Reporter {
    /// Prints events until every sender is gone, then the objects, the hints and the summary.
    ///
    /// Blocks while the terminal or pipe accepts no output, and therefore needs a thread of its own.
    pub fn run(mut self, mut events: EventReceiver) -> Summary {
        let mut collected = Collected {
            table: self.table(),
            ..Collected::default()
        };
        if self.qualifiers.namespaces && !self.output.quiet {
            self.console.enable_progress();
        }
        let mut is_long_run = false;
        while let Some(event) = events.blocking_recv() {
            is_long_run |= matches!(event, Event::ShowProgress);
            self.handle(event, &mut collected);
            if is_long_run && events.is_empty() {
                std::thread::sleep(BATCH_INTERVAL);
            }
        }
        self.console.disable_progress();
        self.finish(collected)
    }

    fn handle(&mut self, event: Event, collected: &mut Collected) {
        match event {
            Event::ObjectResult(result) => self.print_result(*result, collected),
            Event::Rows(rows) if self.sort_column().is_some() => collected.unsorted.extend(rows),
            Event::Rows(rows) => self.print_rows(rows, collected),
            Event::Warning { text, at } => {
                let location = at
                    .map(|target| lines::location(&target, self.qualifiers))
                    .unwrap_or_default();
                self.console.warning(&format!("{text}{location}"));
            }
            Event::ServerWarning(text) => {
                if collected.server_warnings.insert(text.clone()) {
                    self.console.warning(&text);
                }
            }
            Event::Note { line, context } => {
                if !self.output.quiet {
                    let location = lines::cluster(context.as_deref(), self.qualifiers);
                    self.console.err(&format!("{line}{location}"));
                }
            }
            Event::Diagnostic(line) => self.console.err(&line),
            Event::Error { line, context } => {
                collected.failed = true;
                let location = lines::cluster(context.as_deref(), self.qualifiers);
                self.console.err(&lines::with_location(&line, &location));
            }
            Event::Hint(hint) => self.hint(hint, collected),
            Event::TotalIncreased { context, objects } => {
                if let Some(progress) = self.console.progress() {
                    progress.increase_total(context.as_ref(), objects);
                }
            }
            Event::TotalDecreased { context, objects } => {
                if let Some(progress) = self.console.progress() {
                    progress.decrease_total(context.as_ref(), objects);
                }
            }
            Event::ShowProgress => {
                if let Some(progress) = self.console.progress() {
                    progress.show();
                }
            }
        }
    }

    /// Returns the table of a query, without rows.
    fn table(&self) -> Table {
        let wide = self.output.format == Format::Wide;
        match self.view {
            View::Table(layout) => Table::new(layout, wide, self.qualifiers.contexts),
            View::Lines | View::Texts | View::Findings => Table::default(),
        }
    }

    /// Returns the column by which a query sorts its rows.
    fn sort_column(&self) -> Option<usize> {
        match self.view {
            View::Table(TableLayout { sort_by, .. }) => sort_by,
            View::Lines | View::Texts | View::Findings => None,
        }
    }

    fn print_rows(&mut self, rows: Vec<Row>, collected: &mut Collected) {
        collected.failed |= rows.iter().any(|row| row.is_problem);
        match self.output.format {
            Format::Lines | Format::Wide if self.view == View::Texts => {
                for row in &rows {
                    if collected.has_rows {
                        // As kubectl separates the descriptions of several objects.
                        self.console.out("\n");
                    }
                    collected.has_rows = true;
                    let lines: Vec<_> = row.cells.iter().map(|cell| cell.text.as_str()).collect();
                    self.console.out_redacted(&lines.join("\n"));
                }
            }
            Format::Lines | Format::Wide if self.view == View::Findings => {
                let findings: Vec<_> = rows.iter().filter_map(|row| self.finding(row)).collect();
                if !findings.is_empty() {
                    self.console.out_redacted(&findings.join("\n"));
                }
            }
            Format::Lines | Format::Wide => {
                let text = collected.table.text(&rows);
                self.console.out_redacted(&text);
            }
            Format::Name => {
                for row in &rows {
                    self.console.out(&row.object.to_string());
                }
            }
            Format::Json | Format::Yaml => {
                let rows = rows.iter().cloned();
                let objects = rows.map(|row| ((row.target, row.object), row.value));
                collected.objects.extend(objects);
            }
        }
        collected.has_rows |= !rows.is_empty();
    }

    /// Returns the text of a finding; `None` if `-q` suppresses it, because it is no problem.
    fn finding(&self, row: &Row) -> Option<String> {
        if self.output.quiet && !row.is_problem {
            return None;
        }
        let cells = match self.output.format {
            Format::Wide => row.cells.as_slice(),
            _ => &row.cells[..row.cells.len().min(1)],
        };
        let text: Vec<&str> = cells.iter().map(|cell| cell.text.as_str()).collect();
        let location = lines::location(&row.target, self.qualifiers);
        Some(lines::with_location(&text.join("\n"), &location))
    }

    /// Prints the rows of a query that sorts them.
    fn print_sorted(&mut self, collected: &mut Collected) {
        let mut rows = std::mem::take(&mut collected.unsorted);
        if let Some(column) = self.sort_column()
            && !rows.is_empty()
        {
            rows.sort_by(|left, right| cmp_rows(left, right, column));
            self.print_rows(rows, collected);
        }
    }

    fn print_result(&mut self, result: ObjectResult, collected: &mut Collected) {
        if let Some(progress) = self.console.progress() {
            let failed = result.outcome == Outcome::Failed;
            progress.count_finished(result.target.context.as_ref(), failed);
        }
        let is_of_google = result.target.project().is_some();
        if let Some(line) = lines::success(&result, self.dry_run, self.qualifiers) {
            match self.output.format {
                // The rows of a query contain all that it has read.
                _ if self.view.is_query() && result.outcome == Outcome::Unchanged => {}
                Format::Lines if !self.output.quiet => self.console.out(&line),
                Format::Lines => {}
                // Standard output contains only objects of Kubernetes, so that another program can read it.
                _ if is_of_google && !self.output.quiet => self.console.err(&line),
                _ if is_of_google => {}
                Format::Name if result.outcome.is_absent() => {}
                Format::Name => self.console.out(&result.object.to_string()),
                _ => {}
            }
        } else {
            collected.failed = true;
            if let Some(line) = lines::error(&result, self.qualifiers) {
                self.console.err(&line);
            }
            if let Some(hint) = result.error.and_then(|error| error.hint) {
                self.hint(hint, collected);
            }
        }
        if let Some(object) = result.manifest {
            let name = (result.target, result.object);
            collected.objects.push((name, object));
        }
    }

    /// Prints a hint after its error if the run has one target. Otherwise keeps it for the end, where each hint is printed
    /// once with the number of errors.
    fn hint(&mut self, hint: Hint, collected: &mut Collected) {
        if !self.qualifiers.namespaces {
            self.console.err(&format!("hint: {hint}"));
            return;
        }
        let count = collected.hint_counts.entry(hint.clone()).or_default();
        *count += 1;
        if *count == 1 {
            collected.hints.push(hint);
        }
    }

    fn finish(mut self, mut collected: Collected) -> Summary {
        // The interruption cancelled the tasks that would have reported these objects.
        for (target, object, outcome) in self.ledger.unreported() {
            let Some(reason) = lines::interrupted(outcome) else {
                // The object succeeded; only its event was not sent.
                let result = ObjectResult {
                    target,
                    object,
                    outcome,
                    error: None,
                    manifest: None,
                    command: None,
                };
                self.print_result(result, &mut collected);
                continue;
            };
            collected.failed = true;
            let location = lines::location(&target, self.qualifiers);
            match outcome {
                Outcome::Unknown => {
                    let line = lines::unknown(&object, reason);
                    self.console.err(&format!("{line}{location}"));
                }
                Outcome::Failed => {
                    let line = format!("error: {object}: {reason}{location}");
                    self.console.err(&line);
                }
                _ => {}
            }
        }
        self.print_sorted(&mut collected);
        self.print_objects(&mut collected);
        if let Some(line) = self.report.take().and_then(ReportResult::wait) {
            self.console.err(&line);
            collected.failed = true;
        }
        for hint in &collected.hints {
            let count = collected.hint_counts[hint];
            self.console.err(&format!("hint: (for {count}) {hint}"));
        }
        if !self.output.quiet {
            self.print_summary(&collected);
        }
        Summary {
            failed: collected.failed || self.console.has_failed(),
        }
    }

    fn print_objects(&mut self, collected: &mut Collected) {
        let is_list = matches!(self.view, View::Table(_) | View::Findings);
        let is_empty = collected.objects.is_empty() && !is_list;
        if !self.output.format.shows_objects() || is_empty {
            return;
        }
        let mut objects = std::mem::take(&mut collected.objects);
        if !self.view.is_query() {
            objects.sort_by(|(left, _), (right, _)| left.cmp(right));
        }
        let text = objects::render(
            objects.into_iter().map(|(_, object)| object).collect(),
            self.qualifiers.namespaces || is_list,
            self.output.show_managed_fields,
            self.output.format,
        );
        if self.plain_manifests {
            self.console.out_plain(&text)
        } else {
            self.console.out_redacted(&text)
        }
    }

    fn print_summary(&mut self, collected: &Collected) {
        let counts = self.ledger.counts();
        let stopped = self.stopped.is_stopped();
        if self.view.is_query() {
            let prints_lines = !self.output.format.shows_objects();
            if prints_lines && !collected.has_rows && !collected.failed && !stopped {
                self.console.err("No resources found");
            }
            let is_incomplete = counts.keys().any(|outcome| !outcome.is_success());
            if is_incomplete && self.qualifiers.contexts {
                self.console.err(&summary::line(counts, "read"));
            }
            return;
        }
        if !self.qualifiers.namespaces {
            return;
        }
        for context in self.ledger.unlisted_clusters() {
            let location = lines::cluster(context.as_deref(), self.qualifiers);
            self.console.err(&format!(
                "the list of namespaces is incomplete: namespaces that were not listed are not counted{location}"
            ));
        }
        // An interrupted run may not have read any list.
        if counts.values().sum::<u64>() == 0 && !collected.failed && !stopped {
            self.console.err("No resources found");
        }
        let unchanged = Outcome::Unchanged.as_str();
        self.console.err(&summary::line(counts, unchanged));
    }
}
