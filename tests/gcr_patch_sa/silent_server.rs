//! A port that takes connections and never says a word, as a hung load balancer does.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Listens until the test ends.
pub(crate) struct SilentServer {
    pub(crate) url: String,
    asked: Receiver<TcpStream>,
}

impl SilentServer {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("the port's number");
        let (sender, asked) = channel();
        std::thread::spawn(move || {
            for mut connection in listener.incoming().flatten() {
                let sender = sender.clone();
                std::thread::spawn(move || {
                    // A request has come as soon as its first byte is there.
                    if connection.read_exact(&mut [0]).is_ok() {
                        drop(sender.send(connection));
                    }
                });
            }
        });
        Self {
            url: format!("http://{address}"),
            asked,
        }
    }

    /// Waits for a request. It stays open for as long as the result is held.
    #[track_caller]
    pub(crate) fn request(&self) -> TcpStream {
        self.asked
            .recv_timeout(Duration::from_secs(60))
            .expect("no request came")
    }
}
