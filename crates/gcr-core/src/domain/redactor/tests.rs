//! Tests that every window of every encoding of a secret is redacted, and that public text is not.

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

/// Returns the body of the private key as in the key file, with newlines escaped as `\n`.
fn escaped_body() -> &'static str {
    let begin = "-----BEGIN PRIVATE KEY-----\\n";
    let (_, rest) = KEY.split_once(begin).unwrap();
    rest.split_once("\\n-----END").unwrap().0
}

/// Returns the range of `part` in the base64 encoding of `whole`.
fn in_base64(whole: &str, part: &str) -> Range<usize> {
    let start = whole.find(part).unwrap();
    start * 4 / 3..((start + part.len()) * 4).div_ceil(3)
}

fn assert_every_window_is_redacted(redactor: &Redactor, form: &str) {
    assert!(form.len() > 32);
    for start in 0..=form.len() - WINDOW {
        let window = &form[start..start + WINDOW];
        assert_eq!(
            redactor.redact(&format!("<{window}>")),
            "<***>",
            "at {start} of {}",
            form.len()
        );
    }
    assert_eq!(redactor.redact(&format!("é{form}é")), "é***é");
}

fn config(credential: &RegistryCredential, hosts: &str) -> String {
    let config = DockerConfig::new(RegistryHost::parse_list(hosts).unwrap(), credential.auth());
    String::from_utf8(config.to_json().to_vec()).unwrap()
}

#[test]
fn private_key_is_redacted() {
    let redactor = Redactor::new(&key(KeyAuth::JsonKey));
    let escaped = escaped_body();
    assert_every_window_is_redacted(&redactor, escaped);
    assert_every_window_is_redacted(&redactor, &escaped.replace("\\n", "\n"));
    assert_every_window_is_redacted(&redactor, &escaped.replace("\\n", "\\\\n"));
    assert_every_window_is_redacted(&redactor, &escaped.replace("\\n", ""));
}

#[test]
fn private_key_in_base64_is_redacted_at_every_offset() {
    let redactor = Redactor::new(&key(KeyAuth::JsonKey));
    for body in [
        escaped_body().to_owned(),
        escaped_body().replace("\\n", "\n"),
    ] {
        for before in ["", "x", "xx"] {
            let whole = format!("{before}{body}");
            let encoded = STANDARD.encode(&whole);
            // Characters at both ends also contain bits of adjacent bytes.
            let range = in_base64(&whole, &body);
            let inner = &encoded[range.start + 1..range.end - 2];
            assert_every_window_is_redacted(&redactor, inner);
        }
    }
}

#[test]
fn key_in_every_encoding_sent_is_redacted() {
    for auth in [KeyAuth::JsonKey, KeyAuth::JsonKeyBase64] {
        let credential = key(auth);
        let redactor = Redactor::new(&credential);
        let password = credential.password().expose_secret().to_owned();
        let secret_of_password = match auth {
            KeyAuth::JsonKey => escaped_body(),
            KeyAuth::JsonKeyBase64 => &password[in_base64(KEY, escaped_body())],
        };
        assert_every_window_is_redacted(&redactor, secret_of_password);
        let pair = format!("{}:{password}", credential.username());
        let encoded = credential.auth().expose_secret().to_owned();
        let secret_of_auth = &encoded[in_base64(&pair, secret_of_password)];
        assert_every_window_is_redacted(&redactor, secret_of_auth);
        for hosts in ["gcr.io", "eu.gcr.io", "a.example", "us-docker.pkg.dev"] {
            let config = config(&credential, hosts);
            let data = STANDARD.encode(&config);
            assert_every_window_is_redacted(&redactor, &data[in_base64(&config, secret_of_auth)]);
        }
    }
}

#[test]
fn token_in_every_encoding_sent_is_redacted() {
    let credential = token();
    let redactor = Redactor::new(&credential);
    assert_every_window_is_redacted(&redactor, TOKEN);
    let auth = credential.auth().expose_secret().to_owned();
    let pair = format!("oauth2accesstoken:{TOKEN}");
    let secret_of_auth = &auth[in_base64(&pair, TOKEN)];
    assert_every_window_is_redacted(&redactor, secret_of_auth);
    for hosts in ["gcr.io", "eu.gcr.io", "a.example"] {
        let config = config(&credential, hosts);
        let data = STANDARD.encode(&config);
        assert_every_window_is_redacted(&redactor, &data[in_base64(&config, secret_of_auth)]);
    }
    for before in ["", "x", "xx"] {
        let whole = format!("{before}{TOKEN}");
        let encoded = STANDARD.encode(&whole);
        let range = in_base64(&whole, TOKEN);
        assert_every_window_is_redacted(&redactor, &encoded[range.start + 1..range.end - 2]);
    }
}

#[test]
fn public_fields_are_not_redacted() {
    let redactor = Redactor::new(&key(KeyAuth::JsonKey));
    let (before, after) = KEY.split_once(escaped_body()).unwrap();
    assert_eq!(redactor.redact(before), before);
    assert_eq!(redactor.redact(after), after);
    let redacted = redactor.redact(KEY);
    for public in [
        "puller@example-project.iam.gserviceaccount.com",
        "0123456789abcdef0123456789abcdef01234567",
        "\"project_id\": \"example-project\"",
        "-----BEGIN PRIVATE KEY-----***-----END PRIVATE KEY-----",
    ] {
        assert!(redacted.contains(public), "{redacted}");
    }
    let text = "secrets \"gcr-io\" is forbidden: User \"system:serviceaccount:default:default\" cannot patch";
    assert_eq!(redactor.redact(text), text);
    let encoded = STANDARD.encode("{\"auths\":{\"gcr.io\":{\"auth\":\"");
    assert_eq!(redactor.redact(&encoded), encoded);
}

#[test]
fn short_pieces_stay_and_adjacent_runs_become_one_mask() {
    let redactor = Redactor::new(&token());
    assert_eq!(redactor.redact(&TOKEN[5..20]), TOKEN[5..20]);
    assert_eq!(redactor.redact(&TOKEN[5..21]), "***");
    let twice = format!("{TOKEN}{TOKEN}");
    assert_eq!(redactor.redact(&twice), "***");
    assert_eq!(
        redactor.redact(&format!("a {TOKEN} b {TOKEN}")),
        "a *** b ***"
    );
    assert_eq!(redactor.redact(""), "");
}

#[test]
fn private_key_with_escaped_begin_line_is_redacted_completely() {
    let odd = KEY.replacen("-----BEGIN", "\\u002d----BEGIN", 1);
    let key = ServiceAccountKey::parse(Zeroizing::new(odd.clone().into())).unwrap();
    let credential = RegistryCredential::ServiceAccountKey {
        key,
        auth: KeyAuth::JsonKey,
    };
    let redacted = Redactor::new(&credential).redact(&odd);
    assert!(
        !redacted.contains(&escaped_body()[..WINDOW])
            && redacted.contains("puller@example-project"),
        "{redacted}"
    );
}

#[test]
fn debug_hides_secrets() {
    assert_eq!(format!("{:?}", Redactor::new(&token())), "Redactor(***)");
}

static SENT: LazyLock<(Redactor, String)> = LazyLock::new(|| {
    let credential = key(KeyAuth::JsonKey);
    let data = STANDARD.encode(config(&credential, "gcr.io"));
    (Redactor::new(&credential), data)
});

proptest! {
    #[test]
    fn truncated_secret_is_redacted(
        start in 0..4_000_usize, length in 0..400_usize, before in ".{0,20}", after in ".{0,20}"
    ) {
        let (redactor, data) = &*SENT;
        let start = start.min(data.len());
        let cut = &data[start..(start + length).min(data.len())];
        let redacted = redactor.redact(&format!("{before} {cut} {after}"));
        let survives = |(_, window)| redactor.own_windows().binary_search(&window).is_ok();
        prop_assert!(!windows_of(redacted.as_bytes()).any(survives));
        prop_assert!(redacted.starts_with(&before) && redacted.ends_with(&after));
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
        assert_every_window_is_redacted(&redactor, text);
    }
    // The config as encoded in the Secret: no part of a secret value remains.
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

#[test]
fn added_secret_is_redacted_in_base64_too() {
    let redactor = Redactor::default();
    redactor.add_secret("ya29.an-access-token-of-the-operator");
    redactor.add_secret("short");
    assert_eq!(
        redactor.redact("Bearer ya29.an-access-token-of-the-operator is short"),
        "Bearer *** is short"
    );
    // printf 'ya29.an-access-token-of-the-operator' | base64
    assert_eq!(
        redactor.redact("eWEyOS5hbi1hY2Nlc3MtdG9rZW4tb2YtdGhlLW9wZXJhdG9y"),
        "***"
    );
}
