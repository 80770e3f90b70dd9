//! Compares the keyring with kubelet's.

use std::collections::BTreeSet;

use gcr_google::keyring::{Entry, ImageName, Keyring, SecretFormat};
use gcr_test_support::KubeletLookup;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use crate::count;
use crate::questions::{image, secret};

/// The number of questions, and the number in the long form.
const QUESTIONS: (usize, usize) = (3_000, 100_000);

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
    let questions = count(QUESTIONS);
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let mut kubelet = KubeletLookup::start().unwrap();
    let mut matched = 0;
    for number in 0..questions {
        let image = image(&mut random);
        let secrets: Vec<String> = (0..random.usize(1..4))
            .map(|_| secret(&mut random, number, &image))
            .collect();
        let answer = kubelet.ask(&image, &secrets);
        let context = format!("seed {seed}: {image} {secrets:?} {answer}");
        let repository = ImageName::parse(&image).ok().map(|it| it.repository);
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
    // About half of the questions match; far below that, the questions would prove nothing.
    assert!(
        matched > questions / 4,
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
            .replace("%70", "p")
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
