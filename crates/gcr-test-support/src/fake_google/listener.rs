//! One port for everything: the fake's own address, and an HTTP proxy that connects clients to Google's host names.
//! The proxy refuses all other hosts, so that a test reaches nothing outside.

use std::io;
use std::sync::{Arc, mpsc};

use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use super::body::{self, Body};
use super::certificate_authority::CertificateAuthority;
use super::method::{is_google_host, is_metadata_host};
use super::server::Server;
use crate::error::{Error, Result};

pub(super) struct Listener {
    pub(super) server: Arc<Server>,
    pub(super) authority: Arc<CertificateAuthority>,
}

impl Listener {
    /// Listens on this port of 127.0.0.1 (0 for a free one), reports the port, and serves until `stopped`.
    pub(super) fn run(
        self: Arc<Self>,
        port: u16,
        port_sender: &mpsc::Sender<Result<u16>>,
        stopped: oneshot::Receiver<()>,
    ) {
        let with_context = |error: io::Error| Error::during("listen for the fake Google", error);
        let runtime = match tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
        {
            Ok(runtime) => runtime,
            Err(error) => return drop(port_sender.send(Err(with_context(error)))),
        };
        runtime.block_on(async {
            let listener = match TcpListener::bind(("127.0.0.1", port)).await {
                Ok(listener) => listener,
                Err(error) => return drop(port_sender.send(Err(with_context(error)))),
            };
            let port = listener.local_addr().map(|address| address.port());
            let _ = port_sender.send(port.map_err(with_context));
            tokio::select! {
                () = self.accept(&listener) => {}
                _ = stopped => {}
            }
        });
        // Requests that hang never end by themselves; they end with the runtime.
        runtime.shutdown_background();
    }

    async fn accept(self: &Arc<Self>, listener: &TcpListener) {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                // For example too many open files: other connections may close soon.
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                continue;
            };
            tokio::spawn(Arc::clone(self).serve_connection(stream));
        }
    }

    async fn serve_connection(self: Arc<Self>, stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        let service = service_fn(move |request| Arc::clone(&self).route(request));
        // Errors are either the client's or injected faults.
        let _ = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
            .await;
    }

    /// Answers a request on the plain port: a tunnel, a proxied request without TLS, or one to the fake's own address.
    async fn route(self: Arc<Self>, request: Request<Incoming>) -> io::Result<Response<Body>> {
        if request.method() == Method::CONNECT {
            return Ok(self.connect(request));
        }
        match request.uri().host().map(String::from) {
            Some(host) if is_metadata_host(&host) => {
                if self.server.state().machine_account.is_none() {
                    return Ok(refused(StatusCode::BAD_GATEWAY, &host));
                }
                self.server.serve(request, host).await
            }
            Some(host) => Ok(refused(StatusCode::FORBIDDEN, &host)),
            None => {
                let host = request.headers().get(http::header::HOST);
                let host = host
                    .and_then(|value| value.to_str().ok())
                    .unwrap_or_default();
                let host = host.to_owned();
                self.server.serve(request, host).await
            }
        }
    }

    fn connect(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let authority = request.uri().authority();
        let host = authority.map(|it| it.host().to_owned()).unwrap_or_default();
        let port = authority.and_then(|it| it.port_u16());
        if !is_google_host(&host) || port != Some(443) {
            return refused(StatusCode::FORBIDDEN, &host);
        }
        let Some(tls) = self.authority.server(&host) else {
            return refused(StatusCode::BAD_GATEWAY, &host);
        };
        tokio::spawn(async move {
            if let Ok(upgraded) = hyper::upgrade::on(request).await {
                self.serve_tunnel(upgraded, TlsAcceptor::from(tls), host)
                    .await;
            }
        });
        Response::new(body::full(""))
    }

    async fn serve_tunnel(self: Arc<Self>, upgraded: Upgraded, tls: TlsAcceptor, host: String) {
        let latency = self.server.latency();
        if !latency.is_zero() {
            // The round trips of TCP and TLS 1.3.
            tokio::time::sleep(latency * 2).await;
        }
        let Ok(stream) = tls.accept(TokioIo::new(upgraded)).await else {
            return;
        };
        let service = service_fn(move |request| {
            let (server, host) = (Arc::clone(&self.server), host.clone());
            async move { server.serve(request, host).await }
        });
        let _ = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }
}

fn refused(status: StatusCode, host: &str) -> Response<Body> {
    let mut response = Response::new(body::full(format!(
        "the fake Google does not serve {host}\n"
    )));
    *response.status_mut() = status;
    response
}
