//! `cargo xtask bench [NAME]`: benchmarks of the plugins. Each benchmark alternates between the plugin and the commands
//! it is compared with, on one machine, in one run.
//!
//! A missed threshold is printed as missed and is not an error, because a busy machine can miss it too. A benchmark
//! fails only if a command fails or does not have the claimed effect. Unix only.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "results and progress go to the terminal"
)]

mod benchmark;
mod chart;
mod figures;
mod interleave;
mod kubeconfig;
mod one;
mod process;
mod registries;
mod rotate;
mod samples;
mod scale;
mod setup;
mod start;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser};
use gcr_test_support::{Error, Result, interrupt};

use benchmark::Benchmark;
use scale::{PARTS, Part, SizeOptions};

/// Measures the plugins and compares them with other commands.
#[derive(Parser)]
#[command(bin_name = "cargo xtask bench")]
struct Cli {
    /// Benchmark to run [default: start, kubeconfig, one and scale]
    #[arg(value_name = "NAME")]
    benchmark: Option<Benchmark>,
    /// Include the scale benchmarks that take much longer than a few minutes
    #[arg(long)]
    whole: bool,
    #[command(flatten)]
    size: SizeOptions,
    /// Draw the times of the scale benchmarks into FILE, as SVG
    #[arg(long, alias = "picture", value_name = "FILE")]
    chart: Option<PathBuf>,
}

fn main() -> ExitCode {
    let cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    match interrupt::clean_up_on_signals().and_then(|()| run(&cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<()> {
    if cli.selects(Benchmark::Start) {
        start::run()?;
        println!();
    }
    if cli.selects(Benchmark::Kubeconfig) {
        kubeconfig::run()?;
        println!();
    }
    if cli.selects(Benchmark::One) {
        one::run()?;
        println!();
    }
    if cli.benchmark == Some(Benchmark::Setup) {
        setup::run()?;
    }
    // These take minutes to prepare, so that they run only by name.
    let registries = match cli.benchmark {
        Some(Benchmark::Verify) => Some(registries::verify(&cli.size)?),
        Some(Benchmark::Doctor) => Some(registries::doctor(&cli.size)?),
        Some(Benchmark::Rotate) => Some(rotate::run(&cli.size)?),
        _ => None,
    };
    if let Some(figures) = registries {
        print!("{}", figures::table(&figures));
    }
    let parts = cli.parts();
    if !parts.is_empty() {
        let figures = scale::run(&parts, &cli.size)?;
        print!("{}", figures::table(&figures));
        if let Some(file) = &cli.chart {
            std::fs::write(file, chart::draw(&figures))
                .map_err(|error| Error::during(file.display(), error))?;
        }
    }
    Ok(())
}

impl Cli {
    fn read<I>(arguments: I) -> std::result::Result<Self, clap::Error>
    where
        I: IntoIterator,
        I::Item: Into<OsString> + Clone,
    {
        let cli = Self::try_parse_from(arguments)?;
        if cli.chart.is_some() && cli.parts().is_empty() {
            let message = "--chart draws only the times of the scale benchmarks";
            return Err(Self::command().error(ErrorKind::ArgumentConflict, message));
        }
        Ok(cli)
    }

    /// Returns whether to run this benchmark, which is not one of `scale-…`.
    fn selects(&self, benchmark: Benchmark) -> bool {
        self.benchmark.is_none_or(|selected| selected == benchmark)
    }

    /// Returns the benchmarks of many namespaces to run.
    fn parts(&self) -> Vec<&'static Part> {
        let is_selected = |part: &&Part| match self.benchmark {
            None | Some(Benchmark::Scale) => part.is_quick || self.whole,
            Some(selected) => part.benchmark == selected,
        };
        PARTS.iter().filter(is_selected).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use clap::ValueEnum as _;

    use super::*;

    fn read(line: &str) -> std::result::Result<Cli, clap::Error> {
        Cli::read(["bench"].into_iter().chain(line.split_whitespace()))
    }

    #[test]
    fn command_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn arguments_select_benchmarks_and_sizes() {
        let selected = |line: &str| {
            let cli = read(line).unwrap();
            let name = |part: &&Part| {
                let value = part.benchmark.to_possible_value();
                value.unwrap().get_name().to_owned()
            };
            let number = |option: Option<NonZeroUsize>| option.map(NonZeroUsize::get);
            (
                cli.selects(Benchmark::Start),
                cli.selects(Benchmark::One),
                cli.parts().iter().map(name).collect::<Vec<_>>().join(" "),
                (number(cli.size.namespaces), number(cli.size.rounds)),
            )
        };
        let expected = |start, one, parts: &str, size| (start, one, parts.to_owned(), size);
        let usual = (None, None);
        let quick = "scale-both scale-secrets scale-again";
        let all =
            "scale-both scale-secrets scale-again scale-latency scale-sizes scale-shedding list";
        assert_eq!(selected(""), expected(true, true, quick, usual));
        assert_eq!(selected("--whole"), expected(true, true, all, usual));
        assert_eq!(selected("one"), expected(false, true, "", usual));
        assert_eq!(selected("scale"), expected(false, false, quick, usual));
        assert_eq!(
            selected("scale --whole"),
            expected(false, false, all, usual)
        );
        assert_eq!(
            selected("scale-sizes --namespaces 1000 --rounds 1"),
            expected(false, false, "scale-sizes", (Some(1000), Some(1)))
        );
    }

    #[test]
    fn former_names_are_accepted() {
        for line in ["scale --chart a.svg", "fleet --picture a.svg"] {
            assert_eq!(read(line).unwrap().chart, Some("a.svg".into()), "{line}");
        }
    }

    #[test]
    fn unknown_or_contradictory_arguments_are_errors() {
        for line in [
            "scale one",
            "one --chart a.svg",
            "scale --chart",
            "scale-nope --whole",
            "--namespaces 0",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
