//! How far a long run is, on a terminal: a line a cluster, gone when it ends. Nothing where nobody looks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::domain::printable::printable;

/// The progress of all clusters.
pub(super) struct Bars {
    terminal: MultiProgress,
    clusters: BTreeMap<Option<Arc<str>>, Cluster>,
    begun: Instant,
    /// The run takes long enough to be looked at.
    shown: bool,
}

struct Cluster {
    bar: ProgressBar,
    meant: u64,
    done: u64,
    failed: u64,
}

impl Bars {
    /// Shows nothing yet.
    pub(super) fn new() -> Self {
        Self {
            terminal: MultiProgress::with_draw_target(ProgressDrawTarget::hidden()),
            clusters: BTreeMap::new(),
            begun: Instant::now(),
            shown: false,
        }
    }

    /// So many objects more are meant.
    pub(super) fn meant(&mut self, context: Option<&Arc<str>>, objects: u64) {
        self.cluster(context).meant += objects;
        self.draw(context);
    }

    /// One object more has ended.
    pub(super) fn ended(&mut self, context: Option<&Arc<str>>, failed: bool) {
        let cluster = self.cluster(context);
        cluster.done += 1;
        cluster.failed += u64::from(failed);
        self.draw(context);
    }

    /// From now on it is looked at.
    pub(super) fn show(&mut self) {
        self.shown = true;
        self.terminal.set_draw_target(ProgressDrawTarget::stderr());
        let contexts: Vec<_> = self.clusters.keys().cloned().collect();
        for context in &contexts {
            self.draw(context.as_ref());
        }
    }

    /// Prints lines without disturbing the picture.
    pub(super) fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        if self.shown {
            self.terminal.suspend(print)
        } else {
            print()
        }
    }

    fn cluster(&mut self, context: Option<&Arc<str>>) -> &mut Cluster {
        let terminal = &self.terminal;
        self.clusters.entry(context.cloned()).or_insert_with(|| {
            let bar = ProgressBar::no_length().with_style(style());
            Cluster {
                bar: terminal.add(bar),
                meant: 0,
                done: 0,
                failed: 0,
            }
        })
    }

    fn draw(&self, context: Option<&Arc<str>>) {
        let several = self.clusters.len() > 1;
        let Some(cluster) = self.clusters.get(&context.cloned()).filter(|_| self.shown) else {
            return;
        };
        let name = context.filter(|_| several);
        let name = name.map(|name| format!("{}: ", printable(name)));
        cluster.bar.set_message(format!(
            "{}{}/{} objects, {:.0}/s, {} failed",
            name.unwrap_or_default(),
            cluster.done,
            cluster.meant,
            cluster.done as f64 / self.begun.elapsed().as_secs_f64(),
            cluster.failed
        ));
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        // Nobody is told anything new by a picture that does not go away.
        let _ = self.terminal.clear();
    }
}

fn style() -> ProgressStyle {
    // The template is a literal without anything that could be wrong in it.
    ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_spinner())
}
