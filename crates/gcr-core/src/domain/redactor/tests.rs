//! Every window of every form is masked, and nothing that is public is.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::*;
use crate::domain::access_token::AccessToken;
use crate::domain::docker_config::DockerConfig;
use crate::domain::registry_host::RegistryHost;

const KEY: &str = include_str!("../testdata/key.json");
const TOKEN: &str = "ya29.c0ASRK0Gb-4f_8aQ1zVtY7Lm2XwN5pJdHs9RkTeUoIvBqCxWyZ3MnEgFh6";

fn key(auth: KeyAuth) -> RegistryCredential {
    let key = ServiceAccountKey::parse(Zeroizing::new(KEY.into())).unwrap();
    RegistryCredential::ServiceAccountKey { key, auth }
}

fn token() -> RegistryCredential {
    RegistryCredential::AccessToken(AccessToken::parse(Zeroizing::new(TOKEN.into())).unwrap())
}

/// The key's body as the file has it, with `\n` in two characters.
fn escaped_body() -> &'static str {
    let begin = "-----BEGIN PRIVATE KEY-----\\n";
    let (_, rest) = KEY.split_once(begin).unwrap();
    rest.split_once("\\n-----END").unwrap().0
}

/// Where `part` stands in `whole`, in characters of the base64 of `whole`.
fn in_base64(whole: &str, part: &str) -> Range<usize> {
    let start = whole.find(part).unwrap();
    start * 4 / 3..((start + part.len()) * 4).div_ceil(3)
}

fn assert_every_window_is_masked(material: &Redactor, form: &str) {
    assert!(form.len() > 32);
    for start in 0..=form.len() - WINDOW {
        let window = &form[start..start + WINDOW];
        assert_eq!(
            material.mask(&format!("<{window}>")),
            "<***>",
            "at {start} of {}",
            form.len()
        );
    }
    assert_eq!(material.mask(&format!("é{form}é")), "é***é");
}

fn config(credential: &RegistryCredential, hosts: &str) -> String {
    let config = DockerConfig::new(RegistryHost::parse_list(hosts).unwrap(), credential.auth());
    String::from_utf8(config.to_json().to_vec()).unwrap()
}

#[test]
fn the_key_itself_is_masked() {
    let material = Redactor::new(&key(KeyAuth::JsonKey));
    let escaped = escaped_body();
    assert_every_window_is_masked(&material, escaped);
    assert_every_window_is_masked(&material, &escaped.replace("\\n", "\n"));
    assert_every_window_is_masked(&material, &escaped.replace("\\n", "\\\\n"));
    assert_every_window_is_masked(&material, &escaped.replace("\\n", ""));
}

#[test]
fn base64_of_it_is_masked_at_every_alignment() {
    let material = Redactor::new(&key(KeyAuth::JsonKey));
    for body in [
        escaped_body().to_owned(),
        escaped_body().replace("\\n", "\n"),
    ] {
        for before in ["", "x", "xx"] {
            let whole = format!("{before}{body}");
            let encoded = STANDARD.encode(&whole);
            // One character at each end also has bits of the neighbour.
            let range = in_base64(&whole, &body);
            let inner = &encoded[range.start + 1..range.end - 2];
            assert_every_window_is_masked(&material, inner);
        }
    }
}

#[test]
fn what_is_sent_is_masked_in_every_layer() {
    for auth in [KeyAuth::JsonKey, KeyAuth::JsonKeyBase64] {
        let credential = key(auth);
        let material = Redactor::new(&credential);
        let password = credential.password().expose_secret().to_owned();
        let secret_of_password = match auth {
            KeyAuth::JsonKey => escaped_body(),
            KeyAuth::JsonKeyBase64 => &password[in_base64(KEY, escaped_body())],
        };
        assert_every_window_is_masked(&material, secret_of_password);
        let pair = format!("{}:{password}", credential.username());
        let encoded = credential.auth().expose_secret().to_owned();
        let secret_of_auth = &encoded[in_base64(&pair, secret_of_password)];
        assert_every_window_is_masked(&material, secret_of_auth);
        for hosts in ["gcr.io", "eu.gcr.io", "a.example", "us-docker.pkg.dev"] {
            let config = config(&credential, hosts);
            let data = STANDARD.encode(&config);
            assert_every_window_is_masked(&material, &data[in_base64(&config, secret_of_auth)]);
        }
    }
}

#[test]
fn a_token_is_masked_in_every_layer() {
    let credential = token();
    let material = Redactor::new(&credential);
    assert_every_window_is_masked(&material, TOKEN);
    let auth = credential.auth().expose_secret().to_owned();
    let pair = format!("oauth2accesstoken:{TOKEN}");
    let secret_of_auth = &auth[in_base64(&pair, TOKEN)];
    assert_every_window_is_masked(&material, secret_of_auth);
    for hosts in ["gcr.io", "eu.gcr.io", "a.example"] {
        let config = config(&credential, hosts);
        let data = STANDARD.encode(&config);
        assert_every_window_is_masked(&material, &data[in_base64(&config, secret_of_auth)]);
    }
    for before in ["", "x", "xx"] {
        let whole = format!("{before}{TOKEN}");
        let encoded = STANDARD.encode(&whole);
        let range = in_base64(&whole, TOKEN);
        assert_every_window_is_masked(&material, &encoded[range.start + 1..range.end - 2]);
    }
}

#[test]
fn public_fields_stay_readable() {
    let material = Redactor::new(&key(KeyAuth::JsonKey));
    let (before, after) = KEY.split_once(escaped_body()).unwrap();
    assert_eq!(material.mask(before), before);
    assert_eq!(material.mask(after), after);
    let masked = material.mask(KEY);
    for public in [
        "puller@example-project.iam.gserviceaccount.com",
        "0123456789abcdef0123456789abcdef01234567",
        "\"project_id\": \"example-project\"",
        "-----BEGIN PRIVATE KEY-----***-----END PRIVATE KEY-----",
    ] {
        assert!(masked.contains(public), "{masked}");
    }
    let text = "secrets \"gcr-io\" is forbidden: User \"system:serviceaccount:default:default\" cannot patch";
    assert_eq!(material.mask(text), text);
    let encoded = STANDARD.encode("{\"auths\":{\"gcr.io\":{\"auth\":\"");
    assert_eq!(material.mask(&encoded), encoded);
}

#[test]
fn fifteen_characters_stay_and_runs_that_touch_become_one() {
    let material = Redactor::new(&token());
    assert_eq!(material.mask(&TOKEN[5..20]), TOKEN[5..20]);
    assert_eq!(material.mask(&TOKEN[5..21]), "***");
    let twice = format!("{TOKEN}{TOKEN}");
    assert_eq!(material.mask(&twice), "***");
    assert_eq!(
        material.mask(&format!("a {TOKEN} b {TOKEN}")),
        "a *** b ***"
    );
    assert_eq!(material.mask(""), "");
}

#[test]
fn a_key_escaped_in_an_odd_way_is_masked_whole() {
    let odd = KEY.replacen("-----BEGIN", "\\u002d----BEGIN", 1);
    let key = ServiceAccountKey::parse(Zeroizing::new(odd.clone().into())).unwrap();
    let credential = RegistryCredential::ServiceAccountKey {
        key,
        auth: KeyAuth::JsonKey,
    };
    let masked = Redactor::new(&credential).mask(&odd);
    assert!(
        !masked.contains(&escaped_body()[..WINDOW]) && masked.contains("puller@example-project"),
        "{masked}"
    );
}

#[test]
fn debug_shows_nothing() {
    assert_eq!(
        format!("{:?}", Redactor::new(&token())),
        "SecretMaterial(***)"
    );
}

static SENT: LazyLock<(Redactor, String)> = LazyLock::new(|| {
    let credential = key(KeyAuth::JsonKey);
    let data = STANDARD.encode(config(&credential, "gcr.io"));
    (Redactor::new(&credential), data)
});

proptest! {
    #[test]
    fn no_window_survives_wherever_a_text_is_cut(
        start in 0..4_000_usize, length in 0..400_usize, before in ".{0,20}", after in ".{0,20}"
    ) {
        let (material, data) = &*SENT;
        let start = start.min(data.len());
        let cut = &data[start..(start + length).min(data.len())];
        let masked = material.mask(&format!("{before} {cut} {after}"));
        let survives = |(_, window)| material.windows().binary_search(&window).is_ok();
        prop_assert!(!windows_of(masked.as_bytes()).any(survives));
        prop_assert!(masked.starts_with(&before) && masked.ends_with(&after));
    }
}
