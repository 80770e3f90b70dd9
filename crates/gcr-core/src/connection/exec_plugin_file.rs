//! Which file a credential plugin's command names (Go `os/exec`, `LookPath`).
//!
//! Runs nothing. What is found only because of where we happen to be is refused: whoever can write into a directory that
//! somebody enters could be run there.

use std::ffi::{OsStr, OsString};
use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use super::environment::Environment;

/// Where commands are looked for.
#[derive(Clone, Debug, Default)]
pub(super) struct SearchPath {
    directories: Vec<PathBuf>,
    /// The ends that a command's file may have beside its name, each with its dot; none where files say themselves whether
    /// they can be run.
    extensions: Vec<OsString>,
}

impl SearchPath {
    /// By the environment's `PATH`, and on Windows `PATHEXT`.
    pub(super) fn of(environment: &Environment) -> Self {
        let mut directories: Vec<PathBuf> = environment
            .os("PATH")
            .map(|path| std::env::split_paths(path).collect())
            .unwrap_or_default();
        let mut extensions = Vec::new();
        if cfg!(windows) {
            extensions = windows_extensions(environment.text("PATHEXT"));
            directories.retain(|it| !it.as_os_str().is_empty());
            // As Windows itself has it, the current directory comes first.
            if !environment.has("NoDefaultCurrentDirectoryInExePath") {
                directories.insert(0, PathBuf::from("."));
            }
        }
        Self {
            directories,
            extensions,
        }
    }

    /// The file of a command. A path is what it is, whether something is there or not.
    pub(super) fn find(&self, command: &str) -> Option<PathBuf> {
        if command.contains([MAIN_SEPARATOR, '/']) {
            let path = Path::new(command);
            return Some(self.runnable(path).unwrap_or_else(|| path.to_owned()));
        }
        let mut found = self
            .directories
            .iter()
            .filter_map(|directory| self.runnable(&directory.join(command)));
        let first = found.next()?;
        if first.is_absolute() {
            return Some(first);
        }
        if self.extensions.is_empty() {
            return None;
        }
        // Where the current directory always comes first, it may well be one of PATH's (Go issue 53536).
        let same = first.canonicalize().ok()?;
        found.find(|file| file.is_absolute() && file.canonicalize().is_ok_and(|it| it == same))
    }

    /// The file, or one that differs by its end alone, if it can be run.
    fn runnable(&self, file: &Path) -> Option<PathBuf> {
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

    /// The same place, from wherever a test runs: the root's parent is the root.
    fn relative(path: &Path) -> PathBuf {
        let below_the_root = path
            .components()
            .filter(|it| matches!(it, Component::Normal(_)));
        std::iter::repeat_n(Component::ParentDir, 64)
            .chain(below_the_root)
            .collect()
    }

    fn make(path: &Path) {
        std::fs::write(path, "").expect("a file can be made");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
            .expect("its mode can be set");
    }

    #[test]
    fn the_first_directory_counts_and_a_relative_one_ends_the_search() {
        let here = tempfile::tempdir().unwrap();
        let there = tempfile::tempdir().unwrap();
        let relative = &relative(here.path());
        make(&there.path().join("plugin"));
        let found = Some(there.path().join("plugin"));
        assert_eq!(
            search(&[relative, there.path()], None).find("plugin"),
            found
        );
        make(&here.path().join("plugin"));
        assert_eq!(search(&[relative, there.path()], None).find("plugin"), None);
        assert_eq!(
            search(&[there.path(), relative], None).find("plugin"),
            found
        );
        assert_eq!(search(&[there.path()], None).find("other"), None);
        assert_eq!(search(&[], None).find("a/b"), Some(PathBuf::from("a/b")));
    }

    #[test]
    fn a_file_that_may_not_be_run_is_passed_over() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("plugin")).unwrap();
        assert_eq!(search(&[directory.path()], None).find("plugin"), None);
    }

    #[test]
    fn on_windows_a_command_is_found_by_the_ends_of_pathext() {
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
        // The first of the list, with or without its dot.
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
