//! A whole run: connects, drives the clusters side by side, follows signals, and says how the process should end.

mod clusters;

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{oneshot, watch};

use crate::cluster::Cluster;
use crate::domain::masking::SecretMaterial;
use crate::domain::printable::printable;
use crate::drive::stand_ins;
use crate::event::{Event, Events};
use crate::exit;
use crate::fleet::{Fleet, Meant};
use crate::ledger::Ledger;
use crate::report::{ReportFile, Reporter, Stream, Summary};
use crate::request::{DryRun, Namespaces, Request, Wanted};
use crate::signals::{Signal, Signals};
use clusters::shares;

/// How long a run may take before its progress is shown.
const UNREMARKED: Duration = Duration::from_millis(500);
/// How long what is being written may go on after an interruption.
const DRAIN: Duration = Duration::from_secs(5);
/// How long the count may take after that, on a pipe that takes nothing.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Carries out `request` and returns the exit code.
pub fn run(request: Request) -> u8 {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            Stream::new(None).err(&format!("error: cannot start: {error}"));
            return exit::FAILED;
        }
    };
    let code = runtime.block_on(carry_out(request));
    // Dropped normally it would wait for look-ups of names and for credential plugins that hang.
    runtime.shutdown_background();
    code
}

async fn carry_out(request: Request) -> u8 {
    let Request {
        connection: options,
        scope,
        mut wanted,
        output,
        warnings,
    } = request;
    let plain_manifests = wanted.dry_run == DryRun::Client && !std::io::stdout().is_terminal();
    wanted.manifest.masked = !plain_manifests;
    let mut stream = Stream::new(material(&wanted));
    for warning in &warnings {
        stream.warning(warning);
    }
    let shows = wanted.secret.is_some() && output.format.shows_objects();
    if shows && wanted.dry_run == DryRun::Client && !plain_manifests {
        stream.err(
            "hint: the data is masked on a terminal; pipe or redirect the output to have it whole",
        );
    }
    let sends_a_key = wanted.secret.is_some() && wanted.dry_run != DryRun::Client;
    let say = |line: &str| stream.err(line);
    let prepared = shares(&options, &scope, sends_a_key, say).and_then(|shares| {
        let report = output.report.as_deref();
        let report = report.map(|path| ReportFile::create(path, wanted.dry_run));
        Ok((shares, report.transpose()?))
    });
    let (shares, report) = match prepared {
        Ok(prepared) => prepared,
        Err(line) => {
            stream.err(&line);
            return exit::FAILED;
        }
    };
    let of_context = matches!(scope.namespaces, Namespaces::OfContext);
    wanted.manifest.with_namespace = !of_context
        || shares
            .iter()
            .any(|share| share.connection.namespace.is_some());

    let ledger = Ledger::new(stand_ins(&wanted));
    let (events, received) = Events::channel();
    let (stop, stopped) = watch::channel(false);
    let verbosity = output.verbosity;
    let reporter = Reporter {
        output,
        dry_run: wanted.dry_run,
        shape: scope.shape,
        plain_manifests,
        ledger: ledger.clone(),
        stopped: stopped.clone(),
        report,
        stream,
    };
    let (reported, reporting) = oneshot::channel();
    let reporter = std::thread::Builder::new().spawn(move || {
        let _ = reported.send(reporter.follow(received));
    });
    if let Err(error) = reporter {
        Stream::new(None).err(&format!("error: cannot start: {error}"));
        return exit::FAILED;
    }
    for share in &shares {
        if let Some(first) = &share.same_as {
            let line = format!(
                "the same server and namespaces as context \"{}\": not done twice",
                printable(first)
            );
            let context = share.context.clone();
            events.tell(Event::Note { line, context }).await;
        }
    }
    let mut fleets: Vec<(Fleet<'_>, Meant<'_>, bool)> = Vec::new();
    for share in shares {
        let asks = share.connection.may_ask();
        let cluster = Cluster::new(
            share.context,
            share.connection,
            events.clone(),
            stopped.clone(),
            verbosity,
        );
        let earlier = fleets.iter();
        let cluster = earlier.fold(cluster, |cluster, (fleet, ..)| {
            cluster.beside(&fleet.cluster)
        });
        let fleet = Fleet {
            cluster: Arc::new(cluster),
            wanted: &wanted,
            ledger: &ledger,
        };
        fleets.push((fleet, share.meant, asks));
    }
    let work = async {
        for (fleet, meant, _) in &fleets {
            fleet.begin(meant).await;
        }
        // Whoever may be asked something is asked before anything is shown, one question after the other.
        for (fleet, meant, _) in fleets.iter().filter(|(.., asks)| *asks) {
            fleet.log_in(meant).await;
        }
        let fleets = fleets.into_iter();
        let drives = fleets.map(|(fleet, meant, _)| async move { fleet.drive(meant).await });
        let mut work = join_all(drives);
        if tokio::time::timeout(UNREMARKED, &mut work).await.is_err() {
            events.tell(Event::TakesLong).await;
            work.await;
        }
        // The reporter ends when nobody can tell it anything any more.
        drop(events);
    };
    let (signal, failed) = follow_signals(work, reporting, &stop).await;
    match signal {
        Some(Signal::Interrupt) => exit::INTERRUPTED,
        Some(Signal::Terminate) => exit::TERMINATED,
        None if failed => exit::FAILED,
        None => exit::OK,
    }
}

/// Lets `work` end and its report be printed; says which signal came, and whether anything failed. The first signal
/// stops what has not been sent and what only reads; what is being written has [`DRAIN`], or until the second.
async fn follow_signals(
    work: impl Future<Output = ()>,
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
        () = tokio::time::sleep(DRAIN) => {}
        _ = signals.next() => {}
    }
    drop(whole);
    // A reader that takes nothing must not hold us up.
    let _ = tokio::time::timeout(LAST_WORDS, reporting).await;
    (Some(first), true)
}

fn material(wanted: &Wanted) -> Option<SecretMaterial> {
    let secret = wanted.secret.as_ref()?;
    Some(SecretMaterial::new(&secret.credential))
}
