//! Tests of Docker configs: their bytes, and the merge with a stored one.

use super::*;

fn config(hosts: &str) -> DockerConfig {
    DockerConfig::new(
        RegistryHost::parse_list(hosts).unwrap(),
        "b3VyczpvdXJz".into(),
    )
}

fn json(config: &DockerConfig) -> String {
    String::from_utf8(config.to_json().to_vec()).unwrap()
}

fn merged(hosts: &str, existing: &str) -> String {
    json(&config(hosts).merge(existing.as_bytes()).unwrap())
}

#[test]
fn hosts_keep_their_order_and_repeated_hosts_are_dropped() {
    assert_eq!(
        json(&config("gcr.io")),
        r#"{"auths":{"gcr.io":{"auth":"b3VyczpvdXJz"}}}"#
    );
    assert_eq!(
        json(&config("us.gcr.io,gcr.io,https://US.gcr.io")),
        r#"{"auths":{"us.gcr.io":{"auth":"b3VyczpvdXJz"},"gcr.io":{"auth":"b3VyczpvdXJz"}}}"#
    );
}

#[test]
fn to_json_never_reallocates() {
    let existing = br#"{"auths":{"a.example":{}},"HttpHeaders":{}}"#;
    for config in [
        config("gcr.io"),
        config("gcr.io,eu.gcr.io").merge(existing).unwrap(),
    ] {
        let json = config.to_json();
        assert!(json.capacity() >= json.len() && json.capacity() <= json.len() + 2);
    }
}

#[test]
fn merge_keeps_other_entries_unchanged() {
    let existing = r#" {"auths" : {"z.example": { "auth":"eDp5" , "email":null}, "\u0061.example":{"auth":"YTpi"},
        "*.gcr.io":{}, "gcr.io/team/":{"auth":"Yzpk"}}, "HttpHeaders":{"X-Meta" : [1e2]}} "#;
    assert_eq!(
        merged("gcr.io", existing),
        r#"{"auths":{"gcr.io":{"auth":"b3VyczpvdXJz"},"z.example":{ "auth":"eDp5" , "email":null},"\u0061.example":{"auth":"YTpi"},"*.gcr.io":{},"gcr.io/team/":{"auth":"Yzpk"}},"HttpHeaders":{"X-Meta" : [1e2]}}"#
    );
}

#[test]
fn merge_replaces_own_host_in_any_spelling() {
    for spelling in [
        "gcr.io",
        "GCR.io",
        "gcr.io/",
        "https://gcr.io",
        "https://gcr.io/v2/",
        "gcr.io:443",
        "gcr\\u002eio",
    ] {
        let existing = format!(r#"{{"auths":{{"{spelling}":{{"auth":"b2xk"}}}}}}"#);
        assert_eq!(
            merged("gcr.io", &existing),
            r#"{"auths":{"gcr.io":{"auth":"b3VyczpvdXJz"}}}"#
        );
    }
}

#[test]
fn merge_is_idempotent() {
    let once = merged(
        "gcr.io",
        r#"{"x":1,"auths":{"a.example":{},"gcr.io":{"auth":"b2xk"}}}"#,
    );
    assert_eq!(merged("gcr.io", &once), once);
    assert_eq!(merged("gcr.io", "{}"), json(&config("gcr.io")));
    assert_eq!(
        merged("gcr.io", r#"{"auths":null}"#),
        json(&config("gcr.io"))
    );
}

#[test]
fn merge_combines_auths_in_any_case() {
    let existing =
        r#"{"auths":{"a.example":{}},"AUTHS":{"gcr.io":{"auth":"b2xk"},"b.example":null}}"#;
    assert_eq!(
        merged("gcr.io", existing),
        r#"{"auths":{"gcr.io":{"auth":"b3VyczpvdXJz"},"a.example":{},"b.example":null}}"#
    );
}

#[test]
fn merge_with_undecodable_config_fails() {
    for (existing, message) in [
        ("", "the docker config is not JSON (line 1, column 0)"),
        (
            "{\"auths\":hunter2}",
            "the docker config is not JSON (line 1, column 10)",
        ),
        ("[]", "the docker config is not a JSON object"),
        ("null", "the docker config is not a JSON object"),
        (
            r#"{"auths":[]}"#,
            "\"auths\" of the docker config is not an object",
        ),
        (
            r#"{"auths":"hunter2"}"#,
            "\"auths\" of the docker config is not an object",
        ),
        (
            r#"{"auths":{"a":"hunter2"}}"#,
            "an entry under \"auths\" of the docker config is not an object",
        ),
    ] {
        assert_eq!(
            config("gcr.io")
                .merge(existing.as_bytes())
                .unwrap_err()
                .to_string(),
            message
        );
    }
    let error = config("gcr.io").merge(b"{\"\xff\":1}").unwrap_err();
    assert_eq!(error, UndecodableDockerConfig::NotUtf8);
}

#[test]
fn hosts_hide_user_information() {
    let existing = br#"{"auths":{"https://user:hunter2@a.example/v1/":{},"gcr.io/":{}}}"#;
    let merged = config("gcr.io").merge(existing).unwrap();
    assert_eq!(merged.hosts(), ["gcr.io", "***@a.example/v1/"]);
    let shown = format!("{merged:?}");
    assert!(
        !shown.contains("hunter2") && !shown.contains("b3Vy"),
        "{shown}"
    );
}
