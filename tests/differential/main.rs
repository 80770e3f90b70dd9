//! Compares the plugins with the real kubectl. A case is a kubeconfig, flags, environment variables and files. kubectl and
//! a plugin run with the same case and the same servers. The test compares which servers they reach and with which
//! identity, their output, and the exit code, and lists all differences at once.
//!
//! | module | content |
//! |---|---|
//! | `cases` | the test table, by topic; a case is a few lines |
//! | `case` | the definition of a case |
//! | `client_keys` | client keys of several encodings |
//! | `fixture` | the servers, files and placeholders of one case |
//! | `observation` | the result of one run, and all normalisations |
//! | `files` | the files that a run changes in the work directory |
//! | `comparison` | the comparison of two results, and the description of a difference |
//! | `servers` | a TLS server, an OpenID Connect issuer, an HTTP proxy and a SOCKS proxy that record their requests; none of them is an API server |
//!
//! The fixture fills kubectl's discovery cache, so that kubectl and the plugin start with the same request.

mod case;
mod cases;
mod client_keys;
mod comparison;
mod files;
mod fixture;
mod observation;
mod servers;

use std::any::Any;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::case::Case;

/// The number of cases that run at the same time. Most of them wait for processes, some for time limits.
const PARALLEL_CASES: usize = 16;

#[test]
fn plugins_in_every_case_match_kubectl() {
    #[expect(
        clippy::disallowed_methods,
        reason = "selects cases while one is written"
    )]
    let only = std::env::var("GCR_DIFFERENTIAL").unwrap_or_default();
    let cases: Vec<Case> = cases::all()
        .into_iter()
        .filter(|case| case.name.contains(&only))
        .collect();
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..PARALLEL_CASES {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(index) else { return };
                    // A panic is listed like a difference.
                    let result =
                        catch_unwind(AssertUnwindSafe(|| comparison::find_differences(case)));
                    let difference =
                        result.unwrap_or_else(|panic| Some(describe_panic(case, &*panic)));
                    if let Some(difference) = difference {
                        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                        found.push((index, difference));
                    }
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort();
    let listed: String = found.iter().map(|(_, text)| text.as_str()).collect();
    assert!(
        found.is_empty(),
        "{} of {} cases differ (GCR_DIFFERENTIAL=TEXT runs the cases whose name contains TEXT):\n{listed}",
        found.len(),
        cases.len()
    );
}

fn describe_panic(case: &Case, panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map_or("a panic", String::as_str);
    format!("\n● {}\n  ! {text}\n", case.name)
}

#[test]
fn table_names_are_unique_and_expectations_complete() {
    let cases = cases::all();
    assert!(cases.len() >= 300, "{} cases", cases.len());
    let mut names = HashSet::new();
    for case in &cases {
        assert!(names.insert(case.name), "{:?} is defined twice", case.name);
        let expected = [
            Some(&case.expected),
            case.declared_difference.as_ref().map(|it| &it.expected),
        ];
        let is_complete = expected.iter().flatten().all(|it| it.code.is_some());
        assert!(is_complete, "{:?} does not declare an exit code", case.name);
    }
}

#[test]
fn declared_differences_are_documented() {
    let normalize = |text: &str| {
        text.split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .to_lowercase()
    };
    let document = normalize(include_str!("../../docs/kubectl-differences.md"));
    let missing: HashSet<_> = cases::all()
        .iter()
        .filter_map(|case| case.declared_difference.as_ref())
        .map(|difference| difference.reason)
        .filter(|reason| !document.contains(&normalize(reason)))
        .collect();
    assert!(
        missing.is_empty(),
        "not in docs/kubectl-differences.md: {missing:#?}"
    );
}
