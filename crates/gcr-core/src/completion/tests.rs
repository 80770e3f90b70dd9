//! Tests cursor positions and static candidates. Tests with real kubectl cover candidates from clusters and kubeconfigs.

use clap::{Args, Parser, Subcommand};

use super::*;
use crate::args::{ConnectionArgs, OutputArgs, TargetArgs};

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
    #[arg(long, value_name = "FILE")]
    key_file: Option<String>,
    #[arg(long, value_name = "HOST", alias = "docker-server")]
    registry: Vec<String>,
    #[command(flatten)]
    targets: TargetArgs,
    #[command(flatten)]
    output: OutputArgs,
}

fn complete(line: &str) -> String {
    let mut argv = vec![OsString::from("/x/kubectl_complete-root")];
    argv.extend(line.split(' ').map(OsString::from));
    match super::complete::<Cli>(&argv) {
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
    assert_eq!(complete("create --registry eu"), {
        let hosts = crate::domain::google_hosts::suggestions();
        let matching: Vec<_> = hosts.iter().filter(|host| host.starts_with("eu")).collect();
        let lines: Vec<_> = matching.iter().map(|host| format!("{host}\n")).collect();
        format!("{}:4", lines.concat())
    });
    assert_eq!(
        complete("create --docker-server=gcr.io,us.g"),
        "gcr.io,us.gcr.io\n:4"
    );
    assert_eq!(complete("create --registry gcr.io,gcr"), ":4");
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
    let text = |argv: &[OsString]| match super::complete::<Cli>(argv) {
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
