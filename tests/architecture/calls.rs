//! Who may do what has an effect: write to a cluster, to a terminal, read the environment, start a runtime, end the
//! process.

use crate::expect_none;
use crate::source::Source;

/// Something only some files may do. A path that ends in `/` stands for all below it.
struct Rule {
    words: &'static [&'static str],
    only: &'static [&'static str],
    why: &'static str,
}

const SHIPPED: [Rule; 9] = [
    Rule {
        words: &[".apply_secret("],
        // Observing tries an apply out as a dry run, where nothing may be read.
        only: &[
            "crates/gcr-core/src/apply/",
            "crates/gcr-core/src/observe/secret.rs",
        ],
        why: "apply alone writes to a cluster",
    },
    Rule {
        words: &[
            ".patch_account(",
            ".delete_secret(",
            ".remove_secret_annotation(",
        ],
        only: &["crates/gcr-core/src/apply/"],
        why: "apply alone writes to a cluster",
    },
    Rule {
        words: &[".exchange("],
        only: &[
            "crates/gcr-core/src/cluster/",
            "crates/gcr-core/src/drive/send.rs",
        ],
        why: "requests are made in cluster",
    },
    Rule {
        words: &["client.send(", "Api::"],
        only: &["crates/gcr-core/src/cluster/exchange.rs"],
        why: "there is one way out",
    },
    Rule {
        words: &[
            "stdout()",
            "stderr()",
            "println!",
            "eprintln!",
            "print!(",
            "eprint!(",
            "dbg!(",
        ],
        only: &[
            "crates/gcr-core/src/report/",
            // Ask whether it is a terminal and how wide, and print nothing.
            "crates/gcr-core/src/run.rs",
            "crates/gcr-core/src/args/parse.rs",
        ],
        why: "report alone writes to a terminal",
    },
    Rule {
        words: &["clap::", "clap_"],
        only: &[
            "crates/gcr-core/src/args/",
            // What can be typed is read from clap's own description.
            "crates/gcr-core/src/completion/",
            "plugins/kubectl-gcr-patch-sa/src/cli.rs",
            "plugins/kubectl-gcr-secret/src/cli.rs",
            // A command's own flags stand beside the command.
            "plugins/kubectl-gcr-secret/src/create.rs",
        ],
        why: "clap ends at the command line",
    },
    Rule {
        words: &["runtime::Builder", "Runtime::new", "tokio::main"],
        // A run's, and the one that completion asks a cluster on: no process makes both.
        only: &[
            "crates/gcr-core/src/run.rs",
            "crates/gcr-core/src/completion/values.rs",
        ],
        why: "one runtime, made where a process's work begins",
    },
    Rule {
        words: &[
            "env::var",
            "env::args",
            "env::current_dir",
            "env::temp_dir",
            "env::set_var",
            "env::home_dir",
        ],
        only: &[
            // Colour goes by TERM and NO_COLOR.
            "crates/gcr-core/src/report/stream.rs",
            // Where kubeconfig files are, which proxy, whether this runs in a pod: once, for all who ask.
            "crates/gcr-core/src/connection/environment.rs",
            // The command line comes in.
            "plugins/kubectl-gcr-patch-sa/src/main.rs",
            "plugins/kubectl-gcr-secret/src/main.rs",
        ],
        why: "what a command does depends on what was typed",
    },
    Rule {
        words: &["use std::env;"],
        only: &[],
        why: "the environment is named where it is read",
    },
];

const EVERYWHERE: [Rule; 2] = [
    Rule {
        words: &["process::exit", "process::abort"],
        // Its main thread waits for a child and cannot be made to return.
        only: &["crates/xtask/src/interrupt.rs"],
        why: "main alone ends the process, by returning",
    },
    Rule {
        words: &["#[allow(", "#![allow("],
        only: &[],
        why: "an exception is expected, with its reason",
    },
];

fn covers(path: &str, source: &Source) -> bool {
    source.path == path || (path.ends_with('/') && source.path.starts_with(path))
}

impl Rule {
    fn broken_by(&self, source: &Source) -> Vec<String> {
        if !source.is_rust() || self.only.iter().any(|path| covers(path, source)) {
            return Vec::new();
        }
        let hits = self.words.iter().flat_map(|word| {
            let lines = source.lines_with(word);
            lines
                .into_iter()
                .map(move |at| format!("{at}: {word} stands here; {}", self.why))
        });
        hits.collect()
    }
}

#[test]
fn what_has_an_effect_is_done_where_it_belongs() {
    let sources = Source::shipped();
    expect_none(
        SHIPPED
            .iter()
            .flat_map(|rule| sources.iter().flat_map(|it| rule.broken_by(it)))
            .collect(),
    );
    let sources = Source::all();
    expect_none(
        EVERYWHERE
            .iter()
            .flat_map(|rule| sources.iter().flat_map(|it| rule.broken_by(it)))
            .collect(),
    );
}

#[test]
fn every_exception_is_still_needed() {
    let sources = Source::all();
    let mut idle = Vec::new();
    for rule in SHIPPED.iter().chain(&EVERYWHERE) {
        for path in rule.only {
            let theirs = sources.iter().filter(|source| covers(path, source));
            let used = theirs
                .flat_map(|it| rule.words.iter().flat_map(|word| it.lines_with(word)))
                .next();
            if used.is_none() {
                idle.push(format!("{path} needs no exception from: {}", rule.why));
            }
        }
    }
    expect_none(idle);
}

#[test]
fn every_word_of_every_rule_is_seen() {
    for rule in SHIPPED.iter().chain(&EVERYWHERE) {
        for word in rule.words {
            let text = format!("fn f() {{\n    x{word}1);\n}}\n");
            let source = Source::new("crates/gcr-core/src/plan/mod.rs", &text);
            assert!(!rule.broken_by(&source).is_empty(), "{word}");
            for path in rule.only {
                let within = path
                    .strip_suffix('/')
                    .map_or((*path).to_owned(), |path| format!("{path}/x.rs"));
                assert!(
                    rule.broken_by(&Source::new(&within, &text)).is_empty(),
                    "{within}: {word}"
                );
            }
            let quoted = Source::new("crates/gcr-core/src/plan/mod.rs", &format!("// {word}\n"));
            assert!(rule.broken_by(&quoted).is_empty(), "{word}");
        }
    }
}
