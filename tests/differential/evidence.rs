//! What came of one run, made comparable. All normalisations:
//!
//! * ports, directories and tokens are shown as their placeholders (`setting`);
//! * of standard error, klog lines (`E1123 21:55:33…`), which kubectl writes beside its error, our `hint:` lines, and
//!   the `See '… --help' for usage.` that ends a usage error, which names the command, are left out;
//! * `Warning:` lines are compared apart from the rest;
//! * a name that cannot be looked up is told in the words of the system's resolver: only the name is compared;
//! * a connection that ends, or a time limit that is over, is told by Go in one of several ways, by chance: as `EOF`, as
//!   `context deadline exceeded`;
//! * the time of day in the words about an expired certificate is left out;
//! * a reached server is named once for each way it was reached, however often it was asked; the path is compared down
//!   to the namespace;
//! * of a kubeconfig that was written, what `kubectl config view` has of it is compared: layout does not matter.

use std::collections::{BTreeMap, BTreeSet};

use gcr_test_support::Output;

/// What came of one run.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    /// The exit code.
    pub(crate) code: Option<i32>,
    /// All of standard error, for whoever reads of a difference.
    pub(crate) stderr: String,
    /// Standard error without what is left out.
    pub(crate) said: String,
    /// `Warning:` lines.
    pub(crate) warned: Vec<String>,
    /// Standard output.
    pub(crate) printed: String,
    /// A line for each way in which a server or proxy was reached.
    pub(crate) reached: Vec<String>,
    /// Everybody that the requests came from, those that explain a refusal among them.
    pub(crate) identities: BTreeSet<String>,
    /// How often scripts were started.
    pub(crate) starts: usize,
    /// What scripts noted, each line once.
    pub(crate) told_plugin: BTreeSet<String>,
    /// The files that were changed, made or removed, with their mode and what they hold.
    pub(crate) wrote: BTreeMap<String, String>,
}

impl Evidence {
    pub(crate) fn of(output: &Output, note: &str, fold: &dyn Fn(&str) -> String) -> Self {
        let stderr = fold(&output.stderr);
        let (warned, rest): (Vec<_>, Vec<_>) = stderr
            .lines()
            .filter(|line| !is_beside_the_point(line))
            .map(|line| timeless(hung_up(looked_up(line))))
            .partition(|line| line.starts_with("Warning: "));
        Self {
            code: output.code,
            said: rest.join("\n"),
            warned,
            printed: fold(&output.stdout),
            starts: note.lines().filter(|line| *line == "started").count(),
            told_plugin: note.lines().map(fold).collect(),
            stderr,
            ..Self::default()
        }
    }
}

/// `error: Get "https://…": read tcp …: connection reset by peer` and the like.
fn hung_up(line: String) -> String {
    if line.ends_with("(Client.Timeout exceeded while awaiting headers)") {
        return "Unable to connect to the server: context deadline exceeded".into();
    }
    let ends = [
        "EOF",
        "connection reset by peer",
        "server closed idle connection",
        "broken pipe",
    ];
    let connecting = ["error: Get \"", "Unable to connect to the server: "];
    let whole = line
        .strip_prefix(connecting[0])
        .or_else(|| line.strip_prefix(connecting[1]));
    if whole.is_some_and(|words| ends.iter().any(|end| words.ends_with(end))) {
        return format!("{}EOF", connecting[1]);
    }
    line
}

/// `… current time 2026-11-23T22:20:01Z is after …` without the time, which goes on between two runs.
fn timeless(line: String) -> String {
    let words = "current time ";
    match line
        .split_once(words)
        .and_then(|(before, rest)| Some((before, rest.split_once(' ')?.1)))
    {
        Some((before, after)) => format!("{before}{words}{after}"),
        None => line,
    }
}

fn is_beside_the_point(line: &str) -> bool {
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

/// `… lookup cluster.example on 10.0.0.2:53: no such host` up to the name.
fn looked_up(line: &str) -> String {
    match line.split_once(": lookup ") {
        Some((_, rest)) => {
            let name = rest.split([' ', ':']).next().unwrap_or_default();
            format!("Unable to connect to the server: lookup {name}")
        }
        None => line.to_owned(),
    }
}
