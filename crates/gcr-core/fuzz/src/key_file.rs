//! Checks the parser of key files: it changes only trailing newlines, and its errors contain no part of the private key.

use gcr_core::domain::service_account_key::ServiceAccountKey;
use zeroize::Zeroizing;

/// The length of a match between a message and a private key that cannot be a coincidence.
const WINDOW: usize = 16;

/// Parses the input as a key file, and checks the result.
pub fn check(input: &[u8]) {
    match parse(input) {
        Ok(key) => check_key(&key, input),
        Err(message) => {
            assert!(!message.contains(char::is_control), "{message:?}");
            assert_eq!(leaked_part(&message, input), None, "{message}");
        }
    }
}

fn parse(input: &[u8]) -> Result<ServiceAccountKey, String> {
    ServiceAccountKey::parse(Zeroizing::new(input.to_vec())).map_err(|error| error.to_string())
}

fn check_key(key: &ServiceAccountKey, input: &[u8]) {
    let text = key.text();
    assert!(!text.ends_with('\n'));
    let end = input
        .strip_prefix(text.as_bytes())
        .expect("the text is a prefix of the input");
    assert!(end.iter().all(|byte| *byte == b'\n'));
    // serde_json must read the same fields, unless the input exceeds its limits.
    if let Ok(value) = serde_json::from_str::<serde_json::Value>(text) {
        assert_eq!(value["type"], "service_account");
        assert_eq!(value["project_id"].as_str(), key.project_id());
        assert_eq!(value["private_key_id"].as_str(), key.private_key_id());
        assert_eq!(value["private_key"], key.private_key());
        assert_eq!(value["client_email"], key.client_email());
    }
}

/// Returns a part of the message that also occurs in the private key of the input. Plain words do not count: messages contain
/// names of credential types.
fn leaked_part<'a>(message: &'a str, input: &[u8]) -> Option<&'a str> {
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
    let mut windows = message.as_bytes().windows(WINDOW).enumerate();
    let (at, _) = windows.find(|(_, window)| {
        !window.iter().all(is_word) && value.windows(WINDOW).any(|it| it == *window)
    })?;
    message.get(at..at + WINDOW)
}
