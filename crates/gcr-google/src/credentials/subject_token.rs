//! Reads the token of another issuer from a file or a URL, as the `credential_source` of an external account says.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use super::credential_error::SourceError;
use super::file_content::read_secret;
use crate::exchange::{self, syntax_reason};
use crate::http_client::{HttpClient, HttpRequest};

/// Where the token is, and in which form.
pub(super) struct SubjectToken {
    location: TokenLocation,
    /// The member of the JSON object that holds the token; `None` if the whole text is the token.
    field: Option<String>,
}

enum TokenLocation {
    File(PathBuf),
    Url(Url, BTreeMap<String, Zeroizing<String>>),
}

#[derive(Deserialize)]
struct CredentialSource {
    #[serde(default)]
    file: Option<PathBuf>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    headers: Option<BTreeMap<String, Zeroizing<String>>>,
    #[serde(default)]
    format: Format,
    #[serde(default)]
    environment_id: Option<String>,
    #[serde(default)]
    executable: Option<Value>,
    #[serde(default)]
    certificate: Option<Value>,
}

#[derive(Default, Deserialize)]
struct Format {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    subject_token_field_name: Option<String>,
}

impl SubjectToken {
    pub(super) fn parse(source: &Value) -> Result<Self, SourceError> {
        let invalid =
            |reason: &str| SourceError::unusable(format!("\"credential_source\" {reason}"));
        let source = CredentialSource::deserialize(source)
            .map_err(|_| invalid("has a field of an unexpected type"))?;
        let unsupported = [
            (source.environment_id.is_some(), "AWS"),
            (source.executable.is_some(), "an executable"),
            (source.certificate.is_some(), "a certificate"),
        ];
        if let Some((_, name)) = unsupported.iter().find(|(is_used, _)| *is_used) {
            let reason = format!(
                "uses {name}, which is not supported; pass --access-token-file with the output of: gcloud auth print-access-token"
            );
            return Err(invalid(&reason));
        }
        let location = match (source.file, source.url) {
            (Some(path), None) => TokenLocation::File(path),
            (None, Some(url)) => {
                let url =
                    Url::parse(&url).map_err(|_| invalid("has a \"url\" that is not a URL"))?;
                TokenLocation::Url(url, source.headers.unwrap_or_default())
            }
            _ => return Err(invalid("has neither \"file\" nor \"url\"")),
        };
        let field = match (
            source.format.kind.as_deref(),
            source.format.subject_token_field_name,
        ) {
            (None | Some("text"), _) => None,
            (Some("json"), Some(field)) => Some(field),
            (Some("json"), None) => return Err(invalid("has no \"subject_token_field_name\"")),
            _ => return Err(invalid("has an unknown \"format\"")),
        };
        Ok(Self { location, field })
    }

    /// Reads the token. It is read for each exchange, because the issuer renews it.
    pub(super) async fn read(&self, http: &HttpClient) -> Result<Zeroizing<String>, SourceError> {
        let (bytes, name) = match &self.location {
            TokenLocation::File(path) => {
                let name = format!("subject token file \"{}\"", path.display());
                let read = read_secret(path).await;
                let read =
                    read.map_err(|error| SourceError::unusable(format!("{name}: {error}")))?;
                (read, name)
            }
            TokenLocation::Url(url, headers) => {
                // The metadata services of clouds have no TLS. The request carries no credential of Google.
                let mut request = HttpRequest::get(url.clone()).to_metadata_server();
                for (header, value) in headers {
                    if let Ok(header) = header.parse() {
                        request = request.header(header, value);
                    }
                }
                let name = format!("subject token from {}", request.host());
                let response = exchange::success(http, request).await?;
                (Zeroizing::new(response.body.to_vec()), name)
            }
        };
        let failed = |reason: &str| SourceError::unusable(format!("{name}: {reason}"));
        let token = match &self.field {
            None => {
                let text = str::from_utf8(&bytes).map_err(|_| failed("it is not text"))?;
                Zeroizing::new(text.trim().to_owned())
            }
            Some(field) => {
                let mut object: BTreeMap<String, Value> = serde_json::from_slice(&bytes)
                    .map_err(|error| failed(&syntax_reason(&error)))?;
                match object.remove(field) {
                    Some(Value::String(token)) => Zeroizing::new(token),
                    _ => return Err(failed(&format!("it has no text \"{field}\""))),
                }
            }
        };
        if token.is_empty() {
            return Err(failed("it is empty"));
        }
        Ok(token)
    }
}
