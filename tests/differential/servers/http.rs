//! The subset of HTTP/1.1 that the test servers need.

use std::io::{self, BufRead, BufReader, Read, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A received request.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    /// Names (in lower case) and values.
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Reads the next request. Returns `None` at the end of the connection.
    pub(crate) fn read(stream: &mut BufReader<impl Read>) -> Option<Self> {
        let mut first = String::new();
        stream
            .read_line(&mut first)
            .ok()
            .filter(|count| *count > 0)?;
        let mut parts = first.split_whitespace();
        let (method, target) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            stream
                .read_line(&mut line)
                .ok()
                .filter(|count| *count > 0)?;
            let Some((name, value)) = line.trim_end().split_once(':') else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut request = Self {
            method,
            target,
            headers,
            body: Vec::new(),
        };
        let length = request
            .header("content-length")
            .and_then(|length| length.parse().ok());
        request.body = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut request.body).ok()?;
        Some(request)
    }

    /// Returns the value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Describes the credentials of the request: the name in the client certificate, `token x` or `basic u:p`, or
    /// `anonymous`, followed by the impersonated user.
    pub(crate) fn identity(&self, certificate: Option<&str>) -> String {
        let mut credentials: Vec<_> = certificate
            .map(|name| format!("certificate {name}"))
            .into_iter()
            .collect();
        credentials.extend(self.header("authorization").map(credential));
        if credentials.is_empty() {
            credentials.push("anonymous".into());
        }
        let mut text = credentials.join(", ");
        // kubectl and the plugins use the user agent `kubectl…/VERSION (OS/ARCH) …`; others are shown.
        let agent = self.header("user-agent").unwrap_or_default();
        if !(agent.starts_with("kubectl") && agent.contains("/") && agent.contains(" (")) {
            text += &format!(", user agent {agent:?}");
        }
        let mut impersonation: Vec<_> = self
            .headers
            .iter()
            .filter_map(|(name, value)| {
                Some(format!("{} {value}", name.strip_prefix("impersonate-")?))
            })
            .collect();
        impersonation.sort();
        if !impersonation.is_empty() {
            text += &format!(" for {}", impersonation.join(", "));
        }
        text
    }
}

/// Describes the value of an `Authorization` or `Proxy-Authorization` header.
pub(crate) fn credential(header: &str) -> String {
    match header.split_once(' ') {
        Some(("Bearer", token)) => format!("token {token}"),
        Some(("Basic", coded)) => {
            let plain = STANDARD.decode(coded).unwrap_or_default();
            format!("basic {}", String::from_utf8_lossy(&plain))
        }
        _ => header.to_owned(),
    }
}

/// A prepared response.
#[derive(Clone, Debug, Default)]
pub(crate) struct Response {
    pub(crate) status: u16,
    headers: Vec<(&'static str, String)>,
    pub(super) body: String,
    /// The request methods that receive the response; empty for all.
    methods: Vec<&'static str>,
    /// The value of `Content-Length`, if it is not the body's length.
    declared_length: Option<usize>,
    /// Whether only the first request receives the response.
    pub(crate) once: bool,
    /// Whether the requested object is returned with only the headers of this response.
    pub(crate) adds_headers: bool,
}

impl Response {
    /// Returns a response with this status, content type and body.
    pub(crate) fn new(status: u16, kind: &str, body: &str) -> Self {
        let headers = vec![("content-type", kind.to_owned())];
        Self {
            status,
            headers,
            body: body.into(),
            ..Self::default()
        }
    }

    /// Returns a `Status` object of the Kubernetes API as a response.
    pub(crate) fn status(status: u16, reason: &str, message: &str, details: &str) -> Self {
        let body = format!(
            r#"{{"kind":"Status","apiVersion":"v1","metadata":{{}},"status":"Failure","message":{message:?},"reason":"{reason}","details":{details},"code":{status}}}"#
        );
        Self::new(status, "application/json", &body)
    }

    /// Returns the requested object with one additional header.
    pub(crate) fn extra_header(name: &'static str, value: &str) -> Self {
        Self {
            adds_headers: true,
            ..Self::default()
        }
        .header(name, value)
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Restricts the response to requests with this method. Can be called several times.
    pub(crate) fn only_for(mut self, method: &'static str) -> Self {
        self.methods.push(method);
        self
    }

    /// Whether requests with this method receive the response.
    pub(crate) fn applies_to(&self, method: &str) -> bool {
        self.methods.is_empty() || self.methods.contains(&method)
    }

    /// Restricts the response to the first request.
    pub(crate) fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// Declares a longer body than is sent, and closes the connection after it.
    pub(crate) fn truncated(mut self) -> Self {
        self.declared_length = Some(self.body.len() + 1000);
        self
    }

    /// Returns the response for an object: its status and body with the headers of this response.
    pub(crate) fn with_object(&self, status: u16, body: &str) -> Self {
        let mut response = Self::new(status, "application/json", body);
        response.headers.extend(self.headers.iter().cloned());
        response
    }

    /// Writes the response. Returns `false` if the connection must be closed.
    pub(crate) fn write(
        &self,
        stream: &mut impl Write,
        fill: &dyn Fn(&str) -> String,
    ) -> io::Result<bool> {
        let length = self.declared_length.unwrap_or(fill(&self.body).len());
        let mut text = format!(
            "HTTP/1.1 {} Words\r\ncontent-length: {length}\r\n",
            self.status
        );
        for (name, value) in &self.headers {
            text += &format!("{name}: {}\r\n", fill(value));
        }
        text += "\r\n";
        text += &fill(&self.body);
        stream.write_all(text.as_bytes())?;
        stream.flush()?;
        Ok(self.declared_length.is_none())
    }
}
