//! `cargo xtask krew`: renders manifests that krew can install, from the templates in `krew/` and the archives in
//! `target/dist`, as files or as a custom index. `cargo xtask krew check` tests this with a real krew and archives of its
//! own. A manifest that breaks krew's rules is an error.

mod check;
mod index;
pub(crate) mod manifest;
mod release;
mod rules;
mod sandbox;
mod server;
mod template;

use std::path::PathBuf;
use std::process::Command;

use clap::{Args, Subcommand};
use gcr_test_support::{Error, Result};

use self::release::{Release, write};
use crate::package::{TAG, dist};

pub(crate) use self::release::Rendered;
#[cfg(test)]
pub(crate) use self::release::described;

/// Arguments of `cargo xtask krew`.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: RenderOptions,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand)]
enum Action {
    /// Writes the manifests into a custom index (a git repository) and commits them
    Index {
        /// Directory of the repository; created if missing
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
    /// Installs, runs, upgrades and uninstalls the plugins with a real krew
    Check,
}

/// Options for rendering from the archives in `target/dist`.
#[derive(Args)]
pub(crate) struct RenderOptions {
    /// Require an archive for every platform of a release
    #[arg(long, global = true)]
    complete: bool,
    /// URL of the directory from which the archives are downloaded [default: the templates' own]
    #[arg(long, value_name = "URL", global = true)]
    base_url: Option<String>,
}

/// Renders the manifests, or tests the archives with a real krew.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let options = &arguments.options;
    match &arguments.action {
        None => {
            let into = dist().join("krew");
            for path in write(&options.render()?, &into)? {
                println!("{}", path.display());
            }
            Ok(())
        }
        Some(Action::Index { directory }) => {
            let rendered = options.render()?;
            let summary = index::write(directory, &rendered, &|| Command::new("git"))?;
            println!("{summary}");
            Ok(())
        }
        Some(Action::Check) if options.complete || options.base_url.is_some() => Err(Error::new(
            "krew check: --complete and --base-url cannot be used with it",
        )),
        Some(Action::Check) => check::run(),
    }
}

impl RenderOptions {
    /// Renders the manifests of both plugins, and prints which platforms have no archive.
    ///
    /// # Errors
    /// No archive exists, a manifest breaks a rule, or with `complete` a platform has no archive.
    pub(crate) fn render(&self) -> Result<Vec<Rendered>> {
        let rendered = Release {
            tag: TAG,
            archives: dist(),
            base_url: self.base_url.as_deref(),
        }
        .render()?;
        report_missing_platforms(&rendered, self.complete)?;
        Ok(rendered)
    }
}

/// Prints which platforms have no archive; with `complete` that is an error.
fn report_missing_platforms(rendered: &[Rendered], complete: bool) -> Result<()> {
    for one in rendered {
        let platforms = rules::missing_platforms(&one.manifest);
        if platforms.is_empty() {
            continue;
        }
        let message = format!("{}: no archive for {}", one.yaml, platforms.join(", "));
        if complete {
            return Err(Error::new(message));
        }
        println!("{message}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn parse(words: &[&str]) -> Arguments {
        let line = ["krew"].iter().chain(words);
        Cli::try_parse_from(line).unwrap().arguments
    }

    #[test]
    fn options_in_any_position_are_accepted() {
        let url = "https://h.example";
        for words in [
            &["--complete", "index", "DIR", "--base-url", url][..],
            &["--base-url", url, "--complete", "index", "DIR"],
            &["index", "--base-url", url, "DIR", "--complete"],
        ] {
            let arguments = parse(words);
            assert!(arguments.options.complete, "{words:?}");
            assert_eq!(
                arguments.options.base_url.as_deref(),
                Some(url),
                "{words:?}"
            );
            let directory = match arguments.action {
                Some(Action::Index { directory }) => directory,
                _ => panic!("{words:?}: not an index"),
            };
            assert_eq!(directory, Path::new("DIR"), "{words:?}");
        }
        assert!(Cli::try_parse_from(["krew", "--base-url"]).is_err());
    }

    #[test]
    fn check_with_options_fails() {
        for words in [
            &["--complete", "check"][..],
            &["check", "--complete"],
            &["check", "--base-url", "https://h.example"],
        ] {
            let error = run(&parse(words)).unwrap_err().to_string();
            assert!(error.starts_with("krew check: "), "{error}");
        }
    }
}
