//! Checks which modules of the core import which, by top-level module.

use std::collections::BTreeSet;

use crate::assert_no_violations;
use crate::source::Source;

const CORE: &str = "crates/gcr-core/src/";

/// Each module and the modules that it is allowed to import, from the lowest layer to the highest.
const LAYERS: [(&str, &[&str]); 18] = [
    // Values parsed from text or bytes, without I/O.
    ("domain", &[]),
    ("exit", &[]),
    ("process", &[]),
    ("safety", &[]),
    ("signals", &[]),
    ("stop", &[]),
    ("credential_file", &["domain"]),
    // Sends requests to Kubernetes. Knows neither objects of a run nor the user's request.
    ("kubernetes", &["domain", "safety", "stop"]),
    ("request", &["domain"]),
    // Reconciles whatever it is given. Uses the name of a namespace and the kind of dry run, but no Kubernetes.
    ("engine", &["domain", "request", "safety", "stop"]),
    // Forwards tracing events to the reporter.
    ("diagnostics", &["engine"]),
    // The objects of a namespace as resources of the engine.
    (
        "resources",
        &["domain", "engine", "kubernetes", "request", "safety"],
    ),
    // Output for the user. Uses outcomes, but none of the code that produces them.
    ("report", &["domain", "engine", "request", "stop"]),
    // Converts our flags into parts of a request.
    ("args", &["domain", "request"]),
    // Lists names from the cluster for completion.
    ("completion", &["domain", "kubernetes", "stop"]),
    (
        "commands",
        &[
            "diagnostics",
            "domain",
            "engine",
            "exit",
            "kubernetes",
            "process",
            "report",
            "request",
            "resources",
            "signals",
            "stop",
        ],
    ),
    ("lib", &[]),
    // Tests against a simulated server, without import rules.
    ("model", &["*"]),
];

/// The files that decide what to do with an observed object: `Resource::decide` is pure.
const DECISIONS: [&str; 4] = [
    "/secret/content.rs",
    "/secret/decide.rs",
    "/secret/recreate.rs",
    "/service_account/decide.rs",
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
fn decisions_and_domain_are_synchronous_and_domain_has_no_io() {
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
    let decides = DECISIONS.iter().any(|file| source.path.ends_with(file));
    if decides || layer == "domain" {
        for identifier in ["async ", ".await"] {
            let at = source.lines_with(identifier);
            violations.extend(
                at.iter()
                    .map(|at| format!("{at}: decisions and values must be synchronous")),
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
            "use crate::{domain::names, engine::{Event, Row}, resources};"
        )
        .len(),
        2
    );
    assert_eq!(
        violations("engine/mod.rs", "fn f() { crate::report::x() }").len(),
        1
    );
    assert_eq!(violations("engine/mod.rs", "use super::report;").len(), 1);
    assert_eq!(
        violations("engine/query.rs", "use super::super::report;").len(),
        1
    );
    assert_eq!(violations("stop.rs", "use super::engine;").len(), 1);
    assert_eq!(violations("helper.rs", "").len(), 1);
    assert!(
        violations(
            "resources/secret/decide.rs",
            "use super::Step; use crate::kubernetes::RequestError; // crate::report"
        )
        .is_empty()
    );
}

#[test]
fn async_code_in_a_decision_or_domain_is_reported() {
    let violations = |path: &str, text: &str| {
        purity_violations(&Source::new(&format!("{CORE}{path}"), text)).len()
    };
    let decision = "resources/secret/decide.rs";
    assert_eq!(violations(decision, "pub async fn decide() {}"), 1);
    assert_eq!(violations("domain/names.rs", "let x = f().await;"), 1);
    assert_eq!(violations("domain/names.rs", "use std::fs;"), 1);
    let observation = "resources/secret/observe.rs";
    assert_eq!(violations(observation, "pub async fn observe() {}"), 0);
}
