//! Holds the keyring against kubelet's own code: random Secrets and images, answered by both.

#![expect(
    clippy::unwrap_used,
    reason = "a failure in a helper of a test is a failure of the test"
)]

use std::collections::BTreeSet;

use gcr_google::keyring::{Entry, Keyring, SecretFormat, repository};
use gcr_test_support::KubeletLookup;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

/// The number of questions, and the number in the long form that `cargo xtask soak` selects.
const QUESTIONS: (usize, usize) = (3_000, 100_000);
/// Set by `cargo xtask soak`.
const SOAK: &str = "GCR_SOAK";

/// Keys near each other, and keys on the edges of Go's URL rules.
const KEYS: [&str; 56] = [
    "gcr.io",
    "https://gcr.io",
    "http://gcr.io",
    "gcr.io/",
    "https://gcr.io/v2/",
    "https://gcr.io/v2",
    "gcr.io/v1/p",
    "gcr.io/p",
    "gcr.io/pro",
    "gcr.io/proj/",
    "gcr.io/proj/app",
    "*.gcr.io",
    "*.io",
    "eu.gcr.io",
    "e*.gcr.io",
    "gcr*",
    "*",
    "*.*",
    "us-docker.pkg.dev",
    "*-docker.pkg.dev",
    "us-*.pkg.dev/proj/r",
    "us-docker.pkg.dev/proj/r",
    "reg.test:5000",
    "reg.test",
    "reg.test:5000/a",
    "*.test:5000",
    "reg.test:",
    "reg.test:443",
    "index.docker.io",
    "https://index.docker.io/v1/",
    "docker.io",
    "docker.io/library",
    "localhost:5000",
    "GCR.io",
    "gcr.io/p%72oj",
    "gcr.io/%2",
    "gcr%2eio",
    "g cr.io",
    "gcr.io?x",
    "gcr.io#f",
    "user@gcr.io",
    "u:p@gcr.io/proj",
    "u^@gcr.io",
    "[::1]:5000",
    "[::1]",
    "[gcr].io",
    "a:b:c",
    "gcr.io:x",
    "",
    "/",
    "//gcr.io",
    "ftp://gcr.io",
    "gcr\\.io",
    "gcr.io/a%3fb",
    "gcr.io/v2/v2/proj",
    "g?r.io",
];

const IMAGES: [&str; 30] = [
    "gcr.io/proj/app",
    "gcr.io/proj/app:1.2",
    "gcr.io/p/i",
    "gcr.io/pro",
    "eu.gcr.io/proj/app",
    "us-docker.pkg.dev/proj/r/i:t",
    "us-docker.pkg.dev/proj/r2/i",
    "reg.test:5000/a/b",
    "reg.test/a",
    "reg.test:443/a",
    "ubuntu",
    "ubuntu:24.04",
    "docker.io/library/ubuntu",
    "index.docker.io/x/y",
    "localhost:5000/x",
    "GCR.io/proj/app",
    "gcr.io/Proj/app",
    "gcr.io/proj/app@sha256:abc",
    "",
    "gcr.io",
    "gcr.io/",
    "gcr_x.io/a",
    "a..b/c",
    "a__b/c",
    "X/y",
    "[::1]:5000/x",
    "[::1]/x",
    "-gcr.io/a",
    "foo.bar:1/a:2",
    "https://gcr.io/x",
];

fn pick<T: Copy>(random: &mut fastrand::Rng, from: &[T]) -> T {
    from[random.usize(..from.len())]
}

/// Returns an entry, rarely one that kubelet cannot decode.
fn entry(random: &mut fastrand::Rng, user: &str) -> Value {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
    let pair = format!("{user}:p:q");
    match random.usize(..100) {
        0 => json!({"auth": STANDARD.encode("nocolon")}),
        1 => pick(
            random,
            &[
                "1",
                "[]",
                "\"x\"",
                "{\"username\":1}",
                "{\"auth\":\" YTpi\"}",
            ],
        )
        .parse()
        .unwrap(),
        2 => Value::Null,
        3 => json!({"Username": user, "PASSWORD": "x", "auth": ""}),
        4 => json!({"username": "no", "auth": STANDARD.encode(pair), "identitytoken": "t"}),
        5..30 => json!({"auth": STANDARD.encode(pair)}),
        30..40 => json!({"auth": STANDARD_NO_PAD.encode(pair)}),
        _ => json!({"username": user, "password": "p"}),
    }
}

fn secret(random: &mut fastrand::Rng, number: usize) -> String {
    let mut auths = serde_json::Map::new();
    for index in 0..random.usize(..12) {
        let user = format!("u{number}-{index}");
        auths.insert(pick(random, &KEYS).to_owned(), entry(random, &user));
    }
    let field = pick(random, &["auths", "auths", "auths", "AUTHS"]);
    json!({field: auths}).to_string()
}

fn shown(entry: &Entry) -> String {
    let login = &entry.login;
    format!(
        "{} {} {}",
        entry.secret,
        login.username,
        login.password.expose_secret()
    )
}

#[test]
fn answers_equal_those_of_kubelet() {
    let is_long = std::env::var_os(SOAK).is_some();
    let questions = if is_long { QUESTIONS.1 } else { QUESTIONS.0 };
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let mut kubelet = KubeletLookup::start().unwrap();
    let mut matched = 0;
    for number in 0..questions {
        let image = pick(&mut random, &IMAGES);
        let secrets: Vec<String> = (0..random.usize(1..4))
            .map(|_| secret(&mut random, number))
            .collect();
        let answer = kubelet.ask(image, &secrets);
        let context = format!("seed {seed}: {image} {secrets:?} {answer}");
        let repository = repository(image).ok();
        assert_eq!(
            repository.as_deref(),
            answer["repository"].as_str(),
            "{context}"
        );
        let Some(repository) = repository else {
            continue;
        };
        let data = secrets
            .iter()
            .map(|it| (SecretFormat::DockerConfigJson, it.as_bytes()));
        let Ok(keyring) = Keyring::new(data) else {
            assert!(answer["error"].is_string(), "{context}");
            continue;
        };
        let found: Vec<String> = keyring
            .matching(&repository)
            .into_iter()
            .map(shown)
            .collect();
        let creds = answer["creds"]
            .as_array()
            .unwrap_or_else(|| panic!("{context}"));
        let text = |cred: &Value, name: &str| cred[name].as_str().unwrap().to_owned();
        let expected = creds.iter().map(|it| {
            format!(
                "{} {} {}",
                text(it, "secret"),
                text(it, "username"),
                text(it, "password")
            )
        });
        let expected: Vec<String> = expected.collect();
        matched += expected.len();
        // Kubelet orders several spellings of one key in one Secret at random, so that only the set is certain.
        let sets: [BTreeSet<_>; 2] = [found.iter().collect(), expected.iter().collect()];
        assert_eq!(sets[0], sets[1], "{context}");
        if !has_two_spellings(&keyring) {
            assert_eq!(found, expected, "{context}");
        }
    }
    assert!(
        matched > questions / 2,
        "seed {seed}: only {matched} matches"
    );
}

/// Returns whether a Secret may have two spellings of one key.
fn has_two_spellings(keyring: &Keyring) -> bool {
    let canonical = |name: &str| {
        let bare = name
            .trim_start_matches("https://")
            .trim_start_matches("http://");
        let bare = bare.split(['?', '#']).next().unwrap_or_default();
        let bare = bare
            .rsplit('@')
            .next()
            .unwrap_or_default()
            .replace("%72", "r");
        bare.replacen("/v2/", "/", 1)
            .replacen("/v1/", "/", 1)
            .trim_end_matches('/')
            .to_owned()
    };
    let mut seen = BTreeSet::new();
    keyring
        .entries()
        .iter()
        .any(|entry| !seen.insert((entry.secret, canonical(&entry.name))))
}
