//! Reads the file, pipe or standard input that a credential comes from.
//!
//! Opening and reading are two steps, because between them the process makes itself undumpable, after which Linux
//! lets only root open `/proc/self/fd/…`, and so `<(…)`. Refuses what could be somebody else's trap: a symbolic link
//! put there by another user, a directory, anything beyond 64 KiB. Knows nothing of what a credential looks like,
//! and no error holds content.

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::domain::escape_control::escape_control;
use crate::domain::go_errors::errno;
use crate::domain::service_account_key::MAX_BYTES;

/// Where a credential comes from. Displayed printable, as errors and warnings name it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CredentialSource {
    /// The open descriptor 0.
    Stdin,
    /// A file or a pipe.
    Path(PathBuf),
}

/// A credential that is open, but not read.
#[derive(Debug)]
pub struct OpenCredential {
    file: File,
    source: CredentialSource,
}

/// Something about a file that was read all the same.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CredentialWarning {
    /// The mode of a regular file gives its group or everybody the right to read it.
    #[error("{path} can be read by others (mode {mode:04o}); chmod 600 keeps it to you")]
    ReadableByOthers {
        /// The path, printable.
        path: String,
        /// The permission bits.
        mode: u32,
    },
}

/// Why a credential could not be read, in kubectl's way: what was done, to what, and the system's reason.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CredentialFileError {
    /// It could not be opened.
    #[error("open {path}: {reason}")]
    Open {
        /// The path, printable.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// It could not be read, or is nothing that can be.
    #[error("read {path}: {reason}")]
    Read {
        /// The path, printable.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// A symbolic link that neither the caller, root nor the owner of its directory made.
    #[error(
        "open {path}: refused, as the symbolic link belongs to another user (uid {owner}); name the file itself"
    )]
    ForeignLink {
        /// The path, printable.
        path: String,
        /// Whose link it is.
        owner: u32,
    },
    /// More than 64 KiB.
    #[error("read {path}: it is larger than 64 KiB")]
    TooLarge {
        /// The path, printable.
        path: String,
    },
}

impl CredentialSource {
    /// The source that a flag's value names. `-` is standard input, and so are the names that Unix has for the open
    /// descriptor: opening those again would start a redirected file anew.
    #[must_use]
    pub fn from_flag(value: &OsStr) -> Self {
        match value.to_str() {
            Some("-" | "/dev/stdin" | "/dev/fd/0" | "/proc/self/fd/0") => Self::Stdin,
            _ => Self::Path(value.into()),
        }
    }

    /// Opens it. A pipe without a writer is waited for.
    ///
    /// # Errors
    /// Where it is not there, may not be read, or is a link that somebody else made.
    pub fn open(&self) -> Result<OpenCredential, CredentialFileError> {
        let file = match self {
            Self::Stdin => stdin().map_err(|error| self.open_error(&error))?,
            Self::Path(path) => self.open_path(path)?,
        };
        Ok(OpenCredential {
            file,
            source: self.clone(),
        })
    }

    #[cfg(unix)]
    fn open_path(&self, path: &Path) -> Result<File, CredentialFileError> {
        use rustix::fs::{FileType, Mode, OFlags, lstat, open, stat};
        use rustix::io::Errno;

        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY;
        let refused = match open(path, flags | OFlags::NOFOLLOW, Mode::empty()) {
            Ok(file) => return Ok(file.into()),
            Err(loops @ (Errno::LOOP | Errno::MLINK)) => loops,
            Err(other) => return Err(self.open_error(&other.into())),
        };
        let system = |error: Errno| self.open_error(&error.into());
        let link = lstat(path).map_err(system)?;
        if FileType::from_raw_mode(link.st_mode) != FileType::Symlink {
            return Err(system(refused));
        }
        let directory = stat(directory_of(path)).map_err(system)?;
        if !may_follow(
            link.st_uid,
            directory.st_uid,
            rustix::process::geteuid().as_raw(),
        ) {
            let (path, owner) = (self.to_string(), link.st_uid);
            return Err(CredentialFileError::ForeignLink { path, owner });
        }
        open(path, flags, Mode::empty())
            .map(Into::into)
            .map_err(system)
    }

    #[cfg(not(unix))]
    fn open_path(&self, path: &Path) -> Result<File, CredentialFileError> {
        File::open(path).map_err(|error| self.open_error(&error))
    }

    fn open_error(&self, error: &io::Error) -> CredentialFileError {
        let (path, reason) = (self.to_string(), errno(error));
        CredentialFileError::Open { path, reason }
    }

    fn read_error(&self, reason: impl Into<String>) -> CredentialFileError {
        let (path, reason) = (self.to_string(), reason.into());
        CredentialFileError::Read { path, reason }
    }
}

impl fmt::Display for CredentialSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => formatter.write_str("standard input"),
            Self::Path(path) => formatter.write_str(&escape_control(&path.to_string_lossy())),
        }
    }
}

impl OpenCredential {
    /// Where it comes from.
    #[must_use]
    pub fn source(&self) -> &CredentialSource {
        &self.source
    }

    /// Reads it to its end, into one buffer that is wiped.
    ///
    /// # Errors
    /// Where the system says no, where there is more than 64 KiB, or where it is neither file, pipe nor terminal.
    pub fn read(
        mut self,
    ) -> Result<(Zeroizing<Vec<u8>>, Option<CredentialWarning>), CredentialFileError> {
        let metadata = self
            .file
            .metadata()
            .map_err(|error| self.source.read_error(errno(&error)))?;
        if metadata.is_dir() {
            return Err(self.source.read_error("is a directory"));
        }
        if is_block_device(&metadata) {
            return Err(self.source.read_error("is a block device"));
        }
        let too_large = || CredentialFileError::TooLarge {
            path: self.source.to_string(),
        };
        if metadata.is_file() && metadata.len() > MAX_BYTES as u64 {
            return Err(too_large());
        }
        // One byte more than may be there tells what is too large; a buffer that grows leaves copies behind.
        let mut bytes = Zeroizing::new(vec![0; MAX_BYTES + 1]);
        let mut filled = 0;
        while filled < bytes.len() {
            match self.file.read(&mut bytes[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.source.read_error(errno(&error))),
            }
        }
        if filled > MAX_BYTES {
            return Err(too_large());
        }
        bytes.truncate(filled);
        Ok((bytes, self.warning(&metadata)))
    }

    #[cfg(unix)]
    fn warning(&self, metadata: &std::fs::Metadata) -> Option<CredentialWarning> {
        use std::os::unix::fs::PermissionsExt;

        let CredentialSource::Path(path) = &self.source else {
            return None;
        };
        let mode = metadata.permissions().mode() & 0o7777;
        // Kubelet mounts a Secret's files with mode 0644, behind a link called ..data; only the pod sees them.
        let mounted = || directory_of(path).join("..data").symlink_metadata().is_ok();
        (metadata.is_file() && mode & 0o044 != 0 && !mounted()).then(|| {
            CredentialWarning::ReadableByOthers {
                path: self.source.to_string(),
                mode,
            }
        })
    }

    #[cfg(not(unix))]
    fn warning(&self, _: &std::fs::Metadata) -> Option<CredentialWarning> {
        None
    }
}

/// Descriptor 0 without the buffer of [`io::stdin`], which nobody wipes.
fn stdin() -> io::Result<File> {
    #[cfg(unix)]
    let own = std::os::fd::AsFd::as_fd(&io::stdin()).try_clone_to_owned();
    #[cfg(windows)]
    let own = std::os::windows::io::AsHandle::as_handle(&io::stdin()).try_clone_to_owned();
    own.map(Into::into)
}

#[cfg(unix)]
fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(directory) if directory != Path::new("") => directory,
        _ => Path::new("."),
    }
}

/// The rule of Linux' `fs.protected_symlinks`, for every directory, with root's links besides.
#[cfg(unix)]
fn may_follow(link_owner: u32, directory_owner: u32, caller: u32) -> bool {
    [caller, 0, directory_owner].contains(&link_owner)
}

fn is_block_device(metadata: &std::fs::Metadata) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::FileTypeExt::is_block_device(&metadata.file_type());
    #[cfg(not(unix))]
    return {
        let _ = metadata;
        false
    };
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
