//! Takes connections and serves them, until the proxy ends.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use super::client_connection::ClientConnection;
use super::request_handler::ProxyState;
use crate::error::{Error, Result};

pub(super) struct Listener;

impl Listener {
    /// Listens on a free port of 127.0.0.1, tells which, and serves until `stopped`.
    pub(super) fn run(
        state: Arc<ProxyState>,
        tls: Arc<ServerConfig>,
        tell: &mpsc::Sender<Result<u16>>,
        stopped: oneshot::Receiver<()>,
    ) {
        let failed = |error: io::Error| Error::during("a port for the proxy", error);
        let runtime = match tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
        {
            Ok(runtime) => runtime,
            Err(error) => return drop(tell.send(Err(failed(error)))),
        };
        runtime.block_on(async {
            let listener = match TcpListener::bind("127.0.0.1:0").await {
                Ok(listener) => listener,
                Err(error) => return drop(tell.send(Err(failed(error)))),
            };
            let port = listener.local_addr().map(|address| address.port());
            let _ = tell.send(port.map_err(failed));
            tokio::select! {
                () = Self::accept(&listener, &state, TlsAcceptor::from(tls)) => {}
                _ = stopped => {}
            }
        });
        // What hangs, hangs for ever: it ends with the runtime.
        runtime.shutdown_background();
    }

    async fn accept(listener: &TcpListener, state: &Arc<ProxyState>, tls: TlsAcceptor) {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                // Too many open files, for instance: others may close some.
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                continue;
            };
            let count = &state.traffic.connections;
            count.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(Self::converse(stream, Arc::clone(state), tls.clone()));
        }
    }

    async fn converse(stream: TcpStream, state: Arc<ProxyState>, tls: TlsAcceptor) {
        let _ = stream.set_nodelay(true);
        if !state.latency.is_zero() {
            tokio::time::sleep(state.latency * 2).await;
        }
        let Ok(stream) = tls.accept(stream).await else {
            return;
        };
        let connection = ClientConnection {
            stream,
            proxy: Arc::clone(&state),
            reset: Arc::default(),
        };
        let reset = Arc::clone(&connection.reset);
        let service =
            service_fn(move |request| Arc::clone(&state).serve(request, Arc::clone(&reset)));
        // How a connection ends is the client's business, or was asked for.
        let _ = http1::Builder::new()
            .serve_connection(TokioIo::new(connection), service)
            .await;
    }
}
