//! Prints the `tracing` events of this crate and of kube-clientcmd as kubectl prints its log at `-v LEVEL`.
//!
//! Events of other crates never appear: HTTP and TLS libraries log headers and bodies, which hold credentials.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Metadata, Subscriber};

use crate::engine::event::{DiagnosticSender, EventSender};

/// The crates whose events are printed.
const CRATES: [&str; 3] = [env!("CARGO_CRATE_NAME"), "gcr_google", "kube_clientcmd"];

/// Sends the message of each event to the reporter.
struct DiagnosticSubscriber {
    max_level: LevelFilter,
    sender: DiagnosticSender,
}

/// Sends this thread's diagnostics for `verbosity` to the reporter until the guard is dropped: from 1 the credentials that are
/// used (`info`), from 2 the retries
/// (`debug`), from 6 every request (`trace`). `None` for 0.
pub fn subscribe(verbosity: u8, events: &EventSender) -> Option<DefaultGuard> {
    let max_level = match verbosity {
        0 => return None,
        1 => LevelFilter::INFO,
        2..6 => LevelFilter::DEBUG,
        6.. => LevelFilter::TRACE,
    };
    let subscriber = DiagnosticSubscriber {
        max_level,
        sender: events.diagnostics(),
    };
    Some(tracing::subscriber::set_default(subscriber))
}

impl Subscriber for DiagnosticSubscriber {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let origin = metadata.target().split("::").next();
        let is_ours = origin.is_some_and(|origin| CRATES.contains(&origin));
        is_ours && metadata.is_event() && *metadata.level() <= self.max_level
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.max_level)
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        self.sender.send(message.0);
    }

    // These crates use no spans.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The text of an event.
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            // Writing to a String cannot fail.
            let _ = write!(self.0, "{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::event::Event;

    /// Returns the lines that arrive at `verbosity`.
    fn lines(verbosity: u8) -> Vec<String> {
        let (events, mut received) = EventSender::channel();
        let guard = subscribe(verbosity, &events);
        tracing::debug!("a retry");
        tracing::debug!(target: "kube_clientcmd::authentication", "a refresh");
        tracing::trace!("a request");
        tracing::trace!(target: "hyper", "a header");
        tracing::error!(target: "gcr_core_other", "another crate");
        drop((guard, events));
        std::iter::from_fn(|| received.blocking_recv())
            .map(|event| match event {
                Event::Diagnostic(line) => line,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn verbosity_selects_events_of_own_crates_only() {
        assert_eq!(lines(0), [""; 0]);
        assert_eq!(lines(1), [""; 0]);
        assert_eq!(lines(2), ["a retry", "a refresh"]);
        assert_eq!(lines(5), ["a retry", "a refresh"]);
        assert_eq!(lines(6), ["a retry", "a refresh", "a request"]);
        assert_eq!(lines(255), ["a retry", "a refresh", "a request"]);
    }
}
