//! Recognizes texts that contain a service account key in another form, and files that are often taken for one.
//!
//! The result contains no part of the text. Decoded copies are wiped.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::json_object::{self, Member};

/// A text that is not a key file. The messages follow the words `key file "PATH"`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeyFileShape {
    /// The base64 encoding of a key file, as Secrets, CI variables and Google's API carry it.
    #[error("contains a key file in base64; decode it first, for example with: base64 -d")]
    Base64,
    /// A key file as a JSON string, or in the quotes of a shell.
    #[error("contains a key file in quotes; remove them, for example with: jq -r .")]
    Quoted,
    /// The inside of a JSON string that holds a key file.
    #[error("contains a key file with escaped quotes (\\\"); get the file as Google created it")]
    EscapedQuotes,
    /// A key file whose `private_key` contains line breaks.
    #[error(
        "has line breaks inside \"private_key\", where JSON needs \\n; a shell or a template expanded them, so get the \
         file as Google created it"
    )]
    RawLineBreaks,
    /// The response of `projects.serviceAccounts.keys.create` (Google's IAM API).
    #[error(
        "is the response of Google's API that created the key; its \"privateKeyData\" is the key file in base64: \
         jq -r .privateKeyData FILE | base64 -d"
    )]
    ApiResponse,
    /// A PEM private key alone.
    #[error(
        "is a PEM private key, which is only one part of a key file; get the JSON file as Google created it"
    )]
    Pem,
    /// The client of an application that signs users in.
    #[error(
        "is an OAuth client, not a service account key; create a key with: gcloud iam service-accounts keys create"
    )]
    OAuthClient,
    /// The configuration of Docker, with or without credentials.
    #[error("is a docker config, not a service account key")]
    DockerConfig,
}

/// Decodes base64 with or without padding.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// Recognizes a text that is not a JSON object.
pub(super) fn of_text(text: &str) -> Option<KeyFileShape> {
    let text = text.trim();
    if text.starts_with("-----BEGIN ") {
        return Some(KeyFileShape::Pem);
    }
    if let Some(rest) = text.strip_prefix('{') {
        return if rest.trim_start().starts_with('\\') {
            Some(KeyFileShape::EscapedQuotes)
        } else {
            has_raw_line_breaks(text).then_some(KeyFileShape::RawLineBreaks)
        };
    }
    let inner = unquoted(text);
    if inner.is_some_and(|inner| inner.trim_start().starts_with(['{', '\\'])) {
        return Some(KeyFileShape::Quoted);
    }
    is_base64_of_object(inner.unwrap_or(text)).then_some(KeyFileShape::Base64)
}

/// Recognizes a JSON object without `type`.
pub(super) fn of_object(members: &[Member<'_>]) -> Option<KeyFileShape> {
    let has = |name: &str| members.iter().any(|member| member.name == name);
    if has("privateKeyData") {
        Some(KeyFileShape::ApiResponse)
    } else if has("installed") || has("web") {
        Some(KeyFileShape::OAuthClient)
    } else {
        (has("auths") || has("credHelpers")).then_some(KeyFileShape::DockerConfig)
    }
}

/// Returns the text between two equal quotes.
fn unquoted(text: &str) -> Option<&str> {
    ['"', '\'']
        .iter()
        .find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote))
}

/// Returns whether a string of the text contains the beginning of a PEM private key and a line break in it.
fn has_raw_line_breaks(text: &str) -> bool {
    let Some((_, key)) = text.split_once("-----BEGIN ") else {
        return false;
    };
    let key = key.split_once("-----END ").map_or(key, |(key, _)| key);
    // The end of the string, if the key is cut.
    let key = key.split_once('"').map_or(key, |(key, _)| key);
    key.contains('\n')
}

fn is_base64_of_object(text: &str) -> bool {
    let mut encoded = Zeroizing::new(String::with_capacity(text.len()));
    encoded.extend(text.chars().filter(|character| !character.is_whitespace()));
    [&alphabet::STANDARD, &alphabet::URL_SAFE]
        .into_iter()
        .any(|alphabet| {
            let mut decoded = Zeroizing::new(vec![0; encoded.len()]);
            let engine = GeneralPurpose::new(alphabet, LENIENT);
            let length = engine.decode_slice(encoded.as_bytes(), &mut decoded);
            let decoded = length.ok().and_then(|length| decoded.get(..length));
            let text = decoded.and_then(|decoded| str::from_utf8(decoded).ok());
            text.is_some_and(|text| json_object::members(text).is_ok())
        })
}
