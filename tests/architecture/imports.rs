//! Reads which files of a crate import which: the input of the rule against cycles.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::Source;

/// The path of a module below the root of its crate, for example `["engine", "ledger"]`. Empty for `lib.rs` and `main.rs`.
pub(crate) type Module = Vec<String>;

/// The modules that each module imports. A file is one module: its inline modules count as part of it.
pub(crate) type Imports = BTreeMap<Module, BTreeSet<Module>>;

/// Returns the `src` directory of each crate and plugin, with a trailing `/`.
pub(crate) fn source_directories(sources: &[Source]) -> BTreeSet<&str> {
    let paths = sources.iter().map(|source| source.path.as_str());
    let members = paths.filter(|path| path.starts_with("crates/") || path.starts_with("plugins/"));
    members
        .filter_map(|path| {
            let directory = path.split_inclusive('/').nth(2)?;
            let length = path.split_inclusive('/').take(3).map(str::len).sum();
            (directory == "src/").then(|| &path[..length])
        })
        .collect()
}

/// Returns the imports of the files below `directory`. Leaves out modules that exist only for tests: they may import
/// everything.
pub(crate) fn imports(sources: &[Source], directory: &str) -> Imports {
    let files: BTreeMap<Module, &Source> = sources
        .iter()
        .filter_map(|source| Some((module(source.path.strip_prefix(directory)?)?, source)))
        .collect();
    let shipped: BTreeSet<Module> = files
        .keys()
        .filter(|module| is_shipped(module, &files))
        .cloned()
        .collect();
    let of = |module: &Module| {
        let paths = paths(&files[module].code).into_iter();
        let found = paths.filter_map(|path| resolve(&path, module, &shipped));
        found.filter(|other| other != module).collect()
    };
    shipped
        .iter()
        .map(|module| (module.clone(), of(module)))
        .collect()
}

/// Returns the module of a file, by its path below `src`.
fn module(path: &str) -> Option<Module> {
    let path = path.strip_suffix(".rs")?;
    let mut module: Module = path.split('/').map(str::to_owned).collect();
    module.pop_if(|last| last == "mod");
    if module == ["lib"] || module == ["main"] {
        module.clear();
    }
    Some(module)
}

/// Returns whether each ancestor declares the module outside tests: `code` has no items under `#[cfg(test)]`.
fn is_shipped(module: &Module, files: &BTreeMap<Module, &Source>) -> bool {
    let Some((name, parent)) = module.split_last() else {
        return true;
    };
    let parent = parent.to_vec();
    let declared = files.get(&parent).is_some_and(|source| {
        let mut words = source.code.split(|it: char| !is_path_char(it) && it != ';');
        words.any(|word| word.strip_suffix(';') == Some(name))
    });
    declared && is_shipped(&parent, files)
}

/// Returns the paths of all `use` items, with nested groups expanded, and all other paths: those in expressions and types.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find("use ") {
        let (before, item) = rest.split_at(at);
        add_written(before, &mut paths);
        let item = &item["use ".len()..];
        let is_use = !before.ends_with(is_path_char);
        let end = item.find(';').filter(|_| is_use).unwrap_or(0);
        if is_use {
            expand(&item[..end], &[], &mut paths);
        }
        rest = &item[end..];
    }
    add_written(rest, &mut paths);
    paths
}

/// Adds the paths of a `use` tree: `a::{b, c::d}` below `prefix` is `prefix::a::b` and `prefix::a::c::d`.
fn expand(tree: &str, prefix: &[String], paths: &mut Vec<Vec<String>>) {
    let (path, group) = match tree.split_once('{') {
        Some((path, group)) => (path, group.rsplit_once('}').map(|(group, _)| group)),
        None => (tree, None),
    };
    let path = path.split(" as ").next().unwrap_or_default();
    let segments = path.split("::").map(|it| it.trim().to_owned());
    let mut full = prefix.to_vec();
    full.extend(segments.filter(|it| !it.is_empty()));
    let Some(group) = group else {
        paths.push(full);
        return;
    };
    let mut depth = 0;
    let is_separator = |character| {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        character == ',' && depth == 0
    };
    for tree in group.split(is_separator) {
        if !tree.trim().is_empty() {
            expand(tree, &full, paths);
        }
    }
}

/// Adds the paths in code without `use` items.
fn add_written(code: &str, paths: &mut Vec<Vec<String>>) {
    let words = code.split(|it: char| !is_path_char(it) && it != ':');
    let written = words.filter(|word| word.contains("::"));
    paths.extend(written.map(|word| word.split("::").map(str::to_owned).collect()));
}

fn is_path_char(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Returns the file that `path` in `module` leads to, or `None` for a path into another crate.
fn resolve(path: &[String], module: &Module, known: &BTreeSet<Module>) -> Option<Module> {
    let first = path.first()?.as_str();
    let mut full = match first {
        "crate" => Vec::new(),
        // A child of this module.
        name => {
            let child = [module.as_slice(), &[name.to_owned()]].concat();
            if !matches!(name, "self" | "super") && !known.contains(&child) {
                return None;
            }
            module.clone()
        }
    };
    for segment in path {
        match segment.as_str() {
            "crate" | "self" => {}
            "super" => drop(full.pop()),
            name => full.push(name.to_owned()),
        }
    }
    while !known.contains(&full) {
        full.pop()?;
    }
    Some(full)
}

#[test]
fn imports_follow_use_trees_paths_children_and_super() {
    let source = |path: &str, text: &str| Source::new(&format!("crates/x/src/{path}"), text);
    let sources = [
        source("lib.rs", "mod a; mod b;\n#[cfg(test)]\nmod model;"),
        source(
            "a/mod.rs",
            "mod c;\nmod d;\npub use c::C;\nfn f() { d::g() }",
        ),
        source("a/c.rs", "use super::{d::{D, self}, super::b::B as Other};"),
        source(
            "a/d.rs",
            "#[cfg(all(test, unix))]\nmod tests { use super::c; }\nfn g() -> super::A { crate::b::f() }",
        ),
        source("b.rs", "use std::{fs, path};\nuse d::D; // crate::a"),
        source("model.rs", "use crate::a::A;"),
    ];
    let name = |module: &Module| module.join("::");
    let imports = imports(&sources, "crates/x/src/");
    let found: Vec<String> = imports
        .iter()
        .map(|(module, others)| {
            let others: Vec<String> = others.iter().map(name).collect();
            format!("{} -> {}", name(module), others.join(" "))
        })
        .collect();
    let expected = [
        " -> ",
        "a -> a::c a::d",
        "a::c -> a::d b",
        "a::d -> a b",
        "b -> ",
    ];
    assert_eq!(found, expected);
    assert_eq!(
        source_directories(&sources),
        BTreeSet::from(["crates/x/src/"])
    );
}
