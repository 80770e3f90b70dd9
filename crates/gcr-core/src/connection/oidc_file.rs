//! Writes refreshed tokens back into the kubeconfig they came from, as client-go does (`clientcmd.ModifyConfig`).
//!
//! Under kubectl's own lock file, and whole or not at all, except a file that cannot be replaced: that is written over, as
//! kubectl does. Everything else in the file stays as it is but for comments
//! and layout, which kubectl does not keep either.

use std::collections::BTreeMap;
use std::fs::{Metadata, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::go_errors::path_error;
use super::kubeconfig::yaml_options;

/// Held while a kubeconfig is being written; gone when dropped.
struct Lock(PathBuf);

impl Lock {
    fn take(file: &Path) -> Result<Self, String> {
        let mut path = file.as_os_str().to_owned();
        path.push(".lock");
        let path = PathBuf::from(path);
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(|error| path_error("open", &path, &error))?;
        Ok(Self(path))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Nothing can be done about one that has gone.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Puts `settings` in place of those of the auth-provider of the user called `user`. Where there is no such user any more,
/// nothing is written, as by client-go.
///
/// # Errors
/// What went wrong, without any text of the file.
pub(super) fn write_back(
    file: &Path,
    user: &str,
    settings: &BTreeMap<String, String>,
) -> Result<(), String> {
    let _lock = Lock::take(file)?;
    // A link stays a link.
    let target = std::fs::canonicalize(file).map_err(|error| path_error("open", file, &error))?;
    let bytes = std::fs::read(&target).map_err(|error| path_error("open", file, &error))?;
    let unusable = || "the kubeconfig has changed and cannot be written".to_owned();
    // Somewhere a key may be a number: it stays the word it is.
    let mut options = yaml_options();
    options.no_schema = false;
    let mut content: Value =
        serde_saphyr::from_slice_with_options(&bytes, options).map_err(|_| unusable())?;
    let users = content.get_mut("users").and_then(Value::as_array_mut);
    let Some(entry) = users
        .and_then(|users| {
            users
                .iter_mut()
                .find(|entry| entry.get("name").and_then(Value::as_str) == Some(user))
        })
        .and_then(|entry| entry.pointer_mut("/user/auth-provider"))
        .and_then(Value::as_object_mut)
    else {
        return Ok(());
    };
    let settings = serde_json::to_value(settings).map_err(|_| unusable())?;
    entry.insert("config".to_owned(), settings);
    let text = serde_saphyr::to_string(&content).map_err(|_| unusable())?;
    replace(&target, text.as_bytes()).map_err(|error| path_error("open", file, &error))
}

/// A new file beside the old one, with its permissions and its owner, in its place. Where that cannot be, as with a file
/// that is mounted by itself, the old one is written over, as kubectl always does.
fn replace(target: &Path, content: &[u8]) -> std::io::Result<()> {
    let old = std::fs::metadata(target)?;
    let mut beside = target.as_os_str().to_owned();
    beside.push(format!(".{:016x}", fastrand::u64(..)));
    let beside = PathBuf::from(beside);
    let whole = write_beside(&beside, &old, content);
    if let Ok(true) = whole
        && std::fs::rename(&beside, target).is_ok()
    {
        return Ok(());
    }
    // What is left of the attempt, if anything.
    let _ = std::fs::remove_file(&beside);
    // Where there is no room for a new file, there is none for the old one either once it is emptied.
    whole?;
    std::fs::write(target, content)
}

/// Writes a file that can take the place of `old`; `false` where nobody but its owner could make one.
///
/// # Errors
/// The content cannot be written.
fn write_beside(beside: &Path, old: &Metadata, content: &[u8]) -> std::io::Result<bool> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let Ok(mut new) = options.open(beside) else {
        return Ok(false);
    };
    new.write_all(content)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, fchown};
        if fchown(&new, Some(old.uid()), Some(old.gid())).is_err() {
            return Ok(false);
        }
    }
    new.set_permissions(old.permissions())?;
    new.sync_all()?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "mine: {1: a}\nusers:\n- name: u\n  user: {auth-provider: {name: oidc, config: {id-token: old, mine: '1'}}}\n- name: v\n  user: {token: t}\n";

    fn settings() -> BTreeMap<String, String> {
        BTreeMap::from([("id-token".to_owned(), "new".to_owned())])
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_one_and_the_file_keeps_its_mode() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};

        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (directory.path().join("file"), directory.path().join("link"));
        std::fs::write(&file, TEXT).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o604)).unwrap();
        symlink(&file, &link).unwrap();
        write_back(&link, "u", &settings()).unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(
            std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o604
        );
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(
            text.contains("new") && !text.contains("old") && text.contains("mine:"),
            "{text}"
        );
        // Neither the lock nor a half-written file is left.
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_user_that_has_gone_is_not_made_again() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), TEXT).unwrap();
        for user in ["w", "v"] {
            write_back(file.path(), user, &settings()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(file.path()).unwrap(), TEXT);
    }

    #[test]
    fn a_file_that_has_become_something_else_is_left_alone() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "users: [}").unwrap();
        assert_eq!(
            write_back(file.path(), "u", &settings()).unwrap_err(),
            "the kubeconfig has changed and cannot be written"
        );
        assert_eq!(std::fs::read_to_string(file.path()).unwrap(), "users: [}");
    }
}
