//! Which kubeconfig files there are, and all of them as one.
//!
//! client-go's `ClientConfigLoadingRules.Load`: of an entry in several files the first file's counts, whole. Entries
//! keep the file they came from: relative paths are meant from there, and refreshed tokens go back there.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::kubeconfig::{Cluster, Context, File, Named, NamedEntry, User};
use super::options::ConnectionOptions;
use crate::domain::go_errors::path_error;
use crate::domain::printable::printable;

/// An entry and the file it came from.
pub(super) struct Located<T> {
    pub(super) entry: T,
    pub(super) file: PathBuf,
}

/// What all files say together.
#[derive(Default)]
pub(super) struct Merged {
    pub(super) current_context: String,
    pub(super) contexts: HashMap<String, Located<Context>>,
    pub(super) clusters: HashMap<String, Located<Cluster>>,
    pub(super) users: HashMap<String, Located<User>>,
}

impl Merged {
    /// Reads `--kubeconfig`, which must be there, or else the files of `KUBECONFIG`, or else `~/.kube/config`.
    ///
    /// # Errors
    /// The lines to print, one a file that cannot be read.
    pub(super) fn load(
        options: &ConnectionOptions,
        environment: &Environment,
    ) -> Result<Self, String> {
        let explicit = options
            .kubeconfig
            .as_ref()
            .filter(|path| !path.as_os_str().is_empty());
        let paths = match explicit {
            Some(path) => {
                if let Err(error) = std::fs::metadata(path)
                    && error.kind() == io::ErrorKind::NotFound
                {
                    return Err(format!("error: {}", path_error("stat", path, &error)));
                }
                vec![path.clone()]
            }
            None => listed(environment),
        };
        let mut merged = Self::default();
        let mut errors = Vec::new();
        for path in paths {
            match std::fs::read(&path) {
                Ok(bytes) => match File::read(&bytes) {
                    Ok(file) => merged.add(file, &path),
                    Err(error) => errors.push(unusable(&path, &error.to_string())),
                },
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => errors.push(unusable(&path, &path_error("open", &path, &error))),
            }
        }
        match errors.as_slice() {
            [] => Ok(merged),
            [one] => Err(format!("error: {one}")),
            // kubectl says several as they are.
            several => Err(several.join("\n")),
        }
    }

    fn add(&mut self, file: File, path: &Path) {
        if self.current_context.is_empty() {
            self.current_context = file.current_context.unwrap_or_default();
        }
        let base = base(path);
        add(&mut self.contexts, file.contexts, path, |_| {});
        add(&mut self.clusters, file.clusters, path, |cluster| {
            resolve(&mut cluster.certificate_authority, &base);
        });
        add(&mut self.users, file.users, path, |user| {
            resolve(&mut user.client_certificate, &base);
            resolve(&mut user.client_key, &base);
            resolve(&mut user.token_file, &base);
            // A bare command is looked for in PATH.
            if let Some(exec) = &mut user.exec
                && exec
                    .command
                    .as_ref()
                    .is_some_and(|command| command.contains(std::path::MAIN_SEPARATOR))
            {
                resolve(&mut exec.command, &base);
                // Here alone an absolute path is cleaned too (client-go `exec.newAuthenticator`).
                exec.command = exec.command.take().map(|it| clean(Path::new(&it)));
            }
        });
    }
}

fn unusable(path: &Path, why: &str) -> String {
    format!(
        "error loading config file \"{}\": {why}",
        printable(&path.to_string_lossy())
    )
}

/// The home directory; nothing where it is not known.
pub(super) fn home(environment: &Environment) -> PathBuf {
    let variable = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
    environment
        .os(variable)
        .map(PathBuf::from)
        .unwrap_or_default()
}

fn listed(environment: &Environment) -> Vec<PathBuf> {
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

fn add<T: NamedEntry>(
    into: &mut HashMap<String, Located<T::Entry>>,
    named: Named<T>,
    path: &Path,
    resolve: impl Fn(&mut T::Entry),
) {
    for named in named.into_iter().flatten() {
        let (name, mut entry) = named.map(T::into_parts).unwrap_or_default();
        into.entry(name).or_insert_with(|| {
            resolve(&mut entry);
            Located {
                entry,
                file: path.to_owned(),
            }
        });
    }
}

/// All names that are not empty, in order.
pub(super) fn names<T>(entries: &HashMap<String, Located<T>>) -> Vec<String> {
    let mut names: Vec<String> = entries
        .keys()
        .filter(|it| !it.is_empty())
        .cloned()
        .collect();
    names.sort();
    names
}

/// The directory of a kubeconfig, as an absolute path.
fn base(path: &Path) -> PathBuf {
    let directory = path.parent().unwrap_or_else(|| Path::new(""));
    std::path::absolute(if directory.as_os_str().is_empty() {
        Path::new(".")
    } else {
        directory
    })
    .unwrap_or_else(|_| directory.to_owned())
}

/// Makes a path absolute and clean, as Go's `filepath.Join`.
fn resolve(slot: &mut Option<String>, base: &Path) {
    let Some(path) = slot.as_deref().filter(|path| !path.is_empty()) else {
        return;
    };
    if Path::new(path).is_absolute() {
        return;
    }
    *slot = Some(clean(&base.join(path)));
}

/// Without `.` and `..`, as Go's `filepath.Clean`.
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
