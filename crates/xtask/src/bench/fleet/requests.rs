//! The requests of the load generator: those that the plugin makes of a namespace, the very same, and those that set up
//! and clear what is measured.

use bytes::Bytes;
use gcr_test_support::{Error, Result, Session};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::load::Call;

const JSON: &str = "application/json";
/// What the plugin asks for instead of the Secret, and of no list here.
const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const METADATA_LIST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/// The plugin's server-side apply, whose body is the same for every namespace.
pub(super) struct SecretApply(Bytes);

impl SecretApply {
    /// The body, from the plugin's own manifest for the key file of the session.
    pub(super) fn of(session: &Session) -> Result<Self> {
        let words = [
            "create",
            "--key-file=key.json",
            "--dry-run=client",
            "-o",
            "json",
        ];
        let output = session.gcr_secret(words).run();
        let manifest: Value = serde_json::from_str(&output.stdout)
            .map_err(|error| Error::during("the Secret's manifest", error))?;
        Ok(Self(Bytes::from(manifest.to_string())))
    }

    pub(super) fn to(&self, namespace: &str) -> Call {
        Call {
            method: Method::PATCH,
            path: format!(
                "/api/v1/namespaces/{namespace}/secrets/gcr-io\
                 ?fieldManager=kubectl-gcr-secret&fieldValidation=Strict"
            ),
            content_type: "application/apply-patch+yaml",
            accept: METADATA,
            body: self.0.clone(),
            tolerated: None,
        }
    }
}

/// The plugin's patch of an account that refers to nothing yet, bound to the version that was read.
pub(super) fn account_patch(account: &Value) -> Call {
    let metadata = &account["metadata"];
    let body = json!({
        "metadata": {"resourceVersion": metadata["resourceVersion"], "uid": metadata["uid"]},
        "imagePullSecrets": [{"name": "gcr-io"}],
    });
    let namespace = metadata["namespace"].as_str().unwrap_or_default();
    patch(namespace, "kubectl-gcr-secret", &body)
}

/// Takes the list out of an account again.
pub(super) fn clear_account(namespace: &str) -> Call {
    patch(namespace, "bench", &json!({"imagePullSecrets": null}))
}

fn patch(namespace: &str, manager: &str, body: &Value) -> Call {
    Call {
        method: Method::PATCH,
        path: format!(
            "/api/v1/namespaces/{namespace}/serviceaccounts/default?fieldManager={manager}"
        ),
        content_type: "application/merge-patch+json",
        accept: JSON,
        body: Bytes::from(body.to_string()),
        tolerated: None,
    }
}

/// Deletes a Secret, where it is there.
pub(super) fn delete_secret(namespace: &str) -> Call {
    Call {
        method: Method::DELETE,
        path: format!("/api/v1/namespaces/{namespace}/secrets/gcr-io"),
        content_type: "",
        accept: JSON,
        body: Bytes::new(),
        tolerated: Some(StatusCode::NOT_FOUND),
    }
}

/// Makes a namespace.
pub(super) fn create_namespace(name: &str) -> Call {
    let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    Call {
        method: Method::POST,
        path: "/api/v1/namespaces".into(),
        content_type: JSON,
        accept: JSON,
        body: Bytes::from(body.to_string()),
        tolerated: None,
    }
}

/// Makes the account that every namespace has, where the controller was not faster.
pub(super) fn create_account(namespace: &str) -> Call {
    let metadata = json!({"name": "default", "namespace": namespace});
    let body = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata});
    Call {
        method: Method::POST,
        path: format!("/api/v1/namespaces/{namespace}/serviceaccounts"),
        content_type: JSON,
        accept: JSON,
        body: Bytes::from(body.to_string()),
        tolerated: Some(StatusCode::CONFLICT),
    }
}

/// Lists all namespaces.
pub(super) fn list_namespaces() -> Call {
    list("/api/v1/namespaces", JSON)
}

/// Lists the accounts `default` of all namespaces, whole.
pub(super) fn list_accounts() -> Call {
    let path = "/api/v1/serviceaccounts?fieldSelector=metadata.name%3Ddefault";
    list(path, JSON)
}

/// Lists the Secrets `gcr-io` of all namespaces, their metadata.
pub(super) fn list_secrets() -> Call {
    let path = "/api/v1/secrets?fieldSelector=metadata.name%3Dgcr-io";
    list(path, METADATA_LIST)
}

fn list(path: &str, accept: &'static str) -> Call {
    Call {
        method: Method::GET,
        path: path.into(),
        content_type: "",
        accept,
        body: Bytes::new(),
        tolerated: None,
    }
}
