//! Writes refreshed tokens back into the kubeconfig they came from, as client-go does (`clientcmd.ModifyConfig`).
//!
//! Under kubectl's own lock file, and whole or not at all, except a file that cannot be replaced: that is written over, as
//! kubectl does, once there is room for it. Everything else in the file stays as it is but for comments and layout, which
//! kubectl does not keep either; it drops the documents after the first, too, which are kept here.

use std::collections::BTreeMap;
use std::fs::{Metadata, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::documents;
use super::kubeconfig_file::{text_of, yaml_options};
use super::yaml_as_json::YamlAsJson;
use crate::domain::go_errors::path_error;

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
    let text = text_of(&bytes).map_err(|_| unusable())?;
    let (document, rest) = documents::first(&text);
    let YamlAsJson(mut content) =
        serde_saphyr::from_str_with_options(document, yaml_options()).map_err(|_| unusable())?;
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
    let mut text = serde_saphyr::to_string(&content).map_err(|_| unusable())?;
    text.push_str(rest);
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
    write_over(target, content)
}

/// Puts `content` where the old one is, which is not touched before there is room for the new one.
fn write_over(target: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(target)?;
    let old = file.seek(SeekFrom::End(0))?;
    let more = content.len() as u64 - old.min(content.len() as u64);
    let room = std::io::copy(&mut std::io::repeat(b'\n').take(more), &mut file);
    if let Err(error) = room.and_then(|_| file.sync_all()) {
        file.set_len(old)?;
        return Err(error);
    }
    file.rewind()?;
    file.write_all(content)?;
    file.set_len(content.len() as u64)?;
    file.sync_all()
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
mod tests;
