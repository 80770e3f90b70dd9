//! The sources of a credential: files, links, pipes and standard input, as root and as another user.

use std::fs;
use std::os::unix::fs::{lchown, symlink};

use gcr_test_support::{Output, Session, keys};

use crate::fixture::{Fixture, assert_output, single_error, write_key_files};

const CREATED: &str = "secret/gcr-io created (dry run)";

/// Returns a client dry run, which sends no request, so its output depends only on the credential.
fn dry_run(session: &Session, args: &[&str]) -> gcr_test_support::Invocation {
    session
        .gcr_secret(["create", "--dry-run=client"])
        .args(args)
}

#[track_caller]
fn assert_read(output: &Output) {
    assert_output(output, 0, &[CREATED], &[]);
}

#[test]
fn standard_input_is_read_by_all_three_names() {
    let session = Session::without_cluster();
    for name in ["-", "/dev/stdin", "/dev/fd/0"] {
        let create = dry_run(&session, &["--key-file", name]);
        assert_read(&create.stdin(keys::KEY).run());
        let create = dry_run(&session, &["--key-file", name]);
        assert_read(&create.stdin(keys::KEY).as_non_root().run());
    }
    let create = dry_run(&session, &["--access-token-file", "-"]);
    let output = create.stdin("ya29.example-token\n").run();
    assert!(
        output.stdout == format!("{CREATED}\n")
            && output
                .stderr
                .starts_with("Warning: an access token usually expires"),
        "{output}"
    );
}

#[test]
fn key_from_pipe_is_written_to_secret() {
    let fixture = Fixture::new("credential");
    let output = fixture
        .session
        .shell(&format!(
            "cat key.json | kubectl gcr-secret create --key-file - -n {}",
            fixture.namespace
        ))
        .run();
    assert_output(&output, 0, &["secret/gcr-io created"], &[]);
    assert_eq!(
        fixture.docker_config("gcr-io")["auths"]["gcr.io"]["auth"],
        keys::key_auth()
    );
}

#[test]
fn empty_or_endless_standard_input_is_rejected() {
    let session = Session::without_cluster();
    let output = dry_run(&session, &["--key-file", "-"]).run();
    assert!(single_error(&output).contains("is empty"), "{output}");
    let output = session
        .shell("yes | kubectl gcr-secret create --dry-run=client --key-file -")
        .run();
    assert!(
        single_error(&output).contains("larger than 64 KiB"),
        "{output}"
    );
}

#[test]
fn redirected_file_is_read_from_current_offset() {
    let session = Session::without_cluster();
    session.file("two", format!("first line\n{}", keys::KEY), 0o600);
    let line =
        "{ read -r line; kubectl gcr-secret create --dry-run=client --key-file /dev/stdin; } < two";
    assert_read(&session.shell(line).run());
}

#[test]
fn process_substitution_is_read_as_root_and_other_user() {
    let session = Session::without_cluster();
    session.file("key.json", keys::KEY, 0o644);
    let line =
        "exec bash -c 'kubectl gcr-secret create --dry-run=client --key-file <(cat key.json)'";
    assert_read(&session.shell(line).run());
    assert_read(&session.shell(line).as_non_root().run());
}

#[test]
fn named_pipe_is_read() {
    let session = Session::without_cluster();
    write_key_files(&session);
    session.shell("mkfifo -m 600 pipe").run().success();
    let line = "cat key.json > pipe & kubectl gcr-secret create --dry-run=client --key-file pipe";
    assert_read(&session.shell(line).run());
}

#[test]
fn mounted_secret_is_read_without_warning() {
    let session = Session::without_cluster();
    let volume = mounted_secret(&session);
    let path = volume.join("key.json");
    let args = ["--key-file", path.to_str().unwrap()];
    assert_read(&dry_run(&session, &args).run());
    assert_read(&dry_run(&session, &args).as_non_root().run());
    let inside = dry_run(&session, &["--key-file", "key.json"]).current_dir(&volume);
    assert_read(&inside.as_non_root().run());
}

#[test]
fn file_readable_by_others_is_warned_of() {
    let session = Session::without_cluster();
    for (mode, shown) in [(0o644, "0644"), (0o640, "0640"), (0o604, "0604")] {
        session.file("key.json", keys::KEY, mode);
        let output = dry_run(&session, &["--key-file", "key.json"]).run();
        let warning = format!(
            "Warning: key.json can be read by others (mode {shown}); run chmod 600 to restrict access"
        );
        assert_output(&output, 0, &[CREATED], &[&warning]);
    }
    for mode in [0o600, 0o400, 0o700] {
        session.file("key.json", keys::KEY, mode);
        assert_read(&dry_run(&session, &["--key-file", "key.json"]).run());
    }
}

#[test]
fn warning_for_link_checks_its_target() {
    let session = Session::without_cluster();
    session.file("key.json", keys::KEY, 0o644);
    symlink("key.json", session.work().join("link")).unwrap();
    let output = dry_run(&session, &["--key-file", "link"]).run();
    assert!(
        output.code == Some(0) && output.stderr.contains("can be read by others (mode 0644)"),
        "{output}"
    );
}

#[test]
fn own_link_is_followed() {
    let session = Session::without_cluster();
    session.file("key.json", keys::KEY, 0o600);
    symlink("key.json", session.work().join("link")).unwrap();
    assert_read(&dry_run(&session, &["--key-file", "link"]).run());
    symlink("nowhere", session.work().join("dangling")).unwrap();
    let output = dry_run(&session, &["--key-file", "dangling"]).run();
    assert_eq!(
        single_error(&output),
        "error: open dangling: no such file or directory"
    );
}

/// Requires root, because only root can create a link that belongs to another user.
#[test]
fn link_of_other_user_is_rejected_unless_owner_owns_directory() {
    let session = Session::without_cluster();
    session.file("key.json", keys::KEY, 0o644);
    let theirs = session.work().join("theirs");
    fs::create_dir(&theirs).unwrap();
    for directory in [session.work(), theirs.clone()] {
        symlink(session.work().join("key.json"), directory.join("link")).unwrap();
        lchown(directory.join("link"), Some(12345), None).unwrap();
    }
    let output = dry_run(&session, &["--key-file", "link"]).run();
    let error = single_error(&output);
    assert!(
        error.starts_with("error: open link: the symbolic link belongs to another user"),
        "{error}"
    );

    lchown(&theirs, Some(12345), None).unwrap();
    let output = dry_run(&session, &["--key-file", "theirs/link"]).run();
    assert!(
        output.code == Some(0) && output.stdout == format!("{CREATED}\n"),
        "{output}"
    );
}

/// Creates a volume as kubelet's atomic writer does: `key.json` -> `..data/key.json`, `..data` -> a dated directory.
fn mounted_secret(session: &Session) -> std::path::PathBuf {
    let volume = session.work().join("volume");
    fs::create_dir(&volume).expect("create the volume");
    fs::create_dir(volume.join("..2026_01_01_00_00_00.1")).expect("create the volume");
    session.file("volume/..2026_01_01_00_00_00.1/key.json", keys::KEY, 0o644);
    symlink("..2026_01_01_00_00_00.1", volume.join("..data")).expect("create the volume");
    symlink("..data/key.json", volume.join("key.json")).expect("create the volume");
    volume
}
