//! A server that accepts connections and requests but never responds, like a hung load balancer.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// A server that runs until the test process ends.
pub(crate) struct UnresponsiveServer {
    pub(crate) url: String,
    requests: Receiver<TcpStream>,
}

impl UnresponsiveServer {
    /// Starts the server on a free local port.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind a free port");
        let address = listener.local_addr().expect("get the local address");
        let (sender, requests) = channel();
        std::thread::spawn(move || {
            for mut connection in listener.incoming().flatten() {
                let sender = sender.clone();
                std::thread::spawn(move || {
                    // The first byte is enough to count as a request.
                    if connection.read_exact(&mut [0]).is_ok() {
                        drop(sender.send(connection));
                    }
                });
            }
        });
        Self {
            url: format!("http://{address}"),
            requests,
        }
    }

    /// Waits for the next request and returns its connection, which stays open until it is dropped.
    #[track_caller]
    pub(crate) fn request(&self) -> TcpStream {
        self.requests
            .recv_timeout(Duration::from_secs(60))
            .expect("receive a request within 60 s")
    }
}
