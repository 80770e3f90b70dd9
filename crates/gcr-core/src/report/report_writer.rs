//! Writes the report file on a thread of its own.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::report_file::ReportFile;
use crate::domain::redactor::Redactor;
use crate::engine::Ledger;
use crate::engine::event::ReportEntry;

/// The thread that writes the report file.
///
/// It neither waits for a slow terminal nor delays the run, and the run can limit how long it waits for it.
pub struct ReportWriter {
    /// Resolves when the thread ends.
    finished: oneshot::Receiver<()>,
    /// Weak, so that a panic of the thread closes the channel.
    result: mpsc::WeakUnboundedSender<Option<String>>,
    timeout_error: String,
}

/// The result of a [`ReportWriter`].
pub struct ReportResult(mpsc::UnboundedReceiver<Option<String>>);

impl ReportWriter {
    /// Starts the thread. It ends after the last sender of `entries` is gone.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn spawn(
        file: ReportFile,
        entries: mpsc::Receiver<ReportEntry>,
        ledger: Ledger,
        redactor: Arc<Redactor>,
    ) -> io::Result<(Self, ReportResult)> {
        let timeout_error = file.timeout_error();
        let (on_finish, finished) = oneshot::channel();
        let (sender, receiver) = mpsc::unbounded_channel();
        let result = sender.downgrade();
        std::thread::Builder::new().spawn(move || {
            let _ = sender.send(file.run(entries, &ledger, &redactor));
            let _ = on_finish.send(());
        })?;
        let writer = Self {
            finished,
            result,
            timeout_error,
        };
        Ok((writer, ReportResult(receiver)))
    }

    /// Waits for the thread. After `limit` the report counts as incomplete.
    pub async fn finish(self, limit: Duration) {
        if tokio::time::timeout(limit, self.finished).await.is_err()
            && let Some(result) = self.result.upgrade()
        {
            let _ = result.send(Some(self.timeout_error));
        }
    }
}

impl ReportResult {
    /// Blocks until the report is written or has timed out. Returns the line to print if the report is incomplete.
    pub(super) fn wait(mut self) -> Option<String> {
        let panicked = || Some("error: the report is incomplete".to_owned());
        self.0.blocking_recv().unwrap_or_else(panicked)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs::File;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;
    use crate::engine::{EventSender, ObjectId, ObjectKind, TargetName, TargetScope};
    use crate::request::DryRun;

    const KIND: ObjectKind = ObjectKind {
        rank: 0,
        singular: "thing",
        kind: "Thing",
        unchanged: "unchanged",
    };

    #[tokio::test]
    async fn report_that_blocks_is_incomplete_after_the_limit() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pipe");
        mknodat(CWD, &path, FileType::Fifo, Mode::RWXU, 0).unwrap();
        // Opened for reading, so that the report can be opened for writing. Never read, so that it fills up.
        let _reader = File::options().read(true).write(true).open(&path).unwrap();
        let file = ReportFile::create(&path, DryRun::None).unwrap();

        let ledger = Ledger::default();
        for index in 0..2_000 {
            let target = TargetName {
                context: None,
                scope: TargetScope::Namespace(format!("namespace-{index}").parse().unwrap()),
            };
            let object = ObjectId::new(&KIND, "default");
            ledger.track(&target, &object);
        }
        let (events, entries) = EventSender::channel().0.with_report();
        let (writer, result) = ReportWriter::spawn(file, entries, ledger, Arc::default()).unwrap();
        drop(events);
        writer.finish(Duration::from_millis(100)).await;
        let error = format!(
            "error: cannot write the report \"{}\": timed out, so objects are missing",
            path.display()
        );
        // A runtime thread must not block.
        let result = std::thread::spawn(|| result.wait()).join().unwrap();
        assert_eq!(result, Some(error));
    }
}
