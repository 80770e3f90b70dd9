//! What is wrong with a credential is said in one line before any server is asked, and never with its content.

use gcr_test_support::{Output, Session, keys};
use serde_json::{Value, json};

use crate::listener::Listener;
use crate::setting::{give_keys, one_error};

/// Somebody at a shell whose cluster counts who calls.
struct Desk {
    session: Session,
    listener: Listener,
}

impl Desk {
    #[track_caller]
    fn new() -> Self {
        let session = Session::without_cluster();
        give_keys(&session);
        let listener = Listener::new();
        session.file("kubeconfig", listener.kubeconfig(), 0o600);
        Self { session, listener }
    }

    /// Runs `create` with these words; it must fail in one line, without a request.
    #[track_caller]
    fn refused(&self, words: &[&str]) -> String {
        let output = self.run(words);
        let error = one_error(&output).to_owned();
        assert_eq!(self.listener.calls(), 0, "{output}");
        error
    }

    fn run(&self, words: &[&str]) -> Output {
        let create = self
            .session
            .gcr_secret(["create", "--kubeconfig", "kubeconfig"]);
        create.args(words).run()
    }

    /// The error for a key file with this text.
    #[track_caller]
    fn refused_key(&self, text: impl AsRef<[u8]>) -> String {
        self.session.file("bad.json", text, 0o600);
        self.refused(&["--key-file", "bad.json"])
    }
}

#[test]
fn the_listener_would_have_noticed_a_request() {
    let desk = Desk::new();
    desk.run(&["--key-file", "key.json"]).exits(1);
    assert_ne!(desk.listener.calls(), 0);
}

#[test]
fn exactly_one_credential_is_required() {
    let desk = Desk::new();
    assert_eq!(
        desk.refused(&[]),
        "error: one of --key-file or --access-token-file is required"
    );
    desk.session.file("token", "ya29.example-token", 0o600);
    assert_eq!(
        desk.refused(&["--key-file", "key.json", "--access-token-file", "token"]),
        "error: only one of --key-file or --access-token-file may be given"
    );
}

#[test]
fn the_environment_and_the_command_line_hold_no_credential() {
    let desk = Desk::new();
    let create = desk
        .session
        .gcr_secret(["create", "--kubeconfig", "kubeconfig"]);
    let output = create
        .env("GOOGLE_APPLICATION_CREDENTIALS", "key.json")
        .run();
    assert_eq!(
        one_error(&output),
        "error: one of --key-file or --access-token-file is required"
    );
}

#[test]
fn a_credential_typed_in_a_file_names_place_is_not_repeated() {
    let desk = Desk::new();
    let error = "error: a credential is read from a file or from standard input, never from the command line: give the file's name";
    assert_eq!(desk.refused(&["--key-file", keys::KEY]), error);
    assert_eq!(desk.refused(&["--key-file", keys::KEY.trim_end()]), error);
    let token = ["--access-token-file", "ya29.hunter2"];
    assert_eq!(desk.refused(&token), error);
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_the_reason() {
    let desk = Desk::new();
    assert_eq!(
        desk.refused(&["--key-file", "nowhere.json"]),
        "error: open nowhere.json: no such file or directory"
    );
    for flag in ["--key-file", "--access-token-file"] {
        assert_eq!(
            desk.refused(&[&format!("{flag}=")]),
            format!("error: {flag} is empty")
        );
    }
    assert_eq!(
        desk.refused(&["--key-file", "."]),
        "error: read .: is a directory"
    );
    desk.session.file("mine.json", keys::KEY, 0o600);
    let create = desk
        .session
        .gcr_secret(["create", "--kubeconfig", "kubeconfig"])
        .args(["--key-file", "mine.json"]);
    // Root reads everything; where nobody is root, the file is taken away from its owner instead.
    if !is_root() {
        desk.session.file("mine.json", keys::KEY, 0o000);
    }
    let output = create.as_non_root().run();
    assert_eq!(
        one_error(&output),
        "error: open mine.json: permission denied"
    );
}

#[test]
fn a_file_that_is_no_key_is_refused_by_what_it_is() {
    let desk = Desk::new();
    for (text, trouble) in [
        (&b""[..], "is empty"),
        (b" \n\n", "is empty"),
        (b"hunter2", "is not JSON"),
        (b"{\"type\": \"service_account\", hunter2", "is not JSON"),
        (b"[\"hunter2\"]", "is not a JSON object"),
        (b"\xff\xfehunter2", "byte order mark"),
        (b"{\"type\": \"hunter\xff\"}", "is not UTF-8"),
        (
            br#"{"type": "authorized_user", "refresh_token": "hunter2"}"#,
            "authorized_user",
        ),
        (br#"{"type": 1}"#, "has a \"type\" that is not a string"),
    ] {
        let error = desk.refused_key(text);
        assert!(
            error.starts_with("error: key file \"bad.json\" ")
                && error.contains(trouble)
                && !error.contains("hunter2"),
            "{:?}: {error}",
            String::from_utf8_lossy(text)
        );
    }
}

#[test]
fn each_field_must_be_there_and_hold_something() {
    let desk = Desk::new();
    for field in [
        "type",
        "project_id",
        "private_key_id",
        "private_key",
        "client_email",
    ] {
        let mut key = key();
        key.as_object_mut().unwrap().remove(field);
        assert_eq!(
            desk.refused_key(key.to_string()),
            format!("error: key file \"bad.json\" has no \"{field}\"")
        );
        key[field] = json!("");
        assert_eq!(
            desk.refused_key(key.to_string()),
            format!("error: key file \"bad.json\" has an empty \"{field}\"")
        );
        key[field] = json!(["hunter2"]);
        assert_eq!(
            desk.refused_key(key.to_string()),
            format!("error: key file \"bad.json\" has a \"{field}\" that is not a string")
        );
    }
}

#[test]
fn the_private_key_must_be_one_that_can_be_read() {
    let desk = Desk::new();
    let whole = key()["private_key"].as_str().unwrap().to_owned();
    let (front, back) = whole.split_at(whole.len() / 2);
    for broken in [
        "hunter2".to_owned(),
        format!("{front}\n-----END PRIVATE KEY-----\n"),
        format!("{front}hunter2{back}"),
        whole.replace("BEGIN", "BEGUN"),
        "-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----\n".to_owned(),
    ] {
        let mut key = key();
        key["private_key"] = json!(broken);
        let error = desk.refused_key(key.to_string());
        assert!(
            error.starts_with("error: key file \"bad.json\" has a \"private_key\" that is not"),
            "{error}"
        );
        assert!(
            !error.contains("hunter2") && !error.contains("MII"),
            "{error}"
        );
    }
}

#[test]
fn what_is_larger_than_any_key_is_not_read() {
    let desk = Desk::new();
    let largest = format!("{}{}", keys::KEY, "\n".repeat(64 * 1024 - keys::KEY.len()));
    assert_eq!(largest.len(), 65536);
    desk.session.file("key.json", &largest, 0o600);
    let dry = ["--key-file", "key.json", "--dry-run=client"];
    desk.run(&dry).success();

    let error = desk.refused_key(format!("{largest}\n"));
    assert!(
        error.contains("bad.json") && error.contains("larger than 64 KiB"),
        "{error}"
    );
    // A source without an end is not read to its end.
    let error = desk.refused(&["--key-file", "/dev/zero"]);
    assert!(error.contains("larger than 64 KiB"), "{error}");
}

#[test]
fn a_token_file_must_hold_one_token() {
    let desk = Desk::new();
    for text in ["", "\n", "two words", "two\nlines\n", "ctrl\u{1b}token"] {
        desk.session.file("token", text, 0o600);
        let error = desk.refused(&["--access-token-file", "token"]);
        assert!(
            error.starts_with("error: access token file \"token\" "),
            "{text:?}: {error}"
        );
        assert!(
            !error.contains("lines") && !error.contains("words"),
            "{error}"
        );
    }
    assert_eq!(
        desk.refused(&["--access-token-file", "nowhere"]),
        "error: open nowhere: no such file or directory"
    );
    // A key in a token's place would be sent as one.
    desk.refused(&["--access-token-file", "key.json"]);
}

#[test]
fn a_file_name_cannot_act_on_the_terminal() {
    let desk = Desk::new();
    assert_eq!(
        desk.refused(&["--key-file", "a\u{1b}]0;title\u{7}"]),
        r"error: open a^[]0;title\u{7}: no such file or directory"
    );
}

fn key() -> Value {
    serde_json::from_str(keys::KEY).unwrap_or_else(|error| panic!("{error}"))
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self")
        .is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0)
}
