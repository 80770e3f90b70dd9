//! Defines the addresses of Google's APIs, and reads gcloud's overrides of them.

use kube_clientcmd::Environment;
use kube_clientcmd::escape_control::quoted;
use url::Url;

use crate::http_client::is_loopback;

/// An API.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Api {
    /// Service Usage: which APIs are enabled.
    ServiceUsage,
    /// Identity and Access Management: service accounts and their keys.
    Iam,
    /// IAM Service Account Credentials: tokens of other accounts.
    IamCredentials,
    /// Artifact Registry.
    ArtifactRegistry,
    /// Cloud Resource Manager: projects.
    ResourceManager,
}

/// Every API, with the name in its host, in gcloud's property `api_endpoint_overrides/NAME` and in [`Endpoints`].
const APIS: [(Api, &str); 5] = [
    (Api::ServiceUsage, "serviceusage"),
    (Api::Iam, "iam"),
    (Api::IamCredentials, "iamcredentials"),
    (Api::ArtifactRegistry, "artifactregistry"),
    (Api::ResourceManager, "cloudresourcemanager"),
];

/// The addresses of the APIs.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// In the order of [`APIS`].
    addresses: [Url; 5],
}

/// An invalid override of an address.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("invalid {variable} {}: {reason}", quoted(value))]
pub struct EndpointError {
    variable: String,
    value: String,
    reason: &'static str,
}

impl Api {
    /// Returns the name under which the API is enabled, such as `artifactregistry.googleapis.com`.
    #[must_use]
    pub fn service_name(self) -> String {
        let name = APIS.iter().find(|(api, _)| *api == self);
        format!("{}.googleapis.com", name.map_or("", |(_, name)| name))
    }

    fn index(self) -> usize {
        APIS.iter().position(|(api, _)| *api == self).unwrap_or(0)
    }
}

impl Endpoints {
    /// Returns Google's public addresses, or those in `CLOUDSDK_API_ENDPOINT_OVERRIDES_*`.
    ///
    /// # Errors
    /// Fails if an override is not an `https` URL; `http` is allowed for loopback addresses.
    pub fn of(environment: &Environment) -> Result<Self, EndpointError> {
        let mut found = Vec::with_capacity(APIS.len());
        for (api, name) in APIS {
            let variable = format!("CLOUDSDK_API_ENDPOINT_OVERRIDES_{}", name.to_uppercase());
            let configured = environment.text(&variable);
            let public = format!("https://{}/", api.service_name());
            let address = configured.unwrap_or(&public);
            found.push(parse(address).map_err(|reason| EndpointError {
                variable,
                value: address.to_owned(),
                reason,
            })?);
        }
        let [a, b, c, d, e] = <[Url; 5]>::try_from(found).unwrap_or_else(|_| unreachable!());
        Ok(Self {
            addresses: [a, b, c, d, e],
        })
    }

    /// Returns the URL of a method. `path` is relative to the API's root, starts without a slash, and has its segments
    /// percent-encoded by [`crate::names::segment`].
    #[must_use]
    pub fn url(&self, api: Api, path: &str) -> Url {
        let mut url = self.addresses[api.index()].clone();
        url.set_path(&format!("{}{path}", url.path()));
        url
    }

    /// Returns whether the address of an API is overridden.
    #[must_use]
    pub fn is_overridden(&self, api: Api) -> bool {
        self.addresses[api.index()].host_str() != Some(&api.service_name())
    }
}

fn parse(address: &str) -> Result<Url, &'static str> {
    let mut url = Url::parse(address).map_err(|_| "it is not a URL")?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => return Err("plain HTTP is allowed only for loopback addresses"),
        _ => return Err("the scheme is not https"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("user information is not allowed");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("a query or fragment is not allowed");
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Endpoints, EndpointError> {
        Endpoints::of(&Environment::of(variables))
    }

    #[test]
    fn url_without_override_is_public() {
        let endpoints = of(&[]).unwrap();
        for (api, expected) in [
            (
                Api::ServiceUsage,
                "https://serviceusage.googleapis.com/v1/x",
            ),
            (Api::Iam, "https://iam.googleapis.com/v1/x"),
            (
                Api::IamCredentials,
                "https://iamcredentials.googleapis.com/v1/x",
            ),
            (
                Api::ArtifactRegistry,
                "https://artifactregistry.googleapis.com/v1/x",
            ),
            (
                Api::ResourceManager,
                "https://cloudresourcemanager.googleapis.com/v1/x",
            ),
        ] {
            assert_eq!(endpoints.url(api, "v1/x").as_str(), expected);
            assert!(!endpoints.is_overridden(api));
        }
    }

    #[test]
    fn url_with_override_of_gcloud_keeps_its_path() {
        for address in ["http://127.0.0.1:18080/iam/", "http://127.0.0.1:18080/iam"] {
            let endpoints = of(&[("CLOUDSDK_API_ENDPOINT_OVERRIDES_IAM", address)]).unwrap();
            assert_eq!(
                endpoints.url(Api::Iam, "v1/x").as_str(),
                "http://127.0.0.1:18080/iam/v1/x"
            );
            assert!(endpoints.is_overridden(Api::Iam));
            assert!(!endpoints.is_overridden(Api::ServiceUsage));
        }
    }

    #[test]
    fn invalid_override_names_its_variable() {
        for (address, reason) in [
            (
                "http://example.com/",
                "plain HTTP is allowed only for loopback addresses",
            ),
            ("x", "it is not a URL"),
            ("ftp://example.com/", "the scheme is not https"),
            (
                "https://u:p@example.com/",
                "user information is not allowed",
            ),
            (
                "https://example.com/?x",
                "a query or fragment is not allowed",
            ),
        ] {
            let error = of(&[("CLOUDSDK_API_ENDPOINT_OVERRIDES_IAM", address)]).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("invalid CLOUDSDK_API_ENDPOINT_OVERRIDES_IAM \"{address}\": {reason}")
            );
        }
    }
}
