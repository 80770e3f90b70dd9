//! Reads and replaces the configuration file of a container client.
//!
//! A replacement is a new file with mode 0600 in the same directory, renamed over the old one: readers see the old or the new
//! content. A symbolic link stays, and its target is replaced.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use kube_clientcmd::escape_control::escape_control;
use zeroize::Zeroizing;

/// The maximum size of a file, in bytes.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// The configuration file of a container client.
#[derive(Debug)]
pub(super) struct ConfigFile {
    path: PathBuf,
    /// Whether a missing directory is created, as Docker does with its own.
    creates_directory: bool,
}

/// The content of the file at one time.
#[derive(PartialEq, Eq)]
pub(super) struct Content {
    /// The file itself, without symbolic links.
    target: PathBuf,
    /// The bytes; `None` if the file does not exist.
    bytes: Option<Zeroizing<Vec<u8>>>,
}

impl Content {
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.as_deref().map_or(&[], Vec::as_slice)
    }
}

/// Why the file was not replaced.
#[derive(Debug)]
pub(super) enum ReplaceError {
    /// Another client has changed it meanwhile.
    Changed,
    /// The operating system reports an error.
    Failed(String),
}

impl ConfigFile {
    pub(super) fn new(path: PathBuf, creates_directory: bool) -> Self {
        Self {
            path,
            creates_directory,
        }
    }

    /// Returns the path for messages.
    pub(super) fn shown(&self) -> String {
        escape_control(&self.path.to_string_lossy()).into_owned()
    }

    /// Reads the file.
    ///
    /// # Errors
    /// Returns the reason if the file cannot be read or replaced.
    pub(super) fn read(&self) -> Result<Content, String> {
        let target = self.target()?;
        let mut file = match File::open(&target) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.require_directory(&target)?;
                return Ok(Content {
                    target,
                    bytes: None,
                });
            }
            Err(error) => return Err(reason(&error)),
        };
        let metadata = file.metadata().map_err(|error| reason(&error))?;
        require_file(&metadata)?;
        let too_large = || "is larger than 8 MiB".to_owned();
        if metadata.len() > MAX_BYTES {
            return Err(too_large());
        }
        // Allocated at full size: a buffer that grows leaves copies behind.
        let size = usize::try_from(metadata.len()).unwrap_or_default();
        let mut bytes = Zeroizing::new(Vec::with_capacity(size + 1));
        let read = (&mut file).take(MAX_BYTES + 1).read_to_end(&mut bytes);
        read.map_err(|error| reason(&error))?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(too_large());
        }
        let bytes = Some(bytes);
        Ok(Content { target, bytes })
    }

    /// Replaces the file if it still has the content `seen`.
    ///
    /// # Errors
    /// Fails if it has not, and if the new file cannot be written; the old file stays as it is then.
    pub(super) fn replace(&self, seen: &Content, bytes: &[u8]) -> Result<(), ReplaceError> {
        let failed = |error: io::Error| ReplaceError::Failed(reason(&error));
        let directory = directory_of(&seen.target);
        if self.creates_directory && !directory.exists() {
            create_directory(directory).map_err(failed)?;
        }
        let (temporary, mut file) = create_beside(&seen.target).map_err(failed)?;
        let written = file
            .write_all(bytes)
            .and_then(|()| keep_owner(&seen.target, &file))
            .and_then(|()| file.sync_all())
            .map_err(failed)
            .and_then(|()| {
                let _lock = lock(directory);
                match self.read() {
                    Ok(now) if now == *seen => {
                        std::fs::rename(&temporary, &seen.target).map_err(failed)
                    }
                    Ok(_) => Err(ReplaceError::Changed),
                    Err(reason) => Err(ReplaceError::Failed(reason)),
                }
            });
        if written.is_err() {
            let _ = std::fs::remove_file(&temporary);
        }
        written
    }

    /// Returns the file behind symbolic links.
    fn target(&self) -> Result<PathBuf, String> {
        let metadata = match self.path.symlink_metadata() {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(self.path.clone()),
            Err(error) => return Err(reason(&error)),
        };
        if !metadata.is_symlink() {
            require_file(&metadata)?;
            return Ok(self.path.clone());
        }
        match self.path.canonicalize() {
            Ok(target) => {
                let metadata = target.metadata().map_err(|error| reason(&error))?;
                require_file(&metadata)?;
                Ok(target)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Err("is a symbolic link to a file that does not exist".to_owned())
            }
            Err(error) => Err(reason(&error)),
        }
    }

    fn require_directory(&self, target: &Path) -> Result<(), String> {
        let directory = directory_of(target);
        let missing = |path: &Path| {
            let path = path.to_string_lossy();
            format!("the directory {} does not exist", escape_control(&path))
        };
        if directory.is_dir() {
            return Ok(());
        }
        if !self.creates_directory {
            return Err(missing(directory));
        }
        let parent = directory_of(directory);
        if directory.symlink_metadata().is_ok() || !parent.is_dir() {
            return Err(missing(if parent.is_dir() { directory } else { parent }));
        }
        Ok(())
    }
}

fn require_file(metadata: &Metadata) -> Result<(), String> {
    if metadata.is_dir() {
        return Err("is a directory".to_owned());
    }
    if !metadata.is_file() {
        return Err("is not a regular file".to_owned());
    }
    Ok(())
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(directory) if directory != Path::new("") => directory,
        _ => Path::new("."),
    }
}

/// Creates a file that only the user can read, beside `target`.
fn create_beside(target: &Path) -> io::Result<(PathBuf, File)> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = target.with_file_name(format!(".{name}.{}-{number}", std::process::id()));
        match options.open(&path) {
            Ok(file) => return Ok((path, file)),
            // Left behind by a process that was killed.
            Err(error) if error.kind() == ErrorKind::AlreadyExists && number < 1000 => {}
            Err(error) => return Err(error),
        }
    }
}

fn create_directory(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}

/// Locks the directory of a file against other runs of this command, until the lock is dropped. Without a lock, for example on a
/// file system that has none, the comparison just before the replacement remains.
#[cfg(unix)]
fn lock(directory: &Path) -> Option<File> {
    const ATTEMPTS: u32 = 200;
    let directory = File::open(directory).ok()?;
    for _ in 0..ATTEMPTS {
        match directory.try_lock() {
            Ok(()) => return Some(directory),
            Err(std::fs::TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            Err(std::fs::TryLockError::Error(_)) => return None,
        }
    }
    None
}

/// The pause between two attempts to get a lock, which other runs hold for the time of one read and one rename.
#[cfg(unix)]
const PAUSE: std::time::Duration = std::time::Duration::from_millis(5);

#[cfg(not(unix))]
fn lock(_: &Path) -> Option<File> {
    None
}

/// Gives the new file to the owner of the old one: root may write the file of another user.
#[cfg(unix)]
fn keep_owner(old: &Path, new: &File) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let Ok(old) = old.metadata() else {
        return Ok(());
    };
    if old.uid() == new.metadata()?.uid() {
        return Ok(());
    }
    std::os::unix::fs::fchown(new, Some(old.uid()), Some(old.gid()))
}

#[cfg(not(unix))]
fn keep_owner(_: &Path, _: &File) -> io::Result<()> {
    Ok(())
}

/// Returns the system's reason without Rust's suffix.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    text.to_lowercase()
}
