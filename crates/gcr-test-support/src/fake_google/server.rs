//! Serves requests: records them, applies faults, answers from the state or the real registry.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use super::body::{self, Body};
use super::call::Call;
use super::faults::{Fault, Rules};
use super::handlers;
use super::journal::RecordedRequest;
use super::registry_gateway::RegistryGateway;
use super::registry_token;
use super::reply::Reply;
use super::state::State;

/// The parts that all connections share.
pub(super) struct Server {
    state: Mutex<State>,
    rules: Mutex<Rules>,
    journal: Mutex<Vec<RecordedRequest>>,
    gateway: Mutex<Option<RegistryGateway>>,
    latency: Mutex<Duration>,
    started: Instant,
}

impl Server {
    pub(super) fn new(state: State) -> Self {
        Self {
            state: Mutex::new(state),
            rules: Mutex::default(),
            journal: Mutex::default(),
            gateway: Mutex::default(),
            latency: Mutex::default(),
            started: Instant::now(),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub(super) fn rules(&self) -> MutexGuard<'_, Rules> {
        lock(&self.rules)
    }

    pub(super) fn journal(&self) -> MutexGuard<'_, Vec<RecordedRequest>> {
        lock(&self.journal)
    }

    pub(super) fn set_gateway(&self, gateway: RegistryGateway) {
        *lock(&self.gateway) = Some(gateway);
    }

    /// Time that each response, and each new connection twice, takes longer.
    pub(super) fn latency(&self) -> Duration {
        *lock(&self.latency)
    }

    pub(super) fn set_latency(&self, latency: Duration) {
        *lock(&self.latency) = latency;
    }

    /// Answers a request that a client sent to `host`.
    ///
    /// # Errors
    /// The connection is to be closed without a response.
    pub(super) async fn serve(
        &self,
        request: Request<Incoming>,
        host: String,
    ) -> io::Result<Response<Body>> {
        let arrived = self.started.elapsed();
        let (parts, incoming) = request.into_parts();
        let bytes = incoming
            .collect()
            .await
            .map_err(io::Error::other)?
            .to_bytes();
        let latency = self.latency();
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let call = match Call::parse(parts.clone(), bytes, host.clone()) {
            Ok(call) => call,
            Err(reply) => {
                let unknown = RecordedRequest::unknown(&parts, host, arrived);
                self.journal().push(unknown);
                return Ok(respond(reply));
            }
        };
        let index = {
            let mut journal = self.journal();
            journal.push(RecordedRequest::of(&call, arrived));
            journal.len() - 1
        };
        let fault = self.rules().fault_for(&call);
        let mut response = self.faulty(&call, fault).await;
        if let Ok(response) = &mut response {
            let date = self.state().http_date();
            response.headers_mut().entry(header::DATE).or_insert(date);
        }
        if let (Ok(response), Some(entry)) = (&response, self.journal().get_mut(index)) {
            entry.status = response.status().as_u16();
            entry.responded = Some(self.started.elapsed());
        }
        response
    }

    async fn faulty(&self, call: &Call, fault: Option<Fault>) -> io::Result<Response<Body>> {
        let lost = || Err(io::ErrorKind::ConnectionReset.into());
        match fault {
            None => Ok(respond(self.answer(call).await)),
            Some(Fault::Respond(reply)) => Ok(respond(reply.0)),
            Some(Fault::RespondAfterCommit(reply)) => {
                self.answer(call).await;
                Ok(respond(reply.0))
            }
            Some(Fault::ReplyLost) => {
                self.answer(call).await;
                lost()
            }
            Some(Fault::Reset) => lost(),
            Some(Fault::Delay(time)) => {
                tokio::time::sleep(time).await;
                Ok(respond(self.answer(call).await))
            }
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::Truncated) => {
                let reply = self.answer(call).await;
                let half = body::truncated(&reply.body);
                let length = reply.body.len();
                let mut response = respond(reply);
                response
                    .headers_mut()
                    .insert(header::CONTENT_LENGTH, length.into());
                *response.body_mut() = half;
                Ok(response)
            }
            Some(Fault::Echo) => Ok(respond(echo(call))),
            Some(Fault::Huge(bytes)) => {
                let mut response = respond(Reply::new(200, super::reply::JSON, ""));
                *response.body_mut() = body::padded(bytes);
                Ok(response)
            }
            Some(Fault::PolicyChanged) => {
                self.change_policy(call);
                Ok(respond(self.answer(call).await))
            }
        }
    }

    async fn answer(&self, call: &Call) -> Reply {
        if call.method.id != "registry.content" {
            let answer = handlers::answer(&mut self.state(), call);
            return answer.unwrap_or_else(|error| error);
        }
        let checked = registry_token::check_content(&mut self.state(), call);
        let gateway = lock(&self.gateway).clone();
        match (checked, gateway) {
            (Err(reply), _) => reply,
            (Ok(forward), Some(gateway)) => gateway.forward(call, &forward).await,
            // Without a registry behind the fake, it holds no images.
            (Ok(_), None) => {
                let reference = call.path.rsplit('/').next().unwrap_or_default();
                registry_token::manifest_unknown(reference)
            }
        }
    }

    /// Adds a binding to the policy that a call reads or writes, as another client would.
    fn change_policy(&self, call: &Call) {
        let mut state = self.state();
        let member = format!("user:concurrent-{}@example.com", state.next_serial());
        let parameters: Vec<&str> = call.parameters.iter().map(String::as_str).collect();
        let Some(project) = parameters.first().and_then(|name| state.project(name)) else {
            return;
        };
        let policy = match parameters.as_slice() {
            [_, location, id] => {
                let key = ((*location).to_owned(), (*id).to_owned());
                project.repositories.get_mut(&key).map(|it| &mut it.policy)
            }
            [_, email] => project.accounts.get_mut(*email).map(|it| &mut it.policy),
            _ => Some(&mut project.policy),
        };
        if let Some(policy) = policy {
            policy.add("roles/artifactregistry.reader", &member);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns an error that contains the whole request, as a broken intermediary could send it.
fn echo(call: &Call) -> Reply {
    let headers = call.parts.headers.iter();
    let headers: String = headers
        .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    let body = String::from_utf8_lossy(&call.bytes);
    let text = format!(
        "cannot handle {} {}\n{headers}\n{body}\n",
        call.verb, call.parts.uri
    );
    super::reply::invalid_argument(&text)
}

fn respond(reply: Reply) -> Response<Body> {
    let mut response = Response::new(body::full(Bytes::from(reply.body)));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::IM_A_TEAPOT);
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
