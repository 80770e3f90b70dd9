//! Places and static values. What clusters and kubeconfigs offer is tested through real kubectl.

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
    #[command(about = "Create it")]
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
    match answer::<Cli>(&argv) {
        Some(EarlyExit::Print(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn commands_come_with_what_they_do() {
    assert_eq!(complete("cr"), "create\tCreate it\n:4");
    assert_eq!(complete("--context x cr"), "create\tCreate it\n:4");
    assert_eq!(complete("help cr"), "create\tCreate it\n:4");
    assert_eq!(complete("create cr"), ":4");
}

#[test]
fn flags_are_offered_behind_a_dash_only_and_once() {
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
fn values_follow_their_flag() {
    for line in [
        "create -o ",
        "create -o=",
        "create --output ",
        "create --output=",
    ] {
        assert_eq!(complete(line), "json\nyaml\nname\n:4", "{line}");
    }
    assert_eq!(complete("create --dry-run=s"), "server\n:4");
    // A bare --dry-run takes no next word.
    assert_eq!(complete("create --dry-run "), "a\nb\n:4");
    assert_eq!(complete("create --quiet "), "a\nb\n:4");
    assert_eq!(complete("create a "), "b\n:4");
    // The word behind -n is its value, whatever it looks like; here it is complete.
    assert_eq!(complete("create -n --registry a"), "a\n:4");
}

#[test]
fn a_list_goes_on_behind_its_comma() {
    assert_eq!(complete("create --registry eu"), {
        let hosts = crate::domain::google_hosts::offered();
        let fitting: Vec<_> = hosts.iter().filter(|host| host.starts_with("eu")).collect();
        let lines: Vec<_> = fitting.iter().map(|host| format!("{host}\n")).collect();
        format!("{}:4", lines.concat())
    });
    assert_eq!(
        complete("create --docker-server=gcr.io,us.g"),
        "gcr.io,us.gcr.io\n:4"
    );
    assert_eq!(complete("create --registry gcr.io,gcr"), ":4");
}

#[test]
fn where_a_file_is_wanted_the_shell_offers_files() {
    assert_eq!(complete("create --key-file "), ":0");
    assert_eq!(complete("--kubeconfig="), ":0");
    assert_eq!(complete("create --token "), ":4");
}

#[test]
fn a_line_that_is_wrong_already_offers_nothing() {
    assert_eq!(complete("create --nope x"), ":4");
    assert_eq!(complete("bogus "), ":4");
    assert_eq!(complete("create --help "), ":4");
}

#[test]
fn the_plugin_itself_answers_to_the_hidden_word() {
    let argv = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
    let text = |argv: &[OsString]| match answer::<Cli>(argv) {
        Some(EarlyExit::Print(text)) => Some(text),
        _ => None,
    };
    assert_eq!(
        text(&argv(&["kubectl-root", "__complete", "cr"])).as_deref(),
        Some("create\tCreate it\n:4")
    );
    assert_eq!(text(&argv(&["kubectl-root", "create"])), None);
    assert_eq!(
        text(&argv(&["kubectl_complete-root"])).as_deref(),
        Some(":4")
    );
}
