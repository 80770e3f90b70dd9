//! What there is to offer for a position: from the tree, the kubeconfig, or the cluster in sight.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use clap::Parser;
use tokio::sync::watch;

use super::completion_reply::CompletionReply;
use super::cursor::{Cursor, CursorPosition};
use crate::args::ConnectionArgs;
use crate::args::flag::{Flag, Kind};
use crate::args::line::ParsedLine;
use crate::connection::environment::Environment;
use crate::connection::{Connection, ConnectionOptions, Kubeconfig};
use crate::domain::google_hosts;
use crate::domain::names::Namespace;
use crate::domain::pull_secret;
use crate::event::EventSender;
use crate::kubernetes::ClusterClient;
use crate::kubernetes::pager::{List, METADATA_LIST, Pager};

/// How long a Tab may take, whatever the cluster, the network or a credential plugin does.
const TIMEOUT: Duration = Duration::from_secs(2);

/// What to offer for the word under the cursor.
pub(super) fn offer(cursor: Cursor<'_>) -> CompletionReply {
    let Cursor {
        line,
        position,
        typed,
    } = cursor;
    match position {
        CursorPosition::Nothing => CompletionReply::nothing(),
        CursorPosition::Flag => CompletionReply::of(flags(&line, &typed)),
        CursorPosition::Subcommand => CompletionReply::of(subcommands(&line, &typed)),
        CursorPosition::Value { name, list } => match name {
            "FILE" => CompletionReply::files(),
            "DIR" => CompletionReply::directories(),
            _ => {
                let values = values(&line, name);
                let taken = if list { Vec::new() } else { words(&line) };
                CompletionReply::of(fitting(values, &typed, list, &taken))
            }
        },
    }
}

/// Flags that are not there yet, or may be there several times.
fn flags(line: &ParsedLine<'_>, typed: &str) -> Vec<(String, String)> {
    let mut offered = Vec::new();
    for flag in Flag::all(&line.path) {
        let is_there = line
            .flags
            .iter()
            .any(|(other, _)| other.name() == flag.name());
        if flag.is_hidden() || (is_there && flag.kind() != Kind::List) {
            continue;
        }
        offered.push((format!("--{}", flag.name()), flag.usage()));
        if let Some(letter) = flag.letter() {
            offered.push((format!("-{letter}"), flag.usage()));
        }
    }
    let help = format!("Help for {}", line.command().get_name());
    offered.push(("--help".to_owned(), help.clone()));
    offered.push(("-h".to_owned(), help));
    offered.retain(|(name, _)| name.starts_with(typed));
    offered
}

fn subcommands(line: &ParsedLine<'_>, typed: &str) -> Vec<(String, String)> {
    let mut offered: Vec<_> = line.path[0]
        .get_subcommands()
        .map(|command| {
            let about = command.get_about().map(ToString::to_string);
            (command.get_name().to_owned(), about.unwrap_or_default())
        })
        .filter(|(name, _)| name.starts_with(typed))
        .collect();
    offered.sort();
    offered
}

fn words(line: &ParsedLine<'_>) -> Vec<String> {
    line.words
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect()
}

/// Those of `values` that go on from what is typed, in the form it has: behind a comma, or behind `secret/`.
fn fitting(
    values: Vec<String>,
    typed: &str,
    list: bool,
    taken: &[String],
) -> Vec<(String, String)> {
    let (head, item) = match typed.rfind(',').filter(|_| list) {
        Some(comma) => typed.split_at(comma + 1),
        None => ("", typed),
    };
    let (kind, start) = match item.find('/') {
        Some(slash) if matches!(&item[..slash], "sa" | "serviceaccount" | "secret") => {
            item.split_at(slash + 1)
        }
        _ => ("", item),
    };
    let is_taken =
        |value: &String| head.split(',').any(|other| other == value) || taken.contains(value);
    values
        .into_iter()
        .filter(|value| value.starts_with(start) && !is_taken(value))
        .map(|value| (format!("{head}{kind}{value}"), String::new()))
        .collect()
}

/// All the values of this name in the flags' conventions.
fn values(line: &ParsedLine<'_>, name: &str) -> Vec<String> {
    match name {
        "kubectl" => vec!["kubectl".to_owned()],
        "HOST" => google_hosts::offered(),
        "CONTEXT" | "CLUSTER" | "USER" => kubeconfig_names(line, name),
        "NAMESPACE" | "SERVICEACCOUNT" | "SECRET" => cluster_names(line, name),
        choices if choices.contains('|') => choices.split('|').map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Names in the kubeconfig; none where it cannot be read.
fn kubeconfig_names(line: &ParsedLine<'_>, what: &str) -> Vec<String> {
    let options = connection_options(line).unwrap_or_default();
    let Ok(kubeconfig) = Kubeconfig::load(&options, Environment::of_process()) else {
        return Vec::new();
    };
    let [contexts, clusters, users] = kubeconfig.names();
    match what {
        "CONTEXT" => contexts,
        "CLUSTER" => clusters,
        _ => users,
    }
}

/// kubectl's global flags alone.
#[derive(Parser)]
struct Global {
    #[command(flatten)]
    connection: ConnectionArgs,
}

fn connection_options(line: &ParsedLine<'_>) -> Option<ConnectionOptions> {
    let argv = line.global_flags_for_clap("kubectl".into());
    let global = Global::try_parse_from(argv).ok()?;
    let plugin = line.path[0].get_name().trim_start_matches("kubectl-");
    let mut options = global
        .connection
        .options(plugin, env!("CARGO_PKG_VERSION"))
        .ok()?;
    options.request_timeout = Some(Some(TIMEOUT));
    options.stdin_taken = true;
    options.disable_token_refresh = true;
    Some(options)
}

/// Names of objects, from the cluster that the line so far would work on. On a thread of its own, so that nothing that
/// hangs there, not even a credential plugin, is waited for.
fn cluster_names(line: &ParsedLine<'_>, name: &str) -> Vec<String> {
    let Some(options) = connection_options(line) else {
        return Vec::new();
    };
    let namespace = line
        .flags
        .iter()
        .find(|(flag, _)| flag.name() == "namespace")
        .and_then(|(_, value)| {
            value
                .as_ref()?
                .to_str()?
                .split(',')
                .next()
                .map(str::to_owned)
        })
        .filter(|namespace| !namespace.is_empty());
    let resource = match name {
        "NAMESPACE" => Resource::Namespaces,
        "SECRET" => Resource::PullSecrets,
        _ => Resource::ServiceAccounts,
    };
    be_silent();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let names = runtime
            .ok()
            .and_then(|runtime| runtime.block_on(ask(options, namespace, resource)));
        let _ = sender.send(names.unwrap_or_default());
    });
    receiver.recv_timeout(TIMEOUT).unwrap_or_default()
}

/// What of the cluster is wanted.
enum Resource {
    Namespaces,
    ServiceAccounts,
    PullSecrets,
}

async fn ask(
    options: ConnectionOptions,
    namespace: Option<String>,
    resource: Resource,
) -> Option<Vec<String>> {
    let connection = Connection::resolve(&options).ok()?;
    let namespace = namespace
        .or_else(|| connection.namespace.clone())
        .unwrap_or_else(|| "default".to_owned());
    let namespace: Namespace = namespace.parse().ok()?;
    let (events, _) = EventSender::channel();
    let (_stop, stopped) = watch::channel(false);
    let cluster = Arc::new(ClusterClient::new(
        None,
        connection,
        events,
        stopped,
        Arc::default(),
    ));
    let mut list = List {
        accept: METADATA_LIST,
        namespace: Some(namespace),
        ..List::default()
    };
    match resource {
        Resource::Namespaces => {
            list.resource = "namespaces";
            list.namespace = None;
        }
        Resource::ServiceAccounts => list.resource = "serviceaccounts",
        Resource::PullSecrets => {
            list.resource = "secrets";
            list.fields = format!("type={}", pull_secret::TYPE);
        }
    }
    let items = Pager::new(&cluster, list).all().await.ok()?;
    Some(items.into_iter().map(|item| item.name).collect())
}

/// Nobody is asked and nothing is said from here on: not by us, and not by a credential plugin, which gets these streams.
fn be_silent() {
    #[cfg(unix)]
    {
        use std::fs::File;
        if let Ok(nothing) = File::options().read(true).write(true).open("/dev/null") {
            let _ = rustix::stdio::dup2_stdin(&nothing);
            let _ = rustix::stdio::dup2_stderr(&nothing);
        }
    }
}
