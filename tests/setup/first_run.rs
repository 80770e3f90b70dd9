//! The first run does everything, the second nothing.

use crate::fixture::{BINDING, EMAIL, Fixture, REGISTRY, REPOSITORY, sorted_lines};

#[test]
fn first_run_does_everything_and_second_run_nothing() {
    let fixture = Fixture::new("setup-first");
    fixture.google.add_repository("europe-west1", "images");
    let output = fixture.setup([""; 0]).run().success();
    let key = fixture.key();
    let mut expected = vec![
        "service/artifactregistry.googleapis.com enabled".to_owned(),
        "service/iam.googleapis.com enabled".to_owned(),
        format!("repository/{REPOSITORY} unchanged"),
        format!("iamaccount/{EMAIL} created"),
        format!("iambinding/{BINDING} granted"),
        format!("key/{key} created"),
        format!("registry/{REGISTRY} verified"),
        "secret/gcr-io created".to_owned(),
        "serviceaccount/default patched".to_owned(),
    ];
    expected.sort();
    assert_eq!(sorted_lines(&output), expected, "{output}");
    assert_eq!(output.stderr, "", "{output}");
    fixture.assert_complete();
    fixture.google.reset_requests();
    let output = fixture.setup([""; 0]).run().success();
    let mut expected = vec![
        "service/artifactregistry.googleapis.com unchanged".to_owned(),
        "service/iam.googleapis.com unchanged".to_owned(),
        format!("repository/{REPOSITORY} unchanged"),
        format!("iamaccount/{EMAIL} unchanged"),
        format!("iambinding/{BINDING} unchanged"),
        format!("key/{key} unchanged"),
        format!("registry/{REGISTRY} verified"),
        "secret/gcr-io unchanged".to_owned(),
        "serviceaccount/default patched (no change)".to_owned(),
    ];
    expected.sort();
    assert_eq!(sorted_lines(&output), expected, "{output}");
    let writes = fixture.google.requests();
    let writes: Vec<_> = writes
        .iter()
        .filter(|it| !it.is_read())
        .map(|it| it.method.as_str())
        .collect();
    assert_eq!(writes, [""; 0]);
    fixture.assert_complete();
}
