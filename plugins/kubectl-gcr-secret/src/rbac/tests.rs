//! Holds `docs/rbac.md` against the rules.

use gcr_core::commands::rbac::CommandPermissions;

use super::nested_command::Line;
use super::*;
use crate::google_permissions::{self, GooglePermission};

/// The command lines in the table of `docs/rbac.md`.
const LINES: [&str; 33] = [
    "create",
    "create --merge",
    "create --recreate",
    "create --attach",
    "create --attach --restart-stuck",
    "create --serviceaccount=a,b",
    "create -A",
    "setup",
    "setup -A",
    "setup --attach=false --recreate",
    "gcr-patch-sa",
    "gcr-patch-sa --all",
    "gcr-patch-sa -l=team=a",
    "gcr-patch-sa --restart-stuck",
    "gcr-patch-sa --verify",
    "list",
    "list -o=wide",
    "list -A",
    "describe gcr-io",
    "describe gcr-io -A",
    "delete gcr-io",
    "delete gcr-io --keep-references",
    "refresh",
    "refresh gcr-io",
    "refresh -A",
    "rotate gcr-io",
    "rotate gcr-io -A",
    "rotate gcr-io --scope-check=false",
    "verify",
    "verify a b --from-pods",
    "doctor",
    "doctor --restart",
    "docker-login --from-secret=gcr-io",
];

/// Returns the command lines of the table of permissions at Google.
fn google_lines() -> Vec<(&'static str, Vec<GooglePermission>)> {
    vec![
        (
            "setup --create-repository",
            google_permissions::setup(true, true),
        ),
        (
            "setup --credential=token",
            google_permissions::setup(false, false),
        ),
        ("refresh", google_permissions::refresh()),
        ("rotate", google_permissions::rotate(false)),
        (
            "delete gcr-io --delete-key",
            google_permissions::delete_key(),
        ),
    ]
}

fn permissions(line: &str) -> CommandPermissions {
    let words = std::iter::once("kubectl-gcr_secret").chain(line.split(' '));
    let argv = words.map(OsString::from).collect();
    let (line, _): (Line, _) = parse(PLUGIN, argv).unwrap();
    line.command.permissions(&line.connection).unwrap().0
}

/// Returns the row of the table for each rule of a command line.
fn rows(line: &str) -> Vec<String> {
    let quoted = |words: &[&str]| {
        let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
        words.join(", ")
    };
    let rules = permissions(line).all_rules();
    let rows = rules.iter().enumerate().map(|(index, rule)| {
        let command = if index == 0 {
            quoted(&[line]) + " "
        } else {
            String::new()
        };
        let names: Vec<&str> = rule.names.iter().map(String::as_str).collect();
        let names = match names.as_slice() {
            [] => String::new(),
            names => quoted(names) + " ",
        };
        let (resource, verbs) = (rule.resource, quoted(&rule.verbs));
        format!("| {command}| `{resource}` | {verbs} | {names}|")
    });
    rows.collect()
}

/// Returns the rows of a table of `docs/rbac.md`.
fn documented(header: &str) -> String {
    let page = include_str!("../../../../docs/rbac.md");
    let (_, table) = page.split_once(header).expect("the header of a table");
    let rows = table.trim_start().lines().skip(1);
    let rows: Vec<&str> = rows.take_while(|line| line.starts_with("| ")).collect();
    rows.join("\n")
}

#[test]
fn documented_table_contains_exactly_the_rules() {
    let documented = documented("| command line | resource | verbs | names |");
    let rules: Vec<String> = LINES.iter().flat_map(|line| rows(line)).collect();
    let rules = rules.join("\n");
    assert_eq!(documented, rules, "docs/rbac.md should contain\n{rules}");
}

#[test]
fn documented_table_contains_exactly_the_permissions_at_google() {
    let documented =
        documented("| command line | permission | on the | smallest predefined role |");
    let lines = google_lines().into_iter().flat_map(|(line, permissions)| {
        let rows = permissions.into_iter().enumerate();
        rows.map(move |(index, permission)| {
            let line = if index == 0 {
                format!("`{line}` ")
            } else {
                String::new()
            };
            let (name, on, role) = (permission.name, permission.on, permission.role());
            format!("| {line}| `{name}` | {on} | `{role}` |")
        })
    });
    let rules = lines.collect::<Vec<_>>().join("\n");
    assert_eq!(documented, rules, "docs/rbac.md should contain\n{rules}");
    assert!(!rules.contains("no predefined role"));
}

#[test]
fn client_dry_runs_need_no_write() {
    let verbs = |line: &str| -> Vec<&str> {
        let rules = permissions(line).all_rules();
        rules.into_iter().flat_map(|rule| rule.verbs).collect()
    };
    assert_eq!(verbs("create --attach --dry-run=client"), ["get"]);
    assert_eq!(verbs("gcr-patch-sa --all --dry-run=client"), ["list"]);
    assert_eq!(verbs("refresh --dry-run=client"), ["list", "get"]);
    assert_eq!(
        verbs("delete gcr-io --dry-run=client"),
        ["get", "list", "list"]
    );
}
