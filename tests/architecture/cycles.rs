//! Checks that the modules of a crate do not import each other in a cycle.

use std::collections::{BTreeMap, BTreeSet};

use crate::assert_no_violations;
use crate::layers::imported_modules;
use crate::source::Source;

/// The sources of the crates without cycles. `layers` covers the core.
const CRATES: [&str; 1] = ["crates/kubectl-plugin/src/"];

/// The modules that each top-level module imports.
type Imports<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

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

fn imports<'a>(sources: &'a [Source], directory: &str) -> Imports<'a> {
    let mut imports = Imports::new();
    for source in sources {
        let path = source.path.strip_prefix(directory);
        // A test may use every module.
        let Some(path) = path.filter(|path| !path.ends_with("tests.rs")) else {
            continue;
        };
        let module = path.split(['/', '.']).next().unwrap_or_default();
        let imported = imported_modules(&source.code);
        let others = imported.into_iter().filter(|other| *other != module);
        imports.entry(module).or_default().extend(others);
    }
    imports
}

/// Removes modules that import no remaining module, until none is left to remove. Returns the others, with their imports.
fn cycles(imports: &Imports<'_>) -> Vec<String> {
    let mut left = imports.clone();
    loop {
        let before = left.len();
        let known: BTreeSet<&str> = left.keys().copied().collect();
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
        source("c", "use crate::d::D;"),
        source("d", "#[cfg(test)]\nuse crate::a;"),
    ];
    let count = |sources: &[Source]| cycles(&imports(sources, "crates/x/src/")).len();
    assert_eq!(count(&sources), 0);
    sources[3] = source("d", "use crate::b;");
    assert_eq!(count(&sources), 4);
}
