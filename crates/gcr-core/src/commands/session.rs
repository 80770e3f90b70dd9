//! Executes a command: resolves the clusters, starts the reporter, handles signals and returns the exit code.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;
use tracing::subscriber::DefaultGuard;

use super::cluster_events::ClusterEvents;
use super::resolved_clusters::{NamespaceSelection, ResolvedCluster, resolve_clusters};
use crate::diagnostics;
use crate::domain::redactor::Redactor;
use crate::engine::RunContext;
use crate::engine::{Event, EventSender, Ledger};
use crate::exit;
use crate::kubernetes::ClusterClient;
use crate::process;
use crate::report::{Console, ReportFile, ReportWriter, Reporter, Summary, View};
use crate::request::{DryRun, OutputOptions, Scope};
use crate::signals::{Signal, Signals};
use crate::stop::StopSignal;
use kube_clientcmd::ConnectionOptions;
use kube_clientcmd::escape_control::escape_control;

/// Duration of a run after which progress is shown.
const PROGRESS_DELAY: Duration = Duration::from_millis(500);
/// Time limit for writes in flight after a signal, and then for the report file.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);
/// Time limit for the remaining output after that, in case a terminal or pipe accepts none.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(500);

/// The parts of a command line that every command has.
#[derive(Debug)]
pub struct Session {
    /// How to reach the clusters.
    pub connection: ConnectionOptions,
    /// The clusters and namespaces to work on.
    pub scope: Scope,
    /// The output options.
    pub output: OutputOptions,
    /// Whether and how to simulate the run.
    pub dry_run: DryRun,
    /// Warnings and hints about the command line, to print before the run.
    pub notices: Vec<Notice>,
    /// The credentials that no output may contain.
    pub redactor: Arc<Redactor>,
    /// Whether the run sends a key to the clusters, so that each connection must be confidential.
    pub sends_a_key: bool,
    /// Whether manifests are printed with their data.
    pub plain_manifests: bool,
    /// How the command prints what it finds.
    pub view: View,
}

/// A line to print before the run.
#[derive(Debug)]
pub enum Notice {
    /// A line with kubectl's word `Warning:`.
    Warning(String),
    /// Any other line.
    Line(String),
}

impl Notice {
    /// Returns the notices of warnings.
    pub fn warnings(warnings: Vec<String>) -> Vec<Self> {
        warnings.into_iter().map(Self::Warning).collect()
    }
}

/// A cluster of the run with its client and the selected namespaces.
pub struct SelectedCluster<'a> {
    /// The client.
    pub cluster: Arc<ClusterClient>,
    /// The selected namespaces.
    pub selection: NamespaceSelection<'a>,
    /// Whether an exec plugin of the connection may prompt the user.
    pub can_prompt: bool,
    /// Whether the context sets a namespace.
    pub has_namespace: bool,
}

impl Session {
    /// Creates the session of a command that prints lines, knows no credential and simulates nothing.
    pub fn new(connection: ConnectionOptions, scope: Scope, output: OutputOptions) -> Self {
        Self {
            connection,
            scope,
            output,
            dry_run: DryRun::None,
            notices: Vec::new(),
            redactor: Arc::default(),
            sends_a_key: false,
            plain_manifests: false,
            view: View::Lines,
        }
    }

    /// Runs `work` on the selected clusters and returns the exit code.
    pub fn run<W>(self, work: W) -> u8
    where
        W: AsyncFnOnce(Vec<SelectedCluster<'_>>, RunContext),
    {
        process::raise_open_file_limit();
        let runtime = match tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
        {
            Ok(runtime) => runtime,
            Err(error) => {
                Console::new(Arc::default()).err(&format!("error: cannot start: {error}"));
                return exit::FAILED;
            }
        };
        let code = runtime.block_on(self.execute(work));
        // Dropping the runtime would wait for DNS lookups and exec plugins that hang.
        runtime.shutdown_background();
        code
    }

    async fn execute<W>(mut self, work: W) -> u8
    where
        W: AsyncFnOnce(Vec<SelectedCluster<'_>>, RunContext),
    {
        let connection = std::mem::take(&mut self.connection);
        let scope = std::mem::take(&mut self.scope);
        match self.start(&connection, &scope).await {
            Err(code) => code,
            Ok((clusters, run, output)) => output.follow(work(clusters, run).boxed_local()).await,
        }
    }

    /// Prepares a run. Knows no command, so that the program contains it once.
    ///
    /// # Errors
    /// Returns the exit code, after printing the problem.
    async fn start<'a>(
        self,
        connection: &'a ConnectionOptions,
        scope: &'a Scope,
    ) -> Result<(Vec<SelectedCluster<'a>>, RunContext, RunOutput), u8> {
        let Self {
            output,
            dry_run,
            notices,
            redactor,
            sends_a_key,
            plain_manifests,
            view,
            ..
        } = self;
        let mut console = Console::new(Arc::clone(&redactor));
        for notice in &notices {
            match notice {
                Notice::Warning(text) => console.warning(text),
                Notice::Line(line) => console.err(line),
            }
        }
        let print = |line: &str| console.err(line);
        let clusters = resolve_clusters(connection, scope, sends_a_key, print);
        let prepared = clusters.and_then(|clusters| {
            let report = output.report.as_deref();
            let report = report.map(|path| ReportFile::create(path, dry_run));
            Ok((clusters, report.transpose()?))
        });
        let (clusters, report) = match prepared {
            Ok(prepared) => prepared,
            Err(line) => {
                console.err(&line);
                return Err(exit::FAILED);
            }
        };
        let ledger = Ledger::default();
        let (mut events, received) = EventSender::channel();
        let (stop, stopped) = StopSignal::channel();
        let diagnostics = diagnostics::subscribe(output.verbosity, &events);
        let (report_writer, report) = match report {
            None => (None, None),
            Some(file) => {
                let entries;
                (events, entries) = events.with_report();
                let redactor = Arc::clone(&redactor);
                match ReportWriter::spawn(file, entries, ledger.clone(), redactor) {
                    Ok((writer, result)) => (Some(writer), Some(result)),
                    Err(error) => {
                        console.err(&format!("error: cannot start: {error}"));
                        return Err(exit::FAILED);
                    }
                }
            }
        };
        let reporter = Reporter {
            output,
            dry_run,
            qualifiers: scope.qualifiers,
            plain_manifests,
            view,
            ledger: ledger.clone(),
            stopped: stopped.clone(),
            report,
            console,
        };
        let (reported, reporting) = oneshot::channel();
        let reporter = std::thread::Builder::new().spawn(move || {
            let _ = reported.send(reporter.run(received));
        });
        if let Err(error) = reporter {
            Console::new(redactor).err(&format!("error: cannot start: {error}"));
            return Err(exit::FAILED);
        }
        let run = RunContext {
            dry_run,
            deadline: Instant::now(),
            stop: stopped,
            ledger,
            events: events.clone(),
            commands: None,
        };
        note_duplicates(&clusters, &events).await;
        let clusters = connect(clusters, &run, &redactor);
        let output = RunOutput {
            events,
            report_writer,
            reporting,
            stop,
            _diagnostics: diagnostics,
        };
        Ok((clusters, run, output))
    }
}

/// The output of a run: what its command and its requests send events to, and what prints them.
struct RunOutput {
    events: EventSender,
    report_writer: Option<ReportWriter>,
    reporting: oneshot::Receiver<Summary>,
    stop: watch::Sender<bool>,
    _diagnostics: Option<DefaultGuard>,
}

impl RunOutput {
    /// Runs `work` and waits for its output. Returns the exit code.
    async fn follow(self, work: LocalBoxFuture<'_, ()>) -> u8 {
        let Self {
            events,
            report_writer,
            reporting,
            stop,
            _diagnostics,
        } = self;
        let work = async {
            work.await;
            // The reporter ends after the last sender is gone.
            drop(events);
        };
        let (signal, failed) = follow_signals(work, report_writer, reporting, &stop).await;
        match signal {
            Some(Signal::Interrupt) => exit::INTERRUPTED,
            Some(Signal::Terminate) => exit::TERMINATED,
            None if failed => exit::FAILED,
            None => exit::OK,
        }
    }
}

/// Awaits `work`, and shows the progress if it takes long.
pub async fn show_progress<T>(events: &EventSender, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    match tokio::time::timeout(PROGRESS_DELAY, &mut work).await {
        Ok(output) => output,
        Err(_) => {
            events.send(Event::ShowProgress).await;
            work.await
        }
    }
}

/// Reports the contexts that are left out because an earlier one has the same server and namespaces.
async fn note_duplicates(clusters: &[ResolvedCluster<'_>], events: &EventSender) {
    for resolved in clusters {
        if let Some(first) = &resolved.duplicate_of {
            let line = format!(
                "skipped: same server and namespaces as context \"{}\"",
                escape_control(first)
            );
            let context = resolved.context.clone();
            events.send(Event::Note { line, context }).await;
        }
    }
}

/// Returns the clients of the clusters. Contexts for the same server share a limiter.
fn connect<'a>(
    clusters: Vec<ResolvedCluster<'a>>,
    run: &RunContext,
    redactor: &Arc<Redactor>,
) -> Vec<SelectedCluster<'a>> {
    let mut selected: Vec<SelectedCluster<'a>> = Vec::new();
    for resolved in clusters {
        let can_prompt = resolved.connection.can_prompt();
        let has_namespace = resolved.connection.namespace.is_some();
        let events = ClusterEvents {
            context: resolved.context.clone(),
            events: run.events.clone(),
        };
        let cluster = ClusterClient::new(
            resolved.context,
            resolved.connection,
            Arc::new(events),
            run.stop.clone(),
            Arc::clone(redactor),
        );
        let earlier = selected.iter();
        let cluster = earlier.fold(cluster, |cluster, earlier| {
            cluster.share_limiter_with(&earlier.cluster)
        });
        selected.push(SelectedCluster {
            cluster: Arc::new(cluster),
            selection: resolved.selection,
            can_prompt,
            has_namespace,
        });
    }
    selected
}

/// Runs `work` and waits for its output. Returns the first signal, if one arrived, and whether anything failed.
///
/// The first signal cancels reads and requests that were not sent. Writes in flight may take [`SHUTDOWN_GRACE`]; a second
/// signal ends that time.
async fn follow_signals(
    work: impl Future<Output = ()>,
    report_writer: Option<ReportWriter>,
    mut reporting: oneshot::Receiver<Summary>,
    stop: &watch::Sender<bool>,
) -> (Option<Signal>, bool) {
    let failed = |summary: Result<Summary, _>| summary.map_or(true, |summary| summary.failed);
    let mut signals = Signals::listen();
    // Owns every event sender: dropping it closes the channels of the reporter and the report file.
    let mut run = Box::pin(async {
        work.await;
        failed((&mut reporting).await)
    });
    let first = tokio::select! {
        failed = &mut run => return (None, failed),
        signal = signals.next() => signal,
    };
    stop.send_replace(true);
    tokio::select! {
        _ = &mut run => return (Some(first), true),
        () = tokio::time::sleep(SHUTDOWN_GRACE) => {}
        _ = signals.next() => {}
    }
    drop(run);
    // A terminal or pipe that accepts no output must not cut off the report file, which the reporter waits for too.
    if let Some(writer) = report_writer {
        writer.finish(SHUTDOWN_GRACE).await;
    }
    // A terminal or pipe that accepts no output must not keep the process alive.
    let _ = tokio::time::timeout(FLUSH_TIMEOUT, reporting).await;
    (Some(first), true)
}
