//! Counts requests by verb and resource, connections, bytes and requests in flight.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::request_info::RequestInfo;

/// Traffic of a proxy.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    by_kind: BTreeMap<(String, String), u64>,
    /// Connections opened by clients.
    pub connections: u64,
    /// HTTP bytes received from clients, without TLS.
    pub bytes_received: u64,
    /// HTTP bytes sent to clients, without TLS.
    pub bytes_sent: u64,
    /// Maximum number of requests in flight.
    pub max_in_flight: usize,
    /// Requests rejected with 429 because too many were in flight.
    pub shed: u64,
}

impl Traffic {
    /// Returns the number of requests with this verb and resource.
    pub fn request_count(&self, verb: &str, resource: &str) -> u64 {
        let key = (verb.to_owned(), resource.to_owned());
        self.by_kind.get(&key).copied().unwrap_or_default()
    }

    /// Returns the number of all requests.
    pub fn total_requests(&self) -> u64 {
        self.by_kind.values().sum()
    }

    /// Returns the number of requests other than `get`, `list` and `watch`.
    pub fn write_count(&self) -> u64 {
        let reads = |verb: &str| matches!(verb, "get" | "list" | "watch");
        let writes = self.by_kind.iter().filter(|((verb, _), _)| !reads(verb));
        writes.map(|(_, count)| count).sum()
    }

    /// Returns verb, resource and request count, sorted.
    pub fn by_kind(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        self.by_kind
            .iter()
            .map(|((verb, resource), count)| (verb.as_str(), resource.as_str(), *count))
    }
}

/// Counters that connections update concurrently.
#[derive(Default)]
pub(super) struct Counters {
    by_kind: Mutex<BTreeMap<(String, String), u64>>,
    pub(super) connections: AtomicU64,
    pub(super) bytes_received: AtomicU64,
    pub(super) bytes_sent: AtomicU64,
    pub(super) max_in_flight: AtomicUsize,
    pub(super) shed: AtomicU64,
}

impl Counters {
    pub(super) fn count(&self, request_info: &RequestInfo) {
        let key = (request_info.verb.clone(), request_info.resource.clone());
        *self.kinds().entry(key).or_default() += 1;
    }

    pub(super) fn snapshot(&self) -> Traffic {
        Traffic {
            by_kind: self.kinds().clone(),
            connections: self.connections.load(Ordering::Relaxed),
            bytes_received: self.bytes_received.load(Ordering::Relaxed),
            bytes_sent: self.bytes_sent.load(Ordering::Relaxed),
            max_in_flight: self.max_in_flight.load(Ordering::Relaxed),
            shed: self.shed.load(Ordering::Relaxed),
        }
    }

    pub(super) fn reset(&self) {
        self.kinds().clear();
        for counter in [
            &self.connections,
            &self.bytes_received,
            &self.bytes_sent,
            &self.shed,
        ] {
            counter.store(0, Ordering::Relaxed);
        }
        self.max_in_flight.store(0, Ordering::Relaxed);
    }

    fn kinds(&self) -> MutexGuard<'_, BTreeMap<(String, String), u64>> {
        self.by_kind.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
