//! Servers that write down who called. They show what is sent and what comes of what is answered; what an API server
//! would decide, none of them imitates.

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
pub(crate) use self::http::Answer;
pub(crate) use self::issuer::Issuer;
pub(crate) use self::server::{Behaviour, Manners};

/// What a server has seen: in order, and once.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    callers: Vec<SocketAddr>,
    lines: Vec<String>,
    identities: Vec<String>,
}

impl Log {
    fn with<T>(&self, work: impl FnOnce(&mut Seen) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, line: String) {
        self.with(|seen| {
            if !seen.lines.contains(&line) {
                seen.lines.push(line);
            }
        });
    }

    fn identity(&self, identity: String) {
        self.with(|seen| {
            if !seen.identities.contains(&identity) {
                seen.identities.push(identity);
            }
        });
    }
}

/// One listener on a free port of this machine, for as long as the process lives.
pub(crate) struct Listening {
    pub(crate) port: u16,
    name: &'static str,
    log: Log,
    served: Arc<AtomicU32>,
}

impl Listening {
    /// `served` is for `serve` to count what it gives out a limited number of times.
    fn start(
        name: &'static str,
        serve: impl Fn(TcpStream, &AtomicU32, &Log) + Clone + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (log, served) = (Log::default(), Arc::default());
        let shared = (log.clone(), Arc::clone(&served));
        thread::spawn(move || {
            while let Ok((stream, caller)) = listener.accept() {
                let (serve, (log, served)) = (serve.clone(), shared.clone());
                log.with(|seen| seen.callers.push(caller));
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

    /// The API server of a case.
    pub(crate) fn server(name: &'static str, behaviour: &Behaviour) -> Self {
        let behaviour = Arc::new(behaviour.clone());
        Self::start(name, move |stream, served, log| {
            server::serve(stream, &behaviour, served, log)
        })
    }

    /// The OpenID Connect issuer of a case.
    pub(crate) fn issuer(name: &'static str, issuer: &Issuer) -> Self {
        let issuer = Arc::new(issuer.clone());
        Self::start(name, move |stream, served, log| {
            issuer::serve(stream, &issuer, served, log)
        })
    }

    /// An HTTP proxy; wherever one wants to go, it leads to `port` here.
    pub(crate) fn proxy(name: &'static str, port: u16, tls: bool) -> Self {
        Self::start(name, move |stream, _, log| {
            proxy::serve(stream, port, tls, log)
        })
    }

    /// A SOCKS5 proxy; wherever one wants to go, it leads to `port` here.
    pub(crate) fn socks(name: &'static str, port: u16) -> Self {
        Self::start(name, move |stream, _, log| socks::serve(stream, port, log))
    }

    /// What was seen since this was last asked: the lines, each after the server's name, and the identities. Whoever comes
    /// next finds it as it was at first.
    pub(crate) fn take(&self) -> (Vec<String>, Vec<String>) {
        // They are accepted in turn: once this one is, so is whoever came before.
        let last = TcpStream::connect(("127.0.0.1", self.port)).expect("a connection");
        let last = last.local_addr().expect("an address");
        let asked = Instant::now();
        loop {
            let accepted = self.log.with(|seen| seen.callers.contains(&last));
            if accepted {
                break;
            }
            assert!(
                asked.elapsed() < Duration::from_secs(10),
                "{} accepts nobody",
                self.name
            );
            thread::sleep(Duration::from_millis(1));
        }
        self.served.store(0, Ordering::Relaxed);
        let seen = self.log.with(std::mem::take);
        let mut lines = seen.lines;
        if lines.is_empty() && seen.callers.len() > 1 {
            lines.push("is called".into());
        }
        let lines = lines
            .iter()
            .map(|line| format!("{} {line}", self.name))
            .collect();
        (lines, seen.identities)
    }
}

/// Carries bytes both ways until both sides are done.
fn splice(one: TcpStream, other: TcpStream) -> io::Result<()> {
    let (mut from_one, mut to_other) = (one.try_clone()?, other.try_clone()?);
    let there = thread::spawn(move || {
        let _ = copy(&mut from_one, &mut to_other);
        let _ = to_other.shutdown(Shutdown::Write);
    });
    let (mut from_other, mut to_one) = (other, one);
    let _ = copy(&mut from_other, &mut to_one);
    let _ = to_one.shutdown(Shutdown::Write);
    let _ = there.join();
    Ok(())
}
