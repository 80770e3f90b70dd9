//! Lists the faults: how many requests get each fault, and the expected outcome.

use std::time::Duration;

use gcr_test_support::fault_proxy::{CannedResponse, Fault};

/// A fault and its expected outcome.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// Returns the fault for the proxy's own URL.
    pub(crate) fault: fn(&str) -> Fault,
    /// Number of consecutive requests that get the fault. Where the write does not succeed, this is the number of
    /// attempts: 5, or 1 if a retry cannot help.
    pub(crate) times: usize,
    pub(crate) expected: Expected,
}

/// Expected outcome of the object.
#[derive(Clone, Copy)]
pub(crate) enum Expected {
    /// A later attempt succeeds.
    Succeeds,
    /// The object is not written. The error contains this text.
    Fails(&'static str),
    /// The object may or may not be written. The error contains this text.
    Unknown(&'static str),
}

impl Case {
    /// Returns `--request-timeout`: short for faults that run into it, and long for other faults, so that a busy
    /// machine does not cause timeouts of its own.
    pub(crate) fn time_limit(&self) -> &'static str {
        let waits = matches!(
            (self.fault)(""),
            Fault::Hang | Fault::HangAfterCommit | Fault::Trickle
        );
        match (waits, self.times) {
            (false, _) => "--request-timeout=20s",
            (true, 1) => "--request-timeout=8s",
            // Five attempts fit before the server counts as unresponsive.
            (true, _) => "--request-timeout=2s",
        }
    }
}

/// Size of a response that a client must not read completely.
pub(crate) const HUGE: u64 = 200 << 20;

use Expected::{Fails, Succeeds, Unknown};

pub(crate) const CASES: [Case; 22] = [
    // First, because it takes longest.
    Case {
        name: "hang of every attempt",
        fault: |_| Fault::Hang,
        times: 5,
        expected: Unknown("no answer within 2s (--request-timeout)"),
    },
    Case {
        name: "429 with Retry-After",
        fault: |_| Fault::Replace(CannedResponse::too_many_requests(1)),
        times: 3,
        expected: Succeeds,
    },
    Case {
        name: "429 of a server that is shutting down",
        fault: |_| {
            Fault::Replace(CannedResponse::too_many_requests(1).header("connection", "close"))
        },
        times: 2,
        expected: Succeeds,
    },
    Case {
        name: "503 in plain text",
        fault: |_| Fault::Replace(CannedResponse::unavailable()),
        times: 2,
        expected: Succeeds,
    },
    Case {
        name: "503 with Retry-After",
        fault: |_| Fault::Replace(CannedResponse::unavailable().header("retry-after", "1")),
        times: 1,
        expected: Succeeds,
    },
    Case {
        name: "500 without Retry-After",
        fault: |_| Fault::Replace(CannedResponse::internal_error()),
        times: 3,
        expected: Succeeds,
    },
    Case {
        name: "500 for every attempt",
        fault: |_| Fault::Replace(CannedResponse::internal_error()),
        times: 5,
        expected: Fails("Error from server (InternalError): etcdserver: leader changed -n "),
    },
    Case {
        name: "502 HTML page",
        fault: |_| Fault::Replace(CannedResponse::bad_gateway()),
        times: 2,
        expected: Succeeds,
    },
    Case {
        name: "502 HTML page after the commit",
        fault: |_| Fault::RespondAfterCommit(CannedResponse::bad_gateway()),
        times: 1,
        expected: Succeeds,
    },
    Case {
        name: "504 of kube-apiserver after the commit",
        fault: |_| Fault::RespondAfterCommit(CannedResponse::timed_out()),
        times: 1,
        expected: Succeeds,
    },
    Case {
        name: "504 HTML page after the commit",
        fault: |_| Fault::RespondAfterCommit(CannedResponse::gateway_timeout()),
        times: 2,
        expected: Succeeds,
    },
    Case {
        name: "504 before the commit",
        fault: |_| Fault::CommitLate(Duration::from_millis(600), CannedResponse::timed_out()),
        times: 1,
        expected: Succeeds,
    },
    Case {
        name: "response lost after the commit",
        fault: |_| Fault::ResponseLost,
        times: 2,
        expected: Succeeds,
    },
    Case {
        name: "every response lost after the commit",
        fault: |_| Fault::ResponseLost,
        times: 5,
        expected: Unknown("it is unknown whether it was written: "),
    },
    Case {
        name: "connection reset before the commit",
        fault: |_| Fault::ResetBeforeCommit,
        times: 2,
        expected: Succeeds,
    },
    Case {
        name: "truncated body",
        fault: |_| Fault::Truncated,
        times: 2,
        expected: Succeeds,
    },
    Case {
        name: "hang before the commit",
        fault: |_| Fault::Hang,
        times: 1,
        expected: Succeeds,
    },
    Case {
        name: "hang after the commit",
        fault: |_| Fault::HangAfterCommit,
        times: 1,
        expected: Succeeds,
    },
    Case {
        name: "one byte per second",
        fault: |_| Fault::Trickle,
        times: 1,
        expected: Succeeds,
    },
    Case {
        name: "HTML page with status 200",
        fault: |_| Fault::Replace(CannedResponse::new(200, "text/html", "<html>log in</html>")),
        times: 1,
        expected: Unknown("serializer for text/html doesn't exist"),
    },
    Case {
        name: "body larger than the limit",
        fault: |_| Fault::RespondAfterCommit(CannedResponse::padded(HUGE)),
        times: 1,
        expected: Unknown("the server's response is larger than 4 MiB"),
    },
    Case {
        name: "redirect",
        fault: |url| Fault::Replace(CannedResponse::redirect(&format!("{url}/elsewhere"))),
        times: 1,
        expected: Fails("which is not followed"),
    },
];
