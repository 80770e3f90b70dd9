//! Tests that a slow file holds up no other work. The slow file is a FIFO: reading it blocks until the test writes.

#![cfg(unix)]

use std::future::Future;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;

use super::super::credential_source::{CredentialSource, Credentials};
use super::super::environment::Environment;
use super::super::oidc::Oidc;
use super::super::{ConnectionOptions, Kubeconfig};

/// How long the test waits for other work before it writes to the FIFO anyway.
const LIMIT: Duration = Duration::from_secs(5);
/// An ID token without a valid signature; its claims are `{"exp":9999999999}`.
const ID_TOKEN: &str = "h.eyJleHAiOjk5OTk5OTk5OTl9.s";

/// Replaces `path` by a FIFO and writes `content` to it as soon as the returned sender is used. The thread returns whether
/// that was before [`LIMIT`].
fn slow_file(path: &Path, content: &'static str) -> (Sender<()>, JoinHandle<bool>) {
    let _ = std::fs::remove_file(path);
    let status = std::process::Command::new("mkfifo").arg(path).status();
    assert!(status.unwrap().success());
    let path = path.to_owned();
    let (proceed, wait) = channel();
    let writer = spawn(move || {
        let in_time = wait.recv_timeout(LIMIT).is_ok();
        std::fs::write(path, content).unwrap();
        in_time
    });
    (proceed, writer)
}

/// Runs `slow`, which reads the file of `slow_file`, next to other work, and asserts that the other work is done first.
async fn run_next_to_other_work<T>(
    slow: impl Future<Output = T>,
    (proceed, writer): (Sender<()>, JoinHandle<bool>),
) -> T {
    let other = async { proceed.send(()).unwrap() };
    let (result, ()) = tokio::join!(slow, other);
    assert!(writer.join().unwrap(), "the file held up the other work");
    result
}

#[tokio::test]
async fn slow_token_file_holds_up_no_other_work() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token");
    let file = slow_file(&path, "t");
    let credentials = Credentials::new(CredentialSource::TokenFile(path, None));
    let credential = run_next_to_other_work(credentials.current(), file).await;
    assert_eq!(
        credential.unwrap().authorization.as_ref().unwrap(),
        "Bearer t"
    );
}

#[tokio::test]
async fn slow_certificate_file_holds_up_no_other_work() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let text = format!(
        "clusters:\n- name: c\n  cluster: {{server: 'https://c.test', certificate-authority: {}}}\ncontexts:\n- name: x\n  context: {{cluster: c, user: u}}\ncurrent-context: x\nusers:\n- name: u\n  user: {{token: t}}\n",
        at("ca").display()
    );
    std::fs::write(at("config"), text).unwrap();
    std::fs::write(at("ca"), "").unwrap();
    let options = ConnectionOptions {
        kubeconfig: Some(at("config")),
        ..Default::default()
    };
    let kubeconfig = Kubeconfig::load(&options, Environment::of(&[])).unwrap();
    let connection = kubeconfig.connection(&options).unwrap();
    let file = slow_file(&at("ca"), "not PEM");
    let authenticated = run_next_to_other_work(connection.authenticate(), file).await;
    assert_eq!(
        authenticated.unwrap_err().to_string(),
        "unable to load root certificates: unable to parse bytes as PEM block"
    );
}

/// Starts an OpenID Connect issuer that answers one token refresh and returns its URL.
fn issuer() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let responses = [
        format!("{{\"token_endpoint\":\"{url}/token\"}}"),
        "{\"access_token\":\"a\",\"refresh_token\":\"r2\",\"id_token\":\"ID_TOKEN\"}"
            .replace("ID_TOKEN", ID_TOKEN),
    ];
    spawn(move || {
        for response in responses {
            let mut stream = BufReader::new(listener.accept().unwrap().0);
            let mut length = 0;
            let mut line = String::new();
            while stream.read_line(&mut line).unwrap() > 2 {
                let lower = line.to_ascii_lowercase();
                if let Some(value) = lower.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            stream.read_exact(&mut vec![0; length]).unwrap();
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close";
            let length = response.len();
            let mut stream = stream.into_inner();
            write!(
                stream,
                "{head}\r\nContent-Length: {length}\r\n\r\n{response}"
            )
            .unwrap();
        }
    });
    url
}

fn oidc_user(kubeconfig: PathBuf) -> Oidc {
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let settings = [
        ("idp-issuer-url", issuer()),
        ("client-id", "me".to_owned()),
        ("refresh-token", "r1".to_owned()),
    ];
    let settings = settings.map(|(key, value)| (key.to_owned(), value)).into();
    Oidc::new(
        settings,
        "u",
        Some(kubeconfig),
        &Environment::of(&[]),
        http::HeaderValue::from_static("test"),
    )
    .unwrap()
}

/// Waits until `file` exists.
async fn wait_for(file: &Path) {
    let exists = async {
        while !file.exists() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let exists = tokio::time::timeout(LIMIT, exists).await;
    exists.expect("the file should have been created");
}

#[tokio::test]
async fn slow_kubeconfig_holds_up_no_other_work_while_tokens_are_written() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config");
    let oidc = oidc_user(path.clone());
    let (proceed, writer) = slow_file(&path, "users: []\n");
    let lock = directory.path().join("config.lock");
    let other = async {
        wait_for(&lock).await;
        // The write has begun, and this task still runs.
        tokio::time::sleep(Duration::from_millis(10)).await;
        proceed.send(()).unwrap();
    };
    let (credential, ()) = tokio::join!(oidc.token(false), other);
    assert!(
        writer.join().unwrap(),
        "the kubeconfig held up the other work"
    );
    let authorization = credential.unwrap().authorization.unwrap();
    assert_eq!(authorization, format!("Bearer {ID_TOKEN}"));
}

#[tokio::test]
async fn token_refresh_that_is_dropped_finishes_its_write() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config");
    let oidc = oidc_user(path.clone());
    let (proceed, writer) = slow_file(&path, "users: []\n");
    let lock = directory.path().join("config.lock");
    let write_begins = async {
        wait_for(&lock).await;
        spawn(move || {
            sleep(Duration::from_millis(50));
            proceed.send(()).unwrap();
        });
    };
    tokio::select! {
        _ = oidc.token(false) => panic!("the file should have held the write up"),
        () = write_begins => {}
    }
    assert!(!lock.exists(), "the write was cut off");
    assert!(writer.join().unwrap());
    // The issuer answers no second request: this is the token that was written.
    let authorization = oidc.token(false).await.unwrap().authorization.unwrap();
    assert_eq!(authorization, format!("Bearer {ID_TOKEN}"));
}
