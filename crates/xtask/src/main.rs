//! Runs the tasks of contributors: `cargo xtask TASK`. Each task has a module; this one parses the command line. No
//! part of this crate is shipped to users.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a task reports to the terminal"
)]

mod bench;
mod checks;
mod control_plane;
mod debian;
mod demo;
mod fake_google;
mod fuzz;
mod google;
mod homebrew;
mod install;
mod krew;
mod package;
mod reproducible;
mod required_tool;
mod soak;
mod step;
mod suites;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use gcr_test_support::{Result, interrupt};

use suites::Suite;

/// Runs the tasks of this repository's contributors.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Demonstrates the plugins on a throwaway control plane, with the real kubectl
    Demo {
        /// Leave the control plane running
        #[arg(long)]
        keep: bool,
    },
    /// Runs every check that a change must pass, or one suite that needs other tools or takes long
    Test {
        /// The suite to run instead of the checks
        #[arg(value_name = "NAME")]
        suite: Option<Suite>,
    },
    /// Builds both plugins and installs them under the names that kubectl looks for
    Install {
        /// Install into DIR/bin [default: where cargo installs]
        #[arg(long, value_name = "DIR")]
        root: Option<PathBuf>,
    },
    /// Compares the speed of the plugins with other commands
    #[command(disable_help_flag = true)]
    Bench {
        /// Arguments of the benchmark program; --help lists them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Runs races, kills and restarts in their long form, and prints figures
    Soak {
        /// Run only the tests whose name contains WORD
        word: Option<String>,
    },
    /// Runs a throwaway control plane until Ctrl-C
    ControlPlane {
        /// Port of the API server; 0 selects a free port
        #[arg(long, value_name = "N", default_value_t = 0)]
        port: u16,
    },
    /// Runs the fake Google of the tests until Ctrl-C
    FakeGoogle {
        /// Port of the fake; 0 selects a free port
        #[arg(long, value_name = "N", default_value_t = 0)]
        port: u16,
        /// Put a real registry behind it
        #[arg(long)]
        registry: bool,
    },
    /// Builds archives, Debian packages, checksums and bills of materials in target/dist
    Package(package::Arguments),
    /// Renders krew manifests of the archives in target/dist, or tests the archives with a real krew
    Krew(krew::Arguments),
    /// Renders Homebrew formulas of the archives in target/dist
    Homebrew(krew::RenderOptions),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match interrupt::clean_up_on_signals().and_then(|()| run(cli.task)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    match task {
        Task::Demo { keep } => demo::run(keep),
        Task::Test { suite: None } => checks::run(),
        Task::Test { suite: Some(suite) } => suites::run(suite),
        Task::Install { root } => install::run(root),
        Task::Bench { arguments } => bench::run(&arguments),
        Task::Soak { word } => soak::run(word.as_deref()),
        Task::ControlPlane { port } => control_plane::run(port),
        Task::FakeGoogle { port, registry } => fake_google::run(port, registry),
        Task::Package(arguments) => package::run(&arguments),
        Task::Krew(arguments) => krew::run(&arguments),
        Task::Homebrew(options) => homebrew::run(&options),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn command_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn unknown_word_or_flag_is_an_error() {
        for line in [
            "demo --kept",
            "demo team-a",
            "test gate",
            "test lint shells",
            "install DIR",
            "soak --long",
            "soak race kill",
            "control-plane --port 65536",
            "fake-google 8080",
            "package --sums --target x86_64-unknown-linux-musl",
            "package --target riscv64gc-unknown-linux-gnu",
            "homebrew index DIR",
            "krew index",
            "krew index DIR DIR",
            "krew check DIR",
            "gate",
        ] {
            let parsed = Cli::try_parse_from(["cargo xtask"].into_iter().chain(line.split(' ')));
            assert!(parsed.is_err(), "{line}");
        }
    }
}
