//! Checks the parser of Docker configs, which reads Secrets of other owners: a merge keeps what it does not replace.

use gcr_core::domain::docker_config::{DockerConfig, google_hosts};
use serde_json::Value;

/// The host that the check writes.
const HOST: &str = "gcr.io";

/// Merges the input as an existing Docker config, and checks the result.
pub fn check(input: &[u8]) {
    let hosts = google_hosts(input);
    assert!(hosts.iter().all(|host| !host.contains(char::is_control)));
    let host = HOST.parse().expect("a valid host");
    let ours = DockerConfig::new([host], "b3VyczpvdXJz".to_owned().into());
    let Ok(merged) = ours.merge(input) else {
        return;
    };
    let text = merged.to_json();
    let merged: Value = serde_json::from_slice(&text).expect("the merged config is JSON");
    let auths = merged["auths"].as_object().expect("entries");
    assert_eq!(auths[HOST]["auth"], "b3VyczpvdXJz");
    // serde_json must read the same entries, unless the input exceeds its limits or has fields twice.
    let Ok(existing) = serde_json::from_slice::<Value>(input) else {
        return;
    };
    let names = existing["auths"].as_object().into_iter().flatten();
    for (name, _) in names.filter(|(name, _)| !name.contains(HOST)) {
        assert!(auths.contains_key(name), "{name:?} is lost");
    }
}
