//! Somebody who listens where a server should be: counts who calls, and answers little or nothing. Stands in for no
//! API server; it shows what is sent, and what happens when no answer comes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Listens on a free port of 127.0.0.1 for as long as the process lives.
pub(crate) struct Listener {
    address: SocketAddr,
    callers: Arc<Mutex<Vec<SocketAddr>>>,
    requests: Receiver<String>,
}

impl Listener {
    /// Hangs up on every caller.
    pub(crate) fn new() -> Self {
        Self::serving(|_, _| ())
    }

    /// Reads requests, and gives each the answer that `answer` has for its first line and its body: a whole HTTP
    /// reply, or `None` to stay silent with the connection open.
    pub(crate) fn answering(answer: fn(&str, &str) -> Option<String>) -> Self {
        Self::serving(move |stream, told| serve(stream, answer, told))
    }

    fn serving(serve: impl Fn(TcpStream, &Sender<String>) + Copy + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let callers = Arc::new(Mutex::new(Vec::new()));
        let (told, requests) = channel();
        let counted = Arc::clone(&callers);
        thread::spawn(move || {
            while let Ok((stream, caller)) = listener.accept() {
                counted
                    .lock()
                    .expect("no panic while counting")
                    .push(caller);
                let told = told.clone();
                thread::spawn(move || serve(stream, &told));
            }
        });
        Self {
            address,
            callers,
            requests,
        }
    }

    /// `127.0.0.1:PORT`
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// How many others have connected since this was last asked.
    pub(crate) fn calls(&self) -> usize {
        // They are accepted in turn: once this one is, so is whoever came before.
        let last = TcpStream::connect(self.address).expect("a connection");
        let last = last.local_addr().expect("an address");
        loop {
            let mut callers = self.callers.lock().expect("no panic while counting");
            if let Some(others) = callers.iter().position(|caller| *caller == last) {
                callers.clear();
                return others;
            }
            drop(callers);
            thread::yield_now();
        }
    }

    /// The first line of the next request, as it arrives.
    #[track_caller]
    pub(crate) fn next_request(&self) -> String {
        self.requests
            .recv_timeout(Duration::from_secs(30))
            .expect("a request within 30 s")
    }

    /// A kubeconfig that names it, by plain HTTP.
    pub(crate) fn kubeconfig(&self) -> String {
        kubeconfig(&format!("server: http://{}", self.address))
    }
}

/// A kubeconfig with these settings of its cluster.
pub(crate) fn kubeconfig(cluster: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: x\n\
         clusters:\n- name: x\n  cluster: {{{cluster}}}\n\
         users:\n- name: x\n  user: {{token: example}}\n\
         contexts:\n- name: x\n  context: {{cluster: x, user: x}}\n"
    )
}

fn serve(stream: TcpStream, answer: fn(&str, &str) -> Option<String>, told: &Sender<String>) {
    let mut stream = BufReader::new(stream);
    while let Some((line, body)) = read_request(&mut stream) {
        let reply = answer(&line, &body);
        let _ = told.send(line);
        match reply {
            Some(reply) => {
                if stream.get_mut().write_all(reply.as_bytes()).is_err() {
                    return;
                }
            }
            // Until the other side ends.
            None => {
                let _ = stream.read_to_end(&mut Vec::new());
                return;
            }
        }
    }
}

/// A request's first line and its body.
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
