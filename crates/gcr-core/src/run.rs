//! A whole run: connects, runs the clusters side by side, follows signals, and says how the process should end.

mod resolved_clusters;

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{oneshot, watch};

use crate::cluster_run::{ClusterRun, NamespaceSelection};
use crate::diagnostics;
use crate::domain::escape_control::escape_control;
use crate::domain::redactor::Redactor;
use crate::event::{Event, EventSender};
use crate::exit;
use crate::kubernetes::ClusterClient;
use crate::ledger::Ledger;
use crate::reconcile::placeholder_objects;
use crate::report::{Console, ReportFile, ReportWriter, Reporter, Summary};
use crate::request::{Desired, DryRun, Namespaces, Request};
use crate::signals::{Signal, Signals};
use resolved_clusters::resolve_clusters;

/// How long a run may take before its progress is shown.
const PROGRESS_DELAY: Duration = Duration::from_millis(500);
/// How long what is being written may go on after an interruption.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);
/// How long the count may take after that, on a pipe that takes nothing.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(500);

/// Carries out `request` and returns the exit code.
pub fn run(request: Request) -> u8 {
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
    let code = runtime.block_on(execute(request));
    // Dropped normally it would wait for look-ups of names and for credential plugins that hang.
    runtime.shutdown_background();
    code
}

async fn execute(request: Request) -> u8 {
    let Request {
        connection: options,
        scope,
        mut desired,
        output,
        warnings,
    } = request;
    let plain_manifests = desired.dry_run == DryRun::Client && !std::io::stdout().is_terminal();
    desired.manifest.masked = !plain_manifests;
    let redactor = redactor(&desired);
    let mut stream = Console::new(Arc::clone(&redactor));
    for warning in &warnings {
        stream.warning(warning);
    }
    let shows = desired.secret.is_some() && output.format.shows_objects();
    if shows && desired.dry_run == DryRun::Client && !plain_manifests {
        stream.err(
            "hint: the data is masked on a terminal; pipe or redirect the output to have it whole",
        );
    }
    let sends_a_key = desired.secret.is_some() && desired.dry_run != DryRun::Client;
    let say = |line: &str| stream.err(line);
    let prepared =
        resolve_clusters(&options, &scope, sends_a_key, say).and_then(|resolve_clusters| {
            let report = output.report.as_deref();
            let report = report.map(|path| ReportFile::create(path, desired.dry_run));
            Ok((resolve_clusters, report.transpose()?))
        });
    let (resolve_clusters, report) = match prepared {
        Ok(prepared) => prepared,
        Err(line) => {
            stream.err(&line);
            return exit::FAILED;
        }
    };
    let of_context = matches!(scope.namespaces, Namespaces::OfContext);
    desired.manifest.with_namespace = !of_context
        || resolve_clusters
            .iter()
            .any(|resolved| resolved.connection.namespace.is_some());

    let ledger = Ledger::new(placeholder_objects(&desired));
    let (mut events, received) = EventSender::channel();
    let (stop, stopped) = watch::channel(false);
    let _diagnostics = diagnostics::subscribe(output.verbosity, &events);
    let (report_writer, report) = match report {
        None => (None, None),
        Some(file) => {
            let entries;
            (events, entries) = events.with_report();
            let redactor = Arc::clone(&redactor);
            match ReportWriter::spawn(file, entries, ledger.clone(), redactor) {
                Ok((writer, result)) => (Some(writer), Some(result)),
                Err(error) => {
                    stream.err(&format!("error: cannot start: {error}"));
                    return exit::FAILED;
                }
            }
        }
    };
    let reporter = Reporter {
        output,
        dry_run: desired.dry_run,
        shape: scope.shape,
        plain_manifests,
        ledger: ledger.clone(),
        stopped: stopped.clone(),
        report,
        stream,
    };
    let (reported, reporting) = oneshot::channel();
    let reporter = std::thread::Builder::new().spawn(move || {
        let _ = reported.send(reporter.run(received));
    });
    if let Err(error) = reporter {
        Console::new(redactor).err(&format!("error: cannot start: {error}"));
        return exit::FAILED;
    }
    for resolved in &resolve_clusters {
        if let Some(first) = &resolved.duplicate_of {
            let line = format!(
                "the same server and namespaces as context \"{}\": not done twice",
                escape_control(first)
            );
            let context = resolved.context.clone();
            events.send(Event::Note { line, context }).await;
        }
    }
    let mut cluster_runs: Vec<(ClusterRun<'_>, NamespaceSelection<'_>, bool)> = Vec::new();
    for resolved in resolve_clusters {
        let asks = resolved.connection.can_prompt();
        let cluster = ClusterClient::new(
            resolved.context,
            resolved.connection,
            events.clone(),
            stopped.clone(),
            Arc::clone(&redactor),
        );
        let earlier = cluster_runs.iter();
        let cluster = earlier.fold(cluster, |cluster, (cluster_run, ..)| {
            cluster.share_limiter_with(&cluster_run.cluster)
        });
        let cluster_run = ClusterRun {
            cluster: Arc::new(cluster),
            desired: &desired,
            ledger: &ledger,
        };
        cluster_runs.push((cluster_run, resolved.selection, asks));
    }
    let work = async {
        for (cluster_run, selection, _) in &cluster_runs {
            cluster_run.begin(selection).await;
        }
        // Whoever may be asked something is asked before anything is shown, one question after the other.
        for (cluster_run, selection, _) in cluster_runs.iter().filter(|(.., asks)| *asks) {
            cluster_run.authenticate(selection).await;
        }
        let cluster_runs = cluster_runs.into_iter();
        let runs = cluster_runs.map(|(cluster_run, selection, _)| async move {
            cluster_run.reconcile(selection).await
        });
        let mut work = join_all(runs);
        if tokio::time::timeout(PROGRESS_DELAY, &mut work)
            .await
            .is_err()
        {
            events.send(Event::ShowProgress).await;
            work.await;
        }
        // The reporter ends when nobody can tell it anything any more.
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

/// Lets `work` end and its report be printed; says which signal came, and whether anything failed. The first signal
/// stops what has not been sent and what only reads; what is being written has [`SHUTDOWN_GRACE`], or until the second.
async fn follow_signals(
    work: impl Future<Output = ()>,
    report_writer: Option<ReportWriter>,
    mut reporting: oneshot::Receiver<Summary>,
    stop: &watch::Sender<bool>,
) -> (Option<Signal>, bool) {
    let failed = |summary: Result<Summary, _>| summary.map_or(true, |summary| summary.failed);
    let mut signals = Signals::listen();
    // What is cut off is dropped with this: then the reporter knows that nothing more comes.
    let mut whole = Box::pin(async {
        work.await;
        failed((&mut reporting).await)
    });
    let first = tokio::select! {
        failed = &mut whole => return (None, failed),
        signal = signals.next() => signal,
    };
    stop.send_replace(true);
    tokio::select! {
        _ = &mut whole => return (Some(first), true),
        () = tokio::time::sleep(SHUTDOWN_GRACE) => {}
        _ = signals.next() => {}
    }
    drop(whole);
    // A terminal or pipe that accepts no output must not cut off the report file, which the reporter waits for too.
    if let Some(writer) = report_writer {
        writer.finish(SHUTDOWN_GRACE).await;
    }
    // A reader that takes nothing must not hold us up.
    let _ = tokio::time::timeout(FLUSH_TIMEOUT, reporting).await;
    (Some(first), true)
}

fn redactor(desired: &Desired) -> Arc<Redactor> {
    let secret = desired.secret.as_ref();
    Arc::new(secret.map_or_else(Redactor::default, |secret| {
        Redactor::new(&secret.credential)
    }))
}
