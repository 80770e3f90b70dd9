//! Test servers that record their requests. They show what a client sends and how it handles prepared responses; none of
//! them imitates the decisions of an API server.

pub(crate) mod certificates;
mod http;
pub(crate) mod issuer;
mod proxy;
mod server;
mod socks;

use std::io::{self, copy};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) use self::certificates::Certificate;
pub(crate) use self::http::Response;
pub(crate) use self::issuer::Issuer;
pub(crate) use self::server::{Behaviour, ConnectionMode};

/// The distinct records of a server, in order.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Records>>);

#[derive(Default)]
struct Records {
    callers: Vec<SocketAddr>,
    lines: Vec<String>,
    identities: Vec<String>,
}

impl Log {
    fn with<T>(&self, work: impl FnOnce(&mut Records) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Records an access.
    fn record(&self, line: String) {
        self.with(|records| {
            if !records.lines.contains(&line) {
                records.lines.push(line);
            }
        });
    }

    /// Records the identity of a request.
    fn record_identity(&self, identity: String) {
        self.with(|records| {
            if !records.identities.contains(&identity) {
                records.identities.push(identity);
            }
        });
    }
}

/// A server on a free local port. It runs until the process ends.
pub(crate) struct TestServer {
    pub(crate) port: u16,
    name: &'static str,
    log: Log,
    served: Arc<AtomicU32>,
}

impl TestServer {
    /// Starts a server that calls `serve` for each connection. `serve` can count its limited responses in the counter.
    fn start(
        name: &'static str,
        serve: impl Fn(TcpStream, &AtomicU32, &Log) + Clone + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind a free port");
        let port = listener.local_addr().expect("get the local address").port();
        let (log, served) = (Log::default(), Arc::default());
        let shared = (log.clone(), Arc::clone(&served));
        thread::spawn(move || {
            while let Ok((stream, caller)) = listener.accept() {
                let (serve, (log, served)) = (serve.clone(), shared.clone());
                log.with(|records| records.callers.push(caller));
                thread::spawn(move || serve(stream, &served, &log));
            }
        });
        Self {
            port,
            name,
            log,
            served,
        }
    }

    /// Starts the API server of a case.
    pub(crate) fn server(name: &'static str, behaviour: &Behaviour) -> Self {
        let behaviour = Arc::new(behaviour.clone());
        Self::start(name, move |stream, served, log| {
            server::serve(stream, &behaviour, served, log)
        })
    }

    /// Starts the OpenID Connect issuer of a case.
    pub(crate) fn issuer(name: &'static str, issuer: &Issuer) -> Self {
        let issuer = Arc::new(issuer.clone());
        Self::start(name, move |stream, served, log| {
            issuer::serve(stream, &issuer, served, log)
        })
    }

    /// Starts an HTTP proxy that forwards every tunnel to the local `port`.
    pub(crate) fn proxy(name: &'static str, port: u16, tls: bool) -> Self {
        Self::start(name, move |stream, _, log| {
            proxy::serve(stream, port, tls, log)
        })
    }

    /// Starts a SOCKS5 proxy that forwards every connection to the local `port`.
    pub(crate) fn socks(name: &'static str, port: u16) -> Self {
        Self::start(name, move |stream, _, log| socks::serve(stream, port, log))
    }

    /// Returns the accesses (each prefixed with the server's name) and identities since the last call, and resets the
    /// server for the next run.
    pub(crate) fn take(&self) -> (Vec<String>, Vec<String>) {
        // Connections are accepted in order: once this one is accepted, all earlier ones are.
        let last = TcpStream::connect(("127.0.0.1", self.port)).expect("connect to the server");
        let last = last.local_addr().expect("get the local address");
        let start = Instant::now();
        loop {
            let accepted = self.log.with(|records| records.callers.contains(&last));
            if accepted {
                break;
            }
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "{} accepts no connections",
                self.name
            );
            thread::sleep(Duration::from_millis(1));
        }
        self.served.store(0, Ordering::Relaxed);
        let records = self.log.with(std::mem::take);
        let mut lines = records.lines;
        if lines.is_empty() && records.callers.len() > 1 {
            lines.push("connected".into());
        }
        let lines = lines
            .iter()
            .map(|line| format!("{} {line}", self.name))
            .collect();
        (lines, records.identities)
    }
}

/// Copies bytes in both directions until both sides close.
fn splice(one: TcpStream, other: TcpStream) -> io::Result<()> {
    let (mut from_one, mut to_other) = (one.try_clone()?, other.try_clone()?);
    let forward = thread::spawn(move || {
        let _ = copy(&mut from_one, &mut to_other);
        let _ = to_other.shutdown(Shutdown::Write);
    });
    let (mut from_other, mut to_one) = (other, one);
    let _ = copy(&mut from_other, &mut to_one);
    let _ = to_one.shutdown(Shutdown::Write);
    let _ = forward.join();
    Ok(())
}
