//! Who may import whom in the core, by top-level module.

use std::collections::BTreeSet;

use crate::expect_none;
use crate::source::Source;

const CORE: &str = "crates/gcr-core/src/";

/// Each module and what it may import of the crate. From the inside out.
const RINGS: [(&str, &[&str]); 25] = [
    // Values made from text or bytes that somebody else has read: nothing of the crate, no I/O.
    ("domain", &[]),
    ("exit", &[]),
    ("process", &[]),
    ("signals", &[]),
    ("credential_file", &["domain"]),
    // From flags, environment and kubeconfig files to a connection: knows nothing of what is asked over it.
    ("connection", &["domain"]),
    // What the objects and their ends are called. One knot, of values only: a target holds
    // its cluster, a failure holds the cluster's fault, an event holds a failure, and the cluster tells events.
    ("target", &["cluster", "domain"]),
    ("ledger", &["target"]),
    ("failure", &["cluster", "domain"]),
    ("event", &["failure", "ledger", "target"]),
    // Speaks to Kubernetes: knows the ledger's entries and the events, neither plan nor wish.
    ("cluster", &["connection", "domain", "event", "ledger"]),
    ("request", &["connection", "domain"]),
    ("progress", &["domain", "request"]),
    // The stages, each made from the one before.
    (
        "observe",
        &["cluster", "domain", "progress", "request", "target"],
    ),
    (
        "plan",
        &[
            "cluster", "domain", "failure", "ledger", "observe", "progress", "request",
        ],
    ),
    (
        "apply",
        &[
            "cluster", "domain", "failure", "ledger", "plan", "progress", "request", "target",
        ],
    ),
    ("advice", &["cluster", "failure", "request", "target"]),
    (
        "drive",
        &[
            "advice", "apply", "cluster", "domain", "event", "failure", "ledger", "observe",
            "plan", "progress", "request", "target",
        ],
    ),
    // The targets of one cluster, and all of them driven.
    (
        "fleet",
        &[
            "cluster", "domain", "drive", "event", "failure", "ledger", "observe", "request",
            "target",
        ],
    ),
    // What the user sees: knows how things ended, not how they were done.
    (
        "report",
        &["domain", "event", "failure", "ledger", "request", "target"],
    ),
    // The flags: end as a request. A usage error is printed and ends with an exit code.
    (
        "args",
        &["connection", "domain", "exit", "report", "request"],
    ),
    // Offers words for the one under the cursor: reads the flags as args does, and asks a cluster for names.
    (
        "completion",
        &["args", "cluster", "connection", "domain", "event"],
    ),
    (
        "run",
        &[
            "cluster",
            "connection",
            "domain",
            "drive",
            "event",
            "exit",
            "fleet",
            "ledger",
            "report",
            "request",
            "signals",
        ],
    ),
    ("lib", &[]),
    // Tests that stand in for a server use what they like.
    ("model", &["*"]),
];

/// What `domain` knows nothing of: network, files, clocks, environment, command line.
const OUTSIDE: [&str; 8] = [
    "tokio::",
    "kube::",
    "hyper",
    "clap::",
    "std::fs",
    "std::env",
    "std::net",
    "std::time::Instant",
];

#[test]
fn imports_run_one_way() {
    expect_none(Source::shipped().iter().flat_map(imports).collect());
}

#[test]
fn every_ring_is_there() {
    let sources = Source::all();
    let modules: BTreeSet<&str> = sources.iter().filter_map(module).collect();
    let gone = RINGS.iter().filter(|(name, _)| !modules.contains(name));
    expect_none(
        gone.map(|(name, _)| format!("{name} is in the table and not in the core"))
            .collect(),
    );
}

#[test]
fn planning_and_the_domain_wait_for_nothing() {
    expect_none(Source::shipped().iter().flat_map(pure).collect());
}

/// The top-level module a file of the core belongs to.
fn module(source: &Source) -> Option<&str> {
    let path = source.path.strip_prefix(CORE)?;
    path.split(['/', '.']).next()
}

fn imports(source: &Source) -> Vec<String> {
    let Some(from) = module(source) else {
        return Vec::new();
    };
    let Some((_, allowed)) = RINGS.iter().find(|(name, _)| *name == from) else {
        return vec![format!(
            "{}: {from} is not in the table of rings",
            source.path
        )];
    };
    let named = named(&source.code);
    let beyond = named
        .iter()
        .filter(|to| **to != from && !allowed.contains(to) && !allowed.contains(&"*"));
    let mut wrong: Vec<String> = beyond
        .map(|to| format!("{}: {from} may not import {to}", source.path))
        .collect();
    // `super::` that reaches the crate's root would be an import that the table does not see. Within a module that
    // stands in the file itself it means the file.
    let depth = source.path[CORE.len()..]
        .trim_end_matches("/mod.rs")
        .matches('/')
        .count();
    let root = "super::".repeat(depth + 1);
    if !has_inner_module(&source.code) {
        let lines = source.lines_with(&root);
        wrong.extend(
            lines
                .iter()
                .map(|at| format!("{at}: reaches the root by super")),
        );
    }
    wrong
}

fn has_inner_module(code: &str) -> bool {
    code.lines()
        .any(|line| line.trim_start_matches("pub ").starts_with("mod ") && line.ends_with('{'))
}

/// The top-level modules that code names, also in `crate::{a, b::c}`.
fn named(code: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for after in code.split("crate::").skip(1) {
        let Some(group) = after.strip_prefix('{') else {
            found.insert(word(after));
            continue;
        };
        let mut depth = 0;
        let mut fresh = true;
        for (at, character) in group.char_indices() {
            match character {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => fresh = true,
                _ if fresh && !character.is_whitespace() => {
                    found.insert(word(&group[at..]));
                    fresh = false;
                }
                _ => {}
            }
        }
    }
    found
}

fn word(text: &str) -> &str {
    let end = text.find(|it: char| !it.is_alphanumeric() && it != '_');
    &text[..end.unwrap_or(text.len())]
}

fn pure(source: &Source) -> Vec<String> {
    let mut wrong = Vec::new();
    let within = module(source).unwrap_or_default();
    if within == "plan" || within == "domain" {
        for word in ["async ", ".await"] {
            let at = source.lines_with(word);
            wrong.extend(at.iter().map(|at| format!("{at}: {within} is synchronous")));
        }
    }
    if within == "domain" {
        for word in OUTSIDE {
            let at = source.lines_with(word);
            wrong.extend(at.iter().map(|at| format!("{at}: domain knows no {word}")));
        }
    }
    wrong
}

#[test]
fn an_import_against_the_rings_is_seen() {
    let wrong = |path: &str, text: &str| imports(&Source::new(&format!("{CORE}{path}"), text));
    assert_eq!(
        wrong("domain/names.rs", "use crate::cluster::Fault;").len(),
        1
    );
    assert_eq!(
        wrong(
            "cluster/client.rs",
            "use crate::{domain::names, plan::{Plan, apply}, apply};"
        )
        .len(),
        2
    );
    assert_eq!(
        wrong("plan/mod.rs", "fn f() { crate::report::x() }").len(),
        1
    );
    assert_eq!(wrong("plan/mod.rs", "use super::report;").len(), 1);
    assert_eq!(
        wrong("plan/secret.rs", "use super::super::report;").len(),
        1
    );
    assert_eq!(wrong("drive.rs", "use super::run;").len(), 1);
    assert_eq!(wrong("helper.rs", "").len(), 1);
    assert!(
        wrong(
            "plan/secret.rs",
            "use super::Step; use crate::observe::Observed; // crate::run"
        )
        .is_empty()
    );
}

#[test]
fn waiting_where_nothing_waits_is_seen() {
    let wrong = |path: &str, text: &str| pure(&Source::new(&format!("{CORE}{path}"), text)).len();
    assert_eq!(wrong("plan/mod.rs", "pub async fn plan() {}"), 1);
    assert_eq!(wrong("domain/names.rs", "let x = f().await;"), 1);
    assert_eq!(wrong("domain/names.rs", "use std::fs;"), 1);
    assert_eq!(wrong("observe/mod.rs", "pub async fn observe() {}"), 0);
}
