//! The real kubectl and ours side by side: every case is a kubeconfig, flags, an environment and files, given to both in
//! front of the same servers. Compared are who was reached and as whom, what was said, and the exit code. All
//! differences are listed at once.
//!
//! | module | what it is |
//! |---|---|
//! | `cases` | the table, by theme; a case is a few lines |
//! | `case` | what a case can say |
//! | `setting` | what one case runs in: servers, files, and what its placeholders stand for |
//! | `evidence` | what came of one run, and the normalisations: all of them |
//! | `files` | what a run leaves in the work directory |
//! | `comparison` | what counts as a difference, and how one is shown |
//! | `servers` | a TLS server, an OpenID Connect issuer, an HTTP and a SOCKS proxy that write down who called; no API server |
//!
//! kubectl's discovery cache is filled beforehand, so that both begin with the same request.

mod case;
mod cases;
mod comparison;
mod evidence;
mod files;
mod servers;
mod setting;

use std::any::Any;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::case::Case;

/// Cases side by side: most of them wait for processes, some for time limits.
const SIDE_BY_SIDE: usize = 16;

#[test]
fn ours_does_what_kubectl_does() {
    let only = std::env::var("GCR_DIFFERENTIAL").unwrap_or_default();
    let cases: Vec<Case> = cases::all()
        .into_iter()
        .filter(|case| case.name.contains(&only))
        .collect();
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(index) else { return };
                    // What panics is told with the others.
                    let judged = catch_unwind(AssertUnwindSafe(|| comparison::differ(case)));
                    let difference = judged.unwrap_or_else(|panic| Some(told(case, &*panic)));
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
        "{} of {} cases differ (GCR_DIFFERENTIAL=WORDS runs those whose name has the words):\n{listed}",
        found.len(),
        cases.len()
    );
}

fn told(case: &Case, panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map_or("a panic", String::as_str);
    format!("\n● {}\n  ! {text}\n", case.name)
}

#[test]
fn the_table_is_whole() {
    let cases = cases::all();
    assert!(cases.len() >= 300, "{} cases", cases.len());
    let mut names = HashSet::new();
    for case in &cases {
        assert!(names.insert(case.name), "{:?} stands twice", case.name);
        let wanted = [
            Some(&case.wanted),
            case.deliberate.as_ref().map(|it| &it.wanted),
        ];
        let says_what = wanted.iter().flatten().all(|it| it.code.is_some());
        assert!(
            says_what,
            "{:?} does not say what is to come of it",
            case.name
        );
    }
}

#[test]
fn deliberate_differences_are_documented() {
    let normalize = |text: &str| {
        text.split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .to_lowercase()
    };
    let document = normalize(include_str!("../../docs/kubectl-differences.md"));
    let missing: HashSet<_> = cases::all()
        .iter()
        .filter_map(|case| case.deliberate.as_ref())
        .map(|deliberate| deliberate.reason)
        .filter(|reason| !document.contains(&normalize(reason)))
        .collect();
    assert!(
        missing.is_empty(),
        "not in docs/kubectl-differences.md: {missing:#?}"
    );
}
