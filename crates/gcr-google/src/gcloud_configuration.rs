//! Reads gcloud's properties, by gcloud's rules: `CLOUDSDK_SECTION_NAME` before the active configuration file.
//!
//! Only reads: gcloud rewrites its directory when it is incomplete, and this must not.

use std::path::{Path, PathBuf};

use kube_clientcmd::Environment;

/// The maximum size of a file of gcloud, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// gcloud's directory and its active configuration.
#[derive(Clone, Debug, Default)]
pub struct GcloudConfiguration {
    environment: Environment,
    directory: Option<PathBuf>,
    properties: Vec<Property>,
}

#[derive(Clone, Debug)]
struct Property {
    section: String,
    name: String,
    value: String,
}

impl GcloudConfiguration {
    /// Reads the active configuration. A missing or unreadable file is one without properties, as for gcloud.
    pub async fn read(environment: &Environment) -> Self {
        let directory = directory(environment);
        let properties = match &directory {
            Some(directory) => read_properties(directory, environment).await,
            None => Vec::new(),
        };
        Self {
            environment: environment.clone(),
            directory,
            properties,
        }
    }

    /// Returns gcloud's directory, whether it exists or not; `None` if there is no home directory.
    #[must_use]
    pub fn directory(&self) -> Option<&Path> {
        self.directory.as_deref()
    }

    /// Returns a property, such as `core/project`; `None` if it is unset or empty.
    #[must_use]
    pub fn property(&self, section: &str, name: &str) -> Option<&str> {
        let variable = format!("CLOUDSDK_{section}_{name}").to_uppercase();
        if let Some(value) = self.environment.text(&variable) {
            return Some(value);
        }
        let mut all = self.properties.iter().rev();
        let property = all.find(|it| it.section == section && it.name == name)?;
        Some(property.value.as_str()).filter(|value| !value.is_empty())
    }
}

/// Returns `$CLOUDSDK_CONFIG`, `%APPDATA%\gcloud` on Windows, or else `~/.config/gcloud`.
fn directory(environment: &Environment) -> Option<PathBuf> {
    if let Some(directory) = environment.os("CLOUDSDK_CONFIG") {
        return Some(directory.into());
    }
    if cfg!(windows) {
        let base = environment.os("APPDATA")?;
        return Some(Path::new(base).join("gcloud"));
    }
    let home = environment.os("HOME")?;
    Some(Path::new(home).join(".config").join("gcloud"))
}

async fn read_properties(directory: &Path, environment: &Environment) -> Vec<Property> {
    let name = match environment.text("CLOUDSDK_ACTIVE_CONFIG_NAME") {
        Some(name) => Some(name.to_owned()),
        None => read_small(&directory.join("active_config")).await,
    };
    let name = name.as_deref().map(str::trim).filter(|it| !it.is_empty());
    let name = name.unwrap_or("default");
    let is_name = name
        .bytes()
        .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-');
    if !is_name {
        return Vec::new();
    }
    let file = directory
        .join("configurations")
        .join(format!("config_{name}"));
    read_small(&file)
        .await
        .as_deref()
        .map(parse)
        .unwrap_or_default()
}

async fn read_small(path: &Path) -> Option<String> {
    let metadata = tokio::fs::metadata(path).await.ok()?;
    if !metadata.is_file() || metadata.len() > MAX_BYTES {
        return None;
    }
    tokio::fs::read_to_string(path).await.ok()
}

/// Parses an ini file as Python's `configparser` does: `[section]`, `name = value` or `name: value`, comments with `#` or
/// `;` at the beginning of a line.
fn parse(text: &str) -> Vec<Property> {
    let mut properties = Vec::new();
    let mut section = String::new();
    for line in text.lines() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
            name.clone_into(&mut section);
        } else if let Some((name, value)) = line.split_once(['=', ':']) {
            properties.push(Property {
                section: section.clone(),
                name: name.trim().to_lowercase(),
                value: value.trim().to_owned(),
            });
        }
    }
    properties
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn configuration(
        files: &[(&str, &str)],
        variables: &[(&str, &str)],
    ) -> GcloudConfiguration {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("configurations")).unwrap();
        for (name, text) in files {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        let path = directory.path().to_str().unwrap().to_owned();
        let mut variables = variables.to_vec();
        variables.push(("CLOUDSDK_CONFIG", &path));
        GcloudConfiguration::read(&Environment::of(&variables)).await
    }

    #[tokio::test]
    async fn property_comes_from_active_configuration() {
        let files = [
            ("active_config", "work\n"),
            (
                "configurations/config_work",
                "# x\n[core]\nproject = my-project\naccount: a@b.c\n\n[auth]\nproject = other\n",
            ),
            (
                "configurations/config_default",
                "[core]\nproject = default-project\n",
            ),
        ];
        let read = configuration(&files, &[]).await;
        assert_eq!(read.property("core", "project"), Some("my-project"));
        assert_eq!(read.property("core", "account"), Some("a@b.c"));
        assert_eq!(read.property("core", "region"), None);
        let named = configuration(&files, &[("CLOUDSDK_ACTIVE_CONFIG_NAME", "default")]).await;
        assert_eq!(named.property("core", "project"), Some("default-project"));
    }

    #[tokio::test]
    async fn environment_precedes_the_file() {
        let files = [(
            "configurations/config_default",
            "[core]\nproject = of-file\n",
        )];
        let variables = [("CLOUDSDK_CORE_PROJECT", "of-environment")];
        let read = configuration(&files, &variables).await;
        assert_eq!(read.property("core", "project"), Some("of-environment"));
        assert_eq!(
            configuration(&files, &[]).await.property("core", "project"),
            Some("of-file")
        );
    }

    #[tokio::test]
    async fn missing_files_and_strange_names_have_no_properties() {
        let read = configuration(&[], &[]).await;
        assert_eq!(read.property("core", "project"), None);
        let read = configuration(&[("active_config", "../../etc/passwd")], &[]).await;
        assert_eq!(read.property("core", "project"), None);
        let read = GcloudConfiguration::read(&Environment::of(&[])).await;
        assert_eq!(read.directory(), None);
    }

    #[tokio::test]
    async fn directory_without_variable_is_in_home() {
        let read = GcloudConfiguration::read(&Environment::of(&[("HOME", "/home/user")])).await;
        assert_eq!(
            read.directory(),
            Some(Path::new("/home/user/.config/gcloud"))
        );
    }
}
