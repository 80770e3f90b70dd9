//! The observable result of one run, normalised so that the runs of kubectl and the plugin can be compared:
//!
//! * Ports, directories and tokens are replaced by their placeholders (see `fixture`).
//! * Three kinds of lines are removed from standard error: klog lines (`E1123 21:55:33…`), which kubectl writes in
//!   addition to its error; the plugin's `hint:` lines; and `See '… --help' for usage.`, which contains the command's name.
//! * `Warning:` lines are compared separately.
//! * Of a failed DNS lookup only the host name is compared, because the error text comes from the system's resolver.
//! * A closed connection is reduced to `EOF` and an expired time limit to `context deadline exceeded`, because Go's
//!   messages for both vary at random.
//! * The current time is removed from errors about expired certificates.
//! * Equal accesses to a server are listed once, and paths are compared only down to the namespace.
//! * Changed kubeconfigs are compared as `kubectl config view` prints them, because their layout does not matter.

use std::collections::{BTreeMap, BTreeSet};

use gcr_test_support::Output;

/// The normalised result of one run.
#[derive(Debug, Default)]
pub(crate) struct Observation {
    /// The exit code.
    pub(crate) code: Option<i32>,
    /// Standard error without normalisation, for the description of a difference.
    pub(crate) raw_stderr: String,
    /// Normalised standard error.
    pub(crate) stderr: String,
    /// `Warning:` lines.
    pub(crate) warnings: Vec<String>,
    /// Standard output.
    pub(crate) stdout: String,
    /// One line per distinct access to a server or proxy, in order.
    pub(crate) reached: Vec<String>,
    /// The identities of all requests, including the access reviews that explain a refusal.
    pub(crate) identities: BTreeSet<String>,
    /// The number of times that scripts (exec plugins) were started.
    pub(crate) script_starts: usize,
    /// The distinct lines that scripts wrote to the file `starts`.
    pub(crate) script_notes: BTreeSet<String>,
    /// The files that the run changed, created or removed, with their mode and content.
    pub(crate) changed_files: BTreeMap<String, String>,
}

impl Observation {
    /// Normalises the output of a run. `notes` is the content of the file `starts`; `fold` puts placeholders into a text.
    pub(crate) fn new(output: &Output, notes: &str, fold: &dyn Fn(&str) -> String) -> Self {
        let raw_stderr = fold(&output.stderr);
        let (warnings, rest): (Vec<_>, Vec<_>) = raw_stderr
            .lines()
            .filter(|line| !is_ignored(line))
            .map(|line| without_time(normalise_closed(normalise_lookup(line))))
            .partition(|line| line.starts_with("Warning: "));
        Self {
            code: output.code,
            stderr: rest.join("\n"),
            warnings,
            stdout: fold(&output.stdout),
            script_starts: notes.lines().filter(|line| *line == "started").count(),
            script_notes: notes.lines().map(fold).collect(),
            raw_stderr,
            ..Self::default()
        }
    }
}

/// Reduces errors about closed connections and expired time limits, such as
/// `error: Get "https://…": read tcp …: connection reset by peer`, to one wording.
fn normalise_closed(line: String) -> String {
    if line.ends_with("(Client.Timeout exceeded while awaiting headers)") {
        return "Unable to connect to the server: context deadline exceeded".into();
    }
    let endings = [
        "EOF",
        "connection reset by peer",
        "server closed idle connection",
        "broken pipe",
    ];
    let prefixes = ["error: Get \"", "Unable to connect to the server: "];
    let reason = line
        .strip_prefix(prefixes[0])
        .or_else(|| line.strip_prefix(prefixes[1]));
    if reason.is_some_and(|reason| endings.iter().any(|ending| reason.ends_with(ending))) {
        return format!("{}EOF", prefixes[1]);
    }
    line
}

/// Removes the time from `… current time 2026-11-23T22:20:01Z is after …`, which differs between two runs.
fn without_time(line: String) -> String {
    let label = "current time ";
    match line
        .split_once(label)
        .and_then(|(before, rest)| Some((before, rest.split_once(' ')?.1)))
    {
        Some((before, after)) => format!("{before}{label}{after}"),
        None => line,
    }
}

fn is_ignored(line: &str) -> bool {
    let klog = line.starts_with(['E', 'W', 'I'])
        && line.len() > 5
        && line
            .bytes()
            .skip(1)
            .take(4)
            .all(|byte| byte.is_ascii_digit());
    klog || line.starts_with("hint: ")
        || (line.starts_with("See '") && line.ends_with(" for usage."))
}

/// Cuts `… lookup cluster.example on 10.0.0.2:53: no such host` behind the name.
fn normalise_lookup(line: &str) -> String {
    match line.split_once(": lookup ") {
        Some((_, rest)) => {
            let name = rest.split([' ', ':']).next().unwrap_or_default();
            format!("Unable to connect to the server: lookup {name}")
        }
        None => line.to_owned(),
    }
}
