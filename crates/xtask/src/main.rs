//! What a contributor types: `cargo xtask TASK`. Each task is a module; this one only finds it. Nothing in here is
//! part of what a user gets.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a task's output is for the person who typed it"
)]

mod bench;
mod control_plane;
mod demo;
mod fuzz;
mod gate;
mod homebrew;
mod install;
mod interrupt;
mod krew;
mod package;
mod reproducible;
mod soak;
mod step;
mod suites;

use std::process::ExitCode;

use gcr_test_support::{Error, Result};

/// One word after `cargo xtask`, and what answers to it.
struct Task {
    name: &'static str,
    usage: &'static str,
    does: &'static str,
    run: fn(&[&str]) -> Result<()>,
}

const TASKS: [Task; 9] = [
    Task {
        name: "demo",
        usage: "demo [--keep]",
        does: "shows the job on a throwaway control plane, with real kubectl; --keep leaves it running",
        run: demo::run,
    },
    Task {
        name: "test",
        usage: "test [NAME]",
        does: "everything that must hold before a change lands; with a name, a suite that needs another tool",
        run: gate::run,
    },
    Task {
        name: "install",
        usage: "install [--root DIR]",
        does: "builds the plugins and puts them into DIR/bin, by default where cargo installs",
        run: install::run,
    },
    Task {
        name: "bench",
        usage: "bench [NAME] [--whole] [--namespaces N] [--rounds N] [--picture FILE]",
        does: "measures beside what it is compared with; without --whole, what takes minutes",
        run: bench::run,
    },
    Task {
        name: "soak",
        usage: "soak [WORD]",
        does: "races, kills and restarts in their long form, with their figures; WORD picks tests by name",
        run: soak::run,
    },
    Task {
        name: "control-plane",
        usage: "control-plane [--port N]",
        does: "runs a throwaway control plane until Ctrl-C, and says how to use it",
        run: control_plane::run,
    },
    Task {
        name: "package",
        usage: "package [--target T | --sums]",
        does: "archives, Debian packages, checksums and bills of materials in target/dist, for this machine or a target of rustc's",
        run: package::run,
    },
    Task {
        name: "krew",
        usage: "krew [--complete] [index DIR] [--base-url URL] | krew check",
        does: "krew manifests of these archives, loose or as a custom index, with --complete only for all machines; check: all of it with a real krew",
        run: krew::run,
    },
    Task {
        name: "homebrew",
        usage: "homebrew [--complete] [--base-url URL]",
        does: "Homebrew's formulas of these archives, for a tap",
        run: homebrew::run,
    },
];

fn main() -> ExitCode {
    if let Err(error) = interrupt::clean_up_on_signals() {
        eprintln!("error: {error}");
        return ExitCode::FAILURE;
    }
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match dispatch(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(words: &[&str]) -> Result<()> {
    match words {
        [] | ["help" | "-h" | "--help"] => {
            print!("{}", usage());
            Ok(())
        }
        [name, rest @ ..] => match TASKS.iter().find(|task| task.name == *name) {
            Some(task) => (task.run)(rest),
            None => Err(Error::new(format!(
                "there is no task {name:?}\n\n{}",
                usage()
            ))),
        },
    }
}

fn usage() -> String {
    let lines = TASKS
        .iter()
        .map(|task| format!("  cargo xtask {:24} {}\n", task.usage, task.does));
    format!("Tasks:\n{}", lines.collect::<String>())
}

/// The error of a task that was given other words than it takes.
fn not_understood(name: &str, words: &[&str]) -> Error {
    let usage = TASKS
        .iter()
        .find(|task| task.name == name)
        .map_or(name, |task| task.usage);
    Error::new(format!(
        "{} is not understood; usage: cargo xtask {usage}",
        words.join(" ")
    ))
}
