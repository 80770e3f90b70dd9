//! Checks that the files of a crate do not import each other in a cycle. `pub use` counts as an import, so that a file takes
//! an item from the file that defines it, not from a parent that exports it again. Tests may import everything.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::assert_no_violations;
use crate::imports::{Imports, Module, imports, source_directories};
use crate::source::Source;

#[test]
fn files_of_a_crate_have_no_cycle() {
    let sources = Source::all();
    let directories = source_directories(&sources);
    assert!(directories.len() > 8, "{directories:?}");
    let mut violations = Vec::new();
    for directory in directories {
        let imports = imports(&sources, directory);
        let cycles = cycles(&imports).into_iter();
        violations.extend(cycles.map(|cycle| format!("{directory}: {cycle}")));
    }
    assert_no_violations(violations);
}

/// Returns a shortest cycle through each module that is in one, unless a cycle before it contains the module.
fn cycles(imports: &Imports) -> Vec<String> {
    let mut reported = BTreeSet::new();
    let mut cycles = Vec::new();
    for module in imports.keys() {
        if !reported.contains(&module)
            && let Some(cycle) = cycle(imports, module)
        {
            let names = cycle.iter().map(|module| match module.join("::") {
                name if name.is_empty() => "the root".to_owned(),
                name => name,
            });
            cycles.push(names.collect::<Vec<_>>().join(" -> "));
            reported.extend(cycle);
        }
    }
    cycles
}

/// Returns a shortest path from `module` back to it.
fn cycle<'a>(imports: &'a Imports, module: &'a Module) -> Option<Vec<&'a Module>> {
    let mut importers: BTreeMap<&Module, &Module> = BTreeMap::new();
    let mut queue = VecDeque::from([module]);
    while let Some(from) = queue.pop_front() {
        for to in imports.get(from)? {
            if to == module {
                let mut path = vec![module, from];
                while let Some(importer) = importers.get(path[path.len() - 1]) {
                    path.push(importer);
                }
                path.reverse();
                return Some(path);
            }
            if !importers.contains_key(to) {
                importers.insert(to, from);
                queue.push_back(to);
            }
        }
    }
    None
}

#[test]
fn cycle_is_reported() {
    let source = |path: &str, text: &str| Source::new(&format!("crates/x/src/{path}"), text);
    let mut sources = vec![
        source("lib.rs", "mod a; mod b; mod c;\npub use a::A;"),
        source("a.rs", "use crate::b::B;"),
        source("b.rs", "use crate::{c::C, c};"),
        source("c.rs", "#[cfg(test)]\nmod tests { use crate::a; }"),
    ];
    let found = |sources: &[Source]| cycles(&imports(sources, "crates/x/src/"));
    assert_eq!(found(&sources), [""; 0]);
    sources[3] = source("c.rs", "fn f() { super::a::g() }");
    assert_eq!(found(&sources), ["a -> b -> c -> a"]);
    sources[3] = source("c.rs", "use crate::A;");
    assert_eq!(found(&sources), ["the root -> a -> b -> c -> the root"]);
}
