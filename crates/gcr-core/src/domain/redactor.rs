//! Takes secret material out of text that comes back from outside.
//!
//! Servers quote windows of what they were sent, cut anywhere. So nothing is searched for as a whole: any run of 16
//! characters that stands in secret material, in any of the forms it is sent in, becomes `***`. Secret are the body
//! of the private key, between PEM's BEGIN and END lines, and the token; a key file's other fields are public and
//! stay readable. Shorter runs stay: they give nothing away and turn up in innocent text.

mod encoded_secret;

use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

use zeroize::Zeroizing;

use self::encoded_secret::EncodedSecret;
use super::registry_credential::{KeyAuth, RegistryCredential};
use super::service_account_key::ServiceAccountKey;

/// What stands where secret material was.
const MASK: &str = "***";

/// The shortest run that is masked, in bytes. As many as a `u128` has.
const WINDOW: usize = 16;

/// The secret material of one credential, in every form in which it is sent.
///
/// Errors are rare, so the windows are only worked out for the first text there is to mask: about 1 MB, wiped when
/// dropped.
pub struct Redactor {
    carriers: Vec<EncodedSecret>,
    windows: OnceLock<Zeroizing<Vec<u128>>>,
}

impl Redactor {
    /// What is secret of `credential`, as it stands in any Docker config and in any Secret made of one.
    #[must_use]
    pub fn new(credential: &RegistryCredential) -> Self {
        let carriers = match credential {
            RegistryCredential::ServiceAccountKey { key, auth } => {
                of_key(key, *auth, credential.username())
            }
            RegistryCredential::AccessToken(token) => {
                let token = EncodedSecret::secret(token.expose());
                let auth = token
                    .between(&format!("{}:", credential.username()), "")
                    .encoded();
                let mut carriers = sent(auth);
                carriers.extend(token.encoded_anywhere());
                carriers.push(token);
                carriers
            }
        };
        Self {
            carriers,
            windows: OnceLock::new(),
        }
    }

    /// `text` with `***` for every run of 16 or more characters of secret material; runs that touch become one.
    #[must_use]
    pub fn mask(&self, text: &str) -> String {
        let mut masked = String::with_capacity(text.len());
        let mut shown = 0;
        for range in self.secret_ranges(text) {
            masked.push_str(&text[shown..range.start]);
            masked.push_str(MASK);
            shown = range.end;
        }
        masked.push_str(&text[shown..]);
        masked
    }

    /// In order, none touching another. All of it is ASCII, so they begin and end between characters.
    fn secret_ranges(&self, text: &str) -> Vec<Range<usize>> {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for (start, window) in windows_of(text.as_bytes()) {
            if self.windows().binary_search(&window).is_err() {
                continue;
            }
            match ranges.last_mut() {
                Some(last) if last.end >= start => last.end = start + WINDOW,
                _ => ranges.push(start..start + WINDOW),
            }
        }
        ranges
    }

    fn windows(&self) -> &[u128] {
        self.windows.get_or_init(|| {
            let count = self
                .carriers
                .iter()
                .map(|carrier| carrier.secret_bytes().len())
                .sum();
            // Room for all of it: a buffer that grows leaves copies behind.
            let mut windows = Zeroizing::new(Vec::with_capacity(count));
            for carrier in &self.carriers {
                let ascii = carrier.secret_bytes().windows(WINDOW).map(<[u8]>::is_ascii);
                let all = windows_of(carrier.secret_bytes()).zip(ascii);
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
}

impl fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretMaterial(***)")
    }
}

/// Each run of [`WINDOW`] bytes as a number, with where it starts.
fn windows_of(bytes: &[u8]) -> impl Iterator<Item = (usize, u128)> {
    let mut last = 0;
    let rolling = bytes.iter().map(move |byte| {
        last = last << 8 | u128::from(*byte);
        last
    });
    rolling.skip(WINDOW - 1).enumerate()
}

fn of_key(key: &ServiceAccountKey, auth: KeyAuth, user: &str) -> Vec<EncodedSecret> {
    let body = encoded_secret::body_lines(key.private_key());
    let file = EncodedSecret::within(key.text(), encoded_secret::escaped_body(key.text()));
    let user = format!("{user}:");
    let mut carriers = sent(match auth {
        KeyAuth::JsonKey => file.between(&user, "").encoded(),
        KeyAuth::JsonKeyBase64 => file.encoded().between(&user, "").encoded(),
    });
    carriers.extend(file.encoded_anywhere());
    carriers.push(file);
    // A newline as it is, as JSON escapes it once and twice, as Windows has it, and left out.
    for newline in ["\n", "\\n", "\\\\n", "\r\n", "\\r\\n", ""] {
        let body = EncodedSecret::secret(&Zeroizing::new(body.join(newline)));
        if newline == "\n" {
            carriers.extend(body.between("\n", "\n").encoded_anywhere());
        }
        carriers.push(body);
    }
    carriers
}

/// An `auth` as it stands in a Docker config, and in the base64 of one, wherever in it.
fn sent(auth: EncodedSecret) -> Vec<EncodedSecret> {
    let mut carriers = Vec::from(auth.between("\"", "\"").encoded_anywhere());
    carriers.push(auth);
    carriers
}

#[cfg(test)]
mod tests;
