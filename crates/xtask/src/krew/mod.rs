//! `cargo xtask krew`: renders manifests that krew can install, from the templates in `krew/` and the archives in
//! `target/dist`, as files or as a custom index. `cargo xtask krew check` tests this with a real krew and archives of its
//! own. A manifest that breaks krew's rules is an error.

mod check;
mod index;
pub(crate) mod manifest;
mod rules;
mod sandbox;
mod server;
mod template;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::{Args, Subcommand};
use gcr_test_support::plugins::PLUGINS;
use gcr_test_support::{Error, Result, checkout};

use self::manifest::Manifest;
use crate::package::archive::Format;
use crate::package::checksums::sha256;
use crate::package::target::Target;
use crate::package::{TAG, archive_name, dist};

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

/// A rendered manifest.
pub(crate) struct Rendered {
    /// Name of the manifest's file.
    pub(crate) yaml: String,
    /// Name of the plugin's program in cargo's build.
    pub(crate) binary: &'static str,
    /// Name under which kubectl finds the program.
    pub(crate) file_name: &'static str,
    pub(crate) manifest: Manifest,
}

/// Archives of one version.
struct Release<'a> {
    tag: &'a str,
    /// Directory of the archives.
    archives: PathBuf,
    /// URL of the directory from which krew downloads the archives; `None` for the templates' own.
    base_url: Option<&'a str>,
}

impl Release<'_> {
    /// Renders the manifests of both plugins for the platforms whose archive exists.
    fn render(&self) -> Result<Vec<Rendered>> {
        let plugins = PLUGINS.into_iter();
        plugins
            .map(|(binary, file_name)| self.manifest(binary, file_name))
            .collect()
    }

    fn manifest(&self, binary: &'static str, file_name: &'static str) -> Result<Rendered> {
        let text = template_of(&checkout::root(), file_name)?;
        let mut archives = Vec::new();
        let text = template::render(&text, self.tag, |uri| {
            let Some((name, bytes)) = self.archive(file_name, uri)? else {
                return Ok((uri.to_owned(), String::new()));
            };
            let (directory, _) = uri.rsplit_once('/').unwrap_or_default();
            let base = self.base_url.unwrap_or(directory).trim_end_matches('/');
            let url_and_sum = (format!("{base}/{name}"), sha256(&bytes));
            archives.push(bytes);
            Ok(url_and_sum)
        })?;
        let mut manifest = Manifest::read(&text)?;
        manifest.spec.platforms.retain(|it| !it.sha256.is_empty());
        if manifest.spec.platforms.is_empty() {
            return Err(Error::new(format!(
                "{} contains no archive of {} {}; run `cargo xtask package`",
                self.archives.display(),
                command_name(file_name),
                self.tag
            )));
        }
        let yaml = yaml_of(file_name);
        let violations = rules::violations(&rules::Subject {
            file_name: &yaml,
            manifest: &manifest,
            archives,
        });
        if violations.is_empty() {
            Ok(Rendered {
                yaml,
                binary,
                file_name,
                manifest,
            })
        } else {
            Err(Error::new(violations.join("\n")))
        }
    }

    /// Returns the name and content of the archive that a template names. For Linux, an archive for glibc can take the
    /// place of the one for musl, because a machine without musl's target builds only the former.
    fn archive(&self, file_name: &str, uri: &str) -> Result<Option<(String, Vec<u8>)>> {
        let name = uri.rsplit('/').next().unwrap_or_default();
        let target = name
            .strip_prefix(&format!("{file_name}-{}-", self.tag))
            .and_then(Format::stem)
            .ok_or_else(|| Error::new(format!("{uri}: not the name of an archive")))?;
        let glibc = target.replace("-musl", "-gnu");
        for target in [target, &format!("{glibc}.2.17"), &glibc] {
            let name = archive_name(file_name, self.tag, &Target::parse(target)?);
            let path = self.archives.join(&name);
            if path.is_file() {
                let bytes =
                    fs::read(&path).map_err(|error| Error::during(path.display(), error))?;
                return Ok(Some((name, bytes)));
            }
        }
        Ok(None)
    }
}

/// Reads a plugin's template without its version and archives.
#[cfg(test)]
pub(crate) fn described(root: &Path, file_name: &str) -> Result<Manifest> {
    let text = template_of(root, file_name)?;
    let text = template::render(&text, "", |uri| Ok((uri.to_owned(), String::new())))?;
    Manifest::read(&text)
}

/// Reads the template of a plugin's manifest.
fn template_of(root: &Path, file_name: &str) -> Result<String> {
    let path = root.join("krew").join(yaml_of(file_name));
    fs::read_to_string(&path).map_err(|error| Error::during(path.display(), error))
}

/// Returns the file name of a plugin's manifest and of its template.
fn yaml_of(file_name: &str) -> String {
    format!("{}.yaml", command_name(file_name))
}

/// Returns the word that users type after `kubectl` for the plugin with this file name.
fn command_name(file_name: &str) -> String {
    file_name.replacen("kubectl-", "", 1).replace('_', "-")
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

/// Writes each manifest into a directory. Returns the paths of the files.
fn write(rendered: &[Rendered], into: &Path) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(into).map_err(|error| Error::during(into.display(), error))?;
    let mut written = Vec::new();
    for one in rendered {
        let path = into.join(&one.yaml);
        fs::write(&path, one.manifest.write()?)
            .map_err(|error| Error::during(path.display(), error))?;
        written.push(path);
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
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
