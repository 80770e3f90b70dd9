//! Lists the API methods that the fake serves, by their ids in Google's discovery documents, and finds the method of a
//! request.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// A method of one of the APIs.
pub(super) struct Method {
    /// Id in the discovery document, for example `iam.projects.serviceAccounts.get`. Methods outside of discovery
    /// (token endpoint, metadata server, registry) have ids of the same form.
    pub(super) id: &'static str,
    verb: &'static str,
    /// Path with `{}` for each parameter.
    template: &'static str,
    /// Permission that the caller needs; empty for methods without credentials or with checks of their own.
    pub(super) permission: &'static str,
}

const fn method(
    id: &'static str,
    verb: &'static str,
    template: &'static str,
    permission: &'static str,
) -> Method {
    Method {
        id,
        verb,
        template,
        permission,
    }
}

macro_rules! accounts {
    ($tail:literal) => {
        concat!("v1/projects/{}/serviceAccounts", $tail)
    };
}

macro_rules! repositories {
    ($tail:literal) => {
        concat!("v1/projects/{}/locations/{}/repositories", $tail)
    };
}

/// All methods. The first one that matches serves a request, so templates with a custom verb (`:disable`) come first.
#[rustfmt::skip]
pub(super) const METHODS: &[Method] = &[
    method("serviceusage.services.enable", "POST", "v1/projects/{}/services/{}:enable", "serviceusage.services.enable"),
    method("serviceusage.services.disable", "POST", "v1/projects/{}/services/{}:disable", "serviceusage.services.disable"),
    method("serviceusage.services.batchEnable", "POST", "v1/projects/{}/services:batchEnable", "serviceusage.services.enable"),
    method("serviceusage.services.batchGet", "GET", "v1/projects/{}/services:batchGet", "serviceusage.services.get"),
    method("serviceusage.services.get", "GET", "v1/projects/{}/services/{}", "serviceusage.services.get"),
    method("serviceusage.services.list", "GET", "v1/projects/{}/services", "serviceusage.services.list"),
    method("serviceusage.operations.get", "GET", "v1/operations/{}", ""),

    method("iam.projects.serviceAccounts.disable", "POST", accounts!("/{}:disable"), "iam.serviceAccounts.disable"),
    method("iam.projects.serviceAccounts.enable", "POST", accounts!("/{}:enable"), "iam.serviceAccounts.enable"),
    method("iam.projects.serviceAccounts.getIamPolicy", "POST", accounts!("/{}:getIamPolicy"), "iam.serviceAccounts.getIamPolicy"),
    method("iam.projects.serviceAccounts.setIamPolicy", "POST", accounts!("/{}:setIamPolicy"), "iam.serviceAccounts.setIamPolicy"),
    method("iam.projects.serviceAccounts.testIamPermissions", "POST", accounts!("/{}:testIamPermissions"), ""),
    method("iamcredentials.projects.serviceAccounts.generateAccessToken", "POST", accounts!("/{}:generateAccessToken"), ""),
    method("iamcredentials.projects.serviceAccounts.generateIdToken", "POST", accounts!("/{}:generateIdToken"), ""),
    method("iamcredentials.projects.serviceAccounts.signJwt", "POST", accounts!("/{}:signJwt"), ""),
    method("iam.projects.serviceAccounts.get", "GET", accounts!("/{}"), "iam.serviceAccounts.get"),
    method("iam.projects.serviceAccounts.delete", "DELETE", accounts!("/{}"), "iam.serviceAccounts.delete"),
    method("iam.projects.serviceAccounts.create", "POST", accounts!(""), "iam.serviceAccounts.create"),
    method("iam.projects.serviceAccounts.list", "GET", accounts!(""), "iam.serviceAccounts.list"),

    method("iam.projects.serviceAccounts.keys.disable", "POST", accounts!("/{}/keys/{}:disable"), "iam.serviceAccountKeys.disable"),
    method("iam.projects.serviceAccounts.keys.enable", "POST", accounts!("/{}/keys/{}:enable"), "iam.serviceAccountKeys.enable"),
    method("iam.projects.serviceAccounts.keys.get", "GET", accounts!("/{}/keys/{}"), "iam.serviceAccountKeys.get"),
    method("iam.projects.serviceAccounts.keys.delete", "DELETE", accounts!("/{}/keys/{}"), "iam.serviceAccountKeys.delete"),
    method("iam.projects.serviceAccounts.keys.create", "POST", accounts!("/{}/keys"), "iam.serviceAccountKeys.create"),
    method("iam.projects.serviceAccounts.keys.list", "GET", accounts!("/{}/keys"), "iam.serviceAccountKeys.list"),

    method("artifactregistry.projects.locations.repositories.getIamPolicy", "GET", repositories!("/{}:getIamPolicy"), "artifactregistry.repositories.getIamPolicy"),
    method("artifactregistry.projects.locations.repositories.setIamPolicy", "POST", repositories!("/{}:setIamPolicy"), "artifactregistry.repositories.setIamPolicy"),
    method("artifactregistry.projects.locations.repositories.testIamPermissions", "POST", repositories!("/{}:testIamPermissions"), ""),
    method("artifactregistry.projects.locations.repositories.get", "GET", repositories!("/{}"), "artifactregistry.repositories.get"),
    method("artifactregistry.projects.locations.repositories.delete", "DELETE", repositories!("/{}"), "artifactregistry.repositories.delete"),
    method("artifactregistry.projects.locations.repositories.create", "POST", repositories!(""), "artifactregistry.repositories.create"),
    method("artifactregistry.projects.locations.repositories.list", "GET", repositories!(""), "artifactregistry.repositories.list"),
    method("artifactregistry.projects.locations.operations.get", "GET", "v1/projects/{}/locations/{}/operations/{}", ""),
    method("artifactregistry.projects.locations.get", "GET", "v1/projects/{}/locations/{}", "artifactregistry.locations.get"),
    method("artifactregistry.projects.locations.list", "GET", "v1/projects/{}/locations", "artifactregistry.locations.list"),
    method("artifactregistry.projects.getProjectSettings", "GET", "v1/projects/{}/projectSettings", "artifactregistry.projectsettings.get"),

    method("cloudresourcemanager.projects.getIamPolicy", "POST", "v1/projects/{}:getIamPolicy", "resourcemanager.projects.getIamPolicy"),
    method("cloudresourcemanager.projects.getIamPolicy", "POST", "v3/projects/{}:getIamPolicy", "resourcemanager.projects.getIamPolicy"),
    method("cloudresourcemanager.projects.setIamPolicy", "POST", "v1/projects/{}:setIamPolicy", "resourcemanager.projects.setIamPolicy"),
    method("cloudresourcemanager.projects.setIamPolicy", "POST", "v3/projects/{}:setIamPolicy", "resourcemanager.projects.setIamPolicy"),
    method("cloudresourcemanager.projects.testIamPermissions", "POST", "v1/projects/{}:testIamPermissions", ""),
    method("cloudresourcemanager.projects.testIamPermissions", "POST", "v3/projects/{}:testIamPermissions", ""),
    method("cloudresourcemanager.projects.get", "GET", "v1/projects/{}", "resourcemanager.projects.get"),
    method("cloudresourcemanager.projects.get", "GET", "v3/projects/{}", "resourcemanager.projects.get"),

    method("sts.token", "POST", "v1/token", ""),
    method("oauth2.token", "POST", "token", ""),
    // Older clients send the same exchange to `www.googleapis.com` and `accounts.google.com`.
    method("oauth2.token", "POST", "oauth2/v4/token", ""),
    method("oauth2.token", "POST", "o/oauth2/token", ""),

    method("metadata.ping", "GET", "", ""),
    method("metadata.accounts", "GET", "computeMetadata/v1/instance/service-accounts/", ""),
    method("metadata.account", "GET", "computeMetadata/v1/instance/service-accounts/{}/", ""),
    method("metadata.account", "GET", "computeMetadata/v1/instance/service-accounts/{}/{}", ""),
    method("metadata.project", "GET", "computeMetadata/v1/project/{}", ""),
    method("metadata.universe", "GET", "computeMetadata/v1/universe/{}", ""),

    method("registry.token", "GET", "v2/token", ""),
    method("registry.ping", "GET", "v2/", ""),
    method("registry.ping", "GET", "v2", ""),
];

/// Stands for every request below `/v2/` other than the token endpoint, for example of a manifest.
pub(super) const REGISTRY_CONTENT: Method = method("registry.content", "", "", "");

impl Method {
    /// Returns the API's host name; empty for the metadata server and the registries, which have several.
    pub(super) fn host(&self) -> Option<String> {
        let api = self.id.split('.').next().unwrap_or_default();
        (!matches!(api, "metadata" | "registry")).then(|| format!("{api}.googleapis.com"))
    }

    /// Returns the name of the service that must be enabled in the consumer's project; `None` for those that always
    /// work.
    pub(super) fn service(&self) -> Option<String> {
        let always = ["oauth2.", "sts.", "metadata.", "registry.", "serviceusage."];
        let api = always.iter().all(|prefix| !self.id.starts_with(prefix));
        api.then(|| self.host()).flatten()
    }

    fn parameters(&self, path: &str) -> Option<Vec<String>> {
        let expected = self.template.split('/');
        let mut actual = path.split('/');
        let mut parameters = Vec::new();
        for template in expected {
            let segment = percent_decode_str(actual.next()?).decode_utf8_lossy();
            match template.strip_prefix("{}") {
                None if template == segment => {}
                None => return None,
                Some(suffix) => {
                    let value = segment.strip_suffix(suffix)?;
                    if value.is_empty() {
                        return None;
                    }
                    parameters.push(value.to_owned());
                }
            }
        }
        actual.next().is_none().then_some(parameters)
    }
}

/// Returns the method that serves a request, and the values of its path parameters. `host` is a Google host name, or
/// `None` for a client that was pointed at the fake's own address and therefore reaches all APIs there.
pub(super) fn find(
    verb: &str,
    host: Option<&str>,
    path: &str,
) -> Option<(&'static Method, Vec<String>)> {
    let path = path.strip_prefix('/').unwrap_or(path);
    // gcloud lists locations with a beta version of the same method.
    let path = match path.strip_prefix("v1beta2/") {
        Some(rest) => Cow::Owned(format!("v1/{rest}")),
        None => Cow::Borrowed(path),
    };
    METHODS.iter().find_map(|method| {
        if method.verb != verb || host.is_some_and(|host| !is_served_at(method, host)) {
            return None;
        }
        Some((method, method.parameters(&path)?))
    })
}

fn is_served_at(method: &Method, host: &str) -> bool {
    match method.id.split('.').next().unwrap_or_default() {
        "metadata" => is_metadata_host(host),
        "registry" => is_registry_host(host),
        "oauth2" => [
            "oauth2.googleapis.com",
            "www.googleapis.com",
            "accounts.google.com",
        ]
        .contains(&host),
        // Artifact Registry also has regional endpoints.
        "artifactregistry" if host.ends_with(".rep.googleapis.com") => {
            host.starts_with("artifactregistry.")
        }
        _ => method.host().as_deref() == Some(host),
    }
}

/// Returns whether the metadata server of Google Cloud has this name or address.
pub(super) fn is_metadata_host(host: &str) -> bool {
    ["metadata.google.internal", "metadata", "169.254.169.254"].contains(&host)
}

/// Returns whether images are served at this host.
pub(super) fn is_registry_host(host: &str) -> bool {
    host == "gcr.io" || host.ends_with(".gcr.io") || host.ends_with(".pkg.dev")
}

/// Returns whether the fake stands in for this host.
pub(super) fn is_google_host(host: &str) -> bool {
    host.ends_with(".googleapis.com") || host == "accounts.google.com" || is_registry_host(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(verb: &str, host: &str, path: &str) -> Option<(&'static str, Vec<String>)> {
        find(verb, Some(host), path).map(|(method, parameters)| (method.id, parameters))
    }

    #[test]
    fn find_with_custom_verb_separates_it_from_the_name() {
        let found = id(
            "GET",
            "artifactregistry.googleapis.com",
            "/v1/projects/p/locations/us/repositories/gcr.io:getIamPolicy",
        );
        let (id, parameters) = found.unwrap();
        assert_eq!(
            id,
            "artifactregistry.projects.locations.repositories.getIamPolicy"
        );
        assert_eq!(parameters, ["p", "us", "gcr.io"]);
    }

    #[test]
    fn find_with_domain_scoped_project_and_escapes_decodes_names() {
        let path = "/v1/projects/example.com:p/serviceAccounts/a%40example.com/keys/7:disable";
        let (id, parameters) = id("POST", "iam.googleapis.com", path).unwrap();
        assert_eq!(id, "iam.projects.serviceAccounts.keys.disable");
        assert_eq!(parameters, ["example.com:p", "a@example.com", "7"]);
    }

    #[test]
    fn find_at_host_of_other_api_returns_none() {
        let path = "/v1/projects/p/serviceAccounts";
        assert!(id("GET", "iam.googleapis.com", path).is_some());
        assert!(id("GET", "serviceusage.googleapis.com", path).is_none());
        assert!(find("GET", None, path).is_some());
        assert!(id("PUT", "iam.googleapis.com", path).is_none());
        assert!(id("GET", "gcr.io", "/v2/token").is_some());
        assert!(id("GET", "oauth2.googleapis.com", "/v2/token").is_none());
    }
}
