//! The steps of one handshake.

use std::time::{Duration, Instant};

use http::header::WWW_AUTHENTICATE;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::OnceCell;

use super::Handshake;
use crate::api_error::ApiError;
use crate::http_client::{HttpError, HttpRequest, HttpResponse};
use crate::registry::challenge::{self, Challenge};
use crate::registry::key_exchange::{self, KeyCheck};
use crate::registry::login::{InvalidLogin, Login, LoginKind};
use crate::registry::pull_target::PullTarget;
use crate::registry::step::{Finding, Step, StepName};
use crate::registry::token_exchange;
use crate::registry::verdict::{self, Verdict};
use crate::response_text::printable;
use crate::retry::backoff;

/// The media types of manifests: Docker and OCI, single and for several platforms.
const MANIFEST_TYPES: &str = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json";
/// The number of attempts at a busy registry.
const ATTEMPTS: u32 = 3;

/// The end of a handshake: a verdict with its reason.
struct End(Verdict, String);

/// How requests for content are authorized.
enum Access {
    Token(SecretString),
    Login,
}

/// One handshake in progress.
struct Run<'a> {
    handshake: &'a Handshake,
    login: &'a Login,
    target: &'a PullTarget,
    is_access_token: bool,
    steps: Vec<Step>,
}

impl Handshake {
    pub(super) async fn run(
        &self,
        login: &Login,
        target: &PullTarget,
        key_check: &OnceCell<KeyCheck>,
    ) -> Finding {
        let started = Instant::now();
        let kind = login.kind(self.http.redactor());
        let (status, text) = (None, String::new());
        let elapsed = started.elapsed();
        let name = StepName::Parse;
        let mut parsed = Step {
            name,
            status,
            text,
            elapsed,
        };
        let kind = match kind {
            Ok(kind) => kind,
            Err(InvalidLogin { verdict, reason }) => {
                parsed.text.clone_from(&reason);
                let steps = vec![parsed];
                return Finding {
                    verdict,
                    reason,
                    steps,
                };
            }
        };
        let mut run = Run {
            handshake: self,
            login,
            target,
            is_access_token: matches!(kind, LoginKind::AccessToken),
            steps: vec![parsed],
        };
        let timeout = self.options.timeout;
        let End(verdict, reason) =
            match tokio::time::timeout(timeout, run.all(&kind, key_check)).await {
                Ok(Ok(())) => End(Verdict::Ok, String::new()),
                Ok(Err(end)) => end,
                Err(_) => {
                    let reason = format!("no result within {} seconds", timeout.as_secs());
                    End(Verdict::RegistryUnreachable, reason)
                }
            };
        Finding {
            verdict,
            reason,
            steps: run.steps,
        }
    }
}

impl Run<'_> {
    async fn all(&mut self, kind: &LoginKind, key_check: &OnceCell<KeyCheck>) -> Result<(), End> {
        // The registry's challenge does not depend on the key.
        let (key, challenge) = tokio::join!(self.key(kind, key_check), self.challenge());
        if let Some(check) = key {
            let reason = check.step.text.clone();
            self.steps.push(check.step);
            if let Some(verdict) = check.verdict {
                return Err(End(verdict, reason));
            }
        }
        let (step, challenge) = challenge;
        self.steps.push(step);
        let access = self.access(challenge?).await?;
        self.content(&access).await
    }

    async fn key(&self, kind: &LoginKind, once: &OnceCell<KeyCheck>) -> Option<KeyCheck> {
        let LoginKind::Key(key) = kind else {
            return None;
        };
        let (http, options) = (&self.handshake.http, self.handshake.options);
        // Leaves time for the registry, which decides if the token endpoint does not respond.
        let timeout = options.timeout.mul_f32(0.5);
        let check =
            once.get_or_init(|| key_exchange::check(http, key, options.allow_any_host, timeout));
        Some(check.await.clone())
    }

    /// Requests `/v2/` without a credential, and returns the registry's challenge.
    async fn challenge(&self) -> (Step, Result<Challenge, End>) {
        let started = Instant::now();
        let url = self.target.url("");
        let Some(url) = url else {
            let end = End(Verdict::Unrecognized, "the host is not valid".to_owned());
            return (
                self.step(StepName::Challenge, started, None, &end.1),
                Err(end),
            );
        };
        let result = self.send(HttpRequest::get(url)).await;
        let response = match result {
            Ok(response) => response,
            Err(error) => {
                let end = unreachable_end(&error);
                return (
                    self.step(StepName::Challenge, started, None, &end.1),
                    Err(end),
                );
            }
        };
        let status = response.status.as_u16();
        let values = response.headers.get_all(WWW_AUTHENTICATE);
        let values = values.iter().filter_map(|value| value.to_str().ok());
        match challenge::parse(values) {
            Some(challenge) if status == 401 => (
                self.step(StepName::Challenge, started, Some(status), ""),
                Ok(challenge),
            ),
            _ => {
                let error = self.error(&response);
                let end = match verdict::of_registry_error(&error, false) {
                    found @ (Verdict::RegistryBusy | Verdict::NotMigrated) => {
                        End(found, error.to_string())
                    }
                    _ => End(
                        Verdict::Unrecognized,
                        format!("the registry asks for no credential ({error})"),
                    ),
                };
                (
                    self.step(
                        StepName::Challenge,
                        started,
                        Some(status),
                        &self.raw(&response),
                    ),
                    Err(end),
                )
            }
        }
    }

    async fn access(&mut self, challenge: Challenge) -> Result<Access, End> {
        let Challenge::Bearer { realm, service } = challenge else {
            return Ok(Access::Login);
        };
        let started = Instant::now();
        let registry = self.target.url("");
        let allowed =
            registry.and_then(|registry| token_exchange::allowed_realm(&realm, &registry));
        let Some(allowed) = allowed else {
            let realm = printable(self.handshake.http.redactor(), realm.as_bytes());
            let reason = format!(
                "the registry names the realm {realm}, to which the credential is not sent"
            );
            let step = self.step(StepName::Token, started, None, &reason);
            self.steps.push(step);
            return Err(End(Verdict::Unrecognized, reason));
        };
        let request = token_exchange::request(allowed, service.as_deref(), self.target, self.login);
        let response = self.exchange(StepName::Token, started, request).await?;
        let Some(token) = token_exchange::token(&response.body) else {
            return Err(End(
                Verdict::Unrecognized,
                "the response of the realm has no token".to_owned(),
            ));
        };
        self.handshake
            .http
            .redactor()
            .add_secret(token.expose_secret());
        Ok(Access::Token(token))
    }

    /// Gets the manifest, if the target has one. A login that needs no token is proven by `/v2/`.
    async fn content(&mut self, access: &Access) -> Result<(), End> {
        let path = match (&self.target.repository, &self.target.reference) {
            (Some(repository), Some(reference)) => format!("{repository}/manifests/{reference}"),
            _ if matches!(access, Access::Login) => String::new(),
            _ => return Ok(()),
        };
        let Some(url) = self.target.url(&path) else {
            return Err(End(
                Verdict::Unrecognized,
                "the image is not valid".to_owned(),
            ));
        };
        let request = HttpRequest::get(url).accept(MANIFEST_TYPES);
        let request = match access {
            Access::Token(token) => request.bearer(token.expose_secret()),
            Access::Login => request.basic(&self.login.username, &self.login.password),
        };
        self.exchange(StepName::Manifest, Instant::now(), request)
            .await
            .map(|_| ())
    }

    /// Sends a request, records the step, and returns a successful response.
    async fn exchange(
        &mut self,
        name: StepName,
        started: Instant,
        request: HttpRequest,
    ) -> Result<HttpResponse, End> {
        let response = match self.send(request).await {
            Ok(response) => response,
            Err(error) => {
                let end = unreachable_end(&error);
                self.steps.push(self.step(name, started, None, &end.1));
                return Err(end);
            }
        };
        let status = Some(response.status.as_u16());
        if response.status.is_success() {
            self.steps.push(self.step(name, started, status, ""));
            return Ok(response);
        }
        self.steps
            .push(self.step(name, started, status, &self.raw(&response)));
        let error = self.error(&response);
        let verdict = verdict::of_registry_error(&error, self.is_access_token);
        Err(End(verdict, error.to_string()))
    }

    /// Sends a request, again while the registry is busy. All requests of a handshake only read.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let request = request.timeout(self.handshake.options.timeout);
        for number in 0.. {
            let result = self.handshake.http.send(request.clone()).await;
            let is_transient = match &result {
                Ok(response) => matches!(response.status.as_u16(), 429 | 500 | 502 | 503 | 504),
                Err(error) => error.is_transient(),
            };
            if !is_transient || number + 1 >= ATTEMPTS {
                return result;
            }
            tokio::time::sleep(pause(number)).await;
        }
        unreachable!("the loop has no other end")
    }

    fn step(&self, name: StepName, started: Instant, status: Option<u16>, text: &str) -> Step {
        Step {
            name,
            status,
            text: text.to_owned(),
            elapsed: started.elapsed(),
        }
    }

    fn error(&self, response: &HttpResponse) -> ApiError {
        ApiError::parse(
            response.status,
            &response.body,
            self.handshake.http.redactor(),
        )
    }

    fn raw(&self, response: &HttpResponse) -> String {
        printable(self.handshake.http.redactor(), &response.body)
    }
}

/// Returns half of Google's pause: a handshake has 30 seconds.
fn pause(number: u32) -> Duration {
    backoff(number) / 2
}

fn unreachable_end(error: &HttpError) -> End {
    End(Verdict::RegistryUnreachable, error.to_string())
}
