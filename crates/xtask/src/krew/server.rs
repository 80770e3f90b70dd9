//! Serves the files of one directory over HTTP on loopback, from which krew downloads archives, and records the
//! downloads.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use gcr_test_support::{Error, Result};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

/// A running server. Dropping it stops it.
pub(super) struct Server {
    address: SocketAddr,
    downloaded: Arc<Mutex<Vec<String>>>,
    // Dropping the sender ends the server's thread.
    _stop: tokio::sync::oneshot::Sender<Infallible>,
}

impl Server {
    /// Starts a server for a directory on a free port.
    pub(super) fn start(directory: &Path) -> Result<Self> {
        let failed = |error| Error::during("start a server on loopback", error);
        let runtime = Builder::new_current_thread()
            .enable_io()
            .build()
            .map_err(failed)?;
        let listener = runtime
            .block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
            .map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let downloaded = Arc::default();
        let files = Files {
            directory: directory.to_owned(),
            downloaded: Arc::clone(&downloaded),
        };
        let (stop, stopped) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || serve(&runtime, listener, files, stopped));
        Ok(Self {
            address,
            downloaded,
            _stop: stop,
        })
    }

    /// Returns the server's URL without a trailing `/`.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the names of all downloaded files, in order.
    pub(super) fn downloaded(&self) -> Vec<String> {
        self.downloaded
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .clone()
    }
}

#[derive(Clone)]
struct Files {
    directory: PathBuf,
    downloaded: Arc<Mutex<Vec<String>>>,
}

fn serve(
    runtime: &Runtime,
    listener: TcpListener,
    files: Files,
    stopped: tokio::sync::oneshot::Receiver<Infallible>,
) {
    runtime.block_on(async {
        tokio::select! {
            _ = stopped => {}
            () = accept(listener, files) => {}
        }
    });
}

async fn accept(listener: TcpListener, files: Files) {
    while let Ok((stream, _)) = listener.accept().await {
        let files = files.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let files = files.clone();
                async move { Ok::<_, Infallible>(files.respond(&request)) }
            });
            // A client may close the connection after its download.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

impl Files {
    fn respond(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        // Serve only files directly in the directory.
        let name = request.uri().path().trim_start_matches('/');
        let found = Path::new(name)
            .file_name()
            .filter(|it| *it == name)
            .and_then(|it| std::fs::read(self.directory.join(it)).ok());
        match found {
            Some(bytes) => {
                self.downloaded
                    .lock()
                    .unwrap_or_else(|poisoned| poisoned.into_inner())
                    .push(name.to_owned());
                Response::new(Full::new(bytes.into()))
            }
            None => {
                let mut response = Response::new(Full::default());
                *response.status_mut() = StatusCode::NOT_FOUND;
                response
            }
        }
    }
}
