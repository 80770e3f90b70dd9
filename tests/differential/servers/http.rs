//! HTTP/1.1, as far as these servers need it.

use std::io::{self, BufRead, BufReader, Read, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A request as it arrived.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// The next request, or `None` where there is none.
    pub(crate) fn read(stream: &mut BufReader<impl Read>) -> Option<Self> {
        let mut first = String::new();
        stream
            .read_line(&mut first)
            .ok()
            .filter(|count| *count > 0)?;
        let mut words = first.split_whitespace();
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
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

    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whom it comes from by its headers, after the client certificate's name: `token x`, `basic u:p`,
    /// `nobody`, and then who is impersonated.
    pub(crate) fn identity(&self, certificate: Option<&str>) -> String {
        let mut who: Vec<_> = certificate
            .map(|name| format!("certificate {name}"))
            .into_iter()
            .collect();
        who.extend(self.header("authorization").map(credential));
        if who.is_empty() {
            who.push("nobody".into());
        }
        let mut text = who.join(", ");
        // Both call themselves `kubectl…/VERSION (OS/ARCH) …`.
        let agent = self.header("user-agent").unwrap_or_default();
        if !(agent.starts_with("kubectl") && agent.contains("/") && agent.contains(" (")) {
            text += &format!(", by the name of {agent:?}");
        }
        let mut other: Vec<_> = self
            .headers
            .iter()
            .filter_map(|(name, value)| {
                Some(format!("{} {value}", name.strip_prefix("impersonate-")?))
            })
            .collect();
        other.sort();
        if !other.is_empty() {
            text += &format!(" for {}", other.join(", "));
        }
        text
    }
}

/// An `Authorization` or `Proxy-Authorization`, readable.
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

/// What a server answers instead of an object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(&'static str, String)>,
    pub(super) body: String,
    /// Only to these methods, where there are any.
    methods: Vec<&'static str>,
    /// The length it promises, where it is not the body's.
    promised: Option<usize>,
    /// Only the first time.
    pub(crate) once: bool,
    /// The body, and nothing instead of the object: with status 200, whatever was asked.
    pub(crate) in_addition: bool,
}

impl Answer {
    /// This status and body.
    pub(crate) fn new(status: u16, kind: &str, body: &str) -> Self {
        let headers = vec![("content-type", kind.to_owned())];
        Self {
            status,
            headers,
            body: body.into(),
            ..Self::default()
        }
    }

    /// A `Status` of the API with this reason, message and details.
    pub(crate) fn status(status: u16, reason: &str, message: &str, details: &str) -> Self {
        let body = format!(
            r#"{{"kind":"Status","apiVersion":"v1","metadata":{{}},"status":"Failure","message":{message:?},"reason":"{reason}","details":{details},"code":{status}}}"#
        );
        Self::new(status, "application/json", &body)
    }

    /// The object, with one header more.
    pub(crate) fn header_beside(name: &'static str, value: &str) -> Self {
        Self {
            in_addition: true,
            ..Self::default()
        }
        .header(name, value)
    }

    /// One header more.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Only to this method, and to others that are named like this.
    pub(crate) fn to(mut self, method: &'static str) -> Self {
        self.methods.push(method);
        self
    }

    /// Whether it is an answer to this method.
    pub(crate) fn is_for(&self, method: &str) -> bool {
        self.methods.is_empty() || self.methods.contains(&method)
    }

    /// Only to the first request.
    pub(crate) fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// With a promise of more than there is, and then the connection ends.
    pub(crate) fn breaking_off(mut self) -> Self {
        self.promised = Some(self.body.len() + 1000);
        self
    }

    /// As [`Answer::in_addition`], with the object's own status and body.
    pub(crate) fn around(&self, status: u16, body: &str) -> Self {
        let mut whole = Self::new(status, "application/json", body);
        whole.headers.extend(self.headers.iter().cloned());
        whole
    }

    /// Writes it; `false` where the connection is to end.
    pub(crate) fn write(
        &self,
        stream: &mut impl Write,
        fill: &dyn Fn(&str) -> String,
    ) -> io::Result<bool> {
        let length = self.promised.unwrap_or(fill(&self.body).len());
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
        Ok(self.promised.is_none())
    }
}
