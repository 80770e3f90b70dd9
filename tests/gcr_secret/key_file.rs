//! Invalid credentials: one error line before any request, which never contains the credential.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gcr_test_support::{Output, Session, keys};
use serde_json::{Value, json};

use crate::fixture::{annotations_without_digest, single_error, write_key_files};
use crate::listener::Listener;

/// Fields that old key files lack.
const OPTIONAL: [&str; 2] = ["project_id", "private_key_id"];

/// A session with key files, and its server, which counts connections.
struct OfflineFixture {
    session: Session,
    listener: Listener,
}

impl OfflineFixture {
    #[track_caller]
    fn new() -> Self {
        let session = Session::without_cluster();
        write_key_files(&session);
        let listener = Listener::new();
        session.file("kubeconfig", listener.kubeconfig(), 0o600);
        Self { session, listener }
    }

    /// Runs `create` with these arguments, asserts a single error line and no request, and returns the line.
    #[track_caller]
    fn single_error(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let error = single_error(&output).to_owned();
        assert_eq!(self.listener.connections(), 0, "{output}");
        error
    }

    fn run(&self, args: &[&str]) -> Output {
        let create = self
            .session
            .gcr_secret(["create", "--kubeconfig", "kubeconfig"]);
        create.args(args).run()
    }

    /// Returns the error for a key file with this content.
    #[track_caller]
    fn key_error(&self, text: impl AsRef<[u8]>) -> String {
        self.session.file("bad.json", text, 0o600);
        self.single_error(&["--key-file", "bad.json"])
    }
}

#[test]
fn request_with_valid_key_is_counted() {
    let fixture = OfflineFixture::new();
    fixture.run(&["--key-file", "key.json"]).exits(1);
    assert_ne!(fixture.listener.connections(), 0);
}

#[test]
fn exactly_one_credential_is_required() {
    let fixture = OfflineFixture::new();
    assert_eq!(
        fixture.single_error(&[]),
        "error: one of --key-file or --access-token-file is required"
    );
    fixture.session.file("token", "ya29.example-token", 0o600);
    assert_eq!(
        fixture.single_error(&["--key-file", "key.json", "--access-token-file", "token"]),
        "error: only one of --key-file or --access-token-file may be given"
    );
}

#[test]
fn google_application_credentials_variable_is_ignored() {
    let fixture = OfflineFixture::new();
    let create = fixture
        .session
        .gcr_secret(["create", "--kubeconfig", "kubeconfig"]);
    let output = create
        .env("GOOGLE_APPLICATION_CREDENTIALS", "key.json")
        .run();
    assert_eq!(
        single_error(&output),
        "error: one of --key-file or --access-token-file is required"
    );
}

#[test]
fn credential_in_place_of_file_name_is_not_printed() {
    let fixture = OfflineFixture::new();
    let error = "error: the credential must not be given on the command line; pass the name of a file that contains it";
    assert_eq!(fixture.single_error(&["--key-file", keys::KEY]), error);
    assert_eq!(
        fixture.single_error(&["--key-file", keys::KEY.trim_end()]),
        error
    );
    let token = ["--access-token-file", "ya29.hunter2"];
    assert_eq!(fixture.single_error(&token), error);
}

#[test]
fn unreadable_file_is_named_with_reason() {
    let fixture = OfflineFixture::new();
    assert_eq!(
        fixture.single_error(&["--key-file", "nowhere.json"]),
        "error: open nowhere.json: no such file or directory"
    );
    for flag in ["--key-file", "--access-token-file"] {
        assert_eq!(
            fixture.single_error(&[&format!("{flag}=")]),
            format!("error: {flag} is empty")
        );
    }
    assert_eq!(
        fixture.single_error(&["--key-file", "."]),
        "error: read .: is a directory"
    );
    fixture.session.file("mine.json", keys::KEY, 0o600);
    let create = fixture
        .session
        .gcr_secret(["create", "--kubeconfig", "kubeconfig"])
        .args(["--key-file", "mine.json"]);
    // Root can read all files, so the command runs as another user. Without root, the owner loses the read permission.
    if !is_root() {
        fixture.session.file("mine.json", keys::KEY, 0o000);
    }
    let output = create.as_non_root().run();
    assert_eq!(
        single_error(&output),
        "error: open mine.json: permission denied"
    );
}

#[test]
fn file_that_is_not_a_key_is_rejected_with_reason() {
    let fixture = OfflineFixture::new();
    for (text, reason) in [
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
        let error = fixture.key_error(text);
        assert!(
            error.starts_with("error: key file \"bad.json\" ")
                && error.contains(reason)
                && !error.contains("hunter2"),
            "{:?}: {error}",
            String::from_utf8_lossy(text)
        );
    }
}

#[test]
fn missing_or_empty_key_field_is_rejected() {
    let fixture = OfflineFixture::new();
    for field in [
        "type",
        "project_id",
        "private_key_id",
        "private_key",
        "client_email",
    ] {
        let mut key = key();
        if !OPTIONAL.contains(&field) {
            key.as_object_mut().unwrap().remove(field);
            assert_eq!(
                fixture.key_error(key.to_string()),
                format!("error: key file \"bad.json\" has no \"{field}\"")
            );
        }
        key[field] = json!("");
        assert_eq!(
            fixture.key_error(key.to_string()),
            format!("error: key file \"bad.json\" has an empty \"{field}\"")
        );
        key[field] = json!(["hunter2"]);
        assert_eq!(
            fixture.key_error(key.to_string()),
            format!("error: key file \"bad.json\" has a \"{field}\" that is not a string")
        );
    }
}

#[test]
fn key_without_project_and_id_makes_a_secret_without_key_id() {
    let fixture = OfflineFixture::new();
    let mut key = key();
    for field in OPTIONAL {
        key.as_object_mut().unwrap().remove(field);
    }
    fixture.session.file("old.json", key.to_string(), 0o600);
    let args = ["--key-file", "old.json", "--dry-run=client", "-o", "json"];
    let output = fixture.run(&args).success();
    let secret: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(
        annotations_without_digest(&secret),
        json!({"kubectl-gcr-secret/account": key["client_email"],
            "kubectl-gcr-secret/credential": "json-key", "kubectl-gcr-secret/registries": "gcr.io"})
    );
}

#[test]
fn private_key_with_label_of_another_format_is_accepted() {
    let fixture = OfflineFixture::new();
    let mut key = key();
    let pem = key["private_key"].as_str().unwrap();
    key["private_key"] = json!(pem.replace("PRIVATE KEY", "RSA PRIVATE KEY"));
    fixture
        .session
        .file("relabelled.json", key.to_string(), 0o600);
    let args = ["--key-file", "relabelled.json", "--dry-run=client"];
    fixture.run(&args).success();
}

#[test]
fn key_in_another_form_is_named_with_the_way_to_the_right_file() {
    let fixture = OfflineFixture::new();
    for (text, reason) in [
        (
            STANDARD.encode(keys::KEY),
            "contains a key file in base64; decode it first, for example with: base64 -d",
        ),
        (
            json!(keys::KEY).to_string(),
            "contains a key file in quotes; remove them, for example with: jq -r .",
        ),
        (
            keys::KEY.replace("\\n", "\n"),
            "has line breaks inside \"private_key\", where JSON needs \\n; a shell or a template expanded them, so get \
             the file as Google created it",
        ),
        (
            keys::KEY.replace("\\n", "\\\\n"),
            "has a \"private_key\" whose line breaks are escaped twice (\\\\n instead of \\n); get the file as Google \
             created it",
        ),
        (
            json!({"name": "x", "privateKeyData": STANDARD.encode(keys::KEY)}).to_string(),
            "is the response of Google's API that created the key; its \"privateKeyData\" is the key file in base64: \
             jq -r .privateKeyData FILE | base64 -d",
        ),
    ] {
        assert_eq!(
            fixture.key_error(text),
            format!("error: key file \"bad.json\" {reason}")
        );
    }
}

#[test]
fn invalid_private_key_is_rejected() {
    let fixture = OfflineFixture::new();
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
        let error = fixture.key_error(key.to_string());
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
fn file_larger_than_64_kib_is_rejected() {
    let fixture = OfflineFixture::new();
    let largest = format!("{}{}", keys::KEY, "\n".repeat(64 * 1024 - keys::KEY.len()));
    assert_eq!(largest.len(), 65536);
    fixture.session.file("key.json", &largest, 0o600);
    let dry = ["--key-file", "key.json", "--dry-run=client"];
    fixture.run(&dry).success();

    let error = fixture.key_error(format!("{largest}\n"));
    assert!(
        error.contains("bad.json") && error.contains("larger than 64 KiB"),
        "{error}"
    );
    // Reading stops at the limit, even if the source never ends.
    let error = fixture.single_error(&["--key-file", "/dev/zero"]);
    assert!(error.contains("larger than 64 KiB"), "{error}");
}

#[test]
fn invalid_token_file_is_rejected() {
    let fixture = OfflineFixture::new();
    for text in ["", "\n", "two words", "two\nlines\n", "ctrl\u{1b}token"] {
        fixture.session.file("token", text, 0o600);
        let error = fixture.single_error(&["--access-token-file", "token"]);
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
        fixture.single_error(&["--access-token-file", "nowhere"]),
        "error: open nowhere: no such file or directory"
    );
    // Without this check, a key in place of a token would be used as the token.
    fixture.single_error(&["--access-token-file", "key.json"]);
}

#[test]
fn control_characters_in_file_name_are_escaped() {
    let fixture = OfflineFixture::new();
    assert_eq!(
        fixture.single_error(&["--key-file", "a\u{1b}]0;title\u{7}"]),
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
