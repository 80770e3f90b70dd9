//! Tests validation and error messages of key files.

use super::*;

const KEY: &str = include_str!("../testdata/key.json");

fn parse(text: impl Into<Vec<u8>>) -> Result<ServiceAccountKey, String> {
    ServiceAccountKey::parse(Zeroizing::new(text.into())).map_err(|error| error.to_string())
}

fn with(name: &str, value: impl Into<serde_json::Value>) -> String {
    let mut key: serde_json::Value = serde_json::from_str(KEY).unwrap();
    key[name] = value.into();
    key.to_string()
}

#[test]
fn google_key_file_is_parsed() {
    let key = parse(KEY).unwrap();
    assert_eq!(key.text(), KEY.strip_suffix('\n').unwrap());
    assert_eq!(key.project_id(), Some("example-project"));
    assert_eq!(
        key.private_key_id(),
        Some("0123456789abcdef0123456789abcdef01234567")
    );
    assert_eq!(
        key.client_email(),
        "puller@example-project.iam.gserviceaccount.com"
    );
    assert!(
        key.private_key()
            .starts_with("-----BEGIN PRIVATE KEY-----\nMII")
    );
    assert!(key.private_key().ends_with("\n-----END PRIVATE KEY-----\n"));
}

#[test]
fn only_trailing_newlines_are_dropped() {
    let bare = KEY.trim_end();
    assert_eq!(parse(format!("{bare}\n\n\n")).unwrap().text(), bare);
    assert_eq!(
        parse(format!(" {bare} \n")).unwrap().text(),
        format!(" {bare} ")
    );
    // As with "$(cat key.json)", carriage returns are kept.
    assert_eq!(
        parse(format!("{bare}\r\n")).unwrap().text(),
        format!("{bare}\r")
    );
}

#[test]
fn elliptic_curve_and_pkcs1_keys_are_accepted() {
    for pem in [
        include_str!("../testdata/ec.pem"),
        include_str!("../testdata/rsa-pkcs1.pem"),
    ] {
        assert_eq!(parse(with("private_key", pem)).unwrap().private_key(), pem);
    }
}

#[test]
fn file_without_json_object_fails_with_position() {
    for (text, message) in [
        ("", "is empty"),
        (" \r\n", "is empty"),
        ("hello", "is not JSON (line 1, column 1)"),
        ("{\n  \"type\": hunter2", "is not JSON (line 2, column 11)"),
        ("[]", "is not a JSON object"),
        ("{}", "has no \"type\""),
        (
            "\u{feff}{}",
            "starts with a byte order mark; save it as UTF-8 without one",
        ),
    ] {
        assert_eq!(parse(text).unwrap_err(), message, "{text:?}");
    }
    assert_eq!(
        parse(b"{\"type\":\"\xff\"}".to_vec()).unwrap_err(),
        "is not UTF-8 text"
    );
    let utf16 = parse(b"\xff\xfe{\0}\0".to_vec()).unwrap_err();
    assert!(utf16.starts_with("starts with a byte order mark"));
}

#[test]
fn other_credential_type_is_named_in_the_error() {
    for (kind, message) in [
        (
            "authorized_user",
            "has the \"type\" \"authorized_user\" (user credentials), not \"service_account\"",
        ),
        (
            "external_account",
            "has the \"type\" \"external_account\" (workload identity federation), not \"service_account\"",
        ),
        (
            "something",
            "has the \"type\" \"something\", not \"service_account\"",
        ),
        (
            "-----BEGIN PRIVATE KEY-----",
            "has a \"type\" other than \"service_account\"",
        ),
    ] {
        assert_eq!(
            parse(format!("{{\"type\":\"{kind}\"}}")).unwrap_err(),
            message
        );
    }
}

#[test]
fn missing_duplicate_empty_or_non_string_field_fails() {
    for name in [
        "type",
        "project_id",
        "private_key_id",
        "private_key",
        "client_email",
    ] {
        let mut key: serde_json::Value = serde_json::from_str(KEY).unwrap();
        key.as_object_mut().unwrap().remove(name);
        match name {
            "project_id" | "private_key_id" => drop(parse(key.to_string()).unwrap()),
            _ => assert_eq!(
                parse(key.to_string()).unwrap_err(),
                format!("has no \"{name}\"")
            ),
        }
        assert_eq!(
            parse(with(name, "")).unwrap_err(),
            format!("has an empty \"{name}\"")
        );
        assert_eq!(
            parse(with(name, 1)).unwrap_err(),
            format!("has a \"{name}\" that is not a string")
        );
        assert_eq!(
            parse(with(name, serde_json::Value::Null)).unwrap_err(),
            format!("has a \"{name}\" that is not a string")
        );
        let twice = KEY.replacen('{', &format!("{{\"{name}\":\"x\","), 1);
        assert_eq!(
            parse(twice).unwrap_err(),
            format!("has \"{name}\" more than once")
        );
    }
}

#[test]
fn invalid_private_key_fails_without_showing_it() {
    let pem = parse(KEY).unwrap().private_key().to_owned();
    let message = "has a \"private_key\" that is not a valid PEM private key";
    for broken in [
        "hunter2".to_owned(),
        pem.replace('\n', ""),
        pem[..pem.len() / 2].to_owned(),
        pem.replace("MII", "AAA"),
        pem.replace("PRIVATE", "PUBLIC"),
        include_str!("../testdata/rsa-1024.pem").to_owned(),
    ] {
        assert_eq!(parse(with("private_key", broken)).unwrap_err(), message);
    }
}

#[test]
fn large_or_deeply_nested_file_fails() {
    let message = "is larger than 64 KiB, so it is not a service account key";
    assert_eq!(parse(vec![b'['; MAX_BYTES + 1]).unwrap_err(), message);
    assert!(parse(vec![b'['; MAX_BYTES]).is_err());
    assert!(parse("{\"type\":".repeat(8_000)).is_err());
    let padded = format!(
        "{}{}",
        KEY.trim_end(),
        " ".repeat(MAX_BYTES - KEY.trim_end().len())
    );
    assert!(parse(padded).is_ok());
}

#[test]
fn debug_shows_only_public_fields() {
    let shown = format!("{:?}", parse(KEY).unwrap());
    assert!(shown.contains("puller@example-project.iam.gserviceaccount.com"));
    assert!(!shown.contains("BEGIN") && !shown.contains("MII"));
}

#[test]
fn key_without_project_and_id_is_parsed() {
    let mut value: serde_json::Value = serde_json::from_str(KEY).unwrap();
    for name in ["project_id", "private_key_id"] {
        value.as_object_mut().unwrap().remove(name);
    }
    let key = parse(value.to_string()).unwrap();
    assert_eq!((key.project_id(), key.private_key_id()), (None, None));
    assert_eq!(
        key.client_email(),
        "puller@example-project.iam.gserviceaccount.com"
    );
}

#[test]
fn private_key_under_label_of_another_format_is_accepted() {
    let pkcs8 = parse(KEY).unwrap().private_key().to_owned();
    let pkcs1 = include_str!("../testdata/rsa-pkcs1.pem").to_owned();
    let elliptic_curve = include_str!("../testdata/ec.pem").to_owned();
    for pem in [pkcs8, pkcs1, elliptic_curve] {
        let label = pem.split("-----").nth(1).unwrap().replace("BEGIN ", "");
        for other in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"] {
            let pem = pem.replace(&label, other);
            assert_eq!(
                parse(with("private_key", &*pem)).unwrap().private_key(),
                pem
            );
        }
    }
}

#[test]
fn key_in_another_form_is_recognized_without_showing_it() {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    let base64 = "contains a key file in base64; ";
    let quotes = "contains a key file in quotes; ";
    let string = serde_json::to_string(KEY).unwrap();
    let wrapped: Vec<String> = STANDARD
        .encode(KEY)
        .as_bytes()
        .chunks(76)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    let response = serde_json::json!({"name": "projects/p/serviceAccounts/a/keys/k",
        "privateKeyType": "TYPE_GOOGLE_CREDENTIALS_FILE", "privateKeyData": STANDARD.encode(KEY)});
    let line_breaks = "has line breaks inside \"private_key\", ";
    for (text, start) in [
        (STANDARD.encode(KEY), base64),
        (wrapped.join("\n"), base64),
        (URL_SAFE_NO_PAD.encode(KEY), base64),
        (format!("\"{}\"\n", STANDARD.encode(KEY)), base64),
        (string.clone(), quotes),
        (format!("'{}'", KEY.trim_end()), quotes),
        (
            string.trim_matches('"').to_owned(),
            "contains a key file with escaped quotes ",
        ),
        (KEY.replace("\\n", "\n"), line_breaks),
        (KEY.replace("\\n", "\r\n"), line_breaks),
        (
            KEY.replace("\\n", "\\\\n"),
            "has a \"private_key\" whose line breaks are escaped twice (\\\\n instead of \\n); ",
        ),
        (
            response.to_string(),
            "is the response of Google's API that created the key; ",
        ),
        (
            parse(KEY).unwrap().private_key().to_owned(),
            "is a PEM private key, ",
        ),
        (
            r#"{"installed":{"client_secret":"hunter2"}}"#.to_owned(),
            "is an OAuth client, ",
        ),
        (
            r#"{"auths":{"gcr.io":{"auth":"hunter2"}}}"#.to_owned(),
            "is a docker config, ",
        ),
    ] {
        let message = parse(text.clone()).unwrap_err();
        assert!(message.starts_with(start), "{start}: {message}");
        assert!(
            !message.contains("MII") && !message.contains("hunter2"),
            "{message}"
        );
        assert!(!message.contains('\n'), "{message}");
    }
}
