//! What has passed: requests by verb and resource, connections, bytes, and how many were in flight at once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::request_info::RequestInfo;

/// What a proxy has seen.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    by_kind: BTreeMap<(String, String), u64>,
    /// Connections that clients have made.
    pub connections: u64,
    /// Bytes of HTTP that clients have sent, without TLS.
    pub bytes_received: u64,
    /// Bytes of HTTP that were sent to clients, without TLS.
    pub bytes_sent: u64,
    /// The most requests that were in flight at a time.
    pub max_in_flight: usize,
    /// Requests that were shed because too many were in flight.
    pub shed: u64,
}

impl Traffic {
    /// Requests of this verb and resource.
    pub fn request_count(&self, verb: &str, resource: &str) -> u64 {
        let key = (verb.to_owned(), resource.to_owned());
        self.by_kind.get(&key).copied().unwrap_or_default()
    }

    /// All requests.
    pub fn total_requests(&self) -> u64 {
        self.by_kind.values().sum()
    }

    /// Requests that write: neither `get` nor `list` nor `watch`.
    pub fn write_count(&self) -> u64 {
        let reads = |verb: &str| matches!(verb, "get" | "list" | "watch");
        let writes = self.by_kind.iter().filter(|((verb, _), _)| !reads(verb));
        writes.map(|(_, count)| count).sum()
    }

    /// Verb, resource and number, in order.
    pub fn by_kind(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        self.by_kind
            .iter()
            .map(|((verb, resource), count)| (verb.as_str(), resource.as_str(), *count))
    }
}

/// Counts while others read.
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
