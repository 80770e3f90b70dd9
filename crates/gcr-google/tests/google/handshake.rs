//! Tests the handshake against the fake registry of Google, and against registries of others.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use gcr_google::artifact_registry::RepositoryRole;
use gcr_google::registry::{
    Action, Finding, Handshake, HandshakeOptions, Login, PullTarget, Verdict,
};
use gcr_test_support::fake_google::{CannedError, Fault, Propagation, Rule};
use gcr_test_support::keys;

use crate::operator::Operator;
use crate::stub::{Reply, Stub, client};

const HOST: &str = "europe-west1-docker.pkg.dev";

/// A puller with a key and the role on the repository.
struct Puller {
    operator: Operator,
    login: Login,
    key_id: gcr_google::names::KeyId,
}

impl Puller {
    async fn new() -> Self {
        let operator = Operator::prepared().await;
        let created = operator
            .api
            .create_key(operator.account(), None)
            .await
            .unwrap();
        let minute = Duration::from_secs(60);
        operator
            .api
            .grant_repository_role(
                &operator.repository,
                RepositoryRole::Reader,
                &operator.email,
                false,
                minute,
            )
            .await
            .unwrap();
        Self {
            operator,
            login: Login::new("_json_key", created.file.text().into()),
            key_id: created.id,
        }
    }

    fn handshake(&self) -> Handshake {
        Handshake::new(self.operator.http.clone(), HandshakeOptions::default())
    }

    async fn check(&self, login: &Login, target: &PullTarget) -> Arc<Finding> {
        self.handshake().check(login, target).await.unwrap()
    }

    async fn verdict(&self, login: &Login) -> Verdict {
        let target = PullTarget::repository(HOST, "demo-project/images", Action::Pull);
        let finding = self.check(login, &target).await;
        let shown = format!("{finding:?}");
        assert!(
            !shown.contains("MII") && !shown.contains("ya29."),
            "{shown}"
        );
        finding.verdict
    }
}

#[tokio::test]
async fn key_with_role_is_proven_in_every_form() {
    let puller = Puller::new().await;
    let target = PullTarget::repository(HOST, "demo-project/images", Action::Pull);
    let finding = puller.check(&puller.login, &target).await;
    assert_eq!(finding.verdict, Verdict::Ok, "{finding:?}");
    let steps: Vec<_> = finding
        .steps
        .iter()
        .map(|step| (step.name.as_str(), step.status))
        .collect();
    assert_eq!(
        steps,
        [
            ("parse", None),
            ("key", Some(200)),
            ("challenge", Some(401)),
            ("token", Some(200))
        ]
    );
    use secrecy::ExposeSecret as _;
    let encoded = STANDARD.encode(puller.login.password.expose_secret());
    assert_eq!(
        puller
            .verdict(&Login::new("_json_key_base64", encoded.into()))
            .await,
        Verdict::Ok
    );
    let member = puller.operator.email.member();
    let token = puller.operator.google.issue_token(&member, 600);
    assert_eq!(
        puller
            .verdict(&Login::new("oauth2accesstoken", token.into()))
            .await,
        Verdict::Ok
    );
    let finding = puller.check(&puller.login, &PullTarget::host(HOST)).await;
    assert_eq!(finding.verdict, Verdict::Ok, "{finding:?}");
}

#[tokio::test]
async fn refused_key_says_why() {
    let puller = Puller::new().await;
    let (google, email) = (&puller.operator.google, puller.operator.email.as_str());
    google.set_account_disabled(email, true);
    assert_eq!(
        puller.verdict(&puller.login).await,
        Verdict::AccountDisabled
    );
    google.set_account_disabled(email, false);
    google.advance_clock(7200);
    assert_eq!(puller.verdict(&puller.login).await, Verdict::ClockSkew);
    google.advance_clock(-7200);
    puller
        .operator
        .api
        .disable_key(puller.operator.account(), &puller.key_id)
        .await
        .unwrap();
    assert_eq!(puller.verdict(&puller.login).await, Verdict::KeyRevoked);
    assert_eq!(
        puller
            .verdict(&Login::new("_json_key", keys::KEY.into()))
            .await,
        Verdict::AccountDeleted
    );
}

#[tokio::test]
async fn broken_passwords_are_found_without_a_request() {
    let puller = Puller::new().await;
    puller.operator.google.reset_requests();
    assert_eq!(
        puller.verdict(&Login::new("_json_key", "{}".into())).await,
        Verdict::NotAKey
    );
    assert_eq!(
        puller
            .verdict(&Login::new("_json_key", "ya29.token-of-someone".into()))
            .await,
        Verdict::NotAKey
    );
    assert_eq!(
        puller
            .verdict(&Login::new("_json_key_base64", "%".into()))
            .await,
        Verdict::BadEncoding
    );
    assert!(puller.operator.google.requests().is_empty());
}

#[tokio::test]
async fn access_token_that_expired_is_recognized() {
    let puller = Puller::new().await;
    let token = puller
        .operator
        .google
        .issue_token(&puller.operator.email.member(), -10);
    assert_eq!(
        puller
            .verdict(&Login::new("oauth2accesstoken", token.into()))
            .await,
        Verdict::TokenExpired
    );
    assert_eq!(
        puller
            .verdict(&Login::new("someone", "a-password-of-someone".into()))
            .await,
        Verdict::Unauthorized
    );
}

#[tokio::test]
async fn missing_role_and_faults_of_the_registry_have_verdicts() {
    let puller = Puller::new().await;
    let other = PullTarget::repository(HOST, "demo-project/other", Action::Pull);
    let finding = puller.check(&puller.login, &other).await;
    assert_eq!(finding.verdict, Verdict::PermissionDenied);
    assert!(
        finding
            .reason
            .starts_with("DENIED: Permission \"artifactregistry.repositories.downloadArtifacts\""),
        "{}",
        finding.reason
    );
    let push = PullTarget::repository(HOST, "demo-project/images", Action::Push);
    assert_eq!(
        puller.check(&puller.login, &push).await.verdict,
        Verdict::PermissionDenied
    );
    let google = &puller.operator.google;
    for (method, error, expected) in [
        (
            "registry.token",
            CannedError::unavailable(),
            Verdict::RegistryBusy,
        ),
        (
            "registry.ping",
            CannedError::bad_gateway(),
            Verdict::RegistryBusy,
        ),
        (
            "registry.ping",
            CannedError::not_migrated("demo-project"),
            Verdict::NotMigrated,
        ),
        (
            "registry.token",
            CannedError::captive_portal(),
            Verdict::Unrecognized,
        ),
        (
            "registry.ping",
            CannedError::captive_portal(),
            Verdict::Unrecognized,
        ),
    ] {
        google.clear_faults();
        google.inject(Rule::on(method), Fault::Respond(error));
        assert_eq!(puller.verdict(&puller.login).await, expected, "{method}");
    }
    google.clear_faults();
    // A token endpoint that does not respond says nothing about the key; the registry decides.
    google.inject(
        Rule::on("oauth2.token"),
        Fault::Respond(CannedError::unavailable()),
    );
    assert_eq!(puller.verdict(&puller.login).await, Verdict::Ok);
    google.clear_faults();
    google.inject(Rule::on("registry.token"), Fault::Reset);
    assert_eq!(
        puller.verdict(&puller.login).await,
        Verdict::RegistryUnreachable
    );
    google.clear_faults();
    google.inject(Rule::on("registry.token"), Fault::Echo);
    puller.verdict(&puller.login).await;
}

#[tokio::test]
async fn equal_checks_share_one_handshake() {
    let puller = Puller::new().await;
    puller.operator.google.reset_requests();
    let handshake = puller.handshake();
    let images = PullTarget::repository(HOST, "demo-project/images", Action::Pull);
    let other = PullTarget::repository(HOST, "demo-project/other", Action::Pull);
    let targets = (0..20).map(|number| if number % 2 == 0 { &images } else { &other });
    let findings = join_all(targets.map(|target| handshake.check(&puller.login, target))).await;
    assert_eq!(findings[0].as_ref().unwrap().verdict, Verdict::Ok);
    assert_eq!(
        findings[1].as_ref().unwrap().verdict,
        Verdict::PermissionDenied
    );
    assert_eq!(puller.operator.google.count("registry.token"), 2);
    assert_eq!(puller.operator.google.count("oauth2.token"), 1);
}

#[tokio::test]
async fn repeated_check_sees_a_key_become_effective() {
    let operator = Operator::prepared().await;
    operator.google.set_propagation(Propagation {
        keys: 2,
        ..Propagation::default()
    });
    let created = operator
        .api
        .create_key(operator.account(), None)
        .await
        .unwrap();
    let login = Login::new("_json_key", created.file.text().into());
    let handshake = Handshake::new(operator.http.clone(), HandshakeOptions::default());
    let target = PullTarget::host(HOST);
    let first = handshake.check(&login, &target).await.unwrap();
    assert_eq!(first.verdict, Verdict::KeyRevoked);
    assert!(first.verdict.may_pass());
    let mut rounds = 0;
    while handshake
        .check_again(&login, &target)
        .await
        .unwrap()
        .verdict
        != Verdict::Ok
    {
        rounds += 1;
        assert!(rounds < 10);
    }
}

#[tokio::test]
async fn other_registries_get_no_credential_unless_allowed() {
    let handshake = Handshake::new(client(&[]), HandshakeOptions::default());
    let login = Login::new("user", "a-password-of-someone".into());
    let error = handshake
        .check(&login, &PullTarget::host("registry.example.com"))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "refusing to send the credential to registry.example.com, which is not a registry of Google"
    );
}

#[tokio::test]
async fn foreign_realm_gets_no_credential() {
    let thief = Stub::start(|_| Reply::json(200, r#"{"token":"x"}"#)).await;
    let realm = format!("Bearer realm=\"{}\"", thief.url("/token"));
    let stub = Stub::start(move |_| {
        Reply(
            401,
            vec![("www-authenticate", realm.clone())],
            String::new(),
        )
    })
    .await;
    let options = HandshakeOptions {
        allow_any_host: true,
        ..HandshakeOptions::default()
    };
    let handshake = Handshake::new(client(&[]), options);
    let login = Login::new("user", "a-password-of-someone".into());
    let target = PullTarget::host(&format!("127.0.0.1:{}", stub.port));
    let finding = handshake.check(&login, &target).await.unwrap();
    assert_eq!(finding.verdict, Verdict::Unrecognized);
    assert!(
        finding
            .reason
            .contains("to which the credential is not sent"),
        "{}",
        finding.reason
    );
    assert!(thief.received().is_empty());
    assert!(
        stub.received()
            .iter()
            .all(|it| it.headers.get("authorization").is_none())
    );
}

#[tokio::test]
async fn registry_with_basic_authentication_gets_the_login_itself() {
    let stub = Stub::start(|request| match request.headers.get("authorization") {
        None => Reply(
            401,
            vec![("www-authenticate", "Basic realm=x".to_owned())],
            String::new(),
        ),
        Some(_) if request.target.contains("missing") => Reply::json(
            404,
            r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"x"}]}"#,
        ),
        Some(_) => Reply::json(200, "{}"),
    })
    .await;
    let handshake = Handshake::new(client(&[]), HandshakeOptions::default());
    let login = Login::new("user", "a-password-of-someone".into());
    let host = format!("127.0.0.1:{}", stub.port);
    let finding = handshake
        .check(&login, &PullTarget::host(&host))
        .await
        .unwrap();
    assert_eq!(finding.verdict, Verdict::Ok, "{finding:?}");
    let finding = handshake
        .check(&login, &PullTarget::image(&host, "a/b", "missing"))
        .await
        .unwrap();
    assert_eq!(finding.verdict, Verdict::ImageNotFound);
    let last = stub.received().pop().unwrap();
    assert_eq!(last.target, "/v2/a/b/manifests/missing");
    let accepted = last.headers["accept"].to_str().unwrap();
    assert!(
        accepted.contains("application/vnd.oci.image.index.v1+json"),
        "{accepted}"
    );
}
