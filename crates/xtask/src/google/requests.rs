//! The requests that tests send to fakes, compared with the discovery documents.

use gcr_test_support::discovery::Discovery;
use gcr_test_support::fake_google::{REQUESTS, RecordedRequest};
use gcr_test_support::scratch::ScratchDir;
use gcr_test_support::{Error, Result, checkout, google_clients};
use serde_json::Value;

use crate::step::capture_success;

/// Test programs that use the fake. Requests that are wrong on purpose have no method, and are left out.
const TESTS: [&[&str]; 5] = [
    &["-p", "gcr-test-support", "--test", "fake_google"],
    &["-p", "gcr-google", "--test", "google"],
    &["-p", "kubectl-gcr-secret", "--test", "refresh"],
    &["-p", "kubectl-gcr-secret", "--test", "rotate"],
    &["-p", "kubectl-gcr-secret", "--test", "setup"],
];

/// Runs the tests, and returns the number of requests that are as documented.
///
/// # Errors
/// A test fails, or a request differs; the error lists the differences.
pub(super) fn run() -> Result<usize> {
    let documents = Discovery::load(&google_clients::discovery_directory()?)?;
    let dir = ScratchDir::new("requests")?;
    for arguments in TESTS {
        let mut test = checkout::cargo();
        test.args(["test", "--quiet"])
            .args(arguments)
            .env(REQUESTS, dir.path());
        capture_success(&mut test)?;
    }
    let failed = |error| Error::during(dir.path().display(), error);
    let (mut documented, mut differences) = (0, Vec::new());
    for entry in std::fs::read_dir(dir.path()).map_err(failed)?.flatten() {
        if entry.path().extension().is_none_or(|end| end != "jsonl") {
            continue;
        }
        let text = std::fs::read_to_string(entry.path()).map_err(failed)?;
        for mut request in text.lines().filter_map(RecordedRequest::from_json) {
            // Tests store this member in a repository's policy, which does not document it, to see that it is written back.
            if let Some(policy) = request
                .body
                .get_mut("policy")
                .and_then(Value::as_object_mut)
            {
                policy.remove("auditConfigs");
            }
            match documents.check(&request) {
                Ok(is_documented) => documented += usize::from(is_documented),
                Err(_) if request.method.is_empty() => {}
                Err(difference) => differences.push(difference),
            }
        }
    }
    differences.sort();
    differences.dedup();
    match (documented, differences.is_empty()) {
        (0, true) => Err(Error::new("the tests sent no request to an API")),
        (_, true) => Ok(documented),
        (_, false) => Err(Error::new(differences.join("\n"))),
    }
}
