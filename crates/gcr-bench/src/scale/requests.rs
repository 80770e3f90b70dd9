//! Prepares the requests of the load generator: those that the plugin sends for a namespace, and those that create and
//! clean up namespaces.

use bytes::Bytes;
use gcr_test_support::{Error, Result, Session};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::load::ApiRequest;

const JSON: &str = "application/json";
/// Asks for metadata only: the plugin never reads Secret data.
const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const METADATA_LIST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/// The plugin's server-side apply of the Secret. Its body is the same for every namespace.
pub(super) struct SecretApply(Bytes);

impl SecretApply {
    /// Takes the body from the manifest that the plugin prints for the key file of the session.
    pub(super) fn of(session: &Session) -> Result<Self> {
        let arguments = [
            "create",
            "--key-file=key.json",
            "--dry-run=client",
            "-o",
            "json",
        ];
        let output = session.gcr_secret(arguments).run();
        let manifest: Value = serde_json::from_str(&output.stdout)
            .map_err(|error| Error::during("parse the Secret's manifest", error))?;
        Ok(Self(Bytes::from(manifest.to_string())))
    }

    /// Returns the request for a namespace.
    pub(super) fn to(&self, namespace: &str) -> ApiRequest {
        ApiRequest {
            method: Method::PATCH,
            path: format!(
                "/api/v1/namespaces/{namespace}/secrets/gcr-io\
                 ?fieldManager=kubectl-gcr-secret&fieldValidation=Strict"
            ),
            content_type: "application/apply-patch+yaml",
            accept: METADATA,
            body: self.0.clone(),
            accepted: None,
        }
    }
}

/// Returns the plugin's patch of an account without pull Secrets. The `resourceVersion` and `uid` make it fail after a
/// concurrent change.
pub(super) fn account_patch(account: &Value) -> ApiRequest {
    let metadata = &account["metadata"];
    let body = json!({
        "metadata": {"resourceVersion": metadata["resourceVersion"], "uid": metadata["uid"]},
        "imagePullSecrets": [{"name": "gcr-io"}],
    });
    let namespace = metadata["namespace"].as_str().unwrap_or_default();
    patch(namespace, "kubectl-gcr-secret", &body)
}

/// Returns the request that removes the list of pull Secrets from an account.
pub(super) fn clear_account(namespace: &str) -> ApiRequest {
    patch(namespace, "bench", &json!({"imagePullSecrets": null}))
}

fn patch(namespace: &str, manager: &str, body: &Value) -> ApiRequest {
    ApiRequest {
        method: Method::PATCH,
        path: format!(
            "/api/v1/namespaces/{namespace}/serviceaccounts/default?fieldManager={manager}"
        ),
        content_type: "application/merge-patch+json",
        accept: JSON,
        body: Bytes::from(body.to_string()),
        accepted: None,
    }
}

/// Returns the request that deletes a Secret if it exists.
pub(super) fn delete_secret(namespace: &str) -> ApiRequest {
    ApiRequest {
        method: Method::DELETE,
        path: format!("/api/v1/namespaces/{namespace}/secrets/gcr-io"),
        content_type: "",
        accept: JSON,
        body: Bytes::new(),
        accepted: Some(StatusCode::NOT_FOUND),
    }
}

/// Returns the request that creates a namespace.
pub(super) fn create_namespace(name: &str) -> ApiRequest {
    let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    ApiRequest {
        method: Method::POST,
        path: "/api/v1/namespaces".into(),
        content_type: JSON,
        accept: JSON,
        body: Bytes::from(body.to_string()),
        accepted: None,
    }
}

/// Returns the request that creates the `default` account, unless the controller has already created it.
pub(super) fn create_account(namespace: &str) -> ApiRequest {
    let metadata = json!({"name": "default", "namespace": namespace});
    let body = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata});
    ApiRequest {
        method: Method::POST,
        path: format!("/api/v1/namespaces/{namespace}/serviceaccounts"),
        content_type: JSON,
        accept: JSON,
        body: Bytes::from(body.to_string()),
        accepted: Some(StatusCode::CONFLICT),
    }
}

/// Returns the request that lists all namespaces.
pub(super) fn list_namespaces() -> ApiRequest {
    list("/api/v1/namespaces", JSON)
}

/// Returns the request that lists the `default` accounts of all namespaces.
pub(super) fn list_accounts() -> ApiRequest {
    let path = "/api/v1/serviceaccounts?fieldSelector=metadata.name%3Ddefault";
    list(path, JSON)
}

/// Returns the request that lists the metadata of the `gcr-io` Secrets of all namespaces.
pub(super) fn list_secrets() -> ApiRequest {
    let path = "/api/v1/secrets?fieldSelector=metadata.name%3Dgcr-io";
    list(path, METADATA_LIST)
}

fn list(path: &str, accept: &'static str) -> ApiRequest {
    ApiRequest {
        method: Method::GET,
        path: path.into(),
        content_type: "",
        accept,
        body: Bytes::new(),
        accepted: None,
    }
}
