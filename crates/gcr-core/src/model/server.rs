//! Implements the model server: accepts requests, executes them after a delay, and responds or injects a fault.
//!
//! A task of its own executes each request, so that it continues after the client has cancelled it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use http::{Method, Request, Response};
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde_json::json;
use tokio::sync::oneshot;
use tower::BoxError;

use super::atomic_lists;
use super::request_info::RequestInfo;
use super::store::{Answer, Store, not_found, status};
use super::wire::{self, Reply};

/// Limit that no run reaches unless it loops forever.
const MAX_REQUESTS: u32 = 20_000;

/// A fault of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServerFault {
    None,
    /// The connection is refused.
    NotConnected,
    /// The connection breaks before the server receives the request.
    ResetBefore,
    /// The connection breaks after the server has executed the request.
    ReplyLost,
    /// The connection breaks within the response.
    Truncated,
    /// The request is executed, and a gateway responds with this status.
    GatewayAfter(u16),
    /// The request is executed, and the server responds with a `Timeout` error.
    TimeoutAfter,
    /// The request is not executed; the response has this status.
    Rejected(u16),
    /// 429: the request is not executed; the value is `Retry-After` in seconds.
    Throttled(u8),
    /// Another client changes the object just before a write. Reads succeed.
    Conflict,
    /// A backup of the account is restored just before a patch. Reads, and requests for Secrets, succeed.
    Restored,
    /// 403.
    Forbidden,
    /// No response; the request is executed this many seconds after the client's timeout.
    Late(u8),
    /// No response; the request is not executed.
    Hang,
    /// No response; the request is executed.
    Silent,
    /// 401: the request is not executed.
    Unauthorized,
    /// A redirect: the request is not executed.
    Redirected,
    /// A proxy responds with its login page and 200; the request is not executed.
    LoginPage,
    /// The request is executed, and the response is endless.
    Huge,
    /// 410: the continue token of a list has expired. First pages and other requests succeed.
    Gone,
}

impl ServerFault {
    /// Returns whether the client cannot know if the request was executed.
    fn may_be_unconfirmed(self) -> bool {
        match self {
            Self::ResetBefore | Self::ReplyLost | Self::Truncated | Self::Late(_) | Self::Hang => {
                true
            }
            Self::GatewayAfter(_) | Self::TimeoutAfter | Self::Silent | Self::Huge => true,
            // 200, but not from the API server.
            Self::LoginPage => true,
            // From a gateway, which may have lost the server's response.
            Self::Rejected(code) => code != 500,
            _ => false,
        }
    }
}

/// The fault of one request, and the delays before and after its execution in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct InjectedFault {
    pub(super) before: u16,
    pub(super) after: u16,
    pub(super) fault: ServerFault,
}

/// A write request that a client sent.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) writer: usize,
    pub(super) namespace: String,
    pub(super) object: String,
    /// Whether the client cannot know if it was executed.
    pub(super) unconfirmed: bool,
}

pub(super) struct World {
    /// In storage order.
    pub(super) stores: Vec<Store>,
    pub(super) sent: Vec<Sent>,
    /// Whether lists are in reverse storage order.
    pub(super) reverse_order: bool,
    pub(super) requests: u32,
    injected_faults: Vec<VecDeque<InjectedFault>>,
}

impl World {
    /// Returns the store of a namespace.
    pub(super) fn store(&mut self, namespace: &str) -> &mut Store {
        let mut stores = self.stores.iter_mut();
        let found = stores.find(|store| store.namespace == namespace);
        found.unwrap_or_else(|| panic!("the model has no namespace {namespace:?}"))
    }
}

/// The server, shared by all clients.
#[derive(Clone)]
pub(super) struct Server(Arc<Mutex<World>>);

impl Server {
    pub(super) fn new(mut stores: Vec<Store>) -> Self {
        stores.sort_by_key(|store| format!("{}/", store.namespace));
        Self(Arc::new(Mutex::new(World {
            stores,
            sent: Vec::new(),
            reverse_order: false,
            requests: 0,
            injected_faults: Vec::new(),
        })))
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    /// Injects faults into the next requests of `writer`, in this order. Later requests succeed.
    pub(super) fn inject(&self, writer: usize, injected_faults: &[InjectedFault]) {
        let mut world = self.world();
        if world.injected_faults.len() <= writer {
            world.injected_faults.resize_with(writer + 1, VecDeque::new);
        }
        world.injected_faults[writer] = injected_faults.iter().copied().collect();
    }

    /// Returns a client that sends requests as `writer`.
    pub(super) fn client(&self, writer: usize, timeout: Duration) -> kube::Client {
        let server = self.clone();
        let service = tower::service_fn(move |http_request: Request<Body>| {
            let server = server.clone();
            async move { server.serve(writer, timeout, http_request).await }
        });
        kube::Client::new(service, "default")
    }

    async fn serve(
        &self,
        writer: usize,
        timeout: Duration,
        http_request: Request<Body>,
    ) -> Result<Response<Reply>, BoxError> {
        let (parts, body) = http_request.into_parts();
        let body = body.collect().await?.to_bytes();
        let injected_fault =
            self.world().injected_faults[writer]
                .pop_front()
                .unwrap_or(InjectedFault {
                    before: 1,
                    after: 1,
                    fault: ServerFault::None,
                });
        {
            let mut world = self.world();
            world.requests += 1;
            // A loop without a pause also stops the paused clock, so that no timeout would end it.
            assert!(
                world.requests < MAX_REQUESTS,
                "a run sends requests without end"
            );
        }
        let request = RequestInfo::read(&parts.uri, parts.method, &body);
        let reads = request.method != Method::PATCH;
        let fault = match injected_fault.fault {
            ServerFault::Conflict | ServerFault::Restored if reads => ServerFault::None,
            ServerFault::Restored if request.resource == "secrets" => ServerFault::None,
            ServerFault::Gone if !request.query.contains_key("continue") => ServerFault::None,
            fault => fault,
        };
        let is_dry_run = request.query.contains_key("dryRun");
        if !reads && !is_dry_run && fault != ServerFault::NotConnected {
            self.world().sent.push(Sent {
                writer,
                namespace: request.namespace.clone(),
                object: request.object(),
                unconfirmed: fault.may_be_unconfirmed(),
            });
        }
        let (kind, name) = (request.resource.clone(), request.name.clone());
        let pause = |millis: u16| tokio::time::sleep(Duration::from_millis(millis.into()));
        let (sender, receiver) = oneshot::channel();
        let server = self.clone();
        tokio::spawn(async move {
            pause(injected_fault.before).await;
            match fault {
                ServerFault::Late(seconds) => {
                    tokio::time::sleep(timeout + Duration::from_secs(seconds.into())).await;
                }
                ServerFault::Hang
                | ServerFault::NotConnected
                | ServerFault::ResetBefore
                | ServerFault::Rejected(_)
                | ServerFault::Throttled(_)
                | ServerFault::Forbidden
                | ServerFault::Unauthorized
                | ServerFault::Redirected
                | ServerFault::LoginPage
                | ServerFault::Gone => {
                    let _ = sender.send(None);
                    return;
                }
                ServerFault::Conflict => server
                    .world()
                    .store(&request.namespace)
                    .touch(&request.object()),
                ServerFault::Restored => {
                    server
                        .world()
                        .store(&request.namespace)
                        .restore(&request.object());
                }
                _ => {}
            }
            let answer = server.execute(writer, &request);
            pause(injected_fault.after).await;
            let _ = sender.send(Some(answer));
        });
        let answer = receiver.await.ok().flatten();
        let date = self.world().stores[0].now();
        match (fault, answer) {
            (ServerFault::None | ServerFault::Conflict | ServerFault::Restored, Some(answer)) => {
                Ok(wire::answer(answer, &[], date))
            }
            (ServerFault::Truncated, Some(answer)) => Ok(wire::broken_off(answer)),
            (ServerFault::TimeoutAfter, _) => Ok(wire::answer(
                status(
                    504,
                    "Timeout",
                    "request did not complete in time",
                    &kind,
                    &name,
                ),
                &[],
                date,
            )),
            (ServerFault::Rejected(500), _) => Ok(wire::answer(
                status(500, "InternalError", "no webhook", &kind, &name),
                &[],
                date,
            )),
            (ServerFault::GatewayAfter(code) | ServerFault::Rejected(code), _) => {
                Ok(wire::page(code, "<html>upstream</html>"))
            }
            (ServerFault::Throttled(seconds), _) => Ok(wire::answer(
                status(429, "TooManyRequests", "later", &kind, &name),
                &[("retry-after", seconds.to_string())],
                date,
            )),
            (ServerFault::Forbidden, _) => Ok(wire::answer(
                status(403, "Forbidden", "forbidden", &kind, &name),
                &[],
                date,
            )),
            (ServerFault::Unauthorized, _) => Ok(wire::answer(
                status(401, "Unauthorized", "Unauthorized", &kind, &name),
                &[],
                date,
            )),
            (ServerFault::Gone, _) => Ok(wire::answer(
                status(410, "Expired", "too old", &kind, &name),
                &[],
                date,
            )),
            (ServerFault::Redirected, _) => Ok(wire::redirect("https://elsewhere.invalid/")),
            (ServerFault::LoginPage, _) => Ok(wire::page(200, "<html>log in</html>")),
            (ServerFault::Huge, _) => Ok(wire::huge()),
            (ServerFault::NotConnected, _) => Err(wire::not_connected().await),
            (ServerFault::Late(_) | ServerFault::Hang | ServerFault::Silent, _) => {
                std::future::pending().await
            }
            _ => Err(wire::reset().await),
        }
    }

    fn execute(&self, writer: usize, request: &RequestInfo) -> Answer {
        let world = &mut *self.world();
        match (request.method.as_str(), request.resource.as_str()) {
            ("GET", _) if request.name.is_empty() => {
                atomic_lists::page(&world.stores, request, world.reverse_order)
            }
            ("GET", "namespaces") => {
                let name = &request.name;
                (
                    200,
                    json!({"kind": "Namespace", "metadata": {"name": name}}),
                )
            }
            ("GET", kind) => match world
                .store(&request.namespace)
                .objects
                .get(&request.object())
            {
                Some(object) => (200, object.clone()),
                None => not_found(kind, &request.name),
            },
            ("PATCH", "secrets") => {
                let store = world.store(&request.namespace);
                store.apply(writer, &request.name, &request.query, &request.body)
            }
            ("PATCH", "serviceaccounts") => {
                let store = world.store(&request.namespace);
                store.patch(writer, &request.name, &request.query, &request.body)
            }
            // Access reviews: every request is allowed.
            ("POST", _) => (
                201,
                json!({"kind": "SelfSubjectAccessReview", "status": {"allowed": true}}),
            ),
            (method, kind) => panic!("the model has no {method} of {kind}"),
        }
    }
}
