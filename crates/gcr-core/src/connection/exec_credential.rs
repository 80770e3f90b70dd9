//! An `ExecCredential` as a credential plugin prints it (client-go `pkg/apis/clientauthentication/v1`).
//!
//! Read as Go reads JSON into a struct: of a field that comes twice the last counts, and nothing in it leaves what was
//! there; a second `status` is laid over the first. A list is never taken for an object's fields.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor,
};

/// What was printed.
#[derive(Default)]
pub(super) struct ExecCredential {
    pub(super) kind: Option<String>,
    pub(super) api_version: Option<String>,
    pub(super) status: Option<Status>,
}

/// The credential itself.
#[derive(Default)]
pub(super) struct Status {
    pub(super) expiration_timestamp: Option<String>,
    pub(super) token: Option<String>,
    pub(super) client_certificate_data: Option<String>,
    pub(super) client_key_data: Option<String>,
}

impl<'de> Deserialize<'de> for ExecCredential {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Whole)
    }
}

struct Whole;

impl<'de> Visitor<'de> for Whole {
    type Value = ExecCredential;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an ExecCredential")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<ExecCredential, A::Error> {
        let mut whole = ExecCredential::default();
        while let Some(key) = from.next_key::<String>()? {
            match key.as_str() {
                "kind" => overwrite(&mut whole.kind, &mut from)?,
                "apiVersion" => overwrite(&mut whole.api_version, &mut from)?,
                "status" => from.next_value_seed(Laid(&mut whole.status))?,
                _ => drop(from.next_value::<IgnoredAny>()?),
            }
        }
        Ok(whole)
    }
}

/// A text; nothing leaves what was there.
fn overwrite<'de, A: MapAccess<'de>>(
    slot: &mut Option<String>,
    from: &mut A,
) -> Result<(), A::Error> {
    if let Some(text) = from.next_value::<Option<String>>()? {
        *slot = Some(text);
    }
    Ok(())
}

/// A status that is laid over the one before it; nothing takes that away.
struct Laid<'a>(&'a mut Option<Status>);

impl<'de> DeserializeSeed<'de> for Laid<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Laid<'_> {
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
                // Go's is a pointer: nothing takes it away.
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

    // What kubectl 1.37.2 made of the same.

    #[test]
    fn the_last_of_a_repeated_field_counts() {
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
    fn what_is_of_another_type_is_refused_also_where_the_last_is_not() {
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
