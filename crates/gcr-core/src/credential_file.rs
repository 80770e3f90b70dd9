//! Reads a credential from a file, a pipe or standard input.
//!
//! Opening and reading are separate steps. The process forbids core dumps between them; after that, Linux lets only root open
//! `/proc/self/fd/…`, and with it the pipe of a shell's `<(…)`. For safety, the module refuses symbolic links of other users,
//! directories, block devices and inputs larger than 64 KiB. It does not interpret the content, and no error contains any.

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::domain::service_account_key::MAX_BYTES;
use kube_clientcmd::escape_control::escape_control;
use kube_clientcmd::go::errors::errno;

/// The source of a credential. Its `Display` is the name used in messages, with control characters escaped.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CredentialSource {
    /// Standard input, descriptor 0.
    Stdin,
    /// A file or a pipe.
    Path(PathBuf),
}

/// An opened credential that has not been read yet.
#[derive(Debug)]
pub struct OpenCredential {
    file: File,
    source: CredentialSource,
}

/// A problem with a file that does not prevent reading it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CredentialWarning {
    /// The mode of a regular file lets its group or all users read it.
    #[error("{path} can be read by others (mode {mode:04o}); run chmod 600 to restrict access")]
    ReadableByOthers {
        /// The escaped path.
        path: String,
        /// The permission bits.
        mode: u32,
    },
}

/// An error reading a credential. The messages have Go's format: operation, path, reason.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CredentialFileError {
    /// The source cannot be opened.
    #[error("open {path}: {reason}")]
    Open {
        /// The escaped path.
        path: String,
        /// The system's error.
        reason: String,
    },
    /// The source cannot be read, or has an unsupported file type.
    #[error("read {path}: {reason}")]
    Read {
        /// The escaped path.
        path: String,
        /// The system's error.
        reason: String,
    },
    /// The path is a symbolic link that belongs neither to the caller, nor to root, nor to the owner of its directory.
    #[error(
        "open {path}: the symbolic link belongs to another user (uid {owner}); pass the path of the file itself"
    )]
    ForeignLink {
        /// The escaped path.
        path: String,
        /// The uid of the owner of the link.
        owner: u32,
    },
    /// The content is larger than 64 KiB.
    #[error("read {path}: it is larger than 64 KiB")]
    TooLarge {
        /// The escaped path.
        path: String,
    },
}

impl CredentialSource {
    /// Returns the source that a flag's value names. `-` and the Unix names of descriptor 0 mean standard input: opening such
    /// a name would read a redirected file from its start again.
    #[must_use]
    pub fn from_flag(value: &OsStr) -> Self {
        match value.to_str() {
            Some("-" | "/dev/stdin" | "/dev/fd/0" | "/proc/self/fd/0") => Self::Stdin,
            _ => Self::Path(value.into()),
        }
    }

    /// Opens the source. Blocks on a named pipe until it has a writer.
    ///
    /// # Errors
    /// Fails if the source does not exist, is not readable, or is a symbolic link of another user.
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
        let link_error = match open(path, flags | OFlags::NOFOLLOW, Mode::empty()) {
            Ok(file) => return Ok(file.into()),
            Err(error @ (Errno::LOOP | Errno::MLINK)) => error,
            Err(other) => return Err(self.open_error(&other.into())),
        };
        let open_error = |error: Errno| self.open_error(&error.into());
        let link = lstat(path).map_err(open_error)?;
        if FileType::from_raw_mode(link.st_mode) != FileType::Symlink {
            return Err(open_error(link_error));
        }
        let directory = stat(directory_of(path)).map_err(open_error)?;
        if !can_follow(
            link.st_uid,
            directory.st_uid,
            rustix::process::geteuid().as_raw(),
        ) {
            let (path, owner) = (self.to_string(), link.st_uid);
            return Err(CredentialFileError::ForeignLink { path, owner });
        }
        open(path, flags, Mode::empty())
            .map(Into::into)
            .map_err(open_error)
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
    /// Returns the source.
    #[must_use]
    pub fn source(&self) -> &CredentialSource {
        &self.source
    }

    /// Reads the source to its end, into a buffer that is wiped when dropped.
    ///
    /// # Errors
    /// Fails for I/O errors, directories, block devices, and more than 64 KiB of data.
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
        // One byte more than the limit detects larger inputs. The buffer never grows: growing leaves copies behind.
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
        // kubelet mounts the files of a Secret with mode 0644, behind a link named ..data; only the pod can access them.
        let is_secret_volume = || directory_of(path).join("..data").symlink_metadata().is_ok();
        (metadata.is_file() && mode & 0o044 != 0 && !is_secret_volume()).then(|| {
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

/// Returns descriptor 0 without the buffer of [`io::stdin`], which is never wiped.
fn stdin() -> io::Result<File> {
    #[cfg(unix)]
    let owned = std::os::fd::AsFd::as_fd(&io::stdin()).try_clone_to_owned();
    #[cfg(windows)]
    let owned = std::os::windows::io::AsHandle::as_handle(&io::stdin()).try_clone_to_owned();
    owned.map(Into::into)
}

#[cfg(unix)]
fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(directory) if directory != Path::new("") => directory,
        _ => Path::new("."),
    }
}

/// Returns whether to follow a symbolic link. This is the rule of Linux' `fs.protected_symlinks`, applied in all directories
/// and extended by links that root owns.
#[cfg(unix)]
fn can_follow(link_owner: u32, directory_owner: u32, caller: u32) -> bool {
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
