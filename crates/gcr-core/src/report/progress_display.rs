//! How far a long run is, on a terminal: a line a cluster, gone when the run ends. Nothing where nobody looks.
//!
//! Draws by itself on `console`'s terminal: the usual crate for progress estimates speeds in floating point, and the
//! mathematics it is linked with for that would be loaded at every start, before `--help` too (ARCHITECTURE.md).

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use console::{Term, truncate_str};

use crate::domain::escape_control::escape_control;

/// More often is not seen.
const EVERY: Duration = Duration::from_millis(50);

/// The progress of all clusters.
pub(super) struct ProgressDisplay {
    terminal: Term,
    clusters: BTreeMap<Option<Arc<str>>, ClusterProgress>,
    begun: Instant,
    /// The run takes long enough to be looked at.
    manifest: bool,
    drawn: Option<Instant>,
    /// Lines of the frame that stand on the terminal.
    standing: usize,
}

#[derive(Default)]
struct ClusterProgress {
    meant: u64,
    done: u64,
    failed: u64,
}

impl ProgressDisplay {
    /// Shows nothing yet.
    pub(super) fn new() -> Self {
        Self {
            terminal: Term::buffered_stderr(),
            clusters: BTreeMap::new(),
            begun: Instant::now(),
            manifest: false,
            drawn: None,
            standing: 0,
        }
    }

    /// So many objects more are meant.
    pub(super) fn increase_total(&mut self, context: Option<&Arc<str>>, objects: u64) {
        self.cluster(context).meant += objects;
        self.draw();
    }

    /// Removes objects that the run skipped from the total.
    pub(super) fn decrease_total(&mut self, context: Option<&Arc<str>>, objects: u64) {
        let cluster = self.cluster(context);
        cluster.meant = cluster.meant.saturating_sub(objects);
        self.draw();
    }

    /// One object more has ended.
    pub(super) fn ended(&mut self, context: Option<&Arc<str>>, failed: bool) {
        let cluster = self.cluster(context);
        cluster.done += 1;
        cluster.failed += u64::from(failed);
        self.draw();
    }

    /// From now on it is looked at.
    pub(super) fn show(&mut self) {
        self.manifest = true;
        self.draw();
    }

    /// Prints lines without disturbing the frame.
    pub(super) fn suspend<T>(&mut self, print: impl FnOnce() -> T) -> T {
        if self.standing == 0 {
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
        let is_due = self.drawn.is_none_or(|at| now - at >= EVERY);
        if self.manifest && is_due {
            self.drawn = Some(now);
            self.replace(&self.render());
        }
    }

    /// As many lines as there is room for.
    fn render(&self) -> Vec<String> {
        let (rows, columns) = self.terminal.size();
        let several = self.clusters.len() > 1;
        let seconds = self.begun.elapsed().as_secs_f64();
        let line = |(context, cluster): (&Option<Arc<str>>, &ClusterProgress)| {
            let name = context.as_deref().filter(|_| several);
            let name = name.map(|name| format!("{}: ", escape_control(name)));
            let line = format!(
                "{}{}/{} objects, {:.0}/s, {} failed",
                name.unwrap_or_default(),
                cluster.done,
                cluster.meant,
                cluster.done as f64 / seconds,
                cluster.failed
            );
            truncate_str(&line, columns.into(), "…").into_owned()
        };
        let room = usize::from(rows).saturating_sub(1);
        self.clusters.iter().take(room).map(line).collect()
    }

    fn replace(&mut self, frame: &[String]) {
        let standing = std::mem::replace(&mut self.standing, frame.len());
        let write = || -> io::Result<()> {
            self.terminal.clear_last_lines(standing)?;
            for line in frame {
                self.terminal.write_line(line)?;
            }
            self.terminal.flush()
        };
        // Nobody is told anything new by a frame that cannot be drawn, or does not go away.
        let _ = write();
    }
}

impl Drop for ProgressDisplay {
    fn drop(&mut self) {
        self.replace(&[]);
    }
}
