//! Finds the executable of an exec plugin, or of a plugin of kubectl (Go `os/exec`, `LookPath`).
//!
//! An executable that is found only relative to the current directory is rejected: otherwise anyone with write access to a
//! directory could run code as the user who enters it.

use std::ffi::{OsStr, OsString};
use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use super::environment::Environment;

/// The directories in which commands are searched.
#[derive(Clone, Debug, Default)]
pub(super) struct SearchPath {
    directories: Vec<PathBuf>,
    /// On Windows, the file extensions of executables, each with its dot. Empty elsewhere.
    extensions: Vec<OsString>,
}

impl SearchPath {
    /// Returns the search path from the environment's `PATH` and, on Windows, `PATHEXT`.
    pub(super) fn of(environment: &Environment) -> Self {
        let mut directories: Vec<PathBuf> = environment
            .os("PATH")
            .map(|path| std::env::split_paths(path).collect())
            .unwrap_or_default();
        let mut extensions = Vec::new();
        if cfg!(windows) {
            extensions = windows_extensions(environment.text("PATHEXT"));
            directories.retain(|it| !it.as_os_str().is_empty());
            // Windows searches the current directory first.
            if !environment.has("NoDefaultCurrentDirectoryInExePath") {
                directories.insert(0, PathBuf::from("."));
            }
        }
        Self {
            directories,
            extensions,
        }
    }

    /// Returns the executable of a command. A command that is a path is returned even if the file does not exist.
    pub(super) fn find(&self, command: &str) -> Option<PathBuf> {
        if command.contains([MAIN_SEPARATOR, '/']) {
            let path = Path::new(command);
            return Some(self.executable(path).unwrap_or_else(|| path.to_owned()));
        }
        let mut found = self
            .directories
            .iter()
            .filter_map(|directory| self.executable(&directory.join(command)));
        let first = found.next()?;
        if first.is_absolute() {
            return Some(first);
        }
        if self.extensions.is_empty() {
            return None;
        }
        // On Windows the current directory may also be one of PATH's directories (Go issue 53536).
        let same = first.canonicalize().ok()?;
        found.find(|file| file.is_absolute() && file.canonicalize().is_ok_and(|it| it == same))
    }

    /// Returns `file`, or `file` with one of the extensions, if that is an executable.
    fn executable(&self, file: &Path) -> Option<PathBuf> {
        if (self.extensions.is_empty() || file.extension().is_some()) && is_executable(file) {
            return Some(file.to_owned());
        }
        self.extensions
            .iter()
            .map(|extension| {
                let mut name = file.as_os_str().to_owned();
                name.push(extension);
                PathBuf::from(name)
            })
            .find(|file| file.is_file())
    }
}

/// Returns the executable of this name in the directories of `PATH`. One that is found only relative to the current directory is
/// rejected.
#[must_use]
pub fn find_program(name: &str, environment: &Environment) -> Option<PathBuf> {
    SearchPath::of(environment).find(name)
}

fn windows_extensions(listed: Option<&str>) -> Vec<OsString> {
    listed
        .unwrap_or(".com;.exe;.bat;.cmd")
        .to_lowercase()
        .split(';')
        .filter(|it| !it.is_empty())
        .map(|it| OsStr::new(&format!(".{}", it.trim_start_matches('.'))).to_owned())
        .collect()
}

#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(file).is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(file: &Path) -> bool {
    file.is_file()
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Component;

    use super::*;

    fn search(directories: &[&Path], extensions: Option<&str>) -> SearchPath {
        SearchPath {
            directories: directories.iter().map(|it| it.to_path_buf()).collect(),
            extensions: extensions.map_or_else(Vec::new, |it| windows_extensions(Some(it))),
        }
    }

    /// Returns a relative path to `path` that works in any current directory, because the parent of the root is the root.
    fn relative(path: &Path) -> PathBuf {
        let below_root = path
            .components()
            .filter(|it| matches!(it, Component::Normal(_)));
        std::iter::repeat_n(Component::ParentDir, 64)
            .chain(below_root)
            .collect()
    }

    fn make(path: &Path) {
        std::fs::write(path, "").expect("the file should be created");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
            .expect("the mode should be set");
    }

    #[test]
    fn find_uses_first_match_and_rejects_relative_match() {
        let current = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir().unwrap();
        let relative = &relative(current.path());
        make(&other.path().join("plugin"));
        let found = Some(other.path().join("plugin"));
        assert_eq!(
            search(&[relative, other.path()], None).find("plugin"),
            found
        );
        make(&current.path().join("plugin"));
        assert_eq!(search(&[relative, other.path()], None).find("plugin"), None);
        assert_eq!(
            search(&[other.path(), relative], None).find("plugin"),
            found
        );
        assert_eq!(search(&[other.path()], None).find("other"), None);
        assert_eq!(search(&[], None).find("a/b"), Some(PathBuf::from("a/b")));
    }

    #[test]
    fn find_skips_file_that_is_not_executable() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("plugin")).unwrap();
        assert_eq!(search(&[directory.path()], None).find("plugin"), None);
    }

    #[test]
    fn find_with_extensions_of_windows_tries_them_in_order() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str| directory.path().join(name);
        for name in ["plugin", "plugin.cmd", "plugin.exe", "my.tool.bat"] {
            make(&file(name));
        }
        let all = [directory.path()];
        let usual = search(&all, Some(".COM;.EXE;.BAT;.CMD"));
        assert_eq!(usual.find("plugin"), Some(file("plugin.exe")));
        assert_eq!(usual.find("plugin.cmd"), Some(file("plugin.cmd")));
        assert_eq!(usual.find("my.tool"), Some(file("my.tool.bat")));
        // The first extension counts, with or without its dot.
        let other = search(&all, Some(";cmd;exe"));
        assert_eq!(other.find("plugin"), Some(file("plugin.cmd")));
        assert_eq!(search(&all, Some(".PS1")).find("plugin"), None);
        let path = file("plugin");
        let by_path = usual.find(path.to_str().unwrap());
        assert_eq!(by_path, Some(file("plugin.exe")));
        let here = tempfile::tempdir().unwrap();
        make(&here.path().join("plugin.exe"));
        let by_name = here.path().canonicalize().unwrap();
        let relative = &relative(here.path());
        let here_first = |then: &Path| search(&[relative, then], Some(".exe")).find("plugin");
        assert_eq!(here_first(&by_name), Some(by_name.join("plugin.exe")));
        assert_eq!(here_first(directory.path()), None);
        assert_eq!(windows_extensions(None), [".com", ".exe", ".bat", ".cmd"]);
    }
}
