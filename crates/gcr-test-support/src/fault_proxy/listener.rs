//! Accepts connections and serves them until the proxy stops.

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
    /// Listens on a free port of 127.0.0.1, reports the port, and serves until `stopped`.
    pub(super) fn run(
        state: Arc<ProxyState>,
        tls: Arc<ServerConfig>,
        port_sender: &mpsc::Sender<Result<u16>>,
        stopped: oneshot::Receiver<()>,
    ) {
        let with_context = |error: io::Error| Error::during("listen for the proxy", error);
        let runtime = match tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
        {
            Ok(runtime) => runtime,
            Err(error) => return drop(port_sender.send(Err(with_context(error)))),
        };
        runtime.block_on(async {
            let listener = match TcpListener::bind("127.0.0.1:0").await {
                Ok(listener) => listener,
                Err(error) => return drop(port_sender.send(Err(with_context(error)))),
            };
            let port = listener.local_addr().map(|address| address.port());
            let _ = port_sender.send(port.map_err(with_context));
            tokio::select! {
                () = Self::accept(&listener, &state, TlsAcceptor::from(tls)) => {}
                _ = stopped => {}
            }
        });
        // Requests that hang never end by themselves; they end with the runtime.
        runtime.shutdown_background();
    }

    async fn accept(listener: &TcpListener, state: &Arc<ProxyState>, tls: TlsAcceptor) {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                // For example too many open files: other connections may close soon.
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                continue;
            };
            let count = &state.traffic.connections;
            count.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(Self::serve_connection(
                stream,
                Arc::clone(state),
                tls.clone(),
            ));
        }
    }

    async fn serve_connection(stream: TcpStream, state: Arc<ProxyState>, tls: TlsAcceptor) {
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
        // Errors are either the client's or injected faults.
        let _ = http1::Builder::new()
            .serve_connection(TokioIo::new(connection), service)
            .await;
    }
}
