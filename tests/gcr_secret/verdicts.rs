//! Tests every verdict of `verify`: its line, its exit code, and the command that `doctor` prints for it.

use std::collections::BTreeSet;

use gcr_test_support::fake_google::{CannedError, Fault, Rule};

use crate::registry::{HOST, Registry};
use crate::stuck_pods::IMAGE;

/// A verdict, how to produce it, and what it says.
struct Case {
    verdict: &'static str,
    /// User and password; the key of the puller if they are empty.
    login: (&'static str, &'static str),
    prepare: fn(&Registry),
    /// The text after the image; `KEY` and `EMAIL` stand for those of the puller.
    message: &'static str,
    /// The command of `doctor`, without the namespace.
    fix: &'static str,
}

const CREATE: &str = "kubectl gcr-secret create gcr-io --key-file key.json --registry us-docker.pkg.dev --force-conflicts";
const KEY: (&str, &str) = ("", "");

fn respond(registry: &Registry, method: &str, reply: CannedError) {
    registry
        .google
        .inject(Rule::on(method), Fault::Respond(reply));
}

fn refuse(registry: &Registry, status: u16, code: &str, message: &str) {
    let reply = CannedError::registry(status, code, message);
    respond(registry, "registry.token", reply);
}

fn cases() -> Vec<Case> {
    let case = |verdict, login, prepare, message, fix| Case {
        verdict,
        login,
        prepare,
        message,
        fix,
    };
    vec![
        case("ok", KEY, Registry::serve_images, "", ""),
        case(
            "not-a-key",
            ("_json_key", "{}"),
            |_| (),
            "the password is no service account key (the password has no \"type\")",
            CREATE,
        ),
        case(
            "bad-encoding",
            ("_json_key_base64", "%%%"),
            |_| (),
            "the credential cannot be decoded (the password is not base64)",
            CREATE,
        ),
        case(
            "key-revoked",
            KEY,
            |it| it.google.disable_keys(&it.email),
            "the key KEY… was deleted, disabled or has expired (invalid_grant: Invalid JWT Signature)",
            CREATE,
        ),
        case(
            "account-deleted",
            KEY,
            |it| it.google.remove_account(&it.email),
            "the service account EMAIL does not exist (invalid_grant: Invalid grant: account not found)",
            CREATE,
        ),
        case(
            "account-disabled",
            KEY,
            |it| it.google.set_account_disabled(&it.email, true),
            "the service account EMAIL is disabled (disabled_client: The OAuth client was disabled)",
            "gcloud iam service-accounts enable EMAIL --project demo-project",
        ),
        case(
            "clock-skew",
            KEY,
            |it| it.google.advance_clock(7200),
            "the clock of this machine is wrong (invalid_grant: Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim)",
            "",
        ),
        case(
            "token-expired",
            ("oauth2accesstoken", "ya29.old-old-old"),
            |_| (),
            "the access token has expired or was revoked (UNAUTHORIZED: authentication failed)",
            CREATE,
        ),
        case(
            "unauthorized",
            ("someone", "hunter2-hunter2"),
            |_| (),
            "the registry refuses the credential (UNAUTHORIZED: authentication failed)",
            CREATE,
        ),
        case(
            "no-credential-for-host",
            KEY,
            |it| {
                refuse(
                    it,
                    403,
                    "DENIED",
                    "Unauthenticated request. Unauthenticated requests do not have permission \"x\"",
                )
            },
            "no credential reached the registry (DENIED: Unauthenticated request. Unauthenticated requests do not have permission \"x\")",
            "",
        ),
        case(
            "permission-denied",
            KEY,
            |it| {
                it.google
                    .set_repository_policy("us", "images", serde_json::json!({}))
            },
            "the role is missing, or the repository does not exist (DENIED: Permission \"artifactregistry.repositories.downloadArtifacts\" denied on resource \"projects/demo-project/locations/us/repositories/images\" (or it may not exist))",
            "gcloud artifacts repositories add-iam-policy-binding images --project demo-project --location us --member serviceAccount:EMAIL --role roles/artifactregistry.reader",
        ),
        case(
            "api-disabled",
            KEY,
            |it| {
                refuse(
                    it,
                    403,
                    "DENIED",
                    "Artifact Registry API has not been used in project 1 before or it is disabled.",
                )
            },
            "the API artifactregistry.googleapis.com is not enabled (DENIED: Artifact Registry API has not been used in project 1 before or it is disabled)",
            "gcloud services enable artifactregistry.googleapis.com --project demo-project",
        ),
        case(
            "repository-not-found",
            KEY,
            |it| refuse(it, 404, "NAME_UNKNOWN", "Repository \"images\" not found"),
            "the repository does not exist (NAME_UNKNOWN: Repository \"images\" not found)",
            "gcloud artifacts repositories create images --repository-format docker --project demo-project --location us",
        ),
        case(
            "image-not-found",
            KEY,
            |_| (),
            "the image or tag does not exist; the credential works (MANIFEST_UNKNOWN: Failed to fetch \"1.2\")",
            "gcloud artifacts docker tags list us-docker.pkg.dev/demo-project/images/web",
        ),
        case(
            "not-migrated",
            KEY,
            |it| {
                respond(
                    it,
                    "registry.token",
                    CannedError::not_migrated("demo-project"),
                )
            },
            "the project was never migrated to Artifact Registry (HTTP 412: Container Registry is deprecated and shutting down, please use the auto migration tool to migrate to Artifact Registry (gcloud artifacts docker upgrade migrate --projects='demo-project'). For more details see: https://cloud.google.com/artifact-registry/docs/transition/auto-migrate-gcr-ar)",
            "gcloud artifacts docker upgrade migrate --projects demo-project",
        ),
        case(
            "registry-unreachable",
            KEY,
            |it| {
                it.google.inject(Rule::on("registry.ping"), Fault::Reset);
            },
            "the registry does not respond (https://us-docker.pkg.dev/v2/: peer closed connection without sending TLS close_notify: https://docs.rs/rustls/latest/rustls/manual/_03_howto/index.html#unexpected-eof)",
            "",
        ),
        case(
            "registry-busy",
            KEY,
            |it| respond(it, "registry.token", CannedError::unavailable()),
            "the registry is temporarily unable to respond (UNAVAILABLE: The service is currently unavailable)",
            "",
        ),
        case(
            "unrecognized",
            KEY,
            |it| {
                respond(
                    it,
                    "registry.token",
                    CannedError::new(418, "text/plain", "I am a teapot"),
                )
            },
            "the response is not known (HTTP 418: I am a teapot)",
            "",
        ),
    ]
}

#[test]
fn every_verdict_has_its_sentence_exit_code_and_command() {
    let mut produced = BTreeSet::new();
    for case in cases() {
        let registry = Registry::new();
        let (user, password) = case.login;
        if user.is_empty() {
            registry.create_secret(HOST, "_json_key", &registry.key);
        } else {
            registry.create_secret(HOST, user, password);
        }
        registry.attach(&["gcr-io"]);
        let id = registry.google.keys_of(&registry.email)[0].0[..7].to_owned();
        (case.prepare)(&registry);
        let filled = |text: &str| text.replace("KEY", &id).replace("EMAIL", &registry.email);
        let output = registry.verify(&["--image", IMAGE]);
        let separator = if case.message.is_empty() { "" } else { ": " };
        let expected = format!(
            "secret/gcr-io {}: {IMAGE}{separator}{}\n",
            case.verdict,
            filled(case.message)
        );
        assert_eq!(output.stdout, expected, "{output}");
        let is_ok = case.verdict == "ok";
        assert_eq!(output.code, Some(i32::from(!is_ok)), "{output}");
        let [_, _, fix] = registry.diagnosis(&["--image", IMAGE]);
        assert_eq!(fix, filled(case.fix), "{}", case.verdict);
        produced.insert(case.verdict);
    }
    let help = include_str!("help/verify.txt");
    let (_, list) = help.split_once("one of these verdicts: ").unwrap();
    let (list, _) = list.split_once('.').unwrap();
    let documented: BTreeSet<&str> = list.split(',').map(str::trim).collect();
    assert_eq!(produced, documented);
}
