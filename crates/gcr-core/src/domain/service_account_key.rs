//! Validates Google service account keys: the JSON file that Google returns when a key is created.
//!
//! The fields that a registry credential needs are validated before any request is sent. The text of the file is kept
//! unchanged, because it is the password. Other types of Google credential files are refused with an error that names the type.
//! No error contains secret content, `Debug` shows only public fields, and secret fields are wiped when dropped.

use std::fmt;

use kube_clientcmd::private_key;
use rustls::pki_types::pem::{PemObject, SectionKind};
use zeroize::Zeroizing;

use super::json_object::{self, JsonObjectError, Member};
use super::key_file_shape::{self, KeyFileShape};

/// The maximum size of a key file, in bytes. Google's key files have about 2,400 bytes.
pub const MAX_BYTES: usize = 64 * 1024;

/// A validated key, whose private key can sign.
pub struct ServiceAccountKey {
    text: Zeroizing<String>,
    private_key: Zeroizing<String>,
    project_id: Option<String>,
    private_key_id: Option<String>,
    client_email: String,
}

/// An invalid service account key. The messages follow the words `key file "PATH"`.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ServiceAccountKeyError {
    /// The file is larger than [`MAX_BYTES`].
    #[error("is larger than 64 KiB, so it is not a service account key")]
    TooLarge,
    /// The file contains only white space.
    #[error("is empty")]
    Empty,
    /// The file starts with a byte order mark, which some editors add. Google does not accept it.
    #[error("starts with a byte order mark; save it as UTF-8 without one")]
    ByteOrderMark,
    /// The file is not UTF-8.
    #[error("is not UTF-8 text")]
    NotUtf8,
    /// The file is not a JSON object.
    #[error(transparent)]
    Json(#[from] JsonObjectError),
    /// The file contains a key in another form, or is another kind of file.
    #[error(transparent)]
    Shape(#[from] KeyFileShape),
    /// A field is missing.
    #[error("has no \"{0}\"")]
    Missing(&'static str),
    /// A field is repeated. JSON parsers differ in which value they use.
    #[error("has \"{0}\" more than once")]
    Duplicate(&'static str),
    /// A field is not a string.
    #[error("has a \"{0}\" that is not a string")]
    NotAString(&'static str),
    /// A field is an empty string.
    #[error("has an empty \"{0}\"")]
    EmptyField(&'static str),
    /// The file has another type, probably that of another Google credential file.
    #[error("has the \"type\" \"{0}\"{kind}, not \"service_account\"", kind = type_description(.0))]
    WrongType(String),
    /// The file has another type. The message omits it, because it is not a plain word and may be secret.
    #[error("has a \"type\" other than \"service_account\"")]
    UnprintableType,
    /// `private_key` is not PEM, or not a supported signing key.
    #[error("has a \"private_key\" that is not a valid PEM private key")]
    PrivateKey,
    /// The escapes of the line breaks in `private_key` are escaped themselves.
    #[error(
        "has a \"private_key\" whose line breaks are escaped twice (\\\\n instead of \\n); get the file as Google created it"
    )]
    EscapedTwice,
}

/// Returns the common name for a type of Google credential file, in parentheses.
fn type_description(kind: &str) -> &'static str {
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
    /// Validates the content of a key file.
    ///
    /// Drops trailing newlines, as a shell does for `"$(cat key.json)"`, and makes no other changes.
    ///
    /// # Errors
    /// Fails with the first problem found.
    pub fn parse(mut bytes: Zeroizing<Vec<u8>>) -> Result<Self, ServiceAccountKeyError> {
        use ServiceAccountKeyError as Error;
        if bytes.len() > MAX_BYTES {
            return Err(Error::TooLarge);
        }
        let byte_order_marks: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"];
        if byte_order_marks.iter().any(|mark| bytes.starts_with(mark)) {
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
        // Reuse the buffer as the text, so that there is no second copy to wipe.
        let text = String::from_utf8(std::mem::take(&mut *bytes)).map_err(|_| Error::NotUtf8)?;
        let text = Zeroizing::new(text);

        let members = json_object::members(&text).map_err(|error| {
            key_file_shape::of_text(&text).map_or(Error::Json(error), Error::Shape)
        })?;
        let kind = string(&members, "type").map_err(|error| match error {
            Error::Missing(_) => key_file_shape::of_object(&members).map_or(error, Error::Shape),
            other => other,
        })?;
        if *kind != "service_account" {
            let is_plain_word = kind.len() <= 40
                && kind
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            return Err(if is_plain_word {
                Error::WrongType(kind.to_string())
            } else {
                Error::UnprintableType
            });
        }
        let project_id = optional_string(&members, "project_id")?;
        let private_key_id = optional_string(&members, "private_key_id")?;
        let private_key = string(&members, "private_key")?;
        let client_email = string(&members, "client_email")?.to_string();
        if !can_sign(&private_key) {
            let is_one_line = !private_key.trim().contains('\n');
            return Err(if is_one_line && private_key.contains("-----\\n") {
                Error::EscapedTwice
            } else {
                Error::PrivateKey
            });
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

    /// Returns the text of the file without trailing newlines. It is secret.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the private key as PEM. It is secret.
    #[must_use]
    pub fn private_key(&self) -> &str {
        &self.private_key
    }

    /// Returns the project of the service account; `None` if the file has none, as old key files. It is public.
    #[must_use]
    pub fn project_id(&self) -> Option<&str> {
        self.project_id.as_deref()
    }

    /// Returns the ID of the key; `None` if the file has none, as old key files. It is public.
    #[must_use]
    pub fn private_key_id(&self) -> Option<&str> {
        self.private_key_id.as_deref()
    }

    /// Returns the email address of the service account. It is public.
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

/// Returns the value of a field, which must be a single non-empty string.
fn string(
    members: &[Member<'_>],
    name: &'static str,
) -> Result<Zeroizing<String>, ServiceAccountKeyError> {
    use ServiceAccountKeyError as Error;
    let mut matching = members.iter().filter(|member| member.name == name);
    let value = matching.next().ok_or(Error::Missing(name))?.value;
    if matching.next().is_some() {
        return Err(Error::Duplicate(name));
    }
    let value = json_object::string(value).ok_or(Error::NotAString(name))?;
    if value.trim().is_empty() {
        return Err(Error::EmptyField(name));
    }
    Ok(value)
}

/// Returns the value of a field that old key files lack. If the field exists, its value must be a single non-empty string.
fn optional_string(
    members: &[Member<'_>],
    name: &'static str,
) -> Result<Option<String>, ServiceAccountKeyError> {
    match string(members, name) {
        Ok(value) => Ok(Some(value.to_string())),
        Err(ServiceAccountKeyError::Missing(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns whether the PEM is a private key that rustls can sign with: RSA with 2048 to 4096 bits, of which Google uses the
/// former, or an elliptic curve.
///
/// As Google's libraries do, looks at the content of a private key, whatever its label says (golang.org/x/oauth2
/// `internal/oauth2.go`, `ParseKey`).
fn can_sign(pem: &str) -> bool {
    let Ok((kind, der)) = <(SectionKind, Vec<u8>)>::from_pem_slice(pem.as_bytes()) else {
        return false;
    };
    let der = Zeroizing::new(der);
    let is_private_key = matches!(
        kind,
        SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey
    );
    is_private_key && private_key::from_der(&der).is_ok()
}

#[cfg(test)]
mod tests;
