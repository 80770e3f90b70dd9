//! Displays the progress of a long run on a terminal: one line per cluster, erased when the run ends.
//!
//! Draws with the `console` crate alone. `indicatif` links the C mathematics library for its speed estimates, and the dynamic
//! linker would load that library at each start (ARCHITECTURE.md).

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use console::{Term, truncate_str};

use kube_clientcmd::escape_control::escape_control;

/// Shortest time between two frames.
const FRAME_INTERVAL: Duration = Duration::from_millis(50);

/// The progress of each cluster.
pub(super) struct ProgressDisplay {
    terminal: Term,
    clusters: BTreeMap<Option<Arc<str>>, ClusterProgress>,
    started: Instant,
    /// Whether frames are drawn: the run has taken long enough.
    visible: bool,
    /// Time of the last frame.
    drawn: Option<Instant>,
    /// Number of lines of the frame on the terminal.
    frame_lines: usize,
}

#[derive(Default)]
struct ClusterProgress {
    total: u64,
    finished: u64,
    failed: u64,
}

impl ProgressDisplay {
    /// Returns an invisible progress display.
    pub(super) fn new() -> Self {
        Self {
            terminal: Term::buffered_stderr(),
            clusters: BTreeMap::new(),
            started: Instant::now(),
            visible: false,
            drawn: None,
            frame_lines: 0,
        }
    }

    /// Adds objects to the total.
    pub(super) fn increase_total(&mut self, context: Option<&Arc<str>>, objects: u64) {
        self.cluster(context).total += objects;
        self.draw();
    }

    /// Removes objects that the run skipped from the total.
    pub(super) fn decrease_total(&mut self, context: Option<&Arc<str>>, objects: u64) {
        let cluster = self.cluster(context);
        cluster.total = cluster.total.saturating_sub(objects);
        self.draw();
    }

    /// Counts an object that has its final outcome.
    pub(super) fn count_finished(&mut self, context: Option<&Arc<str>>, failed: bool) {
        let cluster = self.cluster(context);
        cluster.finished += 1;
        cluster.failed += u64::from(failed);
        self.draw();
    }

    /// Draws frames from now on.
    pub(super) fn show(&mut self) {
        self.visible = true;
        self.draw();
    }

    /// Erases the frame, calls `print`, and draws the frame again.
    pub(super) fn suspend<T>(&mut self, print: impl FnOnce() -> T) -> T {
        if self.frame_lines == 0 {
            return print();
        }
        self.replace(&[]);
        let printed = print();
        self.replace(&self.render());
        printed
    }

    fn cluster(&mut self, context: Option<&Arc<str>>) -> &mut ClusterProgress {
        self.clusters.entry(context.cloned()).or_default()
    }

    fn draw(&mut self) {
        let now = Instant::now();
        let is_due = self.drawn.is_none_or(|at| now - at >= FRAME_INTERVAL);
        if self.visible && is_due {
            self.drawn = Some(now);
            self.replace(&self.render());
        }
    }

    /// Returns one line per cluster, at most as many as fit on the terminal.
    fn render(&self) -> Vec<String> {
        let (rows, columns) = self.terminal.size();
        let with_context = self.clusters.len() > 1;
        let seconds = self.started.elapsed().as_secs_f64();
        let line = |(context, cluster): (&Option<Arc<str>>, &ClusterProgress)| {
            let name = context.as_deref().filter(|_| with_context);
            let name = name.map(|name| format!("{}: ", escape_control(name)));
            let line = format!(
                "{}{}/{} objects, {:.0}/s, {} failed",
                name.unwrap_or_default(),
                cluster.finished,
                cluster.total,
                cluster.finished as f64 / seconds,
                cluster.failed
            );
            truncate_str(&line, columns.into(), "…").into_owned()
        };
        let max_lines = usize::from(rows).saturating_sub(1);
        self.clusters.iter().take(max_lines).map(line).collect()
    }

    /// Erases the frame on the terminal and draws another.
    fn replace(&mut self, frame: &[String]) {
        let old_lines = std::mem::replace(&mut self.frame_lines, frame.len());
        let write = || -> io::Result<()> {
            self.terminal.clear_last_lines(old_lines)?;
            for line in frame {
                self.terminal.write_line(line)?;
            }
            self.terminal.flush()
        };
        // Progress is not essential: the run continues if the terminal fails.
        let _ = write();
    }
}

impl Drop for ProgressDisplay {
    fn drop(&mut self) {
        self.replace(&[]);
    }
}
