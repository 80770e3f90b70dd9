//! Deserializes the `ExecCredential` that an exec plugin prints (client-go `pkg/apis/clientauthentication/v1`).
//!
//! Follows the rules of Go's `encoding/json` for structs: the last of repeated fields counts, `null` leaves a string
//! unchanged, and a second `status` is merged into the first. A list is not accepted in place of an object.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor,
};

/// The output of an exec plugin.
#[derive(Default)]
pub(super) struct ExecCredential {
    pub(super) kind: Option<String>,
    pub(super) api_version: Option<String>,
    pub(super) status: Option<Status>,
}

/// The `status` of an [`ExecCredential`], which holds the credential.
#[derive(Default)]
pub(super) struct Status {
    pub(super) expiration_timestamp: Option<String>,
    pub(super) token: Option<String>,
    pub(super) client_certificate_data: Option<String>,
    pub(super) client_key_data: Option<String>,
}

impl<'de> Deserialize<'de> for ExecCredential {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(CredentialVisitor)
    }
}

struct CredentialVisitor;

impl<'de> Visitor<'de> for CredentialVisitor {
    type Value = ExecCredential;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an ExecCredential")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<ExecCredential, A::Error> {
        let mut credential = ExecCredential::default();
        while let Some(key) = from.next_key::<String>()? {
            match key.as_str() {
                "kind" => overwrite(&mut credential.kind, &mut from)?,
                "apiVersion" => overwrite(&mut credential.api_version, &mut from)?,
                "status" => from.next_value_seed(MergeStatus(&mut credential.status))?,
                _ => drop(from.next_value::<IgnoredAny>()?),
            }
        }
        Ok(credential)
    }
}

/// Reads a string into `field`; `null` leaves it unchanged.
fn overwrite<'de, A: MapAccess<'de>>(
    field: &mut Option<String>,
    from: &mut A,
) -> Result<(), A::Error> {
    if let Some(text) = from.next_value::<Option<String>>()? {
        *field = Some(text);
    }
    Ok(())
}

/// Merges a `status` into an earlier one; `null` removes it.
struct MergeStatus<'a>(&'a mut Option<Status>);

impl<'de> DeserializeSeed<'de> for MergeStatus<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for MergeStatus<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a status")
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        *self.0 = None;
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<(), A::Error> {
        let status = self.0.get_or_insert_default();
        while let Some(key) = from.next_key::<String>()? {
            match key.as_str() {
                // A pointer in Go: `null` clears it.
                "expirationTimestamp" => status.expiration_timestamp = from.next_value()?,
                "token" => overwrite(&mut status.token, &mut from)?,
                "clientCertificateData" => {
                    overwrite(&mut status.client_certificate_data, &mut from)?;
                }
                "clientKeyData" => overwrite(&mut status.client_key_data, &mut from)?,
                _ => drop(from.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(json: &str) -> Option<String> {
        let read = serde_json::from_str::<ExecCredential>(json).ok()?;
        Some(read.status?.token.unwrap_or_default())
    }

    // The results of kubectl 1.37.2.

    #[test]
    fn deserialize_with_repeated_field_uses_last_value() {
        for json in [
            r#"{"status":{"token":"other","token":"good"}}"#,
            r#"{"status":{"token":"other"},"status":{"token":"good"}}"#,
            r#"{"status":{"token":"good"},"status":{"expirationTimestamp":"2099-01-01T00:00:00Z"}}"#,
            r#"{"status":{"token":"good","token":null},"x":[1],"kind":"a","kind":"b"}"#,
        ] {
            assert_eq!(token(json).as_deref(), Some("good"), "{json}");
        }
    }

    #[test]
    fn deserialize_with_value_of_wrong_type_fails() {
        for json in [
            r#"{"status":{"token":5,"token":"good"}}"#,
            r#"{"status":["2099-01-01T00:00:00Z","good"]}"#,
            r#"["ExecCredential","v1",{"token":"good"}]"#,
            r#"{"status":{"token":"good"},"status":null}"#,
        ] {
            assert_eq!(token(json), None, "{json}");
        }
    }
}
