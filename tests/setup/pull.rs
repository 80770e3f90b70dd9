//! A real client pulls from a real registry with the Secret that the command wrote.

use gcr_test_support::Registry;

use crate::fixture::{Fixture, REGISTRY};

#[test]
fn real_client_pulls_from_the_granted_repository_only() {
    let fixture = Fixture::prepared("setup-pull");
    fixture.google.add_repository("europe-west1", "private");
    let registry = Registry::new(&fixture.google);
    fixture
        .setup([
            "pusher",
            "--iam-account",
            "image-pusher",
            "--role",
            "writer",
            "--attach=false",
        ])
        .run()
        .success();
    let template = r#"go-template={{index .data ".dockerconfigjson" | base64decode}}"#;
    let pusher = fixture.cluster.kubectl([
        "get",
        "secret",
        "pusher",
        "-n",
        &fixture.namespace,
        "-o",
        template,
    ]);
    // Docker's clients ignore the path of an entry.
    let by_host =
        |config: &str| config.replace(&format!("{REGISTRY}/"), "europe-west1-docker.pkg.dev");
    let pusher = by_host(&pusher.run().success().stdout);
    let image = format!("{REGISTRY}/app:1");
    let digest = registry.push(&image, &pusher).unwrap();
    registry.pull(&image, "{}").unwrap_err();
    fixture.setup([""; 0]).run().success();
    let config = by_host(&fixture.docker_config());
    assert_eq!(registry.pull(&image, &config).unwrap(), digest);
    // The reader may neither push nor read another repository.
    registry.push(&image, &config).unwrap_err();
    let other = "europe-west1-docker.pkg.dev/demo-project/private/app:1";
    registry.pull(other, &config).unwrap_err();
}
