//! A server that counts connections, records requests and sends prepared responses or none. It does not imitate an API
//! server.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A server on a free port of 127.0.0.1. It runs until the process ends.
pub(crate) struct Listener {
    address: SocketAddr,
    clients: Arc<Mutex<Vec<SocketAddr>>>,
    requests: Receiver<String>,
}

impl Listener {
    /// Starts a server that closes every connection.
    pub(crate) fn new() -> Self {
        Self::serving(|_, _| ())
    }

    /// Starts a server that passes the first line and the body of each request to `respond`. `respond` returns a whole
    /// HTTP response, or `None` to keep the connection open without a response.
    pub(crate) fn responding(respond: fn(&str, &str) -> Option<String>) -> Self {
        Self::serving(move |stream, sender| serve(stream, respond, sender))
    }

    fn serving(serve: impl Fn(TcpStream, &Sender<String>) + Copy + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind a free port");
        let address = listener.local_addr().expect("get the local address");
        let clients = Arc::new(Mutex::new(Vec::new()));
        let (sender, requests) = channel();
        let accepted = Arc::clone(&clients);
        thread::spawn(move || {
            while let Ok((stream, client)) = listener.accept() {
                accepted
                    .lock()
                    .expect("lock the list of clients")
                    .push(client);
                let sender = sender.clone();
                thread::spawn(move || serve(stream, &sender));
            }
        });
        Self {
            address,
            clients,
            requests,
        }
    }

    /// Returns the address as `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Returns the number of connections since the last call.
    pub(crate) fn connections(&self) -> usize {
        // Connections are accepted in order: once this one is accepted, all earlier ones are.
        let last = TcpStream::connect(self.address).expect("connect to the server");
        let last = last.local_addr().expect("get the local address");
        loop {
            let mut clients = self.clients.lock().expect("lock the list of clients");
            if let Some(others) = clients.iter().position(|client| *client == last) {
                clients.clear();
                return others;
            }
            drop(clients);
            thread::yield_now();
        }
    }

    /// Waits for the next request and returns its first line.
    #[track_caller]
    pub(crate) fn next_request(&self) -> String {
        self.requests
            .recv_timeout(Duration::from_secs(30))
            .expect("receive a request within 30 s")
    }

    /// Returns a kubeconfig with this server, over plain HTTP.
    pub(crate) fn kubeconfig(&self) -> String {
        kubeconfig(&format!("server: http://{}", self.address))
    }
}

/// Returns a kubeconfig with these cluster settings.
pub(crate) fn kubeconfig(cluster: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: x\n\
         clusters:\n- name: x\n  cluster: {{{cluster}}}\n\
         users:\n- name: x\n  user: {{token: example}}\n\
         contexts:\n- name: x\n  context: {{cluster: x, user: x}}\n"
    )
}

fn serve(stream: TcpStream, respond: fn(&str, &str) -> Option<String>, sender: &Sender<String>) {
    let mut stream = BufReader::new(stream);
    while let Some((line, body)) = read_request(&mut stream) {
        let response = respond(&line, &body);
        let _ = sender.send(line);
        match response {
            Some(response) => {
                if stream.get_mut().write_all(response.as_bytes()).is_err() {
                    return;
                }
            }
            // Keep the connection open until the client closes it.
            None => {
                let _ = stream.read_to_end(&mut Vec::new());
                return;
            }
        }
    }
}

/// Reads a request and returns its first line and body.
fn read_request(stream: &mut BufReader<TcpStream>) -> Option<(String, String)> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_ascii_lowercase()),
        }
        if lines.len() == 1 {
            lines[0] = line.trim_end().to_owned();
        }
    }
    let length = lines
        .iter()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(Some(0), |length| length.parse().ok())?];
    stream.read_exact(&mut body).ok()?;
    Some((
        lines.swap_remove(0),
        String::from_utf8_lossy(&body).into_owned(),
    ))
}
