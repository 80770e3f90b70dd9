//! Tests `verify` against servers that try to get the credential or to exhaust the client.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use gcr_test_support::fake_google::{CannedError, Fault, Rule};

use crate::listener::Listener;
use crate::pull_secrets::docker_config;
use crate::registry::{HOST, REPOSITORY, Registry, finding};

/// The limit for the memory of the process, in bytes.
const MEMORY: u64 = 32 << 20;
/// The limit for the memory that large bodies add, in bytes. It holds in debug builds too, whose code alone takes 31 MiB.
const ADDED_MEMORY: u64 = 6 << 20;
/// The limit for the size of a release build, in bytes. `cargo xtask test` runs the tests with a release build.
const RELEASE: u64 = 10_000_000;

fn challenge(realm: &str) -> CannedError {
    let reply = CannedError::registry(401, "UNAUTHORIZED", "x");
    reply.header(
        "www-authenticate",
        &format!("Bearer realm=\"{realm}\",service=\"x\""),
    )
}

fn redirect(to: &str) -> CannedError {
    CannedError::new(307, "text/plain", "elsewhere").header("location", to)
}

#[test]
fn realm_and_redirect_elsewhere_get_no_connection() {
    let registry = Registry::new();
    let evil = Listener::new();
    let url = format!("http://{}/v2/token", evil.address());
    for (method, reply) in [
        ("registry.ping", challenge(&url)),
        ("registry.ping", redirect(&url)),
        ("registry.token", redirect(&url)),
        ("registry.content", redirect(&url)),
    ] {
        registry.google.clear_faults();
        registry
            .google
            .inject(Rule::on(method), Fault::Respond(reply));
        registry.create_secret(HOST, "_json_key", &registry.key);
        let image = format!("{REPOSITORY}/web:1");
        let output = registry.verify(&["--image", &image]).exits(1);
        registry.fixture.kubectl(["delete", "secret", "gcr-io"]);
        assert!(
            output.stdout.starts_with("secret/gcr-io unrecognized: "),
            "{method} {output}"
        );
        assert_eq!(evil.connections(), 0, "{method}");
    }
}

#[test]
fn token_uri_elsewhere_gets_no_connection() {
    let registry = Registry::new();
    // Records the hosts that the plugin wants to reach, and refuses all.
    let proxy = Listener::responding(|_, _| {
        Some("HTTP/1.1 502 no\r\ncontent-length: 0\r\n\r\n".to_owned())
    });
    for uri in [
        "https://evil.example/token",
        "http://oauth2.googleapis.com/token",
        "https://oauth2.googleapis.com.evil.example/token",
        "https://oauth2.googleapis.com@evil.example/token",
    ] {
        let mut key: serde_json::Value = serde_json::from_str(&registry.key).unwrap();
        key["token_uri"] = uri.into();
        registry
            .fixture
            .session
            .file("key.json", key.to_string(), 0o600);
        let words = [
            "verify",
            "--key-file",
            "key.json",
            "--registry",
            REPOSITORY,
            "-o",
            "json",
        ];
        let command = registry.fixture.session.gcr_secret(words);
        let proxy_url = format!("http://{}", proxy.address());
        let output = command
            .env("HTTPS_PROXY", &proxy_url)
            .env("HTTP_PROXY", &proxy_url)
            .run();
        let found = finding(&output.exits(1));
        assert_eq!(found["verdict"], "registry-unreachable", "{uri}");
        let step = &found["steps"][1];
        let text =
            "skipped: the token_uri of the key is not an https URL of a known host of Google";
        assert_eq!(
            (&step["name"], &step["text"]),
            (&"key".into(), &text.into()),
            "{uri}"
        );
        // Three attempts at the registry, and nothing else.
        for _ in 0..proxy.connections() {
            let line = proxy.next_request();
            assert_eq!(line, format!("CONNECT {HOST}:443 HTTP/1.1"), "{uri}");
        }
    }
}

#[test]
fn foreign_registry_gets_only_its_own_credential_and_names_no_other_host() {
    let registry = Registry::new();
    let evil = Listener::new();
    let address = evil.address();
    let realm = format!("http://{address}/token");
    let own = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = own.local_addr().unwrap().to_string();
    let reply = format!(
        "HTTP/1.1 401 x\r\nwww-authenticate: Bearer realm=\"{realm}\"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    let served = std::thread::spawn(move || {
        let (mut stream, _) = own.accept().unwrap();
        let mut request = vec![0; 4096];
        let read = stream.read(&mut request).unwrap();
        stream.write_all(reply.as_bytes()).unwrap();
        String::from_utf8_lossy(&request[..read]).to_lowercase()
    });
    let config = docker_config(&[(&host, "someone", "hunter2-hunter2")]);
    registry.fixture.create_pull_secret("gcr-io", &config);
    let output = registry.verify(&["--allow-any-host"]).exits(1);
    let line = format!("secret/gcr-io unrecognized: {host}: ");
    assert!(output.stdout.starts_with(&line), "{output}");
    let request = served.join().unwrap();
    assert!(!request.contains("authorization"), "{request}");
    assert_eq!(evil.connections(), 0);
    assert!(!output.stdout.contains("hunter2"), "{output}");
}

#[test]
fn large_bodies_need_little_memory() {
    let registry = Registry::new();
    registry.create_secret(HOST, "_json_key", &registry.key);
    let peak = || {
        let image = format!("{REPOSITORY}/web:1");
        let words = [
            "verify",
            "-n",
            &registry.fixture.namespace,
            "--image",
            &image,
        ];
        let command = registry.fixture.session.gcr_secret(words);
        let running = command.envs(registry.google.environment()).spawn();
        let (output, peak) = running.wait_with_peak_memory();
        output.exits(1);
        peak
    };
    let directory = gcr_test_support::plugins::directory().unwrap();
    let plugin = std::fs::metadata(directory.join("kubectl-gcr-secret")).unwrap();
    let mut limit = peak() + ADDED_MEMORY;
    if plugin.len() <= RELEASE {
        limit = limit.min(MEMORY);
    }
    for method in ["registry.ping", "registry.token", "registry.content"] {
        registry.google.clear_faults();
        let large = registry
            .google
            .inject(Rule::on(method), Fault::Huge(200 << 20));
        let peak = peak();
        assert!(peak <= limit, "{method}: {} KiB", peak >> 10);
        assert!(registry.google.hits(large) > 0, "{method}");
    }
}

#[test]
fn slow_body_ends_with_the_timeout() {
    let registry = Registry::new();
    let slow = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = slow.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in slow.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let head = "HTTP/1.1 401 x\r\ncontent-length: 100000\r\n\r\n";
                let mut rest = head.bytes().chain(std::iter::repeat(b' '));
                while stream.write_all(&[rest.next().unwrap()]).is_ok() {
                    std::thread::sleep(Duration::from_secs(1));
                }
            });
        }
    });
    let config = docker_config(&[(&host, "someone", "hunter2-hunter2")]);
    registry.fixture.create_pull_secret("gcr-io", &config);
    let output = registry
        .verify(&["--allow-any-host", "--timeout", "2s"])
        .exits(1);
    let line = format!("secret/gcr-io registry-unreachable: {host}: ");
    assert!(output.stdout.starts_with(&line), "{output}");
    assert!(output.elapsed < Duration::from_secs(12), "{output}");
}

#[test]
fn echoed_credentials_are_redacted() {
    let registry = Registry::new();
    let token = registry
        .google
        .issue_token("user:operator@example.com", 600);
    for (user, password) in [
        ("_json_key", registry.key.as_str()),
        ("oauth2accesstoken", &token),
        ("someone", "hunter2-hunter2"),
    ] {
        registry.create_secret(REPOSITORY, user, password);
        for method in ["registry.token", "registry.content"] {
            registry.google.clear_faults();
            registry.google.inject(Rule::on(method), Fault::Echo);
            let image = format!("{REPOSITORY}/web:1");
            let encoded = docker_config(&[("x", user, password)]);
            let encoded = encoded.split('"').nth(7).unwrap();
            for format in ["wide", "json", "yaml"] {
                let output = registry.verify(&["--image", &image, "-o", format, "-v=9"]);
                for secret in [
                    &password[password.len() / 2..],
                    &encoded[16..encoded.len().min(60) - 2],
                ] {
                    let text = format!("{}{}", output.stdout, output.stderr);
                    assert!(!text.contains(secret), "{method} {user} {format}: {text}");
                }
            }
        }
        registry.fixture.kubectl(["delete", "secret", "gcr-io"]);
    }
}
