//! `cargo xtask krew [--complete] [index DIR] [--base-url URL]`: manifests that krew can install, rendered from the templates
//! in `krew/` and the archives in `target/dist`, loose or as a custom index; with `--complete` only for all machines of a
//! release. `cargo xtask krew check` is the proof with a real krew; it makes archives of its own and takes no options.
//! Nothing is rendered that breaks krew's rules.

mod check;
mod index;
pub(crate) mod manifest;
mod person;
mod rules;
mod server;
mod template;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gcr_test_support::plugins::PLUGINS;
use gcr_test_support::{Error, Result, checkout};

use self::manifest::Manifest;
use crate::package::archive::Format;
use crate::package::checksums::sha256;
use crate::package::target::Target;
use crate::package::{TAG, archive_name, dist};

/// Does what the words say.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    if words == ["check"] {
        return check::run();
    }
    let (options, rest) = Options::of(words);
    match rest[..] {
        [] => {
            let into = dist().join("krew");
            for path in write(&options.render()?, &into)? {
                println!("{}", path.display());
            }
            Ok(())
        }
        ["index", directory] => {
            let rendered = options.render()?;
            let said = index::write(Path::new(directory), &rendered, &|| Command::new("git"))?;
            println!("{said}");
            Ok(())
        }
        _ => Err(crate::not_understood("krew", words)),
    }
}

/// What can be said of the archives in `target/dist` that something is rendered from.
pub(crate) struct Options<'a> {
    complete: bool,
    base_url: Option<&'a str>,
}

impl<'a> Options<'a> {
    /// The options, wherever they stand, and the words that are none.
    pub(crate) fn of(words: &[&'a str]) -> (Self, Vec<&'a str>) {
        let mut options = Self {
            complete: false,
            base_url: None,
        };
        let mut others = Vec::new();
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            match (*word, rest.as_slice()) {
                ("--complete", _) => options.complete = true,
                ("--base-url", [url, ..]) if options.base_url.is_none() => {
                    options.base_url = Some(*url);
                    rest.next();
                }
                _ => others.push(*word),
            }
        }
        (options, others)
    }

    /// The manifests of both plugins.
    pub(crate) fn render(&self) -> Result<Vec<Rendered>> {
        let rendered = Release {
            tag: TAG,
            archives: dist(),
            base_url: self.base_url,
        }
        .render()?;
        say_left_out(&rendered, self.complete)?;
        Ok(rendered)
    }
}

/// A manifest.
pub(crate) struct Rendered {
    /// The name of its own file.
    pub(crate) yaml: String,
    /// The plugin's program under cargo's name, and under that by which kubectl finds it.
    pub(crate) binary: &'static str,
    pub(crate) file_name: &'static str,
    pub(crate) manifest: Manifest,
}

/// Archives of one version, where they lie and where krew is to fetch them.
struct Release<'a> {
    tag: &'a str,
    archives: PathBuf,
    /// Without it, the templates' own address.
    base_url: Option<&'a str>,
}

impl Release<'_> {
    /// The manifests of both plugins, for the platforms whose archive is there.
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
            let (theirs, _) = uri.rsplit_once('/').unwrap_or_default();
            let base = self.base_url.unwrap_or(theirs).trim_end_matches('/');
            let found = (format!("{base}/{name}"), sha256(&bytes));
            archives.push(bytes);
            Ok(found)
        })?;
        let mut manifest = Manifest::read(&text)?;
        manifest.spec.platforms.retain(|it| !it.sha256.is_empty());
        if manifest.spec.platforms.is_empty() {
            return Err(Error::new(format!(
                "{} holds no archive of {} {}; `cargo xtask package` makes them",
                self.archives.display(),
                typed(file_name),
                self.tag
            )));
        }
        let yaml = yaml_of(file_name);
        let wrong = rules::broken(&rules::Subject {
            file_name: &yaml,
            manifest: &manifest,
            archives,
        });
        if wrong.is_empty() {
            Ok(Rendered {
                yaml,
                binary,
                file_name,
                manifest,
            })
        } else {
            Err(Error::new(wrong.join("\n")))
        }
    }

    /// The archive that a template names, or, on Linux, one for glibc in the place of musl's: what a plain machine builds.
    fn archive(&self, file_name: &str, uri: &str) -> Result<Option<(String, Vec<u8>)>> {
        let name = uri.rsplit('/').next().unwrap_or_default();
        let target = name
            .strip_prefix(&format!("{file_name}-{}-", self.tag))
            .and_then(Format::stem)
            .ok_or_else(|| Error::new(format!("{uri}: that is no name of an archive")))?;
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

/// What a plugin's template says of it, with no archive and no version.
pub(crate) fn described(root: &Path, file_name: &str) -> Result<Manifest> {
    let text = template_of(root, file_name)?;
    let text = template::render(&text, "", |uri| Ok((uri.to_owned(), String::new())))?;
    Manifest::read(&text)
}

/// The template of a plugin's manifest.
fn template_of(root: &Path, file_name: &str) -> Result<String> {
    let path = root.join("krew").join(yaml_of(file_name));
    fs::read_to_string(&path).map_err(|error| Error::during(path.display(), error))
}

/// The name of a plugin's manifest, and of its template.
fn yaml_of(file_name: &str) -> String {
    format!("{}.yaml", typed(file_name))
}

/// What is typed after `kubectl` for the plugin with this file name.
fn typed(file_name: &str) -> String {
    file_name.replacen("kubectl-", "", 1).replace('_', "-")
}

/// Says which machines have no archive; with `complete` that is an error.
fn say_left_out(rendered: &[Rendered], complete: bool) -> Result<()> {
    for one in rendered {
        let machines = rules::left_out(&one.manifest);
        if machines.is_empty() {
            continue;
        }
        let words = format!("{}: no archive for {}", one.yaml, machines.join(", "));
        if complete {
            return Err(Error::new(words));
        }
        println!("{words}");
    }
    Ok(())
}

/// Writes each manifest into a directory.
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
    use super::*;

    #[test]
    fn options_stand_anywhere() {
        let url = "https://h.example";
        for words in [
            &["--complete", "index", "DIR", "--base-url", url][..],
            &["--base-url", url, "--complete", "index", "DIR"],
            &["index", "--base-url", url, "DIR", "--complete"],
        ] {
            let (options, others) = Options::of(words);
            assert!(options.complete, "{words:?}");
            assert_eq!(options.base_url, Some(url), "{words:?}");
            assert_eq!(others, ["index", "DIR"], "{words:?}");
        }
        let (options, others) = Options::of(&["--base-url"]);
        assert!(!options.complete && options.base_url.is_none());
        assert_eq!(others, ["--base-url"]);
    }

    #[test]
    fn a_check_takes_no_options() {
        for words in [
            &["--complete", "check"][..],
            &["check", "--complete"],
            &["check", "--base-url", "https://h.example"],
        ] {
            let refused = run(words).unwrap_err().to_string();
            let start = format!("{} is not understood", words.join(" "));
            assert!(refused.starts_with(&start), "{refused}");
        }
    }
}
