//! How files are kept: small, named by nouns, with a header that says what they are for.

use crate::expect_none;
use crate::source::Source;

/// Lines a file has at most.
const LINES: usize = 400;
/// Names that say nothing of what is inside.
const EMPTY_NAMES: [&str; 7] = [
    "utils", "util", "helpers", "helper", "common", "misc", "manager",
];

#[test]
fn files_are_small_have_a_header_and_a_name() {
    expect_none(Source::all().iter().flat_map(kept).collect());
}

fn kept(source: &Source) -> Vec<String> {
    let path = &source.path;
    let mut wrong = Vec::new();
    let lines = source.text.lines().count();
    if lines > LINES {
        wrong.push(format!("{path}: {lines} lines, more than {LINES}"));
    }
    if source.is_rust() && !source.text.starts_with("//! ") {
        wrong.push(format!("{path}: does not begin with a header, //!"));
    }
    let names = path
        .trim_end_matches(".rs")
        .trim_end_matches(".go")
        .split('/');
    let mut empty: Vec<&str> = names.filter(|name| EMPTY_NAMES.contains(name)).collect();
    let modules = source.code.split("mod ").skip(1);
    empty.extend(modules.filter_map(|after| {
        let name = after
            .split(|it: char| !it.is_alphanumeric() && it != '_')
            .next()?;
        EMPTY_NAMES.contains(&name).then_some(name)
    }));
    wrong.extend(
        empty
            .iter()
            .map(|name| format!("{path}: {name} says nothing of what is inside")),
    );
    wrong
}

#[test]
fn a_file_out_of_form_is_seen() {
    let wrong = |path: &str, text: &str| kept(&Source::new(path, text)).len();
    assert_eq!(wrong("crates/x/src/a.rs", "//! A.\n"), 0);
    assert_eq!(wrong("crates/x/src/a.rs", "use b;\n"), 1);
    assert_eq!(
        wrong(
            "crates/x/src/a.rs",
            &format!("//! A.\n{}", "\n".repeat(400))
        ),
        1
    );
    assert_eq!(wrong("tests/control-plane/a.go", &"\n".repeat(401)), 1);
    assert_eq!(wrong("crates/x/src/utils.rs", "//! A.\n"), 1);
    assert_eq!(wrong("crates/x/src/common/a.rs", "//! A.\n"), 1);
    assert_eq!(
        wrong(
            "crates/x/src/a.rs",
            "//! A.\npub mod helpers;\nmod manager {}\n"
        ),
        2
    );
    assert_eq!(wrong("crates/x/src/a.rs", "//! A.\nmod commonplace;\n"), 0);
}
