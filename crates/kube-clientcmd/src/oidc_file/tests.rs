//! Tests writing tokens back to a kubeconfig, also with a full disk.

use super::*;

const TEXT: &str = "mine: {1: a}\nusers:\n- name: u\n  user: {auth-provider: {name: oidc, config: {id-token: old, mine: '1'}}}\n- name: v\n  user: {token: t}\n";

fn settings() -> BTreeMap<String, String> {
    BTreeMap::from([("id-token".to_owned(), "new".to_owned())])
}

#[cfg(unix)]
#[test]
fn write_back_through_symlink_keeps_link_and_mode() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let directory = tempfile::tempdir().unwrap();
    let (file, link) = (directory.path().join("file"), directory.path().join("link"));
    std::fs::write(&file, TEXT).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o604)).unwrap();
    symlink(&file, &link).unwrap();
    write_back(&link, "u", &settings()).unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o604
    );
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(
        text.contains("new") && !text.contains("old") && text.contains("mine:"),
        "{text}"
    );
    // Neither the lock file nor a temporary file is left.
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2);
}

#[test]
fn write_back_without_user_leaves_file_unchanged() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), TEXT).unwrap();
    for user in ["w", "v"] {
        write_back(file.path(), user, &settings()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(file.path()).unwrap(), TEXT);
}

#[test]
fn write_back_to_invalid_kubeconfig_fails_and_leaves_file_unchanged() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "users: [}").unwrap();
    assert_eq!(
        write_back(file.path(), "u", &settings())
            .unwrap_err()
            .to_string(),
        "the kubeconfig has changed and cannot be written"
    );
    assert_eq!(std::fs::read_to_string(file.path()).unwrap(), "users: [}");
}

#[test]
fn write_back_keeps_later_documents() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let rest = "---\nusers: [} # whatever\n";
    std::fs::write(file.path(), format!("\u{feff}---\n{TEXT}{rest}")).unwrap();
    write_back(file.path(), "u", &settings()).unwrap();
    let text = std::fs::read_to_string(file.path()).unwrap();
    let document = text.strip_suffix(rest).unwrap();
    assert!(document.contains("id-token: new"), "{document}");
    assert!(document.ends_with('\n'), "{document}");
}

/// Runs itself again in a process with a limit on the file size, for which `sh` ignores the signal SIGXFSZ.
#[cfg(unix)]
#[test]
fn write_back_to_full_disk_fails_and_leaves_file_unchanged() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    const NAME: &str = "oidc_file::tests::write_back_to_full_disk_fails_and_leaves_file_unchanged";
    const MAX_SIZE: u64 = 4096;
    let limit = getrlimit(Resource::Fsize);
    if limit.maximum.is_none_or(|most| most > MAX_SIZE * 1000) {
        let limited = "trap '' XFSZ; ulimit -f 4000; exec \"$@\"";
        let output = std::process::Command::new("sh")
            .args(["-c", limited, "sh"])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", NAME])
            .output()
            .unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(stdout.contains("1 passed"), "{stdout}");
        return;
    }

    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config");
    let long = "x".repeat(6000);
    let full = TEXT.replace("old", &long);
    std::fs::write(&file, &full).unwrap();
    let current = Some(MAX_SIZE);
    setrlimit(Resource::Fsize, Rlimit { current, ..limit }).unwrap();
    // The new content is shorter than the old one, but the old file must not be overwritten either.
    let token = BTreeMap::from([("id-token".to_owned(), long[1000..].to_owned())]);
    assert_eq!(
        write_back(&file, "u", &token).unwrap_err().to_string(),
        format!("open {}: file too large", file.display())
    );
    assert!(std::fs::read_to_string(&file).unwrap() == full);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    // A file that cannot be replaced is not overwritten with content that does not fit.
    let file = directory.path().join("mounted");
    std::fs::write(&file, TEXT).unwrap();
    let error = overwrite(&file, long.as_bytes()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::FileTooLarge);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), TEXT);
}
