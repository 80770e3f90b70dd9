//! Checks the direction of the imports between the modules of the core. Crates hold the walls around it, `cycles` forbids
//! circles, and clippy the side effects; none of them knows which module is the lower one.

use std::collections::BTreeSet;

use crate::assert_no_violations;
use crate::imports::{Imports, imports};
use crate::source::Source;

const CORE: &str = "crates/gcr-core/src/";

/// The top-level modules. A module imports only from rows before its own.
const ROWS: [&[&str]; 5] = [
    // Values without I/O, and what every module needs of the process.
    &["domain", "exit", "process", "safety", "signals", "stop"],
    // What the user asks for.
    &["credential_file", "request"],
    // The engine knows no Kubernetes, and Kubernetes no objects of a run.
    &["engine", "kubernetes"],
    // What the engine reconciles, what the user sees, and our flags.
    &["args", "completion", "diagnostics", "report", "resources"],
    &["commands"],
];

/// Imports that the rows would allow, and the reason against each.
const FORBIDDEN: [(&str, &str, &str); 2] = [
    (
        "kubernetes",
        "request",
        "a client sends what it is given, for any command",
    ),
    (
        "report",
        "kubernetes",
        "output depends on outcomes, not on the code that produces them",
    ),
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
fn core_modules_import_only_lower_modules() {
    assert_no_violations(import_violations(&imports(&Source::all(), CORE)));
}

#[test]
fn rows_list_only_existing_modules() {
    let imports = imports(&Source::all(), CORE);
    let modules: BTreeSet<&String> = imports.keys().filter_map(|it| it.first()).collect();
    let listed = ROWS.iter().copied().flatten();
    let missing = listed.filter(|name| !modules.iter().any(|it| it == *name));
    assert_no_violations(
        missing
            .map(|name| format!("{name} is listed in ROWS but is not a module of the core"))
            .collect(),
    );
}

#[test]
fn domain_has_no_io() {
    assert_no_violations(Source::shipped().iter().flat_map(io_violations).collect());
}

fn row(module: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&module))
}

fn import_violations(imports: &Imports) -> Vec<String> {
    let mut violations = Vec::new();
    for (module, imported) in imports {
        let Some(from) = module.first() else {
            // `lib.rs` only declares the modules.
            continue;
        };
        let file = module.join("::");
        let Some(row_of_from) = row(from) else {
            violations.push(format!("{file}: {from} is missing in ROWS"));
            continue;
        };
        let others: BTreeSet<&String> = imported.iter().filter_map(|it| it.first()).collect();
        for to in others.into_iter().filter(|to| *to != from) {
            let is_forbidden = |(one, other, _): &&(&str, &str, &str)| one == from && other == to;
            if let Some((_, _, reason)) = FORBIDDEN.iter().find(is_forbidden) {
                violations.push(format!("{file}: {from} must not import {to}: {reason}"));
            } else if row(to).is_none_or(|row| row >= row_of_from) {
                violations.push(format!("{file}: {to} is not below {from}"));
            }
        }
    }
    violations
}

fn io_violations(source: &Source) -> Vec<String> {
    if !source.path.starts_with(&format!("{CORE}domain/")) {
        return Vec::new();
    }
    let uses = IO_APIS.iter().flat_map(|api| {
        let lines = source.lines_with(api).into_iter();
        lines.map(move |at| format!("{at}: domain must not use {api}"))
    });
    uses.collect()
}

#[test]
fn forbidden_import_is_reported() {
    let violations = |path: &str, text: &str| {
        let source = |path: &str, text: &str| Source::new(&format!("{CORE}{path}"), text);
        let mut sources: Vec<Source> = ROWS
            .iter()
            .copied()
            .flatten()
            .map(|name| source(&format!("{name}/mod.rs"), "mod file;"))
            .collect();
        let modules = ROWS.concat().join("; mod ");
        sources.push(source("lib.rs", &format!("mod helper; mod {modules};")));
        sources.push(source(path, text));
        import_violations(&imports(&sources, CORE)).len()
    };
    assert_eq!(violations("domain/file.rs", "use crate::kubernetes::X;"), 1);
    let both = "use crate::{domain::names, engine::{Event, Row}, resources};";
    assert_eq!(violations("kubernetes/file.rs", both), 2);
    assert_eq!(
        violations("kubernetes/file.rs", "use crate::request::X;"),
        1
    );
    assert_eq!(
        violations("engine/file.rs", "fn f() { crate::report::x() }"),
        1
    );
    assert_eq!(violations("engine/file.rs", "use super::super::report;"), 1);
    assert_eq!(violations("report/file.rs", "use crate::kubernetes;"), 1);
    assert_eq!(violations("helper.rs", ""), 1);
    let allowed = "use super::Step; use crate::{engine, kubernetes::X}; // crate::report";
    assert_eq!(violations("resources/file.rs", allowed), 0);
    let test = "#[cfg(test)]\nmod tests { use crate::report; }";
    assert_eq!(violations("engine/file.rs", test), 0);
}

#[test]
fn io_in_domain_is_reported() {
    let violations =
        |path: &str, text: &str| io_violations(&Source::new(&format!("{CORE}{path}"), text)).len();
    assert_eq!(violations("domain/names.rs", "use std::fs;"), 1);
    assert_eq!(violations("domain/names.rs", "use std::fmt;"), 0);
    assert_eq!(violations("credential_file.rs", "use std::fs;"), 0);
}
