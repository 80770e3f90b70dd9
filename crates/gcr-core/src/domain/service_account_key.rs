//! A Google service account key, as in the JSON file that Google hands out once.
//!
//! Knows what a registry credential needs and checks that before anything is sent. The file's text is kept as it
//! is, because it is the password. Refuses every other kind of Google credential file by its name. No error holds
//! content, and `Debug` shows public fields only; the rest is wiped when dropped.

use std::fmt;

use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use zeroize::{Zeroize, Zeroizing};

use super::json_object::{self, JsonObjectError, Member};

/// The largest key file, in bytes. Google's are about 2,400 bytes.
pub const MAX_BYTES: usize = 64 * 1024;

/// A checked key. The private key in it is one that can sign.
pub struct ServiceAccountKey {
    text: Zeroizing<String>,
    private_key: Zeroizing<String>,
    project_id: String,
    private_key_id: String,
    client_email: String,
}

/// Why a file is not a service account key, worded to follow `key file "PATH" `.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ServiceAccountKeyError {
    /// More than [`MAX_BYTES`].
    #[error("is larger than 64 KiB, so it is not a service account key")]
    TooLarge,
    /// Nothing but white space.
    #[error("is empty")]
    Empty,
    /// A byte order mark, as some editors put in front. Google would not read it.
    #[error("starts with a byte order mark; save it as UTF-8 without one")]
    ByteOrderMark,
    /// Not text.
    #[error("is not UTF-8 text")]
    NotUtf8,
    /// Not a JSON object.
    #[error(transparent)]
    Json(#[from] JsonObjectError),
    /// A field is not there.
    #[error("has no \"{0}\"")]
    Missing(&'static str),
    /// A field is there twice, and readers differ in which one they take.
    #[error("has \"{0}\" more than once")]
    Twice(&'static str),
    /// A field is a number, an object, null …
    #[error("has a \"{0}\" that is not a string")]
    NotAString(&'static str),
    /// A field is there, but empty.
    #[error("has an empty \"{0}\"")]
    EmptyField(&'static str),
    /// Another kind of credential that Google's tools write.
    #[error("has the \"type\" \"{0}\"{kind}, not \"service_account\"", kind = explained(.0))]
    AnotherType(String),
    /// A type that is not shown, as it is no plain word.
    #[error("has another \"type\" than \"service_account\"")]
    NoType,
    /// `private_key` is not PEM, or not a key that can sign.
    #[error("has a \"private_key\" that is not a PEM private key that can be read")]
    PrivateKey,
}

/// What Google's other credential files are called by people.
fn explained(kind: &str) -> &'static str {
    match kind {
        "authorized_user" => " (user credentials)",
        "external_account" | "external_account_authorized_user" => {
            " (workload identity federation)"
        }
        "impersonated_service_account" => " (impersonation settings)",
        _ => "",
    }
}

impl ServiceAccountKey {
    /// Checks the bytes of a key file.
    ///
    /// Newlines at the end are dropped, as a shell does in `"$(cat key.json)"`; nothing else is changed.
    ///
    /// # Errors
    /// For the first thing that is wrong.
    pub fn parse(mut bytes: Zeroizing<Vec<u8>>) -> Result<Self, ServiceAccountKeyError> {
        use ServiceAccountKeyError as Error;
        if bytes.len() > MAX_BYTES {
            return Err(Error::TooLarge);
        }
        let marks: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"];
        if marks.iter().any(|mark| bytes.starts_with(mark)) {
            return Err(Error::ByteOrderMark);
        }
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(Error::Empty);
        }
        while bytes.last() == Some(&b'\n') {
            bytes.pop();
        }
        if str::from_utf8(&bytes).is_err() {
            return Err(Error::NotUtf8);
        }
        // The buffer itself becomes the text: no second copy to wipe.
        let text = String::from_utf8(std::mem::take(&mut *bytes)).map_err(|_| Error::NotUtf8)?;
        let text = Zeroizing::new(text);

        let members = json_object::members(&text)?;
        let kind = string(&members, "type")?;
        if *kind != "service_account" {
            let plain = kind.len() <= 40
                && kind
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            return Err(if plain {
                Error::AnotherType(kind.to_string())
            } else {
                Error::NoType
            });
        }
        let project_id = string(&members, "project_id")?.to_string();
        let private_key_id = string(&members, "private_key_id")?.to_string();
        let private_key = string(&members, "private_key")?;
        let client_email = string(&members, "client_email")?.to_string();
        if !can_sign(&private_key) {
            return Err(Error::PrivateKey);
        }
        drop(members);
        Ok(Self {
            text,
            private_key,
            project_id,
            private_key_id,
            client_email,
        })
    }

    /// The file as it is, without newlines at its end. Secret.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The PEM in it, with real newlines. Secret.
    #[must_use]
    pub fn private_key(&self) -> &str {
        &self.private_key
    }

    /// The project that the account belongs to. Public.
    #[must_use]
    pub fn project_id(&self) -> &str {
        &self.project_id
    }

    /// Google's name for this key of the account. Public.
    #[must_use]
    pub fn private_key_id(&self) -> &str {
        &self.private_key_id
    }

    /// The account. Public.
    #[must_use]
    pub fn client_email(&self) -> &str {
        &self.client_email
    }
}

impl fmt::Debug for ServiceAccountKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ServiceAccountKey")
            .field("project_id", &self.project_id)
            .field("private_key_id", &self.private_key_id)
            .field("client_email", &self.client_email)
            .finish_non_exhaustive()
    }
}

/// The one string of that name, not empty.
fn string(
    members: &[Member<'_>],
    name: &'static str,
) -> Result<Zeroizing<String>, ServiceAccountKeyError> {
    use ServiceAccountKeyError as Error;
    let mut named = members.iter().filter(|member| member.name == name);
    let value = named.next().ok_or(Error::Missing(name))?.value;
    if named.next().is_some() {
        return Err(Error::Twice(name));
    }
    let value = json_object::string(value).ok_or(Error::NotAString(name))?;
    if value.trim().is_empty() {
        return Err(Error::EmptyField(name));
    }
    Ok(value)
}

/// Whether the PEM is a private key that the signing library takes: RSA of at least 2048 bits, as Google makes
/// them, or an elliptic curve.
fn can_sign(pem: &str) -> bool {
    let Ok(mut key) = PrivateKeyDer::from_pem_slice(pem.as_bytes()) else {
        return false;
    };
    let signs = rustls::crypto::ring::sign::any_supported_type(&key).is_ok();
    key.zeroize();
    signs
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = include_str!("testdata/key.json");

    fn parse(text: impl Into<Vec<u8>>) -> Result<ServiceAccountKey, String> {
        ServiceAccountKey::parse(Zeroizing::new(text.into())).map_err(|error| error.to_string())
    }

    fn with(name: &str, value: impl Into<serde_json::Value>) -> String {
        let mut key: serde_json::Value = serde_json::from_str(KEY).unwrap();
        key[name] = value.into();
        key.to_string()
    }

    #[test]
    fn a_key_as_google_writes_it_is_taken_whole() {
        let key = parse(KEY).unwrap();
        assert_eq!(key.text(), KEY.strip_suffix('\n').unwrap());
        assert_eq!(key.project_id(), "example-project");
        assert_eq!(
            key.private_key_id(),
            "0123456789abcdef0123456789abcdef01234567"
        );
        assert_eq!(
            key.client_email(),
            "puller@example-project.iam.gserviceaccount.com"
        );
        assert!(
            key.private_key()
                .starts_with("-----BEGIN PRIVATE KEY-----\nMII")
        );
        assert!(key.private_key().ends_with("\n-----END PRIVATE KEY-----\n"));
    }

    #[test]
    fn only_newlines_at_the_end_are_dropped() {
        let bare = KEY.trim_end();
        assert_eq!(parse(format!("{bare}\n\n\n")).unwrap().text(), bare);
        assert_eq!(
            parse(format!(" {bare} \n")).unwrap().text(),
            format!(" {bare} ")
        );
        // As "$(cat key.json)": a shell knows no carriage return.
        assert_eq!(
            parse(format!("{bare}\r\n")).unwrap().text(),
            format!("{bare}\r")
        );
    }

    #[test]
    fn elliptic_curves_and_old_pem_are_keys_too() {
        for pem in [
            include_str!("testdata/ec.pem"),
            include_str!("testdata/rsa-pkcs1.pem"),
        ] {
            assert_eq!(parse(with("private_key", pem)).unwrap().private_key(), pem);
        }
    }

    #[test]
    fn what_is_no_json_object_is_refused_by_place() {
        for (text, message) in [
            ("", "is empty"),
            (" \r\n", "is empty"),
            ("hello", "is not JSON (line 1, column 1)"),
            ("{\n  \"type\": hunter2", "is not JSON (line 2, column 11)"),
            (
                "eyJ0eXBlIjoic2VydmljZV9hY2NvdW50In0=",
                "is not JSON (line 1, column 1)",
            ),
            ("[]", "is not a JSON object"),
            ("{}", "has no \"type\""),
            (
                "\u{feff}{}",
                "starts with a byte order mark; save it as UTF-8 without one",
            ),
        ] {
            assert_eq!(parse(text).unwrap_err(), message, "{text:?}");
        }
        assert_eq!(
            parse(b"{\"type\":\"\xff\"}".to_vec()).unwrap_err(),
            "is not UTF-8 text"
        );
        let utf16 = parse(b"\xff\xfe{\0}\0".to_vec()).unwrap_err();
        assert!(utf16.starts_with("starts with a byte order mark"));
    }

    #[test]
    fn another_credential_is_called_by_its_name() {
        for (kind, message) in [
            (
                "authorized_user",
                "has the \"type\" \"authorized_user\" (user credentials), not \"service_account\"",
            ),
            (
                "external_account",
                "has the \"type\" \"external_account\" (workload identity federation), not \"service_account\"",
            ),
            (
                "something",
                "has the \"type\" \"something\", not \"service_account\"",
            ),
            (
                "-----BEGIN PRIVATE KEY-----",
                "has another \"type\" than \"service_account\"",
            ),
        ] {
            assert_eq!(
                parse(format!("{{\"type\":\"{kind}\"}}")).unwrap_err(),
                message
            );
        }
    }

    #[test]
    fn each_field_must_be_there_once_and_hold_text() {
        for name in [
            "type",
            "project_id",
            "private_key_id",
            "private_key",
            "client_email",
        ] {
            let mut key: serde_json::Value = serde_json::from_str(KEY).unwrap();
            key.as_object_mut().unwrap().remove(name);
            assert_eq!(
                parse(key.to_string()).unwrap_err(),
                format!("has no \"{name}\"")
            );
            assert_eq!(
                parse(with(name, "")).unwrap_err(),
                format!("has an empty \"{name}\"")
            );
            assert_eq!(
                parse(with(name, 1)).unwrap_err(),
                format!("has a \"{name}\" that is not a string")
            );
            assert_eq!(
                parse(with(name, serde_json::Value::Null)).unwrap_err(),
                format!("has a \"{name}\" that is not a string")
            );
            let twice = KEY.replacen('{', &format!("{{\"{name}\":\"x\","), 1);
            assert_eq!(
                parse(twice).unwrap_err(),
                format!("has \"{name}\" more than once")
            );
        }
    }

    #[test]
    fn a_private_key_that_cannot_sign_is_refused_without_showing_it() {
        let pem = parse(KEY).unwrap().private_key().to_owned();
        let message = "has a \"private_key\" that is not a PEM private key that can be read";
        for broken in [
            "hunter2".to_owned(),
            pem.replace('\n', "\\n"),
            pem.replace('\n', ""),
            pem[..pem.len() / 2].to_owned(),
            pem.replace("MII", "AAA"),
            pem.replace("PRIVATE", "PUBLIC"),
            include_str!("testdata/rsa-1024.pem").to_owned(),
        ] {
            assert_eq!(parse(with("private_key", broken)).unwrap_err(), message);
        }
    }

    #[test]
    fn size_and_depth_have_no_effect_but_a_refusal() {
        let message = "is larger than 64 KiB, so it is not a service account key";
        assert_eq!(parse(vec![b'['; MAX_BYTES + 1]).unwrap_err(), message);
        assert!(parse(vec![b'['; MAX_BYTES]).is_err());
        assert!(parse("{\"type\":".repeat(8_000)).is_err());
        let padded = format!(
            "{}{}",
            KEY.trim_end(),
            " ".repeat(MAX_BYTES - KEY.trim_end().len())
        );
        assert!(parse(padded).is_ok());
    }

    #[test]
    fn debug_shows_public_fields_only() {
        let shown = format!("{:?}", parse(KEY).unwrap());
        assert!(shown.contains("puller@example-project.iam.gserviceaccount.com"));
        assert!(!shown.contains("BEGIN") && !shown.contains("MII"));
    }
}
