//! Executes a request: resolves the clusters, reconciles them concurrently, handles signals and returns the exit code.

mod confidential_connection;
mod resolved_clusters;

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{oneshot, watch};

use crate::cluster_run::{ClusterRun, NamespaceSelection};
use crate::diagnostics;
use crate::domain::redactor::Redactor;
use crate::event::{Event, EventSender};
use crate::exit;
use crate::kubernetes::ClusterClient;
use crate::ledger::Ledger;
use crate::reconcile::placeholder_objects;
use crate::report::{Console, ReportFile, ReportWriter, Reporter, Summary};
use crate::request::{Desired, DryRun, Namespaces, Request};
use crate::signals::{Signal, Signals};
use kube_clientcmd::escape_control::escape_control;
use resolved_clusters::resolve_clusters;

/// Duration of a run after which progress is shown.
const PROGRESS_DELAY: Duration = Duration::from_millis(500);
/// Time limit for writes in flight after a signal, and then for the report file.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);
/// Time limit for the remaining output after that, in case a terminal or pipe accepts none.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(500);

/// Executes `request` and returns the exit code.
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
    // Dropping the runtime would wait for DNS lookups and exec plugins that hang.
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
    #[expect(
        clippy::disallowed_methods,
        reason = "only queries whether the stream is a terminal"
    )]
    let plain_manifests = desired.dry_run == DryRun::Client && !std::io::stdout().is_terminal();
    desired.manifest.masked = !plain_manifests;
    let redactor = redactor(&desired);
    let mut console = Console::new(Arc::clone(&redactor));
    for warning in &warnings {
        console.warning(warning);
    }
    let prints_secret = desired.secret.is_some() && output.format.shows_objects();
    if prints_secret && desired.dry_run == DryRun::Client && !plain_manifests {
        console.err("hint: data is masked on a terminal; pipe or redirect the output to see it");
    }
    let sends_a_key = desired.secret.is_some() && desired.dry_run != DryRun::Client;
    let print = |line: &str| console.err(line);
    let prepared = resolve_clusters(&options, &scope, sends_a_key, print).and_then(|clusters| {
        let report = output.report.as_deref();
        let report = report.map(|path| ReportFile::create(path, desired.dry_run));
        Ok((clusters, report.transpose()?))
    });
    let (clusters, report) = match prepared {
        Ok(prepared) => prepared,
        Err(line) => {
            console.err(&line);
            return exit::FAILED;
        }
    };
    let of_context = matches!(scope.namespaces, Namespaces::OfContext);
    desired.manifest.with_namespace = !of_context
        || clusters
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
                    console.err(&format!("error: cannot start: {error}"));
                    return exit::FAILED;
                }
            }
        }
    };
    let reporter = Reporter {
        output,
        dry_run: desired.dry_run,
        qualifiers: scope.qualifiers,
        plain_manifests,
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
        return exit::FAILED;
    }
    for resolved in &clusters {
        if let Some(first) = &resolved.duplicate_of {
            let line = format!(
                "skipped: same server and namespaces as context \"{}\"",
                escape_control(first)
            );
            let context = resolved.context.clone();
            events.send(Event::Note { line, context }).await;
        }
    }
    let mut cluster_runs: Vec<(ClusterRun<'_>, NamespaceSelection<'_>, bool)> = Vec::new();
    for resolved in clusters {
        let can_prompt = resolved.connection.can_prompt();
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
        cluster_runs.push((cluster_run, resolved.selection, can_prompt));
    }
    let work = async {
        for (cluster_run, selection, _) in &cluster_runs {
            cluster_run.begin(selection).await;
        }
        // Exec plugins that may prompt run first and one at a time, so that no output mixes with a prompt.
        let may_prompt = cluster_runs.iter().filter(|(.., can_prompt)| *can_prompt);
        for (cluster_run, selection, _) in may_prompt {
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

/// Returns a redactor that knows the credential to write, if there is one.
fn redactor(desired: &Desired) -> Arc<Redactor> {
    let secret = desired.secret.as_ref();
    Arc::new(secret.map_or_else(Redactor::default, |secret| {
        Redactor::new(&secret.credential)
    }))
}
