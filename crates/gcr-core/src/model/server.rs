//! The model server: takes requests, carries them out some time later, and answers, or not.
//!
//! What a request does is done in a task of its own: a client that has gone away does not stop it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use http::{Method, Request, Response};
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde_json::json;
use tokio::sync::oneshot;
use tower::BoxError;

use super::asked::Asked;
use super::atomic_lists;
use super::store::{Answer, Store, not_found, status};
use super::wire::{self, Reply};

/// More requests than any race takes.
const REQUESTS: u32 = 20_000;

/// What goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServerFault {
    Nothing,
    /// No connection was made.
    NotConnected,
    /// The connection broke before the server took the request.
    ResetBefore,
    /// The connection broke after the server had carried it out.
    ReplyLost,
    /// The answer broke off.
    Truncated,
    /// It was carried out, and a gateway gave this answer.
    GatewayAfter(u16),
    /// It was carried out, and the server said that its time was up.
    TimeUpAfter,
    /// It was not carried out.
    Refused(u16),
    /// Too many requests: not carried out; seconds to wait.
    Shed(u8),
    /// Somebody else is faster by a hair: writes in vain. Reads injected_fault well.
    Conflict,
    /// A backup was restored since the account was read. Reads, and Secrets, injected_fault well.
    Restored,
    /// The right was taken away.
    Forbidden,
    /// Nothing answers; it is carried out so many seconds after the client has given up.
    Late(u8),
    /// Nothing answers, nothing is carried out.
    Hang,
    /// It is carried out, and nothing answers, or too slowly to be waited for.
    Silent,
    /// Not carried out: the caller is not known.
    Unauthorized,
    /// Not carried out: it should be asked elsewhere.
    Redirected,
    /// Not carried out, and a page of somebody else's says 200.
    LoginPage,
    /// It was carried out, and the answer is larger than anybody should read.
    Huge,
    /// A list has grown too old to be read on. First pages, and whatever is no list, injected_fault well.
    Gone,
}

impl ServerFault {
    /// Whether the client cannot know if the request was carried out.
    fn loses_the_answer(self) -> bool {
        match self {
            Self::ResetBefore | Self::ReplyLost | Self::Truncated | Self::Late(_) | Self::Hang => {
                true
            }
            Self::GatewayAfter(_) | Self::TimeUpAfter | Self::Silent | Self::Huge => true,
            // It says 200, and nobody can know of what.
            Self::LoginPage => true,
            // A gateway says so, and has not been asked what became of it.
            Self::Refused(code) => code != 500,
            _ => false,
        }
    }
}

/// How one request injected_faults.
#[derive(Debug, Clone, Copy)]
pub(super) struct InjectedFault {
    pub(super) before: u16,
    pub(super) after: u16,
    pub(super) fault: ServerFault,
}

/// A write request that arrived, or did not.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) writer: usize,
    pub(super) namespace: String,
    pub(super) object: String,
    pub(super) lost: bool,
}

pub(super) struct World {
    /// In the order in which lists show them.
    pub(super) stores: Vec<Store>,
    pub(super) sent: Vec<Sent>,
    /// Its lists are not in the order of its keys.
    pub(super) backwards: bool,
    pub(super) requests: u32,
    injected_faults: Vec<VecDeque<InjectedFault>>,
}

impl World {
    /// What there is of a namespace.
    pub(super) fn store(&mut self, namespace: &str) -> &mut Store {
        let mut stores = self.stores.iter_mut();
        let found = stores.find(|store| store.namespace == namespace);
        found.unwrap_or_else(|| panic!("the model has no namespace {namespace:?}"))
    }
}

/// The server, shared by all who speak to it.
#[derive(Clone)]
pub(super) struct Server(Arc<Mutex<World>>);

impl Server {
    pub(super) fn new(mut stores: Vec<Store>) -> Self {
        stores.sort_by_key(|store| format!("{}/", store.namespace));
        Self(Arc::new(Mutex::new(World {
            stores,
            sent: Vec::new(),
            backwards: false,
            requests: 0,
            injected_faults: Vec::new(),
        })))
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    /// Lets the next requests of `writer` injected_fault so, in this order; all after them injected_fault well.
    pub(super) fn injected_fault(&self, writer: usize, injected_faults: &[InjectedFault]) {
        let mut world = self.world();
        if world.injected_faults.len() <= writer {
            world.injected_faults.resize_with(writer + 1, VecDeque::new);
        }
        world.injected_faults[writer] = injected_faults.iter().copied().collect();
    }

    /// A client whose requests come here as those of `writer`.
    pub(super) fn client(&self, writer: usize, retry: Duration) -> kube::Client {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move { server.serve(writer, retry, request).await }
        });
        kube::Client::new(service, "default")
    }

    async fn serve(
        &self,
        writer: usize,
        retry: Duration,
        request: Request<Body>,
    ) -> Result<Response<Reply>, BoxError> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let injected_fault =
            self.world().injected_faults[writer]
                .pop_front()
                .unwrap_or(InjectedFault {
                    before: 1,
                    after: 1,
                    fault: ServerFault::Nothing,
                });
        {
            let mut world = self.world();
            world.requests += 1;
            // Who asks without ever waiting does not let the clock go on either.
            assert!(world.requests < REQUESTS, "a run asks without end");
        }
        let asked = Asked::read(&parts.uri, parts.method, &body);
        let reads = asked.method != Method::PATCH;
        let fault = match injected_fault.fault {
            ServerFault::Conflict | ServerFault::Restored if reads => ServerFault::Nothing,
            ServerFault::Restored if asked.kind == "secrets" => ServerFault::Nothing,
            ServerFault::Gone if !asked.query.contains_key("continue") => ServerFault::Nothing,
            fault => fault,
        };
        let tries_out = asked.query.contains_key("dryRun");
        if !reads && !tries_out && fault != ServerFault::NotConnected {
            self.world().sent.push(Sent {
                writer,
                namespace: asked.namespace.clone(),
                object: asked.object(),
                lost: fault.loses_the_answer(),
            });
        }
        let (kind, name) = (asked.kind.clone(), asked.name.clone());
        let pause = |millis: u16| tokio::time::sleep(Duration::from_millis(millis.into()));
        let (tell, told) = oneshot::channel();
        let server = self.clone();
        tokio::spawn(async move {
            pause(injected_fault.before).await;
            match fault {
                ServerFault::Late(seconds) => {
                    tokio::time::sleep(retry + Duration::from_secs(seconds.into())).await;
                }
                ServerFault::Hang
                | ServerFault::NotConnected
                | ServerFault::ResetBefore
                | ServerFault::Refused(_)
                | ServerFault::Shed(_)
                | ServerFault::Forbidden
                | ServerFault::Unauthorized
                | ServerFault::Redirected
                | ServerFault::LoginPage
                | ServerFault::Gone => {
                    let _ = tell.send(None);
                    return;
                }
                ServerFault::Conflict => server
                    .world()
                    .store(&asked.namespace)
                    .touch(&asked.object()),
                ServerFault::Restored => {
                    server
                        .world()
                        .store(&asked.namespace)
                        .restore(&asked.object());
                }
                _ => {}
            }
            let answer = server.execute(writer, &asked);
            pause(injected_fault.after).await;
            let _ = tell.send(Some(answer));
        });
        let answer = told.await.ok().flatten();
        let date = self.world().stores[0].now();
        match (fault, answer) {
            (
                ServerFault::Nothing | ServerFault::Conflict | ServerFault::Restored,
                Some(answer),
            ) => Ok(wire::answer(answer, &[], date)),
            (ServerFault::Truncated, Some(answer)) => Ok(wire::broken_off(answer)),
            (ServerFault::TimeUpAfter, _) => Ok(wire::answer(
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
            (ServerFault::Refused(500), _) => Ok(wire::answer(
                status(500, "InternalError", "no webhook", &kind, &name),
                &[],
                date,
            )),
            (ServerFault::GatewayAfter(code) | ServerFault::Refused(code), _) => {
                Ok(wire::page(code, "<html>upstream</html>"))
            }
            (ServerFault::Shed(seconds), _) => Ok(wire::answer(
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

    fn execute(&self, writer: usize, asked: &Asked) -> Answer {
        let world = &mut *self.world();
        match (asked.method.as_str(), asked.kind.as_str()) {
            ("GET", _) if asked.name.is_empty() => {
                atomic_lists::page(&world.stores, asked, world.backwards)
            }
            ("GET", "namespaces") => {
                let name = &asked.name;
                (
                    200,
                    json!({"kind": "Namespace", "metadata": {"name": name}}),
                )
            }
            ("GET", kind) => match world.store(&asked.namespace).objects.get(&asked.object()) {
                Some(object) => (200, object.clone()),
                None => not_found(kind, &asked.name),
            },
            ("PATCH", "secrets") => {
                let store = world.store(&asked.namespace);
                store.apply(writer, &asked.name, &asked.query, &asked.body)
            }
            ("PATCH", "serviceaccounts") => {
                let store = world.store(&asked.namespace);
                store.patch(writer, &asked.name, &asked.query, &asked.body)
            }
            // Access reviews: the rights are there.
            ("POST", _) => (
                201,
                json!({"kind": "SelfSubjectAccessReview", "status": {"allowed": true}}),
            ),
            (method, kind) => panic!("the model has no {method} of {kind}"),
        }
    }
}
