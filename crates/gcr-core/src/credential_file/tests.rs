//! Tests file modes, symbolic links, pipes and limits on a real file system.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

use tempfile::{TempDir, tempdir};

use super::*;

fn file(directory: &TempDir, name: &str, content: &[u8], mode: u32) -> PathBuf {
    let path = directory.path().join(name);
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    path
}

fn read(path: &Path) -> Result<(Vec<u8>, Option<String>), String> {
    CredentialSource::from_flag(path.as_os_str())
        .open()
        .and_then(OpenCredential::read)
        .map(|(bytes, warning)| (bytes.to_vec(), warning.map(|warning| warning.to_string())))
        .map_err(|error| error.to_string())
}

#[test]
fn standard_input_names_are_recognized() {
    for name in ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"] {
        let source = CredentialSource::from_flag(OsStr::new(name));
        assert_eq!(source, CredentialSource::Stdin);
        assert_eq!(source.to_string(), "standard input");
    }
    let path = CredentialSource::from_flag(OsStr::new("./-"));
    assert_eq!(path, CredentialSource::Path("./-".into()));
}

#[test]
fn private_file_is_read_without_warning() {
    let directory = tempdir().unwrap();
    for mode in [0o600, 0o400, 0o700] {
        let path = file(&directory, &format!("{mode:o}.json"), b"{}\n", mode);
        assert_eq!(read(&path), Ok((b"{}\n".to_vec(), None)));
    }
}

#[test]
fn file_readable_by_others_warns() {
    let directory = tempdir().unwrap();
    for mode in [0o644, 0o640, 0o604] {
        let path = file(&directory, &format!("{mode:o}.json"), b"{}", mode);
        let warning = format!(
            "{} can be read by others (mode {mode:04o}); run chmod 600 to restrict access",
            path.display()
        );
        assert_eq!(read(&path), Ok((b"{}".to_vec(), Some(warning))));
    }
}

#[test]
fn mounted_secret_is_read_without_warning() {
    let volume = tempdir().unwrap();
    let version = volume.path().join("..2026_01_01");
    fs::create_dir(&version).unwrap();
    fs::write(version.join("key.json"), "{}").unwrap();
    fs::set_permissions(version.join("key.json"), Permissions::from_mode(0o644)).unwrap();
    symlink("..2026_01_01", volume.path().join("..data")).unwrap();
    symlink("..data/key.json", volume.path().join("key.json")).unwrap();
    assert_eq!(
        read(&volume.path().join("key.json")),
        Ok((b"{}".to_vec(), None))
    );
}

#[test]
fn own_link_is_followed() {
    let directory = tempdir().unwrap();
    let target = file(&directory, "key.json", b"{}", 0o600);
    let link = directory.path().join("link.json");
    symlink(target, &link).unwrap();
    assert_eq!(read(&link), Ok((b"{}".to_vec(), None)));
}

#[test]
fn link_owner_decides_whether_link_is_followed() {
    let (caller, root, stranger, other) = (1000, 0, 1001, 1002);
    for (link, directory, allowed) in [
        (caller, root, true),
        (root, stranger, true),
        (stranger, stranger, true),
        (stranger, root, false),
        (stranger, caller, false),
        (stranger, other, false),
    ] {
        assert_eq!(
            can_follow(link, directory, caller),
            allowed,
            "{link} in {directory}"
        );
    }
    assert!(
        !can_follow(stranger, root, root),
        "root must not follow links of other users either"
    );
}

#[test]
fn foreign_link_error_names_owner() {
    let error = CredentialFileError::ForeignLink {
        path: "/tmp/key.json".to_owned(),
        owner: 1001,
    };
    assert_eq!(
        error.to_string(),
        "open /tmp/key.json: the symbolic link belongs to another user (uid 1001); pass the path of the file itself"
    );
}

#[test]
fn broken_link_fails_with_system_error() {
    let directory = tempdir().unwrap();
    let [dangling, circle] = ["dangling", "circle"].map(|name| directory.path().join(name));
    symlink("nowhere", &dangling).unwrap();
    symlink("circle", &circle).unwrap();
    assert_eq!(
        read(&dangling),
        Err(format!(
            "open {}: no such file or directory",
            dangling.display()
        ))
    );
    assert!(
        read(&circle)
            .unwrap_err()
            .starts_with(&format!("open {}: too many", circle.display()))
    );
    let inside = circle.join("key.json");
    assert!(
        read(&inside)
            .unwrap_err()
            .starts_with(&format!("open {}: too many", inside.display()))
    );
}

#[test]
fn errors_have_go_format() {
    assert_eq!(
        read(Path::new("nope.json")),
        Err("open nope.json: no such file or directory".to_owned())
    );
    assert_eq!(
        read(Path::new("")),
        Err("open : no such file or directory".to_owned())
    );
    let directory = tempdir().unwrap();
    let path = directory.path().display();
    assert_eq!(
        read(directory.path()),
        Err(format!("read {path}: is a directory"))
    );
    let hostile = read(Path::new("nope\u{1b}[2J")).unwrap_err();
    assert_eq!(hostile, "open nope^[[2J: no such file or directory");
}

#[test]
fn file_larger_than_64_kib_fails() {
    let directory = tempdir().unwrap();
    let full = file(&directory, "full", &vec![b' '; MAX_BYTES], 0o600);
    assert_eq!(read(&full).map(|(bytes, _)| bytes.len()), Ok(65_536));
    let larger = file(&directory, "larger", &vec![b' '; MAX_BYTES + 1], 0o600);
    assert_eq!(
        read(&larger),
        Err(format!(
            "read {}: it is larger than 64 KiB",
            larger.display()
        ))
    );
    let endless = read(Path::new("/dev/zero")).unwrap_err();
    assert_eq!(endless, "read /dev/zero: it is larger than 64 KiB");
    assert_eq!(read(Path::new("/dev/null")), Ok((vec![], None)));
}

#[test]
fn pipe_is_read_up_to_the_limit() {
    let directory = tempdir().unwrap();
    for (content, expected) in [
        (vec![b'x'; 5_000], true),
        (vec![b'x'; MAX_BYTES + 1], false),
    ] {
        let pipe = directory.path().join(format!("pipe-{}", content.len()));
        let made = std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap();
        assert!(made.success());
        let writer = {
            let (pipe, content) = (pipe.clone(), content.clone());
            std::thread::spawn(move || fs::write(pipe, content))
        };
        let result = read(&pipe);
        let _ = writer.join().unwrap();
        assert_eq!(result.is_ok(), expected);
        if expected {
            assert_eq!(result, Ok((content, None)));
        }
    }
}
