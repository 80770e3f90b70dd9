//! Tests obtaining and refreshing credentials.

use super::*;
use crate::headers::basic;

async fn authorization(credentials: &Credentials) -> Result<String, String> {
    let credential = credentials.current().await;
    let credential = credential.map_err(|error| error.to_string())?;
    let value = credential.authorization.as_ref().unwrap();
    Ok(value.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn token_file_is_read_again_after_rejection() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    std::fs::write(&file, "\n one \r\n").unwrap();
    let credentials = Credentials::new(CredentialSource::TokenFile(file.clone(), None));
    assert_eq!(authorization(&credentials).await.unwrap(), "Bearer one");
    std::fs::write(&file, "two\n").unwrap();
    assert_eq!(authorization(&credentials).await.unwrap(), "Bearer one");
    let rejected = credentials.current().await.unwrap();
    let next = credentials
        .refresh_rejected(&rejected)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(next.authorization.as_ref().unwrap(), "Bearer two");
    // A later caller with the same rejected credential gets the same replacement.
    std::fs::write(&file, "three\n").unwrap();
    let same = credentials
        .refresh_rejected(&rejected)
        .await
        .unwrap()
        .unwrap();
    assert!(Arc::ptr_eq(&same, &next));
    next.mark_accepted();
    // After the file was removed, its last token stays in use.
    std::fs::remove_file(&file).unwrap();
    let last = credentials.refresh_rejected(&next).await.unwrap().unwrap();
    assert_eq!(last.authorization.as_ref().unwrap(), "Bearer two");
}

#[tokio::test]
async fn token_file_missing_or_empty_returns_error_with_its_path() {
    let missing = Credentials::new(CredentialSource::TokenFile("/nope".into(), None));
    assert_eq!(
        authorization(&missing).await.unwrap_err(),
        "open /nope: no such file or directory"
    );
    let empty = tempfile::NamedTempFile::new().unwrap();
    let credentials = Credentials::new(CredentialSource::TokenFile(empty.path().into(), None));
    assert_eq!(
        authorization(&credentials).await.unwrap_err(),
        format!("read empty token from file \"{}\"", empty.path().display())
    );
    let inline = Credentials::new(CredentialSource::TokenFile(
        "/nope".into(),
        Some("t".to_owned()),
    ));
    assert_eq!(authorization(&inline).await.unwrap(), "Bearer t");
}

#[tokio::test]
async fn refresh_rejected_with_fixed_credential_returns_none() {
    let credentials = Credentials::new(CredentialSource::Fixed(basic("user", "pass").unwrap()));
    assert_eq!(
        authorization(&credentials).await.unwrap(),
        "Basic dXNlcjpwYXNz"
    );
    let rejected = credentials.current().await.unwrap();
    assert!(
        credentials
            .refresh_rejected(&rejected)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn refresh_rejected_with_replacement_requires_earlier_acceptance() {
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
    second.mark_accepted();
    let third = credentials
        .refresh_rejected(&second)
        .await
        .unwrap()
        .unwrap();
    assert!(!Arc::ptr_eq(&second, &third));
}
