//! Finds the candidates for a cursor position: from the command tree, the kubeconfig or the cluster.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use clap::Parser;
use tokio::sync::watch;

use super::completion_reply::CompletionReply;
use super::cursor::{Cursor, CursorPosition};
use crate::args::ConnectionArgs;
use crate::args::flag::{Flag, Kind};
use crate::args::line::ParsedLine;
use crate::domain::google_hosts;
use crate::domain::names::Namespace;
use crate::domain::pull_secret;
use crate::event::EventSender;
use crate::kubernetes::ClusterClient;
use crate::kubernetes::pager::{List, METADATA_LIST, Pager};
use kube_clientcmd::environment::Environment;
use kube_clientcmd::{Connection, ConnectionOptions, Kubeconfig};

/// The time limit of a completion, including all waiting for the cluster, the network and exec plugins.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Returns the candidates for the argument under the cursor.
pub(super) fn candidates(cursor: Cursor<'_>) -> CompletionReply {
    let Cursor {
        line,
        position,
        typed,
    } = cursor;
    match position {
        CursorPosition::Unknown => CompletionReply::empty(),
        CursorPosition::Flag => CompletionReply::of(flags(&line, &typed)),
        CursorPosition::Subcommand => CompletionReply::of(subcommands(&line, &typed)),
        CursorPosition::Value { name, list } => match name {
            "FILE" => CompletionReply::files(),
            "DIR" => CompletionReply::directories(),
            _ => {
                let values = values(&line, name);
                let used = if list { Vec::new() } else { positionals(&line) };
                CompletionReply::of(matching(values, &typed, list, &used))
            }
        },
    }
}

/// Returns the flags that are not given yet or are repeatable.
fn flags(line: &ParsedLine<'_>, typed: &str) -> Vec<(String, String)> {
    let mut candidates = Vec::new();
    for flag in Flag::all(&line.path) {
        let is_given = line
            .flags
            .iter()
            .any(|(other, _)| other.name() == flag.name());
        if flag.is_hidden() || (is_given && flag.kind() != Kind::List) {
            continue;
        }
        candidates.push((format!("--{}", flag.name()), flag.usage()));
        if let Some(shorthand) = flag.shorthand() {
            candidates.push((format!("-{shorthand}"), flag.usage()));
        }
    }
    let help = format!("Help for {}", line.command().get_name());
    candidates.push(("--help".to_owned(), help.clone()));
    candidates.push(("-h".to_owned(), help));
    candidates.retain(|(name, _)| name.starts_with(typed));
    candidates
}

fn subcommands(line: &ParsedLine<'_>, typed: &str) -> Vec<(String, String)> {
    let mut candidates: Vec<_> = line.path[0]
        .get_subcommands()
        .map(|command| {
            let about = command.get_about().map(ToString::to_string);
            (command.get_name().to_owned(), about.unwrap_or_default())
        })
        .filter(|(name, _)| name.starts_with(typed))
        .collect();
    candidates.sort();
    candidates
}

fn positionals(line: &ParsedLine<'_>) -> Vec<String> {
    line.positionals
        .iter()
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect()
}

/// Returns the values that start with the typed text and are not used yet. Keeps the typed part of a list (`a,`) and the
/// typed kind (`secret/`) in front of each value.
fn matching(
    values: Vec<String>,
    typed: &str,
    list: bool,
    used: &[String],
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
    let is_used =
        |value: &String| head.split(',').any(|other| other == value) || used.contains(value);
    values
        .into_iter()
        .filter(|value| value.starts_with(start) && !is_used(value))
        .map(|value| (format!("{head}{kind}{value}"), String::new()))
        .collect()
}

/// Returns all values for a clap value name (see `args::flag`).
fn values(line: &ParsedLine<'_>, name: &str) -> Vec<String> {
    match name {
        "kubectl" => vec!["kubectl".to_owned()],
        "HOST" => google_hosts::suggestions(),
        "CONTEXT" | "CLUSTER" | "USER" => kubeconfig_names(line, name),
        "NAMESPACE" | "SERVICEACCOUNT" | "SECRET" => cluster_names(line, name),
        choices if choices.contains('|') => choices.split('|').map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Returns names from the kubeconfig, or none if it cannot be read.
fn kubeconfig_names(line: &ParsedLine<'_>, kind: &str) -> Vec<String> {
    let options = connection_options(line).unwrap_or_default();
    let Ok(kubeconfig) = Kubeconfig::load(&options, Environment::of_process()) else {
        return Vec::new();
    };
    let [contexts, clusters, users] = kubeconfig.names();
    match kind {
        "CONTEXT" => contexts,
        "CLUSTER" => clusters,
        _ => users,
    }
}

/// A command line that has only kubectl's global flags.
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

/// Returns names of objects from the cluster that the line selects. The request runs on a separate thread, so that the
/// time limit also applies to calls that cannot be cancelled, such as a hanging exec plugin.
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
    detach_terminal();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let names = runtime
            .ok()
            .and_then(|runtime| runtime.block_on(list_names(options, namespace, resource)));
        let _ = sender.send(names.unwrap_or_default());
    });
    receiver.recv_timeout(TIMEOUT).unwrap_or_default()
}

/// The kind of the objects to list.
enum Resource {
    Namespaces,
    ServiceAccounts,
    PullSecrets,
}

async fn list_names(
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

/// Redirects standard input and standard error to `/dev/null`, so that neither this process nor an exec plugin, which
/// inherits them, can prompt the user or print messages.
fn detach_terminal() {
    #[cfg(unix)]
    {
        use std::fs::File;
        if let Ok(null) = File::options().read(true).write(true).open("/dev/null") {
            let _ = rustix::stdio::dup2_stdin(&null);
            let _ = rustix::stdio::dup2_stderr(&null);
        }
    }
}
