//! Finds and merges kubeconfig files.
//!
//! The rules are those of client-go's `ClientConfigLoadingRules.Load`: if several files have an entry of the same name, the
//! first one counts as a whole. Each entry keeps its file: relative paths start there, and refreshed tokens are written back
//! to it.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::home::home;
use super::kubeconfig::{Cluster, Context, File, Named, NamedEntry, User};
use super::kubeconfig_file::ParseError;
use super::options::ConnectionOptions;
use crate::escape_control::escape_control;
use crate::go::errors::PathError;

/// The kubeconfig files cannot be loaded.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum LoadError {
    /// The file of `--kubeconfig` does not exist.
    #[error(transparent)]
    Missing(PathError),
    /// One or more files cannot be read or parsed.
    #[error("{}", lines(.0))]
    Files(Vec<FileError>),
}

/// A kubeconfig file cannot be read or parsed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("error loading config file \"{}\": {cause}", escape_control(&path.to_string_lossy()))]
pub(super) struct FileError {
    path: PathBuf,
    cause: FileErrorCause,
}

#[derive(Debug, Clone, thiserror::Error)]
enum FileErrorCause {
    #[error(transparent)]
    Read(PathError),
    #[error(transparent)]
    Parse(ParseError),
}

fn lines(errors: &[FileError]) -> String {
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// The merged kubeconfig files. Entries are copied only when looked up: of hundreds of entries, a connection uses three.
#[derive(Default)]
pub(super) struct Merged {
    files: Vec<(PathBuf, File)>,
}

impl Merged {
    /// Reads the file of `--kubeconfig`, which must exist, or else the files of `KUBECONFIG`, or else `~/.kube/config`.
    ///
    /// # Errors
    /// A file cannot be read or is no kubeconfig.
    pub(super) fn load(
        options: &ConnectionOptions,
        environment: &Environment,
    ) -> Result<Self, LoadError> {
        let explicit = options
            .kubeconfig
            .as_ref()
            .filter(|path| !path.as_os_str().is_empty());
        let paths = match explicit {
            Some(path) => {
                if let Err(error) = std::fs::metadata(path)
                    && error.kind() == io::ErrorKind::NotFound
                {
                    return Err(LoadError::Missing(PathError::new("stat", path, error)));
                }
                vec![path.clone()]
            }
            None => default_paths(environment),
        };
        let mut merged = Self::default();
        let mut errors = Vec::new();
        for path in paths {
            match std::fs::read(&path) {
                Ok(bytes) => match File::parse(&bytes) {
                    Ok(file) => merged.files.push((path, file)),
                    Err(error) => errors.push(FileError {
                        path,
                        cause: FileErrorCause::Parse(error),
                    }),
                },
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    let cause = FileErrorCause::Read(PathError::open(&path, error));
                    errors.push(FileError { path, cause });
                }
            }
        }
        if errors.is_empty() {
            Ok(merged)
        } else {
            Err(LoadError::Files(errors))
        }
    }

    /// Returns the name of the current context; empty if there is none.
    pub(super) fn current_context(&self) -> &str {
        let contexts = self.files.iter();
        contexts
            .filter_map(|(_, file)| file.current_context.as_deref())
            .find(|name| !name.is_empty())
            .unwrap_or_default()
    }

    /// Returns the context of this name.
    pub(super) fn context(&self, name: &str) -> Option<Context> {
        self.find(|file| &file.contexts, name).map(|it| it.0)
    }

    /// Returns the cluster of this name, with absolute paths.
    pub(super) fn cluster(&self, name: &str) -> Option<Cluster> {
        let (mut cluster, path) = self.find(|file| &file.clusters, name)?;
        resolve(&mut cluster.certificate_authority, &directory_of(path));
        Some(cluster)
    }

    /// Returns the user of this name, with absolute paths, and the file with the user's entry.
    pub(super) fn user(&self, name: &str) -> Option<(User, &Path)> {
        let (mut user, path) = self.find(|file| &file.users, name)?;
        let base = directory_of(path);
        resolve(&mut user.client_certificate, &base);
        resolve(&mut user.client_key, &base);
        resolve(&mut user.token_file, &base);
        // A command without a separator is searched in PATH.
        if let Some(exec) = &mut user.exec
            && exec
                .command
                .as_ref()
                .is_some_and(|command| command.contains(std::path::MAIN_SEPARATOR))
        {
            resolve(&mut exec.command, &base);
            // client-go cleans absolute paths of commands too, unlike other paths (`exec.newAuthenticator`).
            exec.command = exec.command.take().map(|it| clean(Path::new(&it)));
        }
        Some((user, path))
    }

    /// Returns the sorted, non-empty names of all contexts, clusters and users.
    pub(super) fn names(&self) -> [Vec<String>; 3] {
        [
            self.names_in(|file| &file.contexts),
            self.names_in(|file| &file.clusters),
            self.names_in(|file| &file.users),
        ]
    }

    fn find<T: NamedEntry>(
        &self,
        list: impl Fn(&File) -> &Named<T>,
        name: &str,
    ) -> Option<(T::Entry, &Path)> {
        self.files.iter().find_map(|(path, file)| {
            let named = list(file).iter().flatten();
            let entry = |named: &Option<T>| named.as_ref().and_then(T::entry).cloned();
            named
                .filter(|named| name_of(named) == name)
                .map(|named| (entry(named).unwrap_or_default(), path.as_path()))
                .next()
        })
    }

    fn names_in<T: NamedEntry>(&self, list: impl Fn(&File) -> &Named<T>) -> Vec<String> {
        let all = self.files.iter().flat_map(|(_, file)| list(file).iter());
        let names: BTreeSet<&str> = all.flatten().map(name_of).collect();
        let names = names.into_iter().filter(|name| !name.is_empty());
        names.map(str::to_owned).collect()
    }
}

/// Returns the name of an entry; empty if the item is `null`.
fn name_of<T: NamedEntry>(named: &Option<T>) -> &str {
    named.as_ref().map(T::name).unwrap_or_default()
}

/// Returns the files of `KUBECONFIG` without duplicates, or else `~/.kube/config`.
fn default_paths(environment: &Environment) -> Vec<PathBuf> {
    let Some(list) = environment.os("KUBECONFIG") else {
        return vec![home(environment).join(".kube").join("config")];
    };
    let mut paths: Vec<PathBuf> = Vec::new();
    for path in std::env::split_paths(list) {
        if !path.as_os_str().is_empty()
            && !paths.iter().any(|it| it.as_os_str() == path.as_os_str())
        {
            paths.push(path);
        }
    }
    paths
}

/// Returns the absolute path of a kubeconfig's directory.
fn directory_of(path: &Path) -> PathBuf {
    let directory = path.parent().unwrap_or_else(|| Path::new(""));
    std::path::absolute(if directory.as_os_str().is_empty() {
        Path::new(".")
    } else {
        directory
    })
    .unwrap_or_else(|_| directory.to_owned())
}

/// Makes a relative path absolute and cleans it, like Go's `filepath.Join`.
fn resolve(field: &mut Option<String>, base: &Path) {
    let Some(path) = field.as_deref().filter(|path| !path.is_empty()) else {
        return;
    };
    if Path::new(path).is_absolute() {
        return;
    }
    *field = Some(clean(&base.join(path)));
}

/// Removes `.` and `..` from a path, like Go's `filepath.Clean`.
fn clean(path: &Path) -> String {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
