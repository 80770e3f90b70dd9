//! Tests that `--merge` shows no piece of the credentials of other owners that it reads.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gcr_test_support::fault_proxy::{CannedResponse, Fault, FaultProxy, Rule};
use serde_json::json;

use crate::fixture::{Fixture, with_key};

const PASSWORD: &str = "correct-horse-battery-staple-0123456789";

#[test]
fn server_error_that_quotes_a_merged_config_is_redacted() {
    let fixture = Fixture::new("foreign", 1);
    let auth = STANDARD.encode(format!("them:{PASSWORD}"));
    let config = json!({"auths": {"registry.example.com": {"auth": auth}}}).to_string();
    let data = STANDARD.encode(&config);
    fixture.cluster.create(vec![json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": "gcr-io", "namespace": fixture.names[0]},
        "data": {".dockerconfigjson": data},
    })]);
    let proxy = FaultProxy::new(fixture.cluster);
    let quoted = format!(
        "no: {} {} {}",
        &data[30..80],
        &auth[4..40],
        &PASSWORD[2..30]
    );
    let refusal = CannedResponse::status(422, "Invalid", &quoted);
    proxy.inject(Rule::on("patch", "secrets"), Fault::Replace(refusal));
    let session = with_key(proxy.session());
    let output = fixture
        .create_as(&session)
        .args([
            "--merge",
            "--force-conflicts",
            "-v=9",
            "--report=report.jsonl",
        ])
        .run()
        .exits(1);
    assert!(output.stderr.contains("no: "), "{output}");
    assert!(output.stderr.contains("***"), "{output}");
    let report = std::fs::read_to_string(session.work().join("report.jsonl"));
    let report = report.expect("the report is readable");
    for text in [&output.stdout, &output.stderr, &report] {
        for secret in [&data[40..70], &auth[6..30], &PASSWORD[4..24]] {
            assert!(!text.contains(secret), "{secret}\n{output}\n{report}");
        }
    }
}
