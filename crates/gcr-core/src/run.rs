//! A whole run: connects, streams the targets through [`drive`], follows signals, and says how the process should end.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use crate::cluster::Cluster;
use crate::connection::Connection;
use crate::domain::masking::SecretMaterial;
use crate::domain::names::Namespace;
use crate::drive::drive;
use crate::event::Events;
use crate::exit;
use crate::ledger::Ledger;
use crate::report::{Reporter, Stream, Summary};
use crate::request::{DryRun, Request};
use crate::signals::{Signal, Signals};
use crate::target::{ObjectName, Target, TargetName};

/// Targets that are driven side by side; their requests share the cluster's places.
const TARGETS: usize = 32;
/// How long what is in flight may go on after an interruption.
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

async fn carry_out(mut request: Request) -> u8 {
    let plain_manifests =
        request.wanted.dry_run == DryRun::Client && !std::io::stdout().is_terminal();
    request.wanted.manifest.masked = !plain_manifests;
    let mut stream = Stream::new(material(&request));
    for warning in &request.warnings {
        stream.warning(warning);
    }
    let shows = request.wanted.secret.is_some() && request.output.format.shows_objects();
    if shows && request.wanted.dry_run == DryRun::Client && !plain_manifests {
        stream.err(
            "hint: the data is masked on a terminal; pipe or redirect the output to have it whole",
        );
    }
    let connection = match connect(&request) {
        Ok(connection) => connection,
        Err(line) => {
            stream.err(&line);
            return exit::FAILED;
        }
    };
    let namespaces = match namespaces(&request, &connection) {
        Ok(namespaces) => namespaces,
        Err(line) => {
            stream.err(&line);
            return exit::FAILED;
        }
    };
    request.wanted.manifest.with_namespace =
        request.namespaces.is_some() || connection.namespace.is_some();

    let ledger = Ledger::default();
    let (events, received) = Events::channel();
    let (stop, stopped) = watch::channel(false);
    let cluster = Arc::new(Cluster::new(
        connection,
        events.clone(),
        stopped,
        request.output.verbosity,
    ));
    // A Secret's manifest alone asks nobody.
    let asks = request.wanted.dry_run != DryRun::Client || request.wanted.accounts.is_some();
    if asks && let Err(line) = cluster.log_in().await {
        stream.err(&line);
        return exit::FAILED;
    }
    expect(&request, &namespaces, &ledger);
    let reporter = Reporter {
        output: request.output,
        dry_run: request.wanted.dry_run,
        several: request.several,
        plain_manifests,
        ledger: ledger.clone(),
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
    let work = drive_all(&request, cluster, namespaces, &ledger, events);
    let (signal, failed) = follow_signals(work, reporting, &stop).await;
    match signal {
        Some(Signal::Interrupt) => exit::INTERRUPTED,
        Some(Signal::Terminate) => exit::TERMINATED,
        None if failed => exit::FAILED,
        None => exit::OK,
    }
}

/// Drives every target; their number does not matter to memory.
async fn drive_all(
    request: &Request,
    cluster: Arc<Cluster>,
    namespaces: Vec<Namespace>,
    ledger: &Ledger,
    events: Events,
) {
    let deadline = Instant::now() + request.wanted.timeout;
    stream::iter(namespaces)
        .map(|namespace| Target {
            cluster: Arc::clone(&cluster),
            namespace,
        })
        .for_each_concurrent(TARGETS, |target| async move {
            drive(&target, &request.wanted, deadline, ledger).await
        })
        .await;
    drop(events);
}

/// Lets `work` end and its report be printed; says which signal came, and whether anything failed. The first signal
/// stops what has not been sent; what is in flight has [`DRAIN`], or until the second.
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

fn connect(request: &Request) -> Result<Connection, String> {
    let connection = Connection::resolve(&request.connection)?;
    let sends_a_key = request.wanted.secret.is_some() && request.wanted.dry_run != DryRun::Client;
    if sends_a_key {
        connection.may_carry_a_key()?;
    }
    Ok(connection)
}

/// `-n`, else the context's namespace, else `default`.
fn namespaces(request: &Request, connection: &Connection) -> Result<Vec<Namespace>, String> {
    if let Some(namespaces) = &request.namespaces {
        return Ok(namespaces.clone());
    }
    let name = connection.namespace.as_deref().unwrap_or("default");
    name.parse()
        .map(|namespace| vec![namespace])
        .map_err(|error| format!("error: {error}"))
}

/// Opens the objects that are known by name, so that a run that is cut off counts those it never came to.
fn expect(request: &Request, namespaces: &[Namespace], ledger: &Ledger) {
    use crate::request::AccountSelection::Names;
    for namespace in namespaces {
        let target = TargetName {
            namespace: namespace.clone(),
        };
        if let Some(secret) = &request.wanted.secret {
            ledger.expect(&target, &ObjectName::Secret(secret.name.clone()));
        }
        if let Some(Names(names)) = request
            .wanted
            .accounts
            .as_ref()
            .map(|accounts| &accounts.selection)
        {
            for name in names {
                ledger.expect(&target, &ObjectName::ServiceAccount(name.clone()));
            }
        }
    }
}

fn material(request: &Request) -> Option<SecretMaterial> {
    request
        .wanted
        .secret
        .as_ref()
        .map(|secret| SecretMaterial::new(&secret.credential))
}
