//! Where a credential may be read from: files, links, pipes and standard input, by root and by others.

use std::fs;
use std::os::unix::fs::{lchown, symlink};

use gcr_test_support::{Output, Session, keys};

use crate::setting::{Setting, assert_said, give_keys, one_error};

const CREATED: &str = "secret/gcr-io created (dry run)";

/// A client dry run asks nobody, so what it says is about the credential alone.
fn dry_run(session: &Session, words: &[&str]) -> gcr_test_support::Invocation {
    session
        .gcr_secret(["create", "--dry-run=client"])
        .args(words)
}

#[track_caller]
fn assert_read(output: &Output) {
    assert_said(output, 0, &[CREATED], &[]);
}

#[test]
fn standard_input_is_read_by_its_three_names() {
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
                .starts_with("Warning: an access token expires"),
        "{output}"
    );
}

#[test]
fn what_is_read_from_a_pipe_is_what_is_written() {
    let setting = Setting::new("credential");
    let output = setting
        .session
        .shell(&format!(
            "cat key.json | kubectl gcr-secret create --key-file - -n {}",
            setting.namespace
        ))
        .run();
    assert_said(&output, 0, &["secret/gcr-io created"], &[]);
    assert_eq!(
        setting.config("gcr-io")["auths"]["gcr.io"]["auth"],
        keys::key_auth()
    );
}

#[test]
fn an_empty_or_endless_standard_input_is_refused() {
    let session = Session::without_cluster();
    let output = dry_run(&session, &["--key-file", "-"]).run();
    assert!(one_error(&output).contains("is empty"), "{output}");
    let output = session
        .shell("yes | kubectl gcr-secret create --dry-run=client --key-file -")
        .run();
    assert!(
        one_error(&output).contains("larger than 64 KiB"),
        "{output}"
    );
}

#[test]
fn a_redirected_file_is_read_from_where_the_shell_left_it() {
    let session = Session::without_cluster();
    session.file("two", format!("first line\n{}", keys::KEY), 0o600);
    let line =
        "{ read -r line; kubectl gcr-secret create --dry-run=client --key-file /dev/stdin; } < two";
    assert_read(&session.shell(line).run());
}

#[test]
fn a_process_substitution_is_read_also_by_who_is_not_root() {
    let session = Session::without_cluster();
    session.file("key.json", keys::KEY, 0o644);
    let line =
        "exec bash -c 'kubectl gcr-secret create --dry-run=client --key-file <(cat key.json)'";
    assert_read(&session.shell(line).run());
    assert_read(&session.shell(line).as_non_root().run());
}

#[test]
fn a_named_pipe_is_read_once_somebody_writes() {
    let session = Session::without_cluster();
    give_keys(&session);
    session.shell("mkfifo -m 600 pipe").run().success();
    let line = "cat key.json > pipe & kubectl gcr-secret create --dry-run=client --key-file pipe";
    assert_read(&session.shell(line).run());
}

#[test]
fn a_mounted_secret_is_read_by_who_is_not_root_and_without_a_warning() {
    let session = Session::without_cluster();
    let volume = mounted_secret(&session);
    let path = volume.join("key.json");
    let words = ["--key-file", path.to_str().unwrap()];
    assert_read(&dry_run(&session, &words).run());
    assert_read(&dry_run(&session, &words).as_non_root().run());
    let inside = dry_run(&session, &["--key-file", "key.json"]).current_dir(&volume);
    assert_read(&inside.as_non_root().run());
}

#[test]
fn a_file_that_others_can_read_earns_a_warning() {
    let session = Session::without_cluster();
    for (mode, shown) in [(0o644, "0644"), (0o640, "0640"), (0o604, "0604")] {
        session.file("key.json", keys::KEY, mode);
        let output = dry_run(&session, &["--key-file", "key.json"]).run();
        let warning = format!(
            "Warning: key.json can be read by others (mode {shown}); chmod 600 keeps it to you"
        );
        assert_said(&output, 0, &[CREATED], &[&warning]);
    }
    for mode in [0o600, 0o400, 0o700] {
        session.file("key.json", keys::KEY, mode);
        assert_read(&dry_run(&session, &["--key-file", "key.json"]).run());
    }
}

#[test]
fn the_warning_is_about_the_file_behind_a_link() {
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
fn ones_own_link_is_followed() {
    let session = Session::without_cluster();
    session.file("key.json", keys::KEY, 0o600);
    symlink("key.json", session.work().join("link")).unwrap();
    assert_read(&dry_run(&session, &["--key-file", "link"]).run());
    symlink("nowhere", session.work().join("dangling")).unwrap();
    let output = dry_run(&session, &["--key-file", "dangling"]).run();
    assert_eq!(
        one_error(&output),
        "error: open dangling: no such file or directory"
    );
}

/// Needs root, who alone can make a link for somebody else; so do the containers this runs in. Elsewhere the link is
/// root's, which is followed.
#[test]
fn somebody_elses_link_is_refused_unless_the_directory_is_theirs() {
    let session = Session::without_cluster();
    session.file("key.json", keys::KEY, 0o644);
    let theirs = session.work().join("theirs");
    fs::create_dir(&theirs).unwrap();
    for directory in [session.work(), theirs.clone()] {
        symlink(session.work().join("key.json"), directory.join("link")).unwrap();
        lchown(directory.join("link"), Some(12345), None).unwrap();
    }
    let output = dry_run(&session, &["--key-file", "link"]).run();
    let error = one_error(&output);
    assert!(
        error
            .starts_with("error: open link: refused, as the symbolic link belongs to another user"),
        "{error}"
    );

    lchown(&theirs, Some(12345), None).unwrap();
    let output = dry_run(&session, &["--key-file", "theirs/link"]).run();
    assert!(
        output.code == Some(0) && output.stdout == format!("{CREATED}\n"),
        "{output}"
    );
}

/// Files as kubelet's atomic writer lays them out: `key.json` -> `..data/key.json`, `..data` -> a dated directory.
fn mounted_secret(session: &Session) -> std::path::PathBuf {
    let volume = session.work().join("volume");
    fs::create_dir(&volume).expect("a volume");
    fs::create_dir(volume.join("..2026_01_01_00_00_00.1")).expect("a volume");
    session.file("volume/..2026_01_01_00_00_00.1/key.json", keys::KEY, 0o644);
    symlink("..2026_01_01_00_00_00.1", volume.join("..data")).expect("a volume");
    symlink("..data/key.json", volume.join("key.json")).expect("a volume");
    volume
}
