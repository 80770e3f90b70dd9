//! The table: each fault, how often it is met, and what is promised of it.

use std::time::Duration;

use gcr_test_support::fault_proxy::{CannedResponse, Fault};

/// One row.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// What a request meets, by the proxy's own URL.
    pub(crate) fault: fn(&str) -> Fault,
    /// How many requests in a row. Where it does not end as asked, so many are tried: 5, or 1 where another try would
    /// bring the same.
    pub(crate) times: usize,
    pub(crate) expected: Expected,
}

/// How the object ends that met it.
#[derive(Clone, Copy)]
pub(crate) enum Expected {
    /// As asked, by a later try.
    Succeeds,
    /// Not written. The error holds this.
    Fails(&'static str),
    /// Perhaps written. The error holds this.
    Unknown(&'static str),
}

impl Case {
    /// `--request-timeout`: short where it is waited for, and long where a busy machine must not be taken for a fault.
    pub(crate) fn time_limit(&self) -> &'static str {
        let waits = matches!(
            (self.fault)(""),
            Fault::Hang | Fault::HangAfterCommit | Fault::Trickle
        );
        match (waits, self.times) {
            (false, _) => "--request-timeout=20s",
            (true, 1) => "--request-timeout=8s",
            // Five of them, before the server counts as silent.
            (true, _) => "--request-timeout=2s",
        }
    }
}

/// Larger than anything that should be read.
pub(crate) const HUGE: u64 = 200 << 20;

use Expected::{Fails, Succeeds, Unknown};

pub(crate) const CASES: [Case; 22] = [
    // First, since it takes longest.
    Case {
        name: "a hang for ever",
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
        name: "429 of a server that shuts down",
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
        name: "500 for ever",
        fault: |_| Fault::Replace(CannedResponse::internal_error()),
        times: 5,
        expected: Fails("Error from server (InternalError): etcdserver: leader changed -n "),
    },
    Case {
        name: "502 as a page",
        fault: |_| Fault::Replace(CannedResponse::bad_gateway()),
        times: 2,
        expected: Succeeds,
    },
    Case {
        name: "502 as a page after the commit",
        fault: |_| Fault::RespondAfterCommit(CannedResponse::bad_gateway()),
        times: 1,
        expected: Succeeds,
    },
    Case {
        name: "504 of the server after the commit",
        fault: |_| Fault::RespondAfterCommit(CannedResponse::timed_out()),
        times: 1,
        expected: Succeeds,
    },
    Case {
        name: "504 as a page after the commit",
        fault: |_| Fault::RespondAfterCommit(CannedResponse::gateway_timeout()),
        times: 2,
        expected: Succeeds,
    },
    Case {
        name: "504, and the commit later",
        fault: |_| Fault::CommitLate(Duration::from_millis(600), CannedResponse::timed_out()),
        times: 1,
        expected: Succeeds,
    },
    Case {
        name: "the reply lost after the commit",
        fault: |_| Fault::ResponseLost,
        times: 2,
        expected: Succeeds,
    },
    Case {
        name: "every reply lost after the commit",
        fault: |_| Fault::ResponseLost,
        times: 5,
        expected: Unknown("it is unknown whether it was written: "),
    },
    Case {
        name: "a reset before the commit",
        fault: |_| Fault::ResetBeforeCommit,
        times: 2,
        expected: Succeeds,
    },
    Case {
        name: "half a body",
        fault: |_| Fault::Truncated,
        times: 2,
        expected: Succeeds,
    },
    Case {
        name: "a hang",
        fault: |_| Fault::Hang,
        times: 1,
        expected: Succeeds,
    },
    Case {
        name: "a hang after the commit",
        fault: |_| Fault::HangAfterCommit,
        times: 1,
        expected: Succeeds,
    },
    Case {
        name: "one byte a second",
        fault: |_| Fault::Trickle,
        times: 1,
        expected: Succeeds,
    },
    Case {
        name: "a page that says 200",
        fault: |_| Fault::Replace(CannedResponse::new(200, "text/html", "<html>log in</html>")),
        times: 1,
        expected: Unknown("serializer for text/html doesn't exist"),
    },
    Case {
        name: "more than anybody should read",
        fault: |_| Fault::RespondAfterCommit(CannedResponse::padded(HUGE)),
        times: 1,
        expected: Unknown("the server's answer is larger than 4 MiB"),
    },
    Case {
        name: "a redirect",
        fault: |url| Fault::Replace(CannedResponse::redirect(&format!("{url}/elsewhere"))),
        times: 1,
        expected: Fails("which is not followed"),
    },
];
