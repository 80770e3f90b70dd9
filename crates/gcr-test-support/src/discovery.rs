//! Compares requests with Google's discovery documents: method, path, query parameters, and the fields and types of the
//! body. The documents come with Google's Go clients.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::fake_google::RecordedRequest;

/// APIs and versions that the fake serves.
const DOCUMENTS: [(&str, &str); 7] = [
    ("artifactregistry", "v1"),
    ("cloudresourcemanager", "v1"),
    ("cloudresourcemanager", "v3"),
    ("iam", "v1"),
    ("iamcredentials", "v1"),
    ("serviceusage", "v1"),
    ("sts", "v1"),
];

/// Discovery documents by API and version.
pub struct Discovery(BTreeMap<(String, String), Value>);

impl Discovery {
    /// Reads the documents below this directory: `iam/v1/iam-api.json` and others.
    ///
    /// # Errors
    /// A document is missing or no JSON.
    pub fn load(directory: &Path) -> Result<Self> {
        let mut documents = BTreeMap::new();
        for (api, version) in DOCUMENTS {
            let path = directory.join(format!("{api}/{version}/{api}-api.json"));
            let failed = |error: &dyn std::fmt::Display| Error::during(path.display(), error);
            let text = std::fs::read(&path).map_err(|error| failed(&error))?;
            let value = serde_json::from_slice(&text).map_err(|error| failed(&error))?;
            documents.insert((api.to_owned(), version.to_owned()), value);
        }
        Ok(Self(documents))
    }

    /// Checks a request. Requests outside of the documents (token endpoint, metadata server, registries) are accepted:
    /// `Ok(false)`.
    ///
    /// # Errors
    /// The difference.
    pub fn check(&self, request: &RecordedRequest) -> std::result::Result<bool, String> {
        let api = request.method.split('.').next().unwrap_or_default();
        if ["oauth2", "metadata", "registry"].contains(&api) {
            return Ok(false);
        }
        let path = request.path.trim_start_matches('/');
        let version = path.split('/').next().unwrap_or_default();
        let document = self.0.get(&(api.to_owned(), version.to_owned()));
        let document = document.ok_or_else(|| format!("no document of {api} {version}"))?;
        let method = find_method(document, &request.method)
            .ok_or_else(|| format!("{api} {version} has no method {}", request.method))?;
        if method["httpMethod"] != request.verb {
            return Err(format!("{} is {}", request.method, method["httpMethod"]));
        }
        let template = method["flatPath"].as_str().or(method["path"].as_str());
        if !template.is_some_and(|template| matches(template, path)) {
            return Err(format!(
                "{path} does not match {}",
                template.unwrap_or_default()
            ));
        }
        check_query(document, method, request)?;
        let schema = method["request"]["$ref"].as_str();
        match (schema, request.body.is_null()) {
            (None, false) => return Err(format!("{} takes no body", request.method)),
            (Some(schema), false) => {
                // The token exchange takes a form, with the names of RFC 8693.
                let body = if api == "sts" {
                    camel_case(&request.body)
                } else {
                    request.body.clone()
                };
                check_object(document, schema, &body)
                    .map_err(|error| format!("{}: {error}", request.method))?;
            }
            (_, true) => {}
        }
        Ok(true)
    }
}

fn find_method<'a>(value: &'a Value, id: &str) -> Option<&'a Value> {
    let mut methods = value["methods"].as_object().into_iter().flatten();
    if let Some((_, method)) = methods.find(|(_, method)| method["id"] == id) {
        return Some(method);
    }
    let mut resources = value["resources"].as_object().into_iter().flatten();
    resources.find_map(|(_, resource)| find_method(resource, id))
}

/// Returns whether a path has the segments of a template such as `v1/projects/{projectsId}/keys/{keysId}:disable`.
fn matches(template: &str, path: &str) -> bool {
    let (mut expected, mut actual) = (template.split('/'), path.split('/'));
    loop {
        match (expected.next(), actual.next()) {
            (None, None) => return true,
            (Some(expected), Some(actual)) => {
                let matching = match (expected.find('{'), expected.find('}')) {
                    (Some(start), Some(end)) => {
                        let inner = actual.strip_prefix(&expected[..start]);
                        let inner = inner.and_then(|rest| rest.strip_suffix(&expected[end + 1..]));
                        inner.is_some_and(|inner| !inner.is_empty())
                    }
                    _ => expected == actual,
                };
                if !matching {
                    return false;
                }
            }
            _ => return false,
        }
    }
}

fn check_query(
    document: &Value,
    method: &Value,
    request: &RecordedRequest,
) -> std::result::Result<(), String> {
    for (index, (name, _)) in request.query.iter().enumerate() {
        let of_method = &method["parameters"][name];
        let known = if of_method["location"] == "query" {
            of_method
        } else {
            &document["parameters"][name]
        };
        if known.is_null() {
            return Err(format!("{} has no query parameter {name}", request.method));
        }
        let is_repeated = request.query[..index]
            .iter()
            .any(|(other, _)| other == name);
        if is_repeated && known["repeated"] != true {
            return Err(format!(
                "{}: query parameter {name} is repeated",
                request.method
            ));
        }
    }
    Ok(())
}

fn check_object(document: &Value, schema: &str, body: &Value) -> std::result::Result<(), String> {
    let schema = &document["schemas"][schema];
    let Some(object) = body.as_object() else {
        return Err(format!("expected an object, got {body}"));
    };
    for (name, value) in object {
        let property = &schema["properties"][name];
        let property = if property.is_null() {
            &schema["additionalProperties"]
        } else {
            property
        };
        if property.is_null() {
            return Err(format!("{} has no field {name}", schema["id"]));
        }
        // Clients may send null for an absent value.
        if !value.is_null() {
            check_value(document, property, value).map_err(|error| format!("{name}: {error}"))?;
        }
    }
    Ok(())
}

fn check_value(document: &Value, schema: &Value, value: &Value) -> std::result::Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return check_object(document, reference, value);
    }
    let is_right = match schema["type"].as_str().unwrap_or("any") {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" | "number" => value.is_number(),
        "array" => {
            for item in value.as_array().into_iter().flatten() {
                check_value(document, &schema["items"], item)?;
            }
            value.is_array()
        }
        "object" => value.is_object(),
        _ => true,
    };
    if !is_right {
        return Err(format!("expected {}, got {value}", schema["type"]));
    }
    let allowed = schema["enum"].as_array();
    if allowed.is_some_and(|allowed| !allowed.contains(value)) {
        return Err(format!("{value} is no value of the enumeration"));
    }
    Ok(())
}

fn camel_case(body: &Value) -> Value {
    let object = body.as_object().into_iter().flatten();
    let renamed = object.map(|(name, value)| {
        let mut words = name.split('_');
        let mut camel = words.next().unwrap_or_default().to_owned();
        for word in words {
            camel.extend(word.chars().take(1).map(|it| it.to_ascii_uppercase()));
            camel.push_str(word.get(1..).unwrap_or_default());
        }
        (camel, value.clone())
    });
    renamed.collect::<serde_json::Map<_, _>>().into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn documents() -> Discovery {
        let method = json!({"id": "iam.keys.list", "httpMethod": "POST", "flatPath": "v1/projects/{p}/keys/{k}:list",
            "parameters": {"p": {"location": "path"}, "types": {"location": "query", "repeated": true}},
            "request": {"$ref": "Request"}});
        let schemas = json!({
            "Request": {"id": "Request", "properties": {"kind": {"type": "string", "enum": ["A"]}, "inner": {"$ref": "Inner"}}},
            "Inner": {"id": "Inner", "properties": {"count": {"type": "integer"}}},
        });
        let document = json!({"parameters": {"alt": {"location": "query"}}, "schemas": schemas,
            "resources": {"keys": {"methods": {"list": method}}}});
        Discovery(BTreeMap::from([(("iam".into(), "v1".into()), document)]))
    }

    fn check(change: impl FnOnce(&mut RecordedRequest)) -> std::result::Result<bool, String> {
        let line = json!({"method": "iam.keys.list", "verb": "POST", "host": "iam.googleapis.com", "status": 200,
            "path": "/v1/projects/x/keys/y:list", "query": ["alt", "types", "types"], "body": {"kind": "A", "inner": {"count": 1}}});
        let mut request = RecordedRequest::from_json(&line.to_string()).unwrap();
        change(&mut request);
        documents().check(&request)
    }

    #[test]
    fn check_with_request_as_documented_accepts() {
        assert_eq!(check(|_| {}), Ok(true));
        assert_eq!(check(|request| request.body = Value::Null), Ok(true));
        assert_eq!(
            check(|request| request.method = "oauth2.token".into()),
            Ok(false)
        );
    }

    #[test]
    fn check_with_any_difference_names_it() {
        let error = |change: fn(&mut RecordedRequest)| check(change).unwrap_err();
        assert!(error(|it| it.verb = "GET".into()).contains("POST"));
        assert!(
            error(|it| it.path = "/v1/projects/x/keys/y:get".into()).contains("does not match")
        );
        assert!(error(|it| it.path = "/v2/projects/x/keys/y:list".into()).contains("no document"));
        assert!(error(|it| it.method = "iam.keys.get".into()).contains("no method"));
        assert!(
            error(|it| it.query.push(("p".into(), String::new()))).contains("query parameter p")
        );
        assert!(error(|it| it.query.push(("alt".into(), String::new()))).contains("repeated"));
        assert!(error(|it| it.body = json!({"other": 1})).contains("no field other"));
        assert!(error(|it| it.body = json!({"kind": "B"})).contains("enumeration"));
        assert!(error(|it| it.body = json!({"kind": 1})).contains("expected \"string\""));
        assert!(error(|it| it.body = json!({"inner": {"count": "1"}})).contains("inner: count"));
    }
}
