//! Renders the manifests of one version, from its archives and the templates.

use std::fs;
use std::path::{Path, PathBuf};

use gcr_test_support::plugins::PLUGINS;
use gcr_test_support::{Error, Result, checkout};

use super::manifest::Manifest;
use super::{rules, template};
use crate::package::archive::Format;
use crate::package::archive_name;
use crate::package::checksums::sha256;
use crate::package::target::Target;

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
pub(super) struct Release<'a> {
    pub(super) tag: &'a str,
    /// Directory of the archives.
    pub(super) archives: PathBuf,
    /// URL of the directory from which krew downloads the archives; `None` for the templates' own.
    pub(super) base_url: Option<&'a str>,
}

impl Release<'_> {
    /// Renders the manifests of both plugins for the platforms whose archive exists.
    pub(super) fn render(&self) -> Result<Vec<Rendered>> {
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
pub(super) fn command_name(file_name: &str) -> String {
    file_name.replacen("kubectl-", "", 1).replace('_', "-")
}

/// Writes each manifest into a directory. Returns the paths of the files.
pub(super) fn write(rendered: &[Rendered], into: &Path) -> Result<Vec<PathBuf>> {
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
