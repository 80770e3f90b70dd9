//! Reads every pull Secret every few milliseconds and asks the registry's token endpoint with each key in them, as kubelet
//! does. Counts the moments in which a Secret holds a key that is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gcr_test_support::{RunningCommand, Signal, wait_until};
use serde_json::{Value, json};

use crate::rotations::Rotations;

const LIST: &str = "/api/v1/secrets?fieldSelector=metadata.name=gcr-io";
const HOST: &str = "europe-west1-docker.pkg.dev";
const TOKEN: &str =
    "/v2/token?service=europe-west1-docker.pkg.dev&scope=repository:demo-project/images/web:pull";

/// The observation.
#[derive(Debug, Default)]
pub(crate) struct Observed {
    /// Number of reads of all Secrets.
    pub(crate) looks: usize,
    /// Number of Secrets in these reads.
    pub(crate) secrets: usize,
    /// Number of answers of the token endpoint.
    pub(crate) asked: usize,
    /// The keys that were seen in Secrets.
    pub(crate) keys: BTreeSet<String>,
    /// Whether the first key is refused in the end: the proof that the observer recognizes a refusal.
    pub(crate) first_is_refused: bool,
    /// The Secrets that held a refused key.
    pub(crate) refused: Vec<String>,
}

/// A running observer.
pub(crate) struct PullObserver {
    proxy: RunningCommand,
    address: String,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Observed>,
}

impl PullObserver {
    /// Starts observing.
    #[track_caller]
    pub(crate) fn start(rotations: &Rotations) -> Self {
        let proxy = rotations.plane.session();
        // Longer than the long form of the test takes.
        let timeout = Duration::from_secs(2 * 60 * 60);
        let proxy = proxy.kubectl(["proxy", "--port=0"]);
        let proxy = proxy.timeout(timeout).spawn();
        wait_until("kubectl proxy listens", || proxy.lines_so_far() > 0);
        let line = proxy.stdout_so_far();
        let address = line
            .split_whitespace()
            .last()
            .unwrap_or_default()
            .to_owned();
        let google = rotations.google.url().replacen("http://", "", 1);
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, at) = (Arc::clone(&stop), address.clone());
        let thread = std::thread::spawn(move || observe(&at, &google, &stopped));
        Self {
            proxy,
            address,
            stop,
            thread,
        }
    }

    /// Creates a namespace with a copy of the Secret of another one.
    #[track_caller]
    pub(crate) fn copy_to_new_namespace(&self, name: &str) {
        let list = get(&self.address, LIST).expect("the Secrets can be listed");
        let original = &list["items"][0];
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        send(
            &self.address,
            ("POST", "application/json"),
            "/api/v1/namespaces",
            &namespace,
        );
        let metadata = &original["metadata"];
        let copy = json!({
            "apiVersion": "v1", "kind": "Secret", "type": original["type"], "data": original["data"],
            "metadata": {"name": "gcr-io", "labels": metadata["labels"], "annotations": metadata["annotations"]},
        });
        // As the plugin itself writes it: the fields of other managers would be a conflict.
        let path =
            format!("/api/v1/namespaces/{name}/secrets/gcr-io?fieldManager=kubectl-gcr-secret");
        let apply = ("PATCH", "application/apply-patch+yaml");
        send(&self.address, apply, &path, &copy);
    }

    /// Ends observing.
    #[track_caller]
    pub(crate) fn stop(mut self) -> Observed {
        self.stop.store(true, Ordering::Relaxed);
        let observed = self.thread.join().expect("the observer ends");
        self.proxy.signal(Signal::TERM);
        self.proxy.wait();
        observed
    }
}

fn observe(cluster: &str, google: &str, stop: &AtomicBool) -> Observed {
    let mut observed = Observed::default();
    let mut first = None;
    while !stop.load(Ordering::Relaxed) {
        let Some(list) = get(cluster, LIST) else {
            continue;
        };
        observed.looks += 1;
        let mut holders: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for secret in list["items"].as_array().into_iter().flatten() {
            observed.secrets += 1;
            let namespace = secret["metadata"]["namespace"].as_str().unwrap_or_default();
            let auth = auth_in(secret);
            holders.entry(auth).or_default().push(namespace.to_owned());
        }
        for (auth, namespaces) in holders {
            observed.asked += 1;
            first.get_or_insert_with(|| auth.clone());
            observed
                .keys
                .insert(auth[auth.len() / 2..][..24].to_owned());
            if !is_refused(google, &auth) {
                continue;
            }
            // The Secret may have been written since it was read.
            for namespace in namespaces {
                let path = format!("/api/v1/namespaces/{namespace}/secrets/gcr-io");
                let again = get(cluster, &path);
                if again.is_some_and(|secret| auth_in(&secret) == auth) {
                    observed.refused.push(namespace);
                }
            }
        }
    }
    observed.first_is_refused = first.is_some_and(|auth| is_refused(google, &auth));
    observed
}

fn auth_in(secret: &Value) -> String {
    let data = secret["data"][".dockerconfigjson"]
        .as_str()
        .unwrap_or_default();
    let config = STANDARD.decode(data).unwrap_or_default();
    let config: Value = serde_json::from_slice(&config).unwrap_or_default();
    let entries = config["auths"].as_object();
    let entry = entries.and_then(|entries| entries.values().next());
    let auth = entry.and_then(|entry| entry["auth"].as_str());
    auth.unwrap_or_default().to_owned()
}

/// Returns whether the token endpoint refuses the credential. A server that is busy refuses nothing.
fn is_refused(google: &str, auth: &str) -> bool {
    let request =
        format!("GET {TOKEN} HTTP/1.0\r\nHost: {HOST}\r\nAuthorization: Basic {auth}\r\n\r\n");
    let status = exchange(google, &request).map(|(status, _)| status);
    matches!(status, Some(400 | 401 | 403))
}

fn get(address: &str, path: &str) -> Option<Value> {
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
    let (status, body) = exchange(address, &request)?;
    (status == 200).then(|| serde_json::from_str(&body).ok())?
}

#[track_caller]
fn send(address: &str, (verb, media): (&str, &str), path: &str, object: &Value) {
    let body = object.to_string();
    let request = format!(
        "{verb} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Type: {media}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = exchange(address, &request);
    assert!(
        answer.as_ref().is_some_and(|(status, _)| *status == 201),
        "{answer:?}"
    );
}

/// Sends a request and returns the status and the body.
fn exchange(address: &str, request: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split_whitespace().nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}
