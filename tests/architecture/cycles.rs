//! Checks that the modules of a crate do not import each other in a cycle.

use std::collections::{BTreeMap, BTreeSet};

use crate::assert_no_violations;
use crate::layers::imported_modules;
use crate::source::Source;

/// The sources of the crates without cycles. `layers` covers the core.
const CRATES: [&str; 2] = ["crates/kube-clientcmd/src/", "crates/kubectl-plugin/src/"];

/// The modules that each top-level module imports.
type Imports = BTreeMap<String, BTreeSet<String>>;

#[test]
fn modules_of_a_crate_have_no_cycle() {
    let sources = Source::all();
    let mut violations = Vec::new();
    for directory in CRATES {
        let imports = imports(&sources, directory);
        assert!(imports.len() > 5, "{directory}: {imports:?}");
        violations.extend(
            cycles(&imports)
                .iter()
                .map(|it| format!("{directory}: {it}")),
        );
    }
    assert_no_violations(violations);
}

fn imports(sources: &[Source], directory: &str) -> Imports {
    let mut imports = Imports::new();
    for source in sources {
        let path = source.path.strip_prefix(directory);
        // A test may use every module.
        let Some(path) = path.filter(|path| !path.ends_with("tests.rs")) else {
            continue;
        };
        let module = path.split(['/', '.']).next().unwrap_or_default();
        // `super::` of a top-level file is the crate, as is `super::super::` of a file in a directory.
        let depth = path.trim_end_matches("/mod.rs").matches('/').count();
        let code = source.code.replace(&"super::".repeat(depth + 1), "crate::");
        let imported = imported_modules(&code).into_iter().map(str::to_owned);
        let others = imported.filter(|other| other != module);
        imports.entry(module.to_owned()).or_default().extend(others);
    }
    imports
}

/// Removes modules that import no remaining module, until none is left to remove. Returns the others, with their imports.
fn cycles(imports: &Imports) -> Vec<String> {
    let mut left = imports.clone();
    loop {
        let before = left.len();
        let known: BTreeSet<String> = left.keys().cloned().collect();
        left.retain(|_, imported| {
            imported.retain(|other| known.contains(other));
            !imported.is_empty()
        });
        if left.len() == before {
            break;
        }
    }
    left.iter()
        .map(|(module, imported)| format!("{module} is in a cycle or imports one: {imported:?}"))
        .collect()
}

#[test]
fn cycle_is_reported() {
    let source = |name: &str, text: &str| Source::new(&format!("crates/x/src/{name}.rs"), text);
    let mut sources = vec![
        source("a", "use crate::b::B;"),
        source("b", "use crate::{c, d};"),
        source("c", "use super::{d::D, x};"),
        source("d", "#[cfg(test)]\nuse crate::a;"),
    ];
    let count = |sources: &[Source]| cycles(&imports(sources, "crates/x/src/")).len();
    assert_eq!(count(&sources), 0);
    sources[3] = source("d", "use crate::b;");
    assert_eq!(count(&sources), 4);
}
