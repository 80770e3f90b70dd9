//! Kubeconfigs written back, also where the disk is full.

use super::*;

const TEXT: &str = "mine: {1: a}\nusers:\n- name: u\n  user: {auth-provider: {name: oidc, config: {id-token: old, mine: '1'}}}\n- name: v\n  user: {token: t}\n";

fn settings() -> BTreeMap<String, String> {
    BTreeMap::from([("id-token".to_owned(), "new".to_owned())])
}

#[cfg(unix)]
#[test]
fn a_link_stays_one_and_the_file_keeps_its_mode() {
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
    // Neither the lock nor a half-written file is left.
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2);
}

#[test]
fn a_user_that_has_gone_is_not_made_again() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), TEXT).unwrap();
    for user in ["w", "v"] {
        write_back(file.path(), user, &settings()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(file.path()).unwrap(), TEXT);
}

#[test]
fn a_file_that_has_become_something_else_is_left_alone() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "users: [}").unwrap();
    assert_eq!(
        write_back(file.path(), "u", &settings()).unwrap_err(),
        "the kubeconfig has changed and cannot be written"
    );
    assert_eq!(std::fs::read_to_string(file.path()).unwrap(), "users: [}");
}

#[test]
fn documents_behind_the_first_stay_and_so_does_what_a_mark_says() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let rest = "---\nusers: [} # whatever\n";
    std::fs::write(file.path(), format!("\u{feff}---\n{TEXT}{rest}")).unwrap();
    write_back(file.path(), "u", &settings()).unwrap();
    let text = std::fs::read_to_string(file.path()).unwrap();
    let document = text.strip_suffix(rest).unwrap();
    assert!(document.contains("id-token: new"), "{document}");
    assert!(document.ends_with('\n'), "{document}");
}

/// Run anew by `sh`, in a process that alone has this limit: a signal that is not ignored would end it.
#[cfg(unix)]
#[test]
fn where_there_is_no_room_the_file_stays_what_it_was() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    const NAME: &str =
        "connection::oidc_file::tests::where_there_is_no_room_the_file_stays_what_it_was";
    const ROOM: u64 = 4096;
    let limit = getrlimit(Resource::Fsize);
    if limit.maximum.is_none_or(|most| most > ROOM * 1000) {
        let limited = "trap '' XFSZ; ulimit -f 4000; exec \"$@\"";
        let output = std::process::Command::new("sh")
            .args(["-c", limited, "sh"])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", NAME])
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(told.contains("1 passed"), "{told}");
        return;
    }

    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config");
    let long = "x".repeat(6000);
    let full = TEXT.replace("old", &long);
    std::fs::write(&file, &full).unwrap();
    let current = Some(ROOM);
    setrlimit(Resource::Fsize, Rlimit { current, ..limit }).unwrap();
    // Shorter than the old one, which is not to be written over all the same.
    let token = BTreeMap::from([("id-token".to_owned(), long[1000..].to_owned())]);
    assert_eq!(
        write_back(&file, "u", &token).unwrap_err(),
        format!("open {}: file too large", file.display())
    );
    assert!(std::fs::read_to_string(&file).unwrap() == full);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    // Nor is a file that cannot be replaced written over by a longer one.
    let file = directory.path().join("mounted");
    std::fs::write(&file, TEXT).unwrap();
    let error = write_over(&file, long.as_bytes()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::FileTooLarge);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), TEXT);
}
