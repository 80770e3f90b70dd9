//! The one way out: sends a prepared request and brings back status, headers and body.
//!
//! Holds the time limit of each try, the retries, the cap on a reply's size and the place in flight. Knows nothing of
//! Secrets or ServiceAccounts, and decides nothing about what an answer means beyond "try again" or "not"; whether
//! it is one is for `promise` to say.

use std::time::Duration;

use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use kube::client::Body;
use tokio::time::Instant;

use super::fault::{self, FaultCause};
use super::limit::Effort;
use super::patience::{self, Tries};
use super::promise::{self, Promise};
use super::{Cluster, Fault, Refusal};
use crate::connection::{Client, trouble};
use crate::domain::printable::printable;
use crate::event::Event;
use crate::ledger::Entry;
use bytes::Bytes;

/// Replies that hold one object: a Secret's data ends at 1 MiB, its metadata well before.
pub const OBJECT_LIMIT: usize = 4 << 20;
/// Replies that hold one page of a list.
pub const LIST_LIMIT: usize = 32 << 20;

/// A request, ready to be sent any number of times: every one of ours can be repeated. Cannot be printed: the body may
/// hold a key.
#[derive(Clone)]
pub struct Call {
    /// The HTTP method.
    pub method: Method,
    /// Path and query, from the server's root.
    pub path: String,
    /// What the body is; `None` without a body.
    pub content_type: Option<&'static str>,
    /// What the reply should be.
    pub accept: &'static str,
    /// The body, shared between tries and targets.
    pub body: Bytes,
    /// The most bytes of reply that are read.
    pub limit: usize,
    /// `verb resource [name]`: how client-go speaks of it.
    pub subject: String,
}

/// JSON, whole objects.
pub const JSON: &str = "application/json";
/// Metadata only, so that no Secret's data comes back (API concepts, "Metadata-only fetches").
pub const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

/// An answer of success. Cannot be printed: it may be a Secret.
pub struct Reply {
    /// 200 or 201.
    pub status: StatusCode,
    /// The body, whole.
    pub body: Bytes,
    /// The server's clock (`Date`), where it told.
    pub date: Option<String>,
    /// An earlier try of the same call may have been carried out already.
    pub repeated: bool,
}

impl Reply {
    /// Reads the body as JSON.
    ///
    /// # Errors
    /// [`FaultCause::Garbled`]; what the body holds is not shown, it may be a Secret.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_json::from_slice(&self.body).map_err(|error| Fault::not_json(&error))
    }
}

enum Try {
    Answered(StatusCode, HeaderMap, Bytes),
    Failed(FaultCause),
}

/// What the answer of a success says itself counts for more than that HTTP calls it one.
fn judged(call: &Call, outcome: Try) -> Try {
    let Try::Answered(status, headers, body) = outcome else {
        return outcome;
    };
    if !status.is_success() {
        return Try::Answered(status, headers, body);
    }
    let content_type = text(&headers, &header::CONTENT_TYPE);
    match promise::look(&call.method, status, content_type, &body) {
        Promise::Kept => Try::Answered(status, headers, body),
        Promise::Refused(code) => Try::Answered(code, headers, body),
        Promise::Broken(line) => Try::Failed(FaultCause::Garbled(line.into())),
    }
}

impl Cluster {
    /// Sends `call` until it is answered for good: see [`patience`]. `entry` learns when a write leaves.
    ///
    /// # Errors
    /// The last try's trouble, with whether any try may have been carried out unheard.
    pub async fn exchange(&self, call: &Call, entry: Option<&Entry>) -> Result<Reply, Fault> {
        let mut tries = Tries::begin();
        let mut unheard = false;
        let mut refreshed = false;
        // A read leaves nothing behind, heard or not.
        let writes = entry.is_some();
        loop {
            if let Some(cause) = self.closed() {
                return Err(Fault { cause, unheard });
            }
            // Before the place: a credential plugin may take its time, and others may have theirs already.
            let client = match self.client().await {
                Ok(client) => client,
                // Without a credential there is no next try.
                Err(line) => {
                    return Err(self
                        .end(FaultCause::NotConnected(line.into()), unheard)
                        .await);
                }
            };
            let place = self.place().await;
            // Meanwhile the run may have been stopped, or the cluster given up.
            if let Some(cause) = self.closed() {
                return Err(Fault { cause, unheard });
            }
            let asking = self.asks();
            let answer = self.try_once(&client, call, entry);
            let (outcome, took) = if writes {
                answer.await
            } else {
                // Nobody has to know how a read ends.
                tokio::select! {
                    answer = answer => answer,
                    () = self.stopped() => {
                        return Err(Fault { cause: FaultCause::Interrupted, unheard });
                    }
                }
            };
            drop(asking);
            let outcome = judged(call, outcome);
            if let Try::Answered(status, ..) = &outcome {
                match *status {
                    StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => place.shed(),
                    // How long a list takes says more of its length than of the server's load.
                    _ if call.limit == OBJECT_LIMIT => place.answered(effort(call, *status), took),
                    _ => {}
                }
            }
            drop(place);
            let (cause, pause) = match outcome {
                Try::Answered(status, headers, body) if status.is_success() => {
                    let date = text(&headers, &header::DATE).map(str::to_owned);
                    return Ok(Reply {
                        status,
                        body,
                        date,
                        repeated: unheard,
                    });
                }
                Try::Answered(status, headers, _) if status.is_redirection() => {
                    let cause = FaultCause::Refused(Box::new(Refusal::redirect(
                        status,
                        self.server(),
                        text(&headers, &header::LOCATION).filter(|place| !place.is_empty()),
                    )));
                    return Err(Fault { cause, unheard });
                }
                Try::Answered(status, headers, body) => {
                    let content_type = text(&headers, &header::CONTENT_TYPE);
                    let refusal = Refusal::read(status, content_type, &body, &call.subject);
                    let unauthorized = refusal.is_unauthorized();
                    unheard |= writes && patience::may_be_carried_out(&refusal);
                    let cause = FaultCause::Refused(Box::new(refusal));
                    if unauthorized {
                        if !refreshed && self.refresh(&client).await {
                            refreshed = true;
                            let fault = Fault { cause, unheard };
                            self.trace(2, || {
                                let (method, path) = (&call.method, &call.path);
                                let wording = fault.wording();
                                format!("{method} {path}: {wording}; again with another credential")
                            })
                            .await;
                            continue;
                        }
                        return Err(self.end(cause, unheard).await);
                    }

                    let asked = text(&headers, &header::RETRY_AFTER)
                        .and_then(|seconds| seconds.parse().ok())
                        .map(Duration::from_secs);
                    let pause = match status {
                        StatusCode::TOO_MANY_REQUESTS => tries.after_shedding(asked),
                        status if patience::may_pass(status) => tries.after_trouble(asked),
                        _ => None,
                    };
                    (cause, pause)
                }
                // It was answered, with what cannot be understood.
                Try::Failed(cause @ FaultCause::Garbled(_)) => {
                    return Err(Fault {
                        cause,
                        unheard: unheard || writes,
                    });
                }
                Try::Failed(cause) => {
                    unheard |=
                        writes && matches!(cause, FaultCause::Lost(_) | FaultCause::TimedOut(_));
                    if !self.has_answered() || self.silence() >= patience::SILENCE {
                        return Err(self.end(cause, unheard).await);
                    }
                    (cause, tries.after_trouble(None))
                }
            };
            let fault = Fault { cause, unheard };
            let Some(pause) = pause else {
                return Err(fault);
            };
            self.trace(2, || {
                let (method, path, pause) = (&call.method, &call.path, fault::seconds(pause));
                format!("{method} {path}: {}; again in {pause}", fault.wording())
            })
            .await;
            if !self.wait(pause).await {
                return Err(Fault {
                    cause: FaultCause::Interrupted,
                    unheard,
                });
            }
        }
    }

    /// One try, and how long the server had for it.
    async fn try_once(
        &self,
        client: &Client,
        call: &Call,
        entry: Option<&Entry>,
    ) -> (Try, Duration) {
        let begun = Instant::now();
        if let Some(entry) = entry {
            entry.sent();
        }
        let limit = self.request_timeout();
        let outcome = match limit {
            None => self.round_trip(client, call).await,
            Some(limit) => match tokio::time::timeout(limit, self.round_trip(client, call)).await {
                Ok(outcome) => outcome,
                Err(_) => Try::Failed(FaultCause::TimedOut(limit)),
            },
        };
        let took = begun.elapsed();
        if let Try::Answered(status, headers, _) = &outcome {
            self.heard();
            for text in headers
                .get_all(header::WARNING)
                .iter()
                .flat_map(warning_texts)
            {
                self.tell(Event::ServerWarning(text)).await;
            }
            self.trace(6, || {
                format!(
                    "{} {} {} in {} milliseconds",
                    call.method,
                    call.path,
                    status.as_u16(),
                    took.as_millis()
                )
            })
            .await;
        }
        (outcome, took)
    }

    async fn round_trip(&self, client: &Client, call: &Call) -> Try {
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(&call.path)
            .header(header::ACCEPT, call.accept);
        if let Some(content_type) = call.content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        let request = match request.body(Body::from(call.body.clone())) {
            Ok(request) => request,
            Err(error) => {
                return Try::Failed(FaultCause::Garbled(format!("error: {error}").into()));
            }
        };
        let response = match client.send(request).await {
            Ok(response) => response,
            Err(error) => {
                return Try::Failed(fault::transport(&error, self.server(), client.distrust()));
            }
        };
        let (parts, body) = response.into_parts();
        match Limited::new(body, call.limit).collect().await {
            Ok(body) => Try::Answered(parts.status, parts.headers, body.to_bytes()),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                Try::Failed(FaultCause::Garbled(
                    format!(
                        "error: the server's answer is larger than {} MiB",
                        call.limit >> 20
                    )
                    .into(),
                ))
            }
            Err(error) => Try::Failed(FaultCause::Lost(
                format!(
                    "error: unexpected error when reading response body. Please retry. Original error: {}",
                    match trouble::wording(error.as_ref()).as_str() {
                        "EOF" => "unexpected EOF",
                        other => other,
                    }
                )
                .into(),
            )),
        }
    }
}

/// What a request costs the server: only with its like can its time be compared.
fn effort(call: &Call, status: StatusCode) -> Effort {
    match (call.content_type, status) {
        (None, _) => Effort::Read,
        (Some("application/apply-patch+yaml"), StatusCode::CREATED) => Effort::Create,
        (Some("application/apply-patch+yaml"), _) => Effort::Apply,
        _ => Effort::Patch,
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The texts of a `Warning: 299 - "text", 299 - "text"` header (RFC 7234 section 5.5, KEP-1693), printable. What is of
/// another code is left out; what cannot be read ends it, as in apimachinery's `ParseWarningHeaders`.
fn warning_texts(value: &http::HeaderValue) -> Vec<String> {
    let mut texts = Vec::new();
    let mut rest = value.to_str().unwrap_or_default().trim_start();
    while let Some((code, (text, after))) = warning(rest) {
        if code == "299" {
            texts.push(printable(&text).into_owned());
        }
        let after = after.trim_start();
        rest = after.strip_prefix(',').unwrap_or_default().trim_start();
    }
    texts
}

/// The code, the text and what comes after the first warning of a list.
fn warning(list: &str) -> Option<(&str, (String, &str))> {
    let (code, rest) = list.split_once(' ')?;
    let (_agent, rest) = rest.split_once(' ')?;
    Some((code, quoted(rest.strip_prefix('"')?)?))
}

/// A quoted string after its first quote, and what comes after its last one.
fn quoted(rest: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut characters = rest.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((text, &rest[at + 1..])),
            '\\' => text.push(characters.next()?.1),
            other => text.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_header_gives_its_texts() {
        let texts = |value: &'static str| warning_texts(&http::HeaderValue::from_static(value));
        assert_eq!(texts(r#"299 - "old \"thing\"""#), [r#"old "thing""#]);
        assert_eq!(texts(r#"110 - "stale""#), [""; 0]);
        let several = r#"299 - "one, two", 110 - "stale", 299 x "three""#;
        assert_eq!(texts(several), ["one, two", "three"]);
        assert_eq!(texts(r#"299 - "cut off"#), [""; 0]);
    }
}
