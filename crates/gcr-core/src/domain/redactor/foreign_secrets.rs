//! The secrets of other owners, and those that the process receives during the run.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use zeroize::Zeroizing;

use super::encoded_secret::EncodedSecret;
use super::windows::{WINDOW, windows_of};

/// Number of windows that are kept: those of about eight keys or two hundred tokens, which take at most 5 MB.
const MAX_WINDOWS: usize = 1 << 18;

/// Secrets, each once.
///
/// The windows of the first secrets are kept, as hashes that do not reveal them, because at `-v 6` each request is a line
/// to redact. Those of all secrets would not fit into memory when `--merge` reads thousands of credentials: the others are encoded
/// again for each text.
#[derive(Default)]
pub(super) struct ForeignSecrets {
    hasher: RandomState,
    texts: Vec<Zeroizing<String>>,
    known: HashSet<u64>,
    windows: HashSet<u64>,
    /// Number of `texts` whose windows are in `windows`.
    indexed: usize,
}

impl ForeignSecrets {
    /// Adds a secret. Ignores texts that are shorter than the shortest redacted piece.
    pub(super) fn add(&mut self, secret: &str) {
        if secret.len() >= WINDOW && self.known.insert(self.hasher.hash_one(secret)) {
            self.texts.push(Zeroizing::new(secret.to_owned()));
        }
    }

    /// Returns the offsets of windows of these secrets in `text`, in no order.
    pub(super) fn starts(&mut self, text: &str) -> Vec<usize> {
        if self.texts.is_empty() {
            return Vec::new();
        }
        self.index();
        let bytes = text.as_bytes();
        let in_text: Vec<(usize, u128)> = windows_of(bytes)
            .filter(|(start, _)| bytes[*start..start + WINDOW].is_ascii())
            .collect();
        let is_kept = |window: &u128| self.windows.contains(&self.hasher.hash_one(window));
        let kept = in_text.iter().filter(|(_, window)| is_kept(window));
        let mut starts: Vec<usize> = kept.map(|(start, _)| *start).collect();
        let others = &self.texts[self.indexed..];
        if others.is_empty() {
            return starts;
        }
        let mut by_window: HashMap<u128, Vec<usize>> = HashMap::new();
        for (start, window) in in_text {
            by_window.entry(window).or_default().push(start);
        }
        for secret in others.iter().flat_map(|secret| encodings(secret)) {
            for (_, window) in windows_of(secret.secret_bytes()) {
                starts.extend(by_window.get(&window).into_iter().flatten());
            }
        }
        starts
    }

    /// Keeps the windows of secrets that were added since the last text.
    fn index(&mut self) {
        while self.windows.len() < MAX_WINDOWS
            && let Some(text) = self.texts.get(self.indexed)
        {
            for secret in encodings(text) {
                let windows = windows_of(secret.secret_bytes());
                let hashes = windows.map(|(_, window)| self.hasher.hash_one(window));
                self.windows.extend(hashes);
            }
            self.indexed += 1;
        }
    }
}

/// Returns a password, token or `auth` of another owner unencoded, in base64, and twice in base64: a Docker config may
/// encode it once, and a Secret encodes the config.
fn encodings(text: &str) -> Vec<EncodedSecret> {
    let plain = EncodedSecret::secret(text);
    let once = plain.encoded_anywhere();
    let mut secrets: Vec<_> = once
        .iter()
        .flat_map(EncodedSecret::encoded_anywhere)
        .collect();
    secrets.extend(once);
    secrets.push(plain);
    secrets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(index: usize) -> String {
        format!("ya29.{index:060}")
    }

    #[test]
    fn secrets_beyond_the_kept_windows_are_found() {
        let mut secrets = ForeignSecrets::default();
        let count = 400;
        for index in 0..count {
            secrets.add(&secret(index));
        }
        for index in [0, 1, count - 1] {
            let text = format!("at {}", secret(index));
            assert!(secrets.starts(&text).contains(&3), "{index}");
        }
        assert_eq!(secrets.starts(&secret(count)).len(), 65 - WINDOW);
    }

    #[test]
    fn secret_that_is_added_after_a_text_is_found_in_the_next() {
        let mut secrets = ForeignSecrets::default();
        assert_eq!(secrets.starts(&secret(1)), [0; 0]);
        secrets.add(&secret(2));
        assert!(!secrets.starts(&secret(2)).is_empty());
        secrets.add("0123456789abcdefghij");
        assert_eq!(secrets.starts("0123456789abcdef"), [0]);
        secrets.add("0123456789abcdefghij");
        assert_eq!(secrets.texts.len(), 2);
    }
}
