//! Detects leaks of a key. Recognizes a key in plain text and in up to three nested levels of base64 at every alignment
//! (a key in a password in an `auth` in a Secret's data).

use std::collections::HashSet;
use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::fixtures::KEY;

/// Number of consecutive key characters that count as a leak.
const WINDOW: usize = 16;
/// Nested base64 levels: password, `auth`, `data`.
const DEPTH: usize = 3;

/// A key whose leaks can be detected.
pub struct Canary {
    /// The key file's text: a valid key of the account that [`canary`] was given.
    pub json: String,
    windows: HashSet<Vec<u8>>,
}

/// Returns a valid key of the account `NAME@example-project.iam.gserviceaccount.com`, with [`KEY`]'s private key.
pub fn canary(name: &str) -> Canary {
    let json = KEY.replace("puller@", &format!("{name}@"));
    let secret = private_key_range(&json);
    let mut windows = HashSet::new();
    collect_windows(json.as_bytes(), secret, DEPTH, &mut windows);
    Canary { json, windows }
}

impl Canary {
    /// Returns the first piece of the private key in `text`, in any of the recognized forms.
    pub fn find_leak(&self, text: impl AsRef<[u8]>) -> Option<String> {
        let standard: Vec<u8> = text
            .as_ref()
            .iter()
            .map(|byte| from_url_alphabet(*byte))
            .collect();
        [text.as_ref(), &standard].into_iter().find_map(|text| {
            let found = text
                .windows(WINDOW)
                .find(|window| self.windows.contains(*window))?;
            Some(String::from_utf8_lossy(found).into_owned())
        })
    }
}

/// Returns the range of the private key's body in a key file: between the PEM lines, which are the same in every key.
fn private_key_range(json: &str) -> Range<usize> {
    let begin = r"-----BEGIN PRIVATE KEY-----\n";
    let start = json.find(begin).map_or(0, |found| found + begin.len());
    let end = json.find(r"\n-----END PRIVATE KEY").unwrap_or(json.len());
    start..end
}

fn collect_windows(
    text: &[u8],
    secret: Range<usize>,
    depth: usize,
    windows: &mut HashSet<Vec<u8>>,
) {
    windows.extend(text[secret.clone()].windows(WINDOW).map(<[u8]>::to_vec));
    if depth == 0 {
        return;
    }
    // The length of the preceding bytes decides where base64's groups of three begin.
    for shift in 0..3 {
        let shifted = [&b"xx"[..shift], text].concat();
        let encoded = STANDARD.encode(&shifted);
        // Use only the characters that do not also encode bytes around the key.
        let range = ((secret.start + shift) * 4).div_ceil(3)..(secret.end + shift) * 4 / 3;
        collect_windows(encoded.as_bytes(), range, depth - 1, windows);
    }
}

fn from_url_alphabet(byte: u8) -> u8 {
    match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{KUBECTL_SECRET, key_auth};

    #[test]
    fn find_leak_with_kubectl_encodings_finds_key() {
        let canary = canary("canary");
        for (form, text) in [
            ("key file", canary.json.as_str()),
            ("auth", key_auth()),
            ("Secret", KUBECTL_SECRET),
        ] {
            assert!(canary.find_leak(text).is_some(), "{form}");
        }
        let twice = STANDARD.encode(format!(
            "_json_key_base64:{}",
            STANDARD.encode(&canary.json)
        ));
        assert!(
            canary
                .find_leak(STANDARD.encode(format!(r#"{{"auths":{{"gcr.io":{{"auth":"{twice}"#)))
                .is_some()
        );
    }

    #[test]
    fn find_leak_with_short_piece_finds_key_but_ignores_public_fields() {
        let canary = canary("canary");
        let start = canary.json.find("PRIVATE KEY-----").unwrap() + 100;
        assert!(
            canary
                .find_leak(format!("near '{}'", &canary.json[start..start + WINDOW]))
                .is_some()
        );
        assert!(
            canary
                .find_leak(&canary.json[start..start + WINDOW - 1])
                .is_none()
        );
        let public: String = canary
            .json
            .lines()
            .filter(|line| !line.contains("\"private_key\""))
            .collect();
        assert!(canary.find_leak(public).is_none());
    }
}
