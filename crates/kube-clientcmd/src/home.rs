//! Finds the user's home directory by client-go's rules (`util/homedir`).

use std::path::{Path, PathBuf};

use super::environment::Environment;

/// Returns the home directory; an empty path if it is unknown.
pub fn home(environment: &Environment) -> PathBuf {
    home_on(cfg!(windows), environment)
}

fn home_on(is_windows: bool, environment: &Environment) -> PathBuf {
    let given = |name: &str| environment.os(name).map(PathBuf::from);
    if !is_windows {
        return given("HOME").unwrap_or_default();
    }
    let home = given("HOME");
    let home_path = match (environment.os("HOMEDRIVE"), environment.os("HOMEPATH")) {
        (Some(drive), Some(path)) => {
            let mut whole = drive.clone();
            whole.push(path);
            Some(PathBuf::from(whole))
        }
        _ => None,
    };
    let profile = given("USERPROFILE");
    let has_kubeconfig = |path: &&PathBuf| path.join(".kube").join("config").exists();
    let with_kubeconfig = [&home, &home_path, &profile];
    let mut with_kubeconfig = with_kubeconfig.into_iter().flatten();
    if let Some(found) = with_kubeconfig.find(has_kubeconfig) {
        return found.clone();
    }
    // The profile comes first here: other programs that write credentials prefer it.
    let all: Vec<&PathBuf> = [&home, &profile, &home_path]
        .into_iter()
        .flatten()
        .collect();
    let first = |condition: fn(&Path) -> bool| all.iter().find(|path| condition(path));
    first(is_writable_directory)
        .or_else(|| first(Path::exists))
        .or_else(|| all.first())
        .map(|path| path.to_path_buf())
        .unwrap_or_default()
}

/// Returns whether the owner may write to a directory. On Windows this is the read-only attribute.
fn is_writable_directory(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|it| it.is_dir() && !it.permissions().readonly())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a directory with the subdirectories `home`, `drive` and `profile`, and what [`home_on`] returns below it on
    /// Windows when these variables point there.
    fn chosen(set_up: impl FnOnce(&Path), without: &[&str]) -> String {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
        for name in ["home", "drive", "profile"] {
            std::fs::create_dir(at(name)).unwrap();
        }
        set_up(directory.path());
        let base = at("");
        let (home, profile) = (at("home"), at("profile"));
        let variables: Vec<(&str, &str)> = [
            ("HOME", home.as_str()),
            ("HOMEDRIVE", base.as_str()),
            ("HOMEPATH", "drive"),
            ("USERPROFILE", profile.as_str()),
        ]
        .into_iter()
        .filter(|(name, _)| !without.contains(name))
        .collect();
        let found = home_on(true, &Environment::of(&variables));
        let found = found.strip_prefix(directory.path()).unwrap_or(&found);
        found.to_str().unwrap().to_owned()
    }

    fn kubeconfig_in(directory: &Path, name: &str) {
        let kube = directory.join(name).join(".kube");
        std::fs::create_dir(&kube).unwrap();
        std::fs::write(kube.join("config"), "").unwrap();
    }

    #[test]
    fn home_on_windows_is_first_directory_with_kubeconfig() {
        assert_eq!(chosen(|it| kubeconfig_in(it, "profile"), &[]), "profile");
        assert_eq!(chosen(|it| kubeconfig_in(it, "drive"), &[]), "drive");
        let both = |it: &Path| {
            kubeconfig_in(it, "profile");
            kubeconfig_in(it, "drive");
        };
        assert_eq!(chosen(both, &[]), "drive");
    }

    #[test]
    fn home_on_windows_without_kubeconfig_is_first_writable_directory() {
        assert_eq!(chosen(|_| {}, &[]), "home");
        assert_eq!(chosen(|_| {}, &["HOME"]), "profile");
        assert_eq!(chosen(|_| {}, &["HOME", "USERPROFILE"]), "drive");
        let remove_home = |it: &Path| std::fs::remove_dir(it.join("home")).unwrap();
        assert_eq!(chosen(remove_home, &[]), "profile");
        assert_eq!(
            chosen(|_| {}, &["HOME", "USERPROFILE", "HOMEPATH"]),
            "",
            "HOMEDRIVE alone is no directory"
        );
    }

    #[test]
    fn home_elsewhere_is_home_variable_only() {
        let variables = [("HOME", "/h"), ("USERPROFILE", "/p")];
        assert_eq!(
            home_on(false, &Environment::of(&variables)),
            Path::new("/h")
        );
        assert_eq!(
            home_on(false, &Environment::of(&variables[1..])),
            Path::new("")
        );
    }
}
