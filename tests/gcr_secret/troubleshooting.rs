//! Holds the outputs in `docs/troubleshooting.md` against what `doctor` prints for each cause.

use std::collections::BTreeSet;

use gcr_test_support::PolicyRule;
use gcr_test_support::fake_google::{CannedError, Fault, Rule};
use serde_json::json;

use crate::pull_secrets::docker_config;
use crate::registry::{HOST, Registry};
use crate::stuck_pods::{IMAGE, StuckPod};

/// A cause, how to produce it, and whether it is a problem.
struct Case {
    cause: &'static str,
    prepare: fn(&Registry),
    is_problem: bool,
}

fn stuck(registry: &Registry, pod: &StuckPod<'_>) {
    registry.serve_images();
    registry.create_stuck_pod(pod);
}

/// Creates a pod that references the Secret `gcr-io`.
fn with_secret(registry: &Registry) {
    let secrets = &["gcr-io"];
    stuck(
        registry,
        &StuckPod {
            secrets,
            ..StuckPod::default()
        },
    );
}

/// Creates a pod that references a Secret with this Docker config.
fn with_config(registry: &Registry, config: &str) {
    registry.fixture.create_pull_secret("gcr-io", config);
    with_secret(registry);
}

/// Creates a pod with a Secret that works, and kubelet's text.
fn with_message(registry: &Registry, reason: &'static str, message: &'static str) {
    registry.create_secret(HOST, "_json_key", &registry.key);
    let secrets = &["gcr-io"];
    let pod = StuckPod {
        secrets,
        reason,
        message,
        ..StuckPod::default()
    };
    stuck(registry, &pod);
}

fn attach_working_secret(registry: &Registry) {
    registry.create_secret(HOST, "_json_key", &registry.key);
    registry.attach(&["gcr-io"]);
}

fn cases() -> Vec<Case> {
    let case = |cause, prepare| Case {
        cause,
        prepare,
        is_problem: !matches!(cause, "ok" | "retry-pending"),
    };
    vec![
        case("no-pull-secret", |it| stuck(it, &StuckPod::default())),
        case("pod-predates-secret", |it| {
            stuck(it, &StuckPod::default());
            attach_working_secret(it);
        }),
        case("own-pull-secrets", |it| {
            let secrets = &["mine"];
            stuck(
                it,
                &StuckPod {
                    secrets,
                    ..StuckPod::default()
                },
            );
            attach_working_secret(it);
        }),
        case("secret-missing", with_secret),
        case("secret-unreadable", with_secret),
        case("secret-wrong-type", |it| {
            it.fixture
                .kubectl(["create", "secret", "generic", "gcr-io"]);
            with_secret(it);
        }),
        case("secret-undecodable", |it| {
            with_config(it, r#"{"auths":{"gcr.io":{"auth":"bm8tY29sb24="}}}"#);
        }),
        case("no-entry-for-host", |it| {
            with_config(
                it,
                &docker_config(&[("gcr.io", "user", "password-password")]),
            );
        }),
        case("credential-refused", |it| {
            it.google.disable_keys(&it.email);
            it.create_secret(HOST, "_json_key", &it.key);
            with_secret(it);
        }),
        case("image-not-found", |it| {
            it.create_secret(HOST, "_json_key", &it.key);
            it.create_stuck_pod(&StuckPod {
                secrets: &["gcr-io"],
                ..StuckPod::default()
            });
        }),
        case("registry-unreachable", |it| {
            let busy = Fault::Respond(CannedError::unavailable());
            it.google.inject(Rule::on("registry.token"), busy);
            it.create_secret(HOST, "_json_key", &it.key);
            with_secret(it);
        }),
        case("invalid-image-name", |it| {
            let image = "us-docker.pkg.dev/demo-project/images/Web:1.2";
            let reason = "InvalidImageName";
            stuck(
                it,
                &StuckPod {
                    image,
                    reason,
                    ..StuckPod::default()
                },
            );
        }),
        case("cached-image", |it| {
            let node = it.create_node("v1.35.1", &json!({}), &[IMAGE]);
            let spec = json!({"nodeName": node});
            stuck(
                it,
                &StuckPod {
                    spec,
                    ..StuckPod::default()
                },
            );
        }),
        case("never-pulled", |it| {
            with_message(
                it,
                "ErrImageNeverPull",
                "Container image is not present with pull policy of Never",
            );
        }),
        case("not-credentials", |it| {
            with_message(
                it,
                "ErrImagePull",
                "write /var/lib/containerd/x: no space left on device",
            );
        }),
        case("not-google", |it| {
            let image = "registry.example.com/team/web:1.2";
            stuck(
                it,
                &StuckPod {
                    image,
                    ..StuckPod::default()
                },
            );
        }),
        case("retry-pending", |it| {
            with_message(
                it,
                "ImagePullBackOff",
                "Back-off pulling image: 403 Forbidden",
            );
        }),
        case("ok", |it| {
            it.serve_images();
            attach_working_secret(it);
        }),
    ]
}

/// Runs `doctor` for a case. Returns its output with the names of the documentation.
#[track_caller]
fn explained(case: &Case) -> String {
    let registry = Registry::new();
    (case.prepare)(&registry);
    let mut args = vec!["doctor", "-n", &registry.fixture.namespace];
    if case.cause == "ok" {
        args.extend(["--image", IMAGE]);
    }
    let user;
    let session;
    let session = if case.cause == "secret-unreadable" {
        let rules = [PolicyRule::new("list", "pods,serviceaccounts")];
        user = registry
            .fixture
            .cluster
            .user()
            .allow(&registry.fixture.namespace, &rules);
        session = user.session();
        &session
    } else {
        &registry.fixture.session
    };
    let run = |more: &[&str]| {
        let command = session.gcr_secret(&args).args(more);
        command.envs(registry.google.environment()).run()
    };
    let output = run(&[]);
    assert_eq!(output.code, Some(i32::from(case.is_problem)), "{output}");
    let cause = format!("\"cause\": \"{}\"", case.cause);
    assert!(
        run(&["-o", "json"]).stdout.contains(&cause),
        "{cause} {output}"
    );
    registry.delete_nodes();
    let id = &registry.google.keys_of(&registry.email)[0].0[..7];
    let text = output.stdout.as_str();
    let user = text
        .split_once("User \"")
        .and_then(|(_, rest)| rest.split('"').next());
    let text = user.map_or(text.to_owned(), |user| text.replace(user, "jane"));
    text.replace(&registry.fixture.namespace, "shop")
        .replace(id, "d06abdf")
        .replace("demo-project", "my-project")
        .replace(HOST, "europe-west1-docker.pkg.dev")
}

#[test]
fn documented_outputs_are_those_of_doctor() {
    let page = include_str!("../../docs/troubleshooting.md");
    let mut documented = BTreeSet::new();
    let mut differences = String::new();
    for case in cases() {
        let actual = explained(&case);
        let heading = format!("### `{}`\n", case.cause);
        let block = page
            .split(&heading)
            .nth(1)
            .and_then(|it| it.split("```").nth(1));
        let block = block
            .and_then(|it| it.split_once('\n'))
            .map(|(_, text)| text);
        if block != Some(actual.as_str()) {
            differences.push_str(&format!("{heading}\n```text\n{actual}```\n\n"));
        }
        documented.insert(case.cause);
    }
    assert!(
        differences.is_empty(),
        "docs/troubleshooting.md should contain\n{differences}"
    );
    let help = include_str!("help/doctor.txt");
    let (_, list) = help.split_once("A cause is one of: ").unwrap();
    let (list, _) = list.split_once('.').unwrap();
    let causes: BTreeSet<&str> = list.split(',').map(str::trim).collect();
    assert_eq!(documented, causes);
}
