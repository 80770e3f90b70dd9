//! Checks which modules of the core import which, by top-level module.

use std::collections::BTreeSet;

use crate::assert_no_violations;
use crate::source::Source;

const CORE: &str = "crates/gcr-core/src/";

/// Each module and the modules that it is allowed to import, from the lowest layer to the highest.
const LAYERS: [(&str, &[&str]); 25] = [
    // Values parsed from text or bytes, without I/O.
    ("domain", &[]),
    ("exit", &[]),
    ("process", &[]),
    ("signals", &[]),
    ("credential_file", &["domain"]),
    // Names of objects and their outcomes. These modules and `kubernetes` import each other, but only values: a target
    // holds its cluster, an object error holds a request error, an event holds an object error, and the cluster client
    // sends events.
    ("target", &["domain", "kubernetes"]),
    ("ledger", &["target"]),
    ("object_error", &["domain", "kubernetes"]),
    ("event", &["ledger", "object_error", "target"]),
    // Forwards tracing events to the reporter.
    ("diagnostics", &["event"]),
    // Sends requests to Kubernetes. Uses the ledger's trackers and the events, but no plan and no user request.
    ("kubernetes", &["domain", "event", "ledger"]),
    ("request", &["domain"]),
    ("target_state", &["domain", "request"]),
    // The stages of a target. Each uses the result of the stage before.
    (
        "observe",
        &["domain", "kubernetes", "request", "target", "target_state"],
    ),
    (
        "plan",
        &[
            "domain",
            "kubernetes",
            "ledger",
            "object_error",
            "observe",
            "request",
            "target_state",
        ],
    ),
    (
        "apply",
        &[
            "domain",
            "kubernetes",
            "ledger",
            "object_error",
            "plan",
            "request",
            "target",
            "target_state",
        ],
    ),
    (
        "rbac_hint",
        &["kubernetes", "object_error", "request", "target"],
    ),
    (
        "reconcile",
        &[
            "apply",
            "domain",
            "event",
            "kubernetes",
            "ledger",
            "object_error",
            "observe",
            "plan",
            "rbac_hint",
            "request",
            "target",
            "target_state",
        ],
    ),
    // Finds the targets of one cluster and reconciles them.
    (
        "cluster_run",
        &[
            "domain",
            "event",
            "kubernetes",
            "ledger",
            "object_error",
            "observe",
            "reconcile",
            "request",
            "target",
        ],
    ),
    // Output for the user. Uses outcomes, but none of the stages that produce them.
    (
        "report",
        &[
            "domain",
            "event",
            "ledger",
            "object_error",
            "request",
            "target",
        ],
    ),
    // Converts our flags into parts of a request.
    ("args", &["domain", "request"]),
    // Lists names from the cluster for completion.
    ("completion", &["domain", "event", "kubernetes"]),
    (
        "run",
        &[
            "cluster_run",
            "diagnostics",
            "domain",
            "event",
            "exit",
            "kubernetes",
            "ledger",
            "reconcile",
            "report",
            "request",
            "signals",
        ],
    ),
    ("lib", &[]),
    // Tests against a simulated server, without import rules.
    ("model", &["*"]),
];

/// APIs that `domain` must not use: network, files, clocks, environment, command line.
const IO_APIS: [&str; 8] = [
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
fn core_modules_import_only_allowed_modules() {
    assert_no_violations(
        Source::shipped()
            .iter()
            .flat_map(import_violations)
            .collect(),
    );
}

#[test]
fn layers_table_lists_only_existing_modules() {
    let sources = Source::all();
    let modules: BTreeSet<&str> = sources.iter().filter_map(module).collect();
    let missing = LAYERS.iter().filter(|(name, _)| !modules.contains(name));
    assert_no_violations(
        missing
            .map(|(name, _)| format!("{name} is listed in LAYERS but is not a module of the core"))
            .collect(),
    );
}

#[test]
fn plan_and_domain_are_synchronous_and_domain_has_no_io() {
    assert_no_violations(
        Source::shipped()
            .iter()
            .flat_map(purity_violations)
            .collect(),
    );
}

/// Returns the top-level module of a file of the core.
fn module(source: &Source) -> Option<&str> {
    let path = source.path.strip_prefix(CORE)?;
    path.split(['/', '.']).next()
}

fn import_violations(source: &Source) -> Vec<String> {
    let Some(from) = module(source) else {
        return Vec::new();
    };
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == from) else {
        return vec![format!("{}: {from} is missing in LAYERS", source.path)];
    };
    let imported = imported_modules(&source.code);
    let forbidden = imported
        .iter()
        .filter(|to| **to != from && !allowed.contains(to) && !allowed.contains(&"*"));
    let mut violations: Vec<String> = forbidden
        .map(|to| format!("{}: {from} must not import {to}", source.path))
        .collect();
    // An import of another top-level module through `super::` would bypass the table. Inside an inline module, `super`
    // is the file itself.
    let depth = source.path[CORE.len()..]
        .trim_end_matches("/mod.rs")
        .matches('/')
        .count();
    let root = "super::".repeat(depth + 1);
    if !has_inner_module(&source.code) {
        let lines = source.lines_with(&root);
        violations.extend(
            lines
                .iter()
                .map(|at| format!("{at}: imports a top-level module through super")),
        );
    }
    violations
}

fn has_inner_module(code: &str) -> bool {
    code.lines()
        .any(|line| line.trim_start_matches("pub ").starts_with("mod ") && line.ends_with('{'))
}

/// Returns the top-level modules that code names, including those in `crate::{a, b::c}`.
pub(crate) fn imported_modules(code: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for after in code.split("crate::").skip(1) {
        let Some(group) = after.strip_prefix('{') else {
            found.insert(identifier(after));
            continue;
        };
        let mut depth = 0;
        let mut at_start = true;
        for (at, character) in group.char_indices() {
            match character {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => at_start = true,
                _ if at_start && !character.is_whitespace() => {
                    found.insert(identifier(&group[at..]));
                    at_start = false;
                }
                _ => {}
            }
        }
    }
    found
}

fn identifier(text: &str) -> &str {
    let end = text.find(|it: char| !it.is_alphanumeric() && it != '_');
    &text[..end.unwrap_or(text.len())]
}

fn purity_violations(source: &Source) -> Vec<String> {
    let mut violations = Vec::new();
    let layer = module(source).unwrap_or_default();
    if layer == "plan" || layer == "domain" {
        for identifier in ["async ", ".await"] {
            let at = source.lines_with(identifier);
            violations.extend(
                at.iter()
                    .map(|at| format!("{at}: {layer} must be synchronous")),
            );
        }
    }
    if layer == "domain" {
        for identifier in IO_APIS {
            let at = source.lines_with(identifier);
            violations.extend(
                at.iter()
                    .map(|at| format!("{at}: domain must not use {identifier}")),
            );
        }
    }
    violations
}

#[test]
fn forbidden_import_is_reported() {
    let violations =
        |path: &str, text: &str| import_violations(&Source::new(&format!("{CORE}{path}"), text));
    assert_eq!(
        violations("domain/names.rs", "use crate::kubernetes::RequestError;").len(),
        1
    );
    assert_eq!(
        violations(
            "kubernetes/client.rs",
            "use crate::{domain::names, plan::{Plan, apply}, apply};"
        )
        .len(),
        2
    );
    assert_eq!(
        violations("plan/mod.rs", "fn f() { crate::report::x() }").len(),
        1
    );
    assert_eq!(violations("plan/mod.rs", "use super::report;").len(), 1);
    assert_eq!(
        violations("plan/secret.rs", "use super::super::report;").len(),
        1
    );
    assert_eq!(violations("reconcile.rs", "use super::run;").len(), 1);
    assert_eq!(violations("helper.rs", "").len(), 1);
    assert!(
        violations(
            "plan/secret.rs",
            "use super::Step; use crate::observe::Observed; // crate::run"
        )
        .is_empty()
    );
}

#[test]
fn async_code_in_plan_or_domain_is_reported() {
    let violations = |path: &str, text: &str| {
        purity_violations(&Source::new(&format!("{CORE}{path}"), text)).len()
    };
    assert_eq!(violations("plan/mod.rs", "pub async fn plan() {}"), 1);
    assert_eq!(violations("domain/names.rs", "let x = f().await;"), 1);
    assert_eq!(violations("domain/names.rs", "use std::fs;"), 1);
    assert_eq!(violations("observe/mod.rs", "pub async fn observe() {}"), 0);
}
