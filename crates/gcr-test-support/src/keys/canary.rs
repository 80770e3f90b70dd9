//! A key to be looked for where none may show. Knows the forms in which a key travels: as it is, and in base64 within
//! base64 within base64 at every alignment (a key in a password in an `auth` in a Secret's data).

use std::collections::HashSet;
use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::KEY;

/// As many characters of a key in a row are a leak.
const WINDOW: usize = 16;
/// Base64 within base64: password, `auth`, `data`.
const DEPTH: usize = 3;

/// A key that is looked for.
pub struct Canary {
    /// The key file's text: valid, with an account named after the one who asked.
    pub json: String,
    windows: HashSet<Vec<u8>>,
}

/// A valid key of the account `NAME@example-project.iam.gserviceaccount.com`. The private key is [`KEY`]'s.
pub fn canary(name: &str) -> Canary {
    let json = KEY.replace("puller@", &format!("{name}@"));
    let secret = private_key_range(&json);
    let mut windows = HashSet::new();
    collect_windows(json.as_bytes(), secret, DEPTH, &mut windows);
    Canary { json, windows }
}

impl Canary {
    /// The first piece of the private key in `text`, in whatever form it is there.
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

/// Where the body of the private key is in a key file: between the lines that every key has.
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
    // What stands before decides where the groups of three begin.
    for shift in 0..3 {
        let shifted = [&b"xx"[..shift], text].concat();
        let encoded = STANDARD.encode(&shifted);
        // Only characters that come from the secret alone.
        let permit = ((secret.start + shift) * 4).div_ceil(3)..(secret.end + shift) * 4 / 3;
        collect_windows(encoded.as_bytes(), permit, depth - 1, windows);
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
    fn a_canary_is_found_in_every_form_that_kubectl_makes_of_it() {
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
    fn a_piece_of_it_is_enough_and_the_public_fields_are_not() {
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
