//! Tests cursor positions and static candidates. Tests with real kubectl cover candidates from clusters and kubeconfigs.

use clap::{Args, Parser, Subcommand};

use super::*;
use crate::{ConnectionArgs, OutputArgs};

#[derive(Parser)]
#[command(name = "root")]
struct Cli {
    #[command(subcommand)]
    command: Sub,
    #[command(flatten)]
    connection: ConnectionArgs,
}

#[derive(Subcommand)]
enum Sub {
    #[command(about = "Create an object")]
    Create(CreateArgs),
}

#[derive(Args)]
struct CreateArgs {
    #[arg(value_name = "a|b")]
    names: Vec<String>,
    #[arg(long, value_name = "POD")]
    pod: Option<String>,
    #[arg(long, value_name = "FILE")]
    key_file: Option<String>,
    #[arg(long, value_name = "HOST", alias = "docker-server")]
    registry: Vec<String>,
    #[arg(
        long,
        short,
        value_name = "NAMESPACE",
        help = "If present, the namespace scope"
    )]
    namespace: Option<String>,
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// Hosts as a list, namespaces as a list in a flag that cannot be repeated, and kinds before names.
struct Source;

impl ValueSource for Source {
    fn values(&self, value_name: &str, line: LineBefore<'_>) -> Vec<String> {
        let values: &[&str] = match value_name {
            "HOST" => &["gcr.io", "us.gcr.io", "eu.gcr.io"],
            "NAMESPACE" => &["team-a", "team-b"],
            "POD" if line.flag("namespace") == Some("team-b".as_ref()) => &["web"],
            "POD" => &["web", "worker"],
            _ => &[],
        };
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    fn kinds(&self) -> &[&str] {
        &["po", "pod"]
    }

    fn is_list(&self, value_name: &str) -> bool {
        value_name == "NAMESPACE"
    }
}

fn complete(line: &str) -> String {
    let mut argv = vec![OsString::from("/x/kubectl_complete-root")];
    argv.extend(line.split(' ').map(OsString::from));
    match super::complete::<Cli>(&argv, &Source) {
        Some(EarlyExit::Print(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn commands_have_descriptions() {
    assert_eq!(complete("cr"), "create\tCreate an object\n:4");
    assert_eq!(complete("--context x cr"), "create\tCreate an object\n:4");
    assert_eq!(complete("help cr"), "create\tCreate an object\n:4");
    assert_eq!(complete("create cr"), ":4");
}

#[test]
fn flags_after_dash_are_offered_once() {
    assert_eq!(
        complete("create --key"),
        "--key-file\tFile\n:4".replace("\tFile", "")
    );
    assert!(complete("create -").contains("-n\tIf present, the namespace scope"));
    assert!(complete("create -").contains("--help\tHelp for create\n"));
    assert!(!complete("create ").contains("--"));
    assert!(!complete("create --quiet -").contains("--quiet"));
    assert!(complete("create --registry=x --reg").contains("--registry"));
    assert_eq!(complete("create -- --reg"), ":4");
    assert!(!complete("create -").contains("cache-dir"));
}

#[test]
fn flag_value_positions_offer_values() {
    for line in [
        "create -o ",
        "create -o=",
        "create --output ",
        "create --output=",
    ] {
        assert_eq!(complete(line), "json\nyaml\nname\n:4", "{line}");
    }
    assert_eq!(complete("create --dry-run=s"), "server\n:4");
    // --dry-run without `=` takes no value from the next argument.
    assert_eq!(complete("create --dry-run "), "a\nb\n:4");
    assert_eq!(complete("create --quiet "), "a\nb\n:4");
    assert_eq!(complete("create a "), "b\n:4");
    // `--registry` is the value of `-n`, so `a` is a positional argument.
    assert_eq!(complete("create -n --registry a"), "a\n:4");
}

#[test]
fn list_values_after_comma_are_offered() {
    assert_eq!(complete("create --registry eu"), "eu.gcr.io\n:4");
    assert_eq!(
        complete("create --docker-server=gcr.io,us.g"),
        "gcr.io,us.gcr.io\n:4"
    );
    assert_eq!(complete("create --registry gcr.io,gcr"), ":4");
    assert_eq!(complete("create -n team-a,t"), "team-a,team-b\n:4");
    // A value that is no list may contain a comma.
    assert_eq!(complete("create --pod web,w"), ":4");
}

#[test]
fn kind_of_the_source_before_a_name_is_kept() {
    assert_eq!(complete("create --pod po/we"), "po/web\n:4");
    assert_eq!(complete("create --pod svc/we"), ":4");
}

#[test]
fn source_reads_the_flags_before_the_cursor() {
    assert_eq!(complete("create --pod w"), "web\nworker\n:4");
    assert_eq!(complete("create -n x -n team-b --pod w"), "web\n:4");
}

#[test]
fn kubeconfig_names_come_from_the_given_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let kubeconfig =
        "contexts: [{name: prod}, {name: test}]\nclusters: [{name: east}]\nusers: [{name: ada}]\n";
    std::fs::write(file.path(), kubeconfig).unwrap();
    let complete = |flag| complete(&format!("--kubeconfig {} {flag} ", file.path().display()));
    assert_eq!(complete("--context"), "prod\ntest\n:4");
    assert_eq!(complete("--cluster"), "east\n:4");
    assert_eq!(complete("--user"), "ada\n:4");
}

#[test]
fn file_value_uses_shell_file_completion() {
    assert_eq!(complete("create --key-file "), ":0");
    assert_eq!(complete("--kubeconfig="), ":0");
    assert_eq!(complete("create --token "), ":4");
}

#[test]
fn invalid_line_offers_no_candidates() {
    assert_eq!(complete("create --nope x"), ":4");
    assert_eq!(complete("bogus "), ":4");
    assert_eq!(complete("create --help "), ":4");
}

#[test]
fn hidden_command_requests_completion() {
    let argv = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
    let text = |argv: &[OsString]| match super::complete::<Cli>(argv, &Source) {
        Some(EarlyExit::Print(text)) => Some(text),
        _ => None,
    };
    assert_eq!(
        text(&argv(&["kubectl-root", "__complete", "cr"])).as_deref(),
        Some("create\tCreate an object\n:4")
    );
    assert_eq!(text(&argv(&["kubectl-root", "create"])), None);
    assert_eq!(
        text(&argv(&["kubectl_complete-root"])).as_deref(),
        Some(":4")
    );
}
