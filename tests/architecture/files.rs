//! Checks the form of source files: size, names, and a header that states the file's purpose.

use crate::assert_no_violations;
use crate::source::Source;

/// Maximum number of lines of a file.
const MAX_LINES: usize = 400;
/// Names that do not describe a module's content.
const VAGUE_NAMES: [&str; 7] = [
    "utils", "util", "helpers", "helper", "common", "misc", "manager",
];

#[test]
fn source_files_are_small_with_header_and_specific_name() {
    assert_no_violations(Source::all().iter().flat_map(form_violations).collect());
}

fn form_violations(source: &Source) -> Vec<String> {
    let path = &source.path;
    let mut violations = Vec::new();
    let lines = source.text.lines().count();
    if lines > MAX_LINES {
        violations.push(format!("{path}: {lines} lines, maximum {MAX_LINES}"));
    }
    if source.is_rust() && !source.text.starts_with("//! ") {
        violations.push(format!("{path}: does not start with a //! header"));
    }
    let names = path
        .trim_end_matches(".rs")
        .trim_end_matches(".go")
        .split('/');
    let mut vague: Vec<&str> = names.filter(|name| VAGUE_NAMES.contains(name)).collect();
    let modules = source.code.split("mod ").skip(1);
    vague.extend(modules.filter_map(|after| {
        let name = after
            .split(|it: char| !it.is_alphanumeric() && it != '_')
            .next()?;
        VAGUE_NAMES.contains(&name).then_some(name)
    }));
    violations.extend(
        vague
            .iter()
            .map(|name| format!("{path}: the name {name} does not describe the content")),
    );
    violations
}

#[test]
fn malformed_file_is_reported() {
    let violations = |path: &str, text: &str| form_violations(&Source::new(path, text)).len();
    assert_eq!(violations("crates/x/src/a.rs", "//! A.\n"), 0);
    assert_eq!(violations("crates/x/src/a.rs", "use b;\n"), 1);
    assert_eq!(
        violations(
            "crates/x/src/a.rs",
            &format!("//! A.\n{}", "\n".repeat(400))
        ),
        1
    );
    assert_eq!(violations("tests/control-plane/a.go", &"\n".repeat(401)), 1);
    assert_eq!(violations("crates/x/src/utils.rs", "//! A.\n"), 1);
    assert_eq!(violations("crates/x/src/common/a.rs", "//! A.\n"), 1);
    assert_eq!(
        violations(
            "crates/x/src/a.rs",
            "//! A.\npub mod helpers;\nmod manager {}\n"
        ),
        2
    );
    assert_eq!(
        violations("crates/x/src/a.rs", "//! A.\nmod commonplace;\n"),
        0
    );
}
