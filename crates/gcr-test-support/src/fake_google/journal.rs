//! Records every request, for assertions and for the comparison with Google's discovery documents.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use http::request::Parts;
use serde_json::{Value, json};

use super::call::Call;

/// A request that reached the fake.
#[derive(Clone, Debug)]
pub struct RecordedRequest {
    /// Id of the method in the discovery documents; empty if no API serves the path.
    pub method: String,
    /// HTTP method.
    pub verb: String,
    /// Host name that the client used.
    pub host: String,
    /// Path, without the query.
    pub path: String,
    /// Query parameters, in order.
    pub query: Vec<(String, String)>,
    /// The body: JSON, or an object of a form's fields; null if it is empty or neither.
    pub body: Value,
    /// Value of `x-goog-user-project`.
    pub quota_project: Option<String>,
    /// Status of the response; 0 if the client got none.
    pub status: u16,
    /// Time from the start of the fake to the arrival of the request; zero in a parsed line.
    pub arrived: Duration,
    /// Time from the start of the fake to the response; `None` if the client got none.
    pub responded: Option<Duration>,
}

impl RecordedRequest {
    pub(super) fn of(call: &Call, arrived: Duration) -> Self {
        let media = call.header("content-type").unwrap_or_default();
        let body = if media.starts_with("application/x-www-form-urlencoded") {
            let fields = form_urlencoded::parse(&call.bytes);
            fields
                .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
                .collect::<serde_json::Map<_, _>>()
                .into()
        } else {
            serde_json::from_slice(&call.bytes).unwrap_or_default()
        };
        Self {
            method: call.method.id.into(),
            verb: call.verb.clone(),
            host: call.host.clone(),
            path: call.path.clone(),
            query: call.query.clone(),
            body,
            quota_project: call.header("x-goog-user-project").map(String::from),
            status: 0,
            arrived,
            responded: None,
        }
    }

    /// Returns whether the request changes nothing: a read of an API, or an exchange of credentials.
    pub fn is_read(&self) -> bool {
        let last = self.method.rsplit('.').next().unwrap_or_default();
        self.verb == "GET"
            || matches!(last, "testIamPermissions" | "getIamPolicy" | "token")
            || self.method.starts_with("iamcredentials.")
    }

    /// Returns a request that no API serves.
    pub(super) fn unknown(parts: &Parts, host: String, arrived: Duration) -> Self {
        Self {
            method: String::new(),
            verb: parts.method.to_string(),
            host,
            path: parts.uri.path().into(),
            query: Vec::new(),
            body: Value::Null,
            quota_project: None,
            status: 404,
            arrived,
            responded: None,
        }
    }

    /// Returns the longest sequence of requests of which each arrived after the response to the one before: the round trips
    /// that a client cannot have saved by sending requests at the same time.
    pub fn sequence(requests: &[Self]) -> Vec<&Self> {
        let mut ended: Vec<(Duration, &Self)> = requests
            .iter()
            .filter_map(|request| Some((request.responded?, request)))
            .collect();
        ended.sort_by_key(|(responded, _)| *responded);
        let (mut sequence, mut end) = (Vec::new(), Duration::ZERO);
        for (responded, request) in ended {
            if request.arrived >= end {
                sequence.push(request);
                end = responded;
            }
        }
        sequence
    }

    /// Returns the request as JSON, without the values of its query.
    fn to_json(&self) -> Value {
        let query: Vec<&str> = self.query.iter().map(|(name, _)| name.as_str()).collect();
        json!({"method": self.method, "verb": self.verb, "host": self.host, "path": self.path, "query": query,
            "body": self.body, "status": self.status})
    }

    /// Parses a line of a file of requests. Values of the query are empty.
    pub fn from_json(line: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(line).ok()?;
        let text = |name: &str| value[name].as_str().map(String::from);
        let query = value["query"].as_array()?.iter();
        Some(Self {
            method: text("method")?,
            verb: text("verb")?,
            host: text("host")?,
            path: text("path")?,
            query: query
                .filter_map(|name| Some((name.as_str()?.to_owned(), String::new())))
                .collect(),
            body: value["body"].clone(),
            quota_project: None,
            status: value["status"].as_u64()?.try_into().ok()?,
            arrived: Duration::ZERO,
            responded: None,
        })
    }
}

/// Appends requests to a file.
pub(super) fn append(path: &Path, requests: &[RecordedRequest]) {
    let lines: String = requests
        .iter()
        .map(|it| format!("{}\n", it.to_json()))
        .collect();
    let file = OpenOptions::new().create(true).append(true).open(path);
    // A lost file makes the comparison that reads it fail.
    let _ = file.and_then(|mut file| file.write_all(lines.as_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_skips_requests_sent_at_the_same_time() {
        let request = |name: &str, arrived, responded| {
            let line = json!({"method": name, "verb": "GET", "host": "", "path": "", "query": [], "body": null, "status": 200});
            RecordedRequest {
                arrived: Duration::from_millis(arrived),
                responded: Some(Duration::from_millis(responded)),
                ..RecordedRequest::from_json(&line.to_string()).unwrap()
            }
        };
        let requests = [
            request("a", 0, 20),
            request("beside a", 1, 25),
            request("b", 21, 41),
            request("c", 50, 70),
            request("around b and c", 10, 80),
        ];
        let sequence = RecordedRequest::sequence(&requests);
        let names: Vec<&str> = sequence.iter().map(|it| it.method.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
    }
}
