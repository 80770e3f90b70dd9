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
            material.redact(&format!("<{window}>")),
            "<***>",
            "at {start} of {}",
            form.len()
        );
    }
    assert_eq!(material.redact(&format!("é{form}é")), "é***é");
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
    assert_eq!(material.redact(before), before);
    assert_eq!(material.redact(after), after);
    let masked = material.redact(KEY);
    for public in [
        "puller@example-project.iam.gserviceaccount.com",
        "0123456789abcdef0123456789abcdef01234567",
        "\"project_id\": \"example-project\"",
        "-----BEGIN PRIVATE KEY-----***-----END PRIVATE KEY-----",
    ] {
        assert!(masked.contains(public), "{masked}");
    }
    let text = "secrets \"gcr-io\" is forbidden: User \"system:serviceaccount:default:default\" cannot patch";
    assert_eq!(material.redact(text), text);
    let encoded = STANDARD.encode("{\"auths\":{\"gcr.io\":{\"auth\":\"");
    assert_eq!(material.redact(&encoded), encoded);
}

#[test]
fn fifteen_characters_stay_and_runs_that_touch_become_one() {
    let material = Redactor::new(&token());
    assert_eq!(material.redact(&TOKEN[5..20]), TOKEN[5..20]);
    assert_eq!(material.redact(&TOKEN[5..21]), "***");
    let twice = format!("{TOKEN}{TOKEN}");
    assert_eq!(material.redact(&twice), "***");
    assert_eq!(
        material.redact(&format!("a {TOKEN} b {TOKEN}")),
        "a *** b ***"
    );
    assert_eq!(material.redact(""), "");
}

#[test]
fn a_key_escaped_in_an_odd_way_is_masked_whole() {
    let odd = KEY.replacen("-----BEGIN", "\\u002d----BEGIN", 1);
    let key = ServiceAccountKey::parse(Zeroizing::new(odd.clone().into())).unwrap();
    let credential = RegistryCredential::ServiceAccountKey {
        key,
        auth: KeyAuth::JsonKey,
    };
    let masked = Redactor::new(&credential).redact(&odd);
    assert!(
        !masked.contains(&escaped_body()[..WINDOW]) && masked.contains("puller@example-project"),
        "{masked}"
    );
}

#[test]
fn debug_shows_nothing() {
    assert_eq!(format!("{:?}", Redactor::new(&token())), "Redactor(***)");
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
        let masked = material.redact(&format!("{before} {cut} {after}"));
        let survives = |(_, window)| material.own_windows().binary_search(&window).is_ok();
        prop_assert!(!windows_of(masked.as_bytes()).any(survives));
        prop_assert!(masked.starts_with(&before) && masked.ends_with(&after));
    }
}

/// A Docker config of other people, as `--merge` finds it.
fn foreign_config() -> (String, [&'static str; 4]) {
    let secrets = [
        "correct-horse-battery-staple-and-more",
        "identity-token-0123456789abcdefghijk",
        "registry-token-0123456789abcdefghijk",
        "Bearer header-0123456789abcdefghijk",
    ];
    let [password, identity, registry, header] = secrets;
    let auth = STANDARD.encode(format!("them:{password}"));
    let config = format!(
        r#"{{"auths":{{"one.example.com":{{"AUTH":"{auth}"}},"two.example.com":{{"username":"a-public-user-name","identitytoken":"{identity}","registrytoken":"{registry}"}}}},"HttpHeaders":{{"Authorization":"{header}"}}}}"#
    );
    (config, secrets)
}

#[test]
fn foreign_credentials_in_every_encoding_are_redacted() {
    let redactor = Redactor::new(&token());
    let (config, secrets) = foreign_config();
    let auth = STANDARD.encode(format!("them:{}", secrets[0]));
    for text in secrets.iter().copied().chain([auth.as_str()]) {
        assert_eq!(redactor.redact(text), text);
    }
    redactor.add_docker_config(config.as_bytes());
    for text in secrets.iter().copied().chain([auth.as_str()]) {
        assert_every_window_is_masked(&redactor, text);
    }
    // The config as the Secret carries it: nothing of a secret value survives.
    let sent = STANDARD.encode(&config);
    let redacted = redactor.redact(&sent);
    for secret in secrets[1..].iter().copied().chain([auth.as_str()]) {
        let encoded = &sent[in_base64(&config, secret)];
        assert!(!redacted.contains(&encoded[8..24]), "{secret}");
    }
    assert_eq!(
        redactor.redact("a-public-user-name at two.example.com"),
        "a-public-user-name at two.example.com"
    );
}

#[test]
fn undecodable_config_adds_no_secrets() {
    let redactor = Redactor::default();
    redactor.add_docker_config(b"{\"auths\":[]}");
    redactor.add_docker_config(b"not json at all, but long enough");
    let text = "not json at all, but long enough";
    assert_eq!(redactor.redact(text), text);
}
