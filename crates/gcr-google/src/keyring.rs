//! Finds the credentials that kubelet uses to pull an image, in the order in which it tries them.
//!
//! The rules are those of kubelet's `pkg/credentialprovider` (`BasicDockerKeyring`), with which the tests compare them. They
//! differ from Docker's: a path is a prefix without regard to `/`, so that `gcr.io/pro` matches `gcr.io/project/app`; keys are
//! tried in descending order of their text; and one Secret that cannot be decoded fails the pull, whatever the others contain.
//!
//! The node's own configuration and its credential provider plugins come after the pod's Secrets; they are not visible here.

mod docker_config_entries;
mod entry_address;
mod image_name;
mod secret_format;

use docker_config_entries::Entries;
use entry_address::Address;
pub use image_name::{ImageName, ImageNameError};
pub use secret_format::SecretFormat;

use crate::registry::Login;

/// The registry of images without a host. Its credential is used only if no other matches.
const DEFAULT_REGISTRY: &[u8] = b"index.docker.io";

/// An entry of a pull Secret.
#[derive(Debug)]
pub struct Entry {
    /// The position of the Secret among those of the pod.
    pub secret: usize,
    /// The key of the entry as written.
    pub name: String,
    /// The user and password.
    pub login: Login,
    /// Host and path by which kubelet orders and compares entries.
    key: Vec<u8>,
}

/// The entries of the Secrets of a pod.
#[derive(Debug, Default)]
pub struct Keyring {
    /// In the order in which they are tried.
    entries: Vec<Entry>,
}

/// A Secret that kubelet cannot decode. The pull fails, also if another Secret matches.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("kubelet cannot decode the Secret")]
pub struct UndecodableSecret {
    /// The position of the Secret among those of the pod.
    pub secret: usize,
}

impl Keyring {
    /// Reads the data of the pod's Secrets in the pod's order. Entries whose key is no address are ignored, as by kubelet.
    ///
    /// # Errors
    /// Fails for the first Secret that kubelet cannot decode.
    pub fn new<'a>(
        secrets: impl IntoIterator<Item = (SecretFormat, &'a [u8])>,
    ) -> Result<Self, UndecodableSecret> {
        let mut entries = Vec::new();
        for (secret, (format, data)) in secrets.into_iter().enumerate() {
            // kubelet skips a Secret without data.
            if data.is_empty() {
                continue;
            }
            let decoded = Entries::parse(format, data).ok_or(UndecodableSecret { secret })?;
            for (name, login) in decoded.into_logins() {
                if let Some(key) = entry_address::key(&name) {
                    entries.push(Entry {
                        secret,
                        name,
                        login,
                        key,
                    });
                }
            }
        }
        // Stable, so that entries of equal keys stay in the order of the Secrets.
        entries.sort_by(|left, right| right.key.cmp(&left.key));
        Ok(Self { entries })
    }

    /// Returns the entries that match a repository, as in [`ImageName::repository`], in the order in which kubelet tries them.
    ///
    /// Kubelet orders two spellings of one key in one Secret, such as `gcr.io` and `https://gcr.io`, at random.
    #[must_use]
    pub fn matching(&self, repository: &str) -> Vec<&Entry> {
        let Some(target) = Address::parse(repository.as_bytes()) else {
            return Vec::new();
        };
        let matches = |entry: &&Entry| {
            Address::parse(&entry.key).is_some_and(|address| address.matches(&target))
        };
        let found: Vec<&Entry> = self.entries.iter().filter(matches).collect();
        if !found.is_empty() || !is_default_registry(repository) {
            return found;
        }
        let is_default = |entry: &&Entry| entry.key == DEFAULT_REGISTRY;
        self.entries.iter().filter(is_default).collect()
    }

    /// Returns all entries in the order in which they are tried.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

/// Returns whether the repository is on Docker Hub.
fn is_default_registry(repository: &str) -> bool {
    match repository.split_once('/') {
        Some(("", _)) => false,
        None => !repository.is_empty(),
        Some(("docker.io" | "index.docker.io", _)) => true,
        Some((host, _)) => !host.contains(['.', ':']),
    }
}

#[cfg(test)]
mod tests;
