//! A key file: taken as it is but for newlines at its end, and a refusal repeats nothing of the private key.

use gcr_core::domain::service_account_key::ServiceAccountKey;
use zeroize::Zeroizing;

/// This much of a private key in a message is no accident.
const WINDOW: usize = 16;

/// Reads the input as a key file.
pub fn check(input: &[u8]) {
    match parse(input) {
        Ok(key) => taken(&key, input),
        Err(said) => {
            assert!(!said.contains(char::is_control), "{said:?}");
            assert_eq!(repeated(&said, input), None, "{said}");
        }
    }
}

fn parse(input: &[u8]) -> Result<ServiceAccountKey, String> {
    ServiceAccountKey::parse(Zeroizing::new(input.to_vec())).map_err(|error| error.to_string())
}

fn taken(key: &ServiceAccountKey, input: &[u8]) {
    let text = key.text();
    assert!(!text.ends_with('\n'));
    let end = input
        .strip_prefix(text.as_bytes())
        .expect("a beginning of the input");
    assert!(end.iter().all(|byte| *byte == b'\n'));
    // What another reader of JSON makes of it, where that one has no limits of its own.
    if let Ok(value) = serde_json::from_str::<serde_json::Value>(text) {
        assert_eq!(value["type"], "service_account");
        assert_eq!(value["project_id"], key.project_id());
        assert_eq!(value["private_key_id"], key.private_key_id());
        assert_eq!(value["private_key"], key.private_key());
        assert_eq!(value["client_email"], key.client_email());
    }
}

/// A piece of a message that also stands in the input's private key, and is no plain word: those are names of types.
fn repeated<'a>(said: &'a str, input: &[u8]) -> Option<&'a str> {
    let name = b"\"private_key\"";
    let at = input
        .windows(name.len())
        .position(|window| window == name)?;
    let value = &input[at + name.len()..];
    let from = value.iter().position(|byte| *byte == b'"')? + 1;
    let value = &value[from..];
    let to = value.iter().position(|byte| *byte == b'"');
    let value = &value[..to.unwrap_or(value.len())];
    let is_word = |byte: &u8| byte.is_ascii_lowercase() || matches!(byte, b'_' | b' ');
    let mut windows = said.as_bytes().windows(WINDOW).enumerate();
    let (at, _) = windows.find(|(_, window)| {
        !window.iter().all(is_word) && value.windows(WINDOW).any(|it| it == *window)
    })?;
    said.get(at..at + WINDOW)
}
