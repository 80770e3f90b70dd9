//! Redacts secret material in text from servers and other external sources.
//!
//! Servers may quote any part of a request in an error. The redactor therefore does not search for whole secrets: it replaces
//! any 16 consecutive characters of secret material, in any encoding in which it is sent, by `***`. The body of a private key
//! between the BEGIN and END lines of its PEM, tokens, and registry credentials of other owners are secret. The other fields
//! of a key file are public. Shorter pieces are not redacted, because they reveal little and also occur in ordinary text.

mod encoded_secret;
mod foreign_secrets;
mod windows;

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use zeroize::Zeroizing;

use self::encoded_secret::EncodedSecret;
use self::foreign_secrets::ForeignSecrets;
use self::windows::{WINDOW, windows_of};
use super::docker_config;
use super::registry_credential::{KeyAuth, RegistryCredential};
use super::service_account_key::ServiceAccountKey;

/// The replacement for secret material.
const MASK: &str = "***";

/// The secret material of the process. It grows: `--merge` reads credentials of other owners during the run.
///
/// The windows of our own credential are computed for the first text: about 1 MB, wiped when dropped.
#[derive(Default)]
pub struct Redactor {
    own: Vec<EncodedSecret>,
    /// Every window of `own`, sorted.
    own_windows: OnceLock<Zeroizing<Vec<u128>>>,
    foreign: Mutex<ForeignSecrets>,
}

impl Redactor {
    /// Returns a redactor for `credential` in every encoding in which a Docker config, and a Secret that contains one,
    /// carry it.
    #[must_use]
    pub fn new(credential: &RegistryCredential) -> Self {
        let own = match credential {
            RegistryCredential::ServiceAccountKey { key, auth } => {
                of_key(key, *auth, credential.username())
            }
            RegistryCredential::Planned { .. } => Vec::new(),
            RegistryCredential::AccessToken(token)
            | RegistryCredential::IssuedToken { token, .. } => {
                let token = EncodedSecret::secret(token.expose());
                let auth = token
                    .between(&format!("{}:", credential.username()), "")
                    .encoded();
                let mut secrets = sent(auth);
                secrets.extend(token.encoded_anywhere());
                secrets.push(token);
                secrets
            }
        };
        Self {
            own,
            ..Self::default()
        }
    }

    /// Adds the credentials in a stored Docker config.
    pub fn add_docker_config(&self, config: &[u8]) {
        for secret in docker_config::secrets(config) {
            self.add_secret(&secret);
        }
    }

    /// Adds a token, a password or the body of a private key that the process has received. Of a service account key, only the
    /// private key is secret: its other fields are shown. Ignores texts that are shorter than the shortest redacted piece.
    pub fn add_secret(&self, secret: &str) {
        if secret.trim_start().starts_with('{')
            && let Ok(key) = ServiceAccountKey::parse(Zeroizing::new(secret.into()))
        {
            return self.add_key(&key);
        }
        self.foreign().add(secret);
    }

    /// Adds the private key of a service account key, line by line of its PEM.
    pub fn add_key(&self, key: &ServiceAccountKey) {
        let mut foreign = self.foreign();
        for line in encoded_secret::body_lines(key.private_key()) {
            foreign.add(line);
        }
    }

    /// Returns `text` with `***` in place of each run of 16 or more characters of secret material; adjacent runs become
    /// one.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let mut redacted = String::with_capacity(text.len());
        let mut end = 0;
        for range in self.secret_ranges(text) {
            redacted.push_str(&text[end..range.start]);
            redacted.push_str(MASK);
            end = range.end;
        }
        redacted.push_str(&text[end..]);
        redacted
    }

    /// Returns the secret ranges of `text`, in order, none adjacent to another. Windows are ASCII, so that ranges begin and
    /// end between characters.
    fn secret_ranges(&self, text: &str) -> Vec<Range<usize>> {
        let own = self.own_windows();
        let mut starts: BTreeSet<usize> = windows_of(text.as_bytes())
            .filter(|(_, window)| own.binary_search(window).is_ok())
            .map(|(start, _)| start)
            .collect();
        starts.extend(self.foreign().starts(text));
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for start in starts {
            match ranges.last_mut() {
                Some(last) if last.end >= start => last.end = start + WINDOW,
                _ => ranges.push(start..start + WINDOW),
            }
        }
        ranges
    }

    fn own_windows(&self) -> &[u128] {
        self.own_windows.get_or_init(|| {
            let count = self
                .own
                .iter()
                .map(|secret| secret.secret_bytes().len())
                .sum();
            // Allocated once: a buffer that grows leaves copies behind.
            let mut windows = Zeroizing::new(Vec::with_capacity(count));
            for secret in &self.own {
                let ascii = secret.secret_bytes().windows(WINDOW).map(<[u8]>::is_ascii);
                let all = windows_of(secret.secret_bytes()).zip(ascii);
                windows.extend(
                    all.filter(|(_, ascii)| *ascii)
                        .map(|((_, window), _)| window),
                );
            }
            windows.sort_unstable();
            windows.dedup();
            windows
        })
    }

    fn foreign(&self) -> MutexGuard<'_, ForeignSecrets> {
        // A holder that panicked leaves usable secrets: `indexed` follows the windows.
        self.foreign.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Redactor(***)")
    }
}

fn of_key(key: &ServiceAccountKey, auth: KeyAuth, user: &str) -> Vec<EncodedSecret> {
    let body = encoded_secret::body_lines(key.private_key());
    let file = EncodedSecret::within(key.text(), encoded_secret::escaped_body(key.text()));
    let user = format!("{user}:");
    let mut secrets = sent(match auth {
        KeyAuth::JsonKey => file.between(&user, "").encoded(),
        KeyAuth::JsonKeyBase64 => file.encoded().between(&user, "").encoded(),
    });
    secrets.extend(file.encoded_anywhere());
    secrets.push(file);
    // A newline raw, escaped once and twice by JSON, as on Windows, and left out.
    for newline in ["\n", "\\n", "\\\\n", "\r\n", "\\r\\n", ""] {
        let body = EncodedSecret::secret(&Zeroizing::new(body.join(newline)));
        if newline == "\n" {
            secrets.extend(body.between("\n", "\n").encoded_anywhere());
        }
        secrets.push(body);
    }
    secrets
}

/// Returns an `auth` as it stands in a Docker config, and in the base64 of one at any offset.
fn sent(auth: EncodedSecret) -> Vec<EncodedSecret> {
    let mut secrets = Vec::from(auth.between("\"", "\"").encoded_anywhere());
    secrets.push(auth);
    secrets
}

#[cfg(test)]
mod tests;
