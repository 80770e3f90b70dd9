//! Parses a request into the verb, resource, namespace and name that rules and counters use.

use http::{HeaderMap, Request};

/// Attributes of an API request, as in apiserver's `endpoints/request.RequestInfo`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RequestInfo {
    /// `get`, `list`, `watch`, `create`, `update`, `patch` or `delete`; otherwise the method in lower case.
    pub(super) verb: String,
    /// For example `secrets`; empty if the path names no resource.
    pub(super) resource: String,
    /// Empty for cluster-scoped resources and for lists over all namespaces.
    pub(super) namespace: String,
    /// Empty for lists.
    pub(super) name: String,
    /// Parameters of the query, decoded, in their order.
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
}

impl RequestInfo {
    pub(super) fn new<B>(request: &Request<B>) -> Self {
        let uri = request.uri();
        let segments: Vec<&str> = uri.path().trim_matches('/').split('/').collect();
        // `/api/VERSION/…` or `/apis/GROUP/VERSION/…`
        let rest = match segments.as_slice() {
            ["api", _, rest @ ..] | ["apis", _, _, rest @ ..] => rest,
            _ => &[],
        };
        let (namespace, resource, name) = match rest {
            ["namespaces", namespace, resource, name, ..] => (*namespace, *resource, *name),
            ["namespaces", namespace, resource] => (*namespace, *resource, ""),
            [resource, name, ..] => ("", *resource, *name),
            [resource] => ("", *resource, ""),
            [] => ("", "", ""),
        };
        let query = uri.query().unwrap_or_default().as_bytes();
        let query: Vec<_> = form_urlencoded::parse(query).into_owned().collect();
        let is_watch = query
            .iter()
            .any(|(name, value)| name == "watch" && value == "true");
        let verb = match request.method().as_str() {
            "GET" if is_watch => "watch",
            "GET" if name.is_empty() && !resource.is_empty() => "list",
            "GET" => "get",
            "POST" => "create",
            "PUT" => "update",
            "PATCH" => "patch",
            "DELETE" => "delete",
            other => &other.to_ascii_lowercase(),
        };
        Self {
            verb: verb.to_owned(),
            resource: resource.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            query,
            headers: request.headers().clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    #[test]
    fn request_info_from_uri_has_verb_resource_namespace_and_name() {
        for (method, uri, segments) in [
            (
                Method::PATCH,
                "/api/v1/namespaces/x/secrets/gcr-io?fieldManager=m",
                ["patch", "secrets", "x", "gcr-io"],
            ),
            (
                Method::GET,
                "/api/v1/namespaces/x/serviceaccounts?limit=500",
                ["list", "serviceaccounts", "x", ""],
            ),
            (
                Method::GET,
                "/api/v1/secrets?fieldSelector=metadata.name%3Dx",
                ["list", "secrets", "", ""],
            ),
            (
                Method::GET,
                "/api/v1/namespaces/x",
                ["get", "namespaces", "", "x"],
            ),
            (
                Method::GET,
                "/api/v1/namespaces?watch=true",
                ["watch", "namespaces", "", ""],
            ),
            (
                Method::POST,
                "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                ["create", "selfsubjectaccessreviews", "", ""],
            ),
            (Method::GET, "/readyz", ["get", "", "", ""]),
        ] {
            let request = Request::builder().method(method).uri(uri).body(());
            let request_info = RequestInfo::new(&request.unwrap());
            assert_eq!(
                [
                    request_info.verb,
                    request_info.resource,
                    request_info.namespace,
                    request_info.name
                ],
                segments,
                "{uri}"
            );
        }
    }
}
