//! Writes refreshed tokens back to their kubeconfig, like client-go (`clientcmd.ModifyConfig`).
//!
//! The file is replaced atomically, under kubectl's lock file. A file that cannot be replaced is overwritten, like kubectl
//! does, but only once the disk space is reserved. Other content of the file is kept except comments and layout, which
//! kubectl drops too. Unlike kubectl, the documents after the first are kept.

use std::collections::BTreeMap;
use std::fs::{Metadata, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::documents;
use super::kubeconfig_file::{text_of, yaml_options};
use super::yaml_as_json::YamlAsJson;
use crate::go::errors::PathError;

/// The tokens cannot be written. Contains no text of the file.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum WriteBackError {
    #[error(transparent)]
    File(#[from] PathError),
    #[error("the kubeconfig has changed and cannot be written")]
    Changed,
}

/// kubectl's lock file of a kubeconfig; removed on drop.
struct Lock(PathBuf);

impl Lock {
    fn take(file: &Path) -> Result<Self, PathError> {
        let mut path = file.as_os_str().to_owned();
        path.push(".lock");
        let path = PathBuf::from(path);
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(|error| PathError::open(&path, error))?;
        Ok(Self(path))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Fails only if the lock file has been removed already.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Replaces the settings of the auth provider of `user`. Like client-go, writes nothing if the user no longer exists.
/// Blocks.
///
/// # Errors
/// The file is locked, cannot be read or written, or is no
/// longer a kubeconfig.
pub(super) fn write_back(
    file: &Path,
    user: &str,
    settings: &BTreeMap<String, String>,
) -> Result<(), WriteBackError> {
    let _lock = Lock::take(file)?;
    // Replaces the target of a symbolic link, not the link.
    let target = std::fs::canonicalize(file).map_err(|error| PathError::open(file, error))?;
    let bytes = std::fs::read(&target).map_err(|error| PathError::open(file, error))?;
    let text = text_of(&bytes).map_err(|_| WriteBackError::Changed)?;
    let (document, rest) = documents::first(&text);
    let YamlAsJson(mut content) = serde_saphyr::from_str_with_options(document, yaml_options())
        .map_err(|_| WriteBackError::Changed)?;
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
    let settings = serde_json::to_value(settings).map_err(|_| WriteBackError::Changed)?;
    entry.insert("config".to_owned(), settings);
    let mut text = serde_saphyr::to_string(&content).map_err(|_| WriteBackError::Changed)?;
    text.push_str(rest);
    replace(&target, text.as_bytes()).map_err(|error| PathError::open(file, error))?;
    Ok(())
}

/// Replaces a file by a new one with the same permissions and owner. If that is not possible, for example for a file that is
/// a mount point, overwrites the file, as kubectl always does.
fn replace(target: &Path, content: &[u8]) -> std::io::Result<()> {
    let old = std::fs::metadata(target)?;
    let mut temporary = target.as_os_str().to_owned();
    temporary.push(format!(".{:016x}", fastrand::u64(..)));
    let temporary = PathBuf::from(temporary);
    let written = write_temporary(&temporary, &old, content);
    if let Ok(true) = written
        && std::fs::rename(&temporary, target).is_ok()
    {
        return Ok(());
    }
    // The file may exist even if it could not be written or renamed.
    let _ = std::fs::remove_file(&temporary);
    // If the disk is full, overwriting the old file would destroy it.
    written?;
    overwrite(target, content)
}

/// Overwrites a file. Leaves the old content untouched until the disk space for the new content is reserved.
fn overwrite(target: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(target)?;
    let old = file.seek(SeekFrom::End(0))?;
    let more = content.len() as u64 - old.min(content.len() as u64);
    let reserved = std::io::copy(&mut std::io::repeat(b'\n').take(more), &mut file);
    if let Err(error) = reserved.and_then(|_| file.sync_all()) {
        file.set_len(old)?;
        return Err(error);
    }
    file.rewind()?;
    file.write_all(content)?;
    file.set_len(content.len() as u64)?;
    file.sync_all()
}

/// Writes a file with the permissions and the owner of `old`; returns `false` if this process is not allowed to.
///
/// # Errors
/// The content cannot be written.
fn write_temporary(temporary: &Path, old: &Metadata, content: &[u8]) -> std::io::Result<bool> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let Ok(mut new) = options.open(temporary) else {
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
