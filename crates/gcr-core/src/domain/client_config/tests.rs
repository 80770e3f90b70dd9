//! Tests of the edits of a container client's file. Expected texts are those that `docker login` writes, or literals.

use super::*;

const HOST: &str = "gcr.io";

fn auth() -> SecretString {
    "dTpw".into()
}

fn with(text: &str, auth: Option<&SecretString>) -> String {
    let config = ClientConfig::parse(text.as_bytes()).unwrap();
    config.with_entry(HOST, auth).to_string()
}

#[test]
fn new_file_is_laid_out_as_by_docker() {
    let expected = "{\n\t\"auths\": {\n\t\t\"gcr.io\": {\n\t\t\t\"auth\": \"dTpw\"\n\t\t}\n\t}\n}";
    for text in ["", " \n", "{}"] {
        assert_eq!(with(text, Some(&auth())), expected, "{text:?}");
    }
    let expected = "{\n\t\"auths\": {\n\t\t\"gcr.io\": {}\n\t}\n}";
    assert_eq!(with("", None), expected);
}

#[test]
fn host_with_quotes_adds_one_entry() {
    let host = r#"a":{},"gcr.io"#;
    let config = ClientConfig::parse(b"{}").unwrap();
    let text = config.with_entry(host, Some(&auth()));
    let written = ClientConfig::parse(text.as_bytes()).unwrap();
    assert!(written.is_current(host, Some(&auth())), "{}", *text);
    assert!(!written.has_entry("gcr.io"));
}

#[test]
fn other_text_is_kept_byte_for_byte() {
    for (text, expected) in [
        (
            "{\"b\": [1,  2], \"auths\": {\"x\": {\"auth\":\"eDp5\"}} ,\"a\":1e3}\n",
            "{\"b\": [1,  2], \"auths\": {\"x\": {\"auth\":\"eDp5\"},\"gcr.io\":{\"auth\":\"dTpw\"}} ,\"a\":1e3}\n",
        ),
        (
            "{\n  \"credHelpers\": {\n    \"x\": \"y\"\n  }\n}",
            "{\n  \"credHelpers\": {\n    \"x\": \"y\"\n  },\n  \"auths\": {\n    \"gcr.io\": {\n      \"auth\": \"dTpw\"\n    }\n  }\n}",
        ),
        (
            "{\n  \"auths\": null,\n  \"z\": 1\n}",
            "{\n  \"auths\": {\n    \"gcr.io\": {\n      \"auth\": \"dTpw\"\n    }\n  },\n  \"z\": 1\n}",
        ),
        (
            "{\n  \"auths\": {},\n  \"z\": 1\n}",
            "{\n  \"auths\": {\n    \"gcr.io\": {\n      \"auth\": \"dTpw\"\n    }\n  },\n  \"z\": 1\n}",
        ),
    ] {
        assert_eq!(with(text, Some(&auth())), expected);
    }
}

#[test]
fn entry_keeps_fields_without_credential() {
    let text = r#"{"auths":{"gcr.io":{"email":"a@b","auth":"old","password":"p","identitytoken":"t","x":[1]},"z":{}}}"#;
    let expected = r#"{"auths":{"gcr.io":{"email":"a@b","auth":"dTpw","x":[1]},"z":{}}}"#;
    assert_eq!(with(text, Some(&auth())), expected);
    let expected = r#"{"auths":{"gcr.io":{"email":"a@b","x":[1]},"z":{}}}"#;
    assert_eq!(with(text, None), expected);
}

#[test]
fn result_is_current_and_stays() {
    for text in [
        "",
        "{\"a\":1}",
        "{\"auths\":{\"gcr.io\":{\"username\":\"u\",\"password\":\"p\"}}}",
    ] {
        for auth in [Some(auth()), None] {
            let auth = auth.as_ref();
            let config = ClientConfig::parse(text.as_bytes()).unwrap();
            assert!(!config.is_current(HOST, auth), "{text}");
            let edited = config.with_entry(HOST, auth);
            let config = ClientConfig::parse(edited.as_bytes()).unwrap();
            assert!(
                config.is_current(HOST, auth) && config.has_entry(HOST),
                "{}",
                *edited
            );
            assert_eq!(config.with_entry(HOST, auth), edited);
        }
    }
}

#[test]
fn helper_is_chosen_as_by_docker() {
    let text = br#"{"credsStore":"store","credHelpers":{"gcr.io":"of-host","us.gcr.io":""}}"#;
    let config = ClientConfig::parse(text).unwrap();
    assert_eq!(config.helper("gcr.io"), Some(("of-host", "credHelpers")));
    assert_eq!(config.helper("us.gcr.io"), None);
    assert_eq!(config.helper("eu.gcr.io"), Some(("store", "credsStore")));
    let config = ClientConfig::parse(b"{\"credsStore\":\"\"}").unwrap();
    assert_eq!(config.helper("gcr.io"), None);
}

#[test]
fn ambiguous_and_invalid_files_are_refused() {
    for (text, error) in [
        (
            "\u{feff}{}",
            "starts with a byte order mark, which Docker does not read",
        ),
        ("{\"auths\":", "is not JSON (line 1, column 9)"),
        ("[]", "is not a JSON object"),
        ("{\"auths\":{},\"AUTHS\":{}}", "has \"AUTHS\" twice"),
        ("{\"x\":1,\"x\":2}", "has \"x\" twice"),
        ("{\"auths\":{\"a\":{},\"a\":{}}}", "has \"a\" twice"),
        (
            "{\"auths\":{\"a\":{\"auth\":\"\",\"Auth\":\"\"}}}",
            "has \"Auth\" twice",
        ),
        (
            "{\"auths\":[]}",
            "has a field \"auths\" that is not an object",
        ),
        (
            "{\"auths\":{\"a\":1}}",
            "has a field \"a\" that is not an object",
        ),
        (
            "{\"credHelpers\":{\"a\":1}}",
            "has a field \"credHelpers\" that is not a string",
        ),
        (
            "{\"credsStore\":{}}",
            "has a field \"credsStore\" that is not a string",
        ),
    ] {
        let refused = ClientConfig::parse(text.as_bytes()).unwrap_err();
        assert_eq!(refused.to_string(), error, "{text}");
    }
    assert_eq!(
        ClientConfig::parse(b"\xff").unwrap_err(),
        ClientConfigError::NotUtf8
    );
}
