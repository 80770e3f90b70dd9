//! Credentials, and when they are read anew.

use super::*;

async fn shown(credentials: &Credentials) -> Result<String, String> {
    let credential = credentials.current().await?;
    let authorization = credential.authorization.as_ref().unwrap();
    Ok(authorization.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_token_file_is_trimmed_and_read_again_when_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    std::fs::write(&file, "\n one \r\n").unwrap();
    let credentials = Credentials::new(CredentialSource::TokenFile(file.clone(), None));
    assert_eq!(shown(&credentials).await.unwrap(), "Bearer one");
    std::fs::write(&file, "two\n").unwrap();
    assert_eq!(shown(&credentials).await.unwrap(), "Bearer one");
    let refused = credentials.current().await.unwrap();
    let next = credentials
        .refresh_rejected(&refused)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(next.authorization.as_ref().unwrap(), "Bearer two");
    // Who comes later with the same refusal gets what is there.
    std::fs::write(&file, "three\n").unwrap();
    let same = credentials
        .refresh_rejected(&refused)
        .await
        .unwrap()
        .unwrap();
    assert!(Arc::ptr_eq(&same, &next));
    next.accepted();
    // A file that has gone leaves the last token.
    std::fs::remove_file(&file).unwrap();
    let last = credentials.refresh_rejected(&next).await.unwrap().unwrap();
    assert_eq!(last.authorization.as_ref().unwrap(), "Bearer two");
}

#[tokio::test]
async fn an_unusable_token_file_is_named() {
    let missing = Credentials::new(CredentialSource::TokenFile("/nope".into(), None));
    assert_eq!(
        shown(&missing).await.unwrap_err(),
        "error: open /nope: no such file or directory"
    );
    let empty = tempfile::NamedTempFile::new().unwrap();
    let credentials = Credentials::new(CredentialSource::TokenFile(empty.path().into(), None));
    assert_eq!(
        shown(&credentials).await.unwrap_err(),
        format!(
            "error: read empty token from file \"{}\"",
            empty.path().display()
        )
    );
    let inline = Credentials::new(CredentialSource::TokenFile(
        "/nope".into(),
        Some("t".to_owned()),
    ));
    assert_eq!(shown(&inline).await.unwrap(), "Bearer t");
}

#[tokio::test]
async fn a_fixed_credential_has_no_other() {
    let credentials = Credentials::new(CredentialSource::Fixed(basic("user", "pass").unwrap()));
    assert_eq!(shown(&credentials).await.unwrap(), "Basic dXNlcjpwYXNz");
    let refused = credentials.current().await.unwrap();
    assert!(
        credentials
            .refresh_rejected(&refused)
            .await
            .unwrap()
            .is_none()
    );
}

#[test]
fn a_token_that_no_header_takes_is_refused_without_being_shown() {
    let error = bearer("s3cret\n").unwrap_err();
    assert_eq!(
        error,
        "Unable to connect to the server: net/http: invalid header field value for \"Authorization\""
    );
}

#[tokio::test]
async fn one_that_came_in_place_of_a_refused_one_is_replaced_only_if_it_was_taken() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "one").unwrap();
    let credentials = Credentials::new(CredentialSource::TokenFile(file.path().into(), None));
    let first = credentials.current().await.unwrap();
    let second = credentials.refresh_rejected(&first).await.unwrap().unwrap();
    assert!(
        credentials
            .refresh_rejected(&second)
            .await
            .unwrap()
            .is_none()
    );
    second.accepted();
    let third = credentials
        .refresh_rejected(&second)
        .await
        .unwrap()
        .unwrap();
    assert!(!Arc::ptr_eq(&second, &third));
}
