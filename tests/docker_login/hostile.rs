//! Files that cannot be changed: one line, and nothing changes.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::time::Duration;

use gcr_test_support::Output;

use crate::fixture::{Fixture, HOST, names};

/// Asserts that the output is one error about Docker's file.
#[track_caller]
fn assert_error(fixture: &Fixture, output: &Output, reason: &str) {
    let line = format!(
        "error: docker config {}: {reason}\n",
        fixture.file().display()
    );
    assert_eq!(
        (output.stdout.as_str(), &output.stderr),
        ("", &line),
        "{output}"
    );
}

#[test]
fn file_of_a_terabyte_is_refused() {
    let fixture = Fixture::new();
    fixture.write("");
    // Sparse, so that it takes no space.
    let file = fs::File::create(fixture.file()).unwrap();
    file.set_len(1 << 40).unwrap();
    let output = fixture.login(["--verify=false"]).run().exits(1);
    assert_error(&fixture, &output, "is larger than 8 MiB");
}

#[test]
fn unreadable_content_is_one_error_for_all_hosts() {
    let deep = format!("{{\"a\":{}}}", "[".repeat(200_000));
    let cases: [(&[u8], &str); 9] = [
        (b"{\"auths\":", "is not JSON (line 1, column 9)"),
        (b"# comment", "is not JSON (line 1, column 1)"),
        (b"[]", "is not a JSON object"),
        (
            b"\xef\xbb\xbf{}",
            "starts with a byte order mark, which Docker does not read",
        ),
        (b"\xff\xfe{\0}\0", "is not UTF-8 text"),
        (b"{\"auths\":{},\"auths\":{}}", "has \"auths\" twice"),
        (b"{\"auths\":{\"a\":{},\"a\":{}}}", "has \"a\" twice"),
        (
            b"{\"auths\":[]}",
            "has a field \"auths\" that is not an object",
        ),
        (deep.as_bytes(), "is not JSON (line 1, column 200006)"),
    ];
    for (content, reason) in cases {
        let fixture = Fixture::new();
        fixture.write("");
        fs::write(fixture.file(), content).unwrap();
        let args = ["--verify=false", "--registry=gcr.io,us.gcr.io"];
        let output = fixture.login(args).run().exits(1);
        assert_error(&fixture, &output, reason);
        assert_eq!(fs::read(fixture.file()).unwrap(), content);
        assert_eq!(
            names(&fixture.session.home().join(".docker")),
            ["config.json"]
        );
    }
}

#[test]
fn directory_link_and_device_are_refused() {
    type Make = fn(&Path);
    let make: [(Make, &str); 4] = [
        (|file| fs::create_dir(file).unwrap(), "is a directory"),
        (
            |file| symlink("/nonexistent/config.json", file).unwrap(),
            "is a symbolic link to a file that does not exist",
        ),
        (
            |file| symlink("/dev/null", file).unwrap(),
            "is not a regular file",
        ),
        (
            |file| symlink(file, file).unwrap(),
            "too many levels of symbolic links",
        ),
    ];
    for (make, reason) in make {
        let fixture = Fixture::new();
        let directory = fixture.session.home().join(".docker");
        fs::create_dir(&directory).unwrap();
        make(&fixture.file());
        let output = fixture.login([""; 0]).run().exits(1);
        if reason.starts_with("too many") {
            assert!(
                output.stderr.starts_with("error: docker config "),
                "{output}"
            );
            assert_eq!(output.stderr.lines().count(), 1, "{output}");
        } else {
            assert_error(&fixture, &output, reason);
        }
        assert_eq!(names(&directory), ["config.json"]);
    }
}

#[test]
fn missing_directory_is_an_error_except_docker_s_own() {
    let fixture = Fixture::new();
    let output = fixture
        .login(["--authfile=absent/auth.json"])
        .run()
        .exits(1);
    assert_eq!(
        output.stderr,
        "error: docker config absent/auth.json: the directory absent does not exist\n"
    );
    let output = fixture
        .login([""; 0])
        .env("DOCKER_CONFIG", "absent/docker")
        .run()
        .exits(1);
    assert_eq!(
        output.stderr,
        "error: docker config absent/docker/config.json: the directory absent does not exist\n"
    );
    assert!(!fixture.session.work().join("absent").exists());
}

#[test]
fn file_and_directory_without_permission_are_errors() {
    let fixture = Fixture::new();
    fixture.write("{}");
    let directory = fixture.session.home().join(".docker");
    // For a user who is not root, everything above must be open.
    for path in [
        fixture.session.work(),
        fixture.session.home(),
        fixture.session.bin(),
    ] {
        for path in [path.parent().unwrap().to_path_buf(), path] {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
    fs::set_permissions(
        fixture.session.work().join("key.json"),
        fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    fs::set_permissions(
        fixture.google.authority_file(),
        fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    fs::set_permissions(fixture.google.dir(), fs::Permissions::from_mode(0o755)).unwrap();
    let run = |file: u32, dir: u32| {
        fs::set_permissions(fixture.file(), fs::Permissions::from_mode(file)).unwrap();
        fs::set_permissions(&directory, fs::Permissions::from_mode(dir)).unwrap();
        fixture.login(["-q"]).as_user(65534).run().exits(1)
    };
    for (file, dir) in [(0o600, 0o755), (0o644, 0o755)] {
        let output = run(file, dir);
        let error = format!(
            "error: docker config {}: permission denied\n",
            fixture.file().display()
        );
        assert!(output.stderr.ends_with(&error), "{output}");
        assert_eq!(fixture.text(), "{}");
    }
}

#[test]
fn full_disk_leaves_the_old_file() {
    let fixture = Fixture::new();
    fixture.write("{\"a\":1}");
    // The limit on the size of files acts like a full disk.
    let line = format!(
        "ulimit -f 0; trap '' XFSZ; exec kubectl-gcr_secret docker-login --key-file key.json --registry {HOST} --verify=false"
    );
    let output = fixture.session.shell(&line).run().exits(1);
    assert_error(&fixture, &output, "file too large");
    assert_eq!(fixture.text(), "{\"a\":1}");
    assert_eq!(
        names(&fixture.session.home().join(".docker")),
        ["config.json"]
    );
}

#[test]
fn concurrent_logins_lose_no_entry() {
    let fixture = Fixture::new();
    let hosts = [
        "gcr.io",
        "us.gcr.io",
        "eu.gcr.io",
        "asia.gcr.io",
        HOST,
        "us-docker.pkg.dev",
    ];
    for _ in 0..3 {
        let _ = fs::remove_file(fixture.file());
        let runs: Vec<_> = hosts
            .iter()
            .map(|host| {
                fixture
                    .command(["--key-file=key.json", "--verify=false", "--registry", host])
                    .spawn()
            })
            .collect();
        for run in runs {
            run.wait().success();
        }
        let config = fixture.config();
        let found = config["auths"].as_object().map(|it| it.len());
        assert_eq!(
            found,
            Some(hosts.len()),
            "{:?}",
            config["auths"]
                .as_object()
                .map(|it| it.keys().cloned().collect::<Vec<_>>())
        );
    }
    assert_eq!(
        names(&fixture.session.home().join(".docker")),
        ["config.json"]
    );
}

#[test]
fn interrupted_helper_ends_the_run_in_time() {
    let fixture = Fixture::new();
    fixture.add_helper("slow", "sleep 60 &\nwait");
    let text = "{\"credsStore\":\"slow\"}";
    fixture.write(text);
    let mut run = fixture.login([""; 0]).spawn();
    let called = fixture.session.work().join("arguments");
    gcr_test_support::wait_until("the helper", || {
        fs::read_to_string(&called).is_ok_and(|text| text.contains("store"))
    });
    let started = std::time::Instant::now();
    run.signal(gcr_test_support::Signal::INT);
    run.wait().exits(130);
    assert!(started.elapsed() < Duration::from_secs(6));
    assert_eq!(fixture.text(), text);
}

#[test]
fn helper_that_stores_at_the_interruption_is_awaited() {
    let fixture = Fixture::new();
    fixture.add_helper("slow", "sleep 1");
    fixture.write("{\"credsStore\":\"slow\"}");
    let mut run = fixture.login([""; 0]).spawn();
    let called = fixture.session.work().join("arguments");
    gcr_test_support::wait_until("the helper", || {
        fs::read_to_string(&called).is_ok_and(|text| text.contains("store"))
    });
    run.signal(gcr_test_support::Signal::INT);
    run.wait().exits(130);
    assert_eq!(fixture.stored()["ServerURL"], HOST);
    let config = fixture.config();
    assert_eq!(config["auths"][HOST], serde_json::json!({}), "{config}");
}
