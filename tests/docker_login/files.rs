//! Compares the file before and after, and tests how it is replaced.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::sync::atomic::{AtomicBool, Ordering};

use gcr_test_support::Registry;
use gcr_test_support::registry::docker_logout;
use serde_json::json;

use crate::fixture::{Fixture, HOST, REGISTRY, entry, mode, names};

#[test]
fn first_login_creates_the_file_as_docker_does() {
    let fixture = Fixture::new();
    let output = fixture.login([""; 0]).run().success();
    assert_eq!(
        (output.stdout, output.stderr),
        (fixture.line(HOST, "added"), String::new())
    );
    let auth = fixture.auth();
    assert_eq!(
        fixture.text(),
        format!(
            "{{\n\t\"auths\": {{\n\t\t\"{HOST}\": {{\n\t\t\t\"auth\": \"{auth}\"\n\t\t}}\n\t}}\n}}"
        )
    );
    assert_eq!(mode(&fixture.file()), 0o600);
    assert_eq!(mode(&fixture.session.home().join(".docker")), 0o700);
    let output = fixture.login([""; 0]).run().success();
    assert_eq!(output.stdout, fixture.line(HOST, "unchanged"));
}

#[test]
fn other_entries_and_unknown_fields_keep_their_text_and_order() {
    let fixture = Fixture::new();
    let before = format!(
        "{{\n  \"psFormat\": \"x\",\n  \"auths\": {{\n    \"z.example\": {{\"auth\":\"dTpw\",  \"odd\": [1, 2]}},\n    \"{HOST}\": {{\"auth\": \"b2xk\", \"email\": \"a@b.example\"}},\n    \"https://{HOST}\": {{}}\n  }},\n  \"HttpHeaders\": {{\"a\": \"b\"}},\n  \"currentContext\": \"c\"\n}}\n"
    );
    fixture.write(&before);
    let output = fixture.login([""; 0]).run().success();
    assert_eq!(output.stdout, fixture.line(HOST, "updated"));
    let auth = fixture.auth();
    let new = format!("{{\n      \"auth\": \"{auth}\",\n      \"email\": \"a@b.example\"\n    }}");
    let old = "{\"auth\": \"b2xk\", \"email\": \"a@b.example\"}";
    assert_eq!(fixture.text(), before.replace(old, &new));
}

#[test]
fn unchanged_file_is_not_written() {
    let fixture = Fixture::new();
    fixture.login([""; 0]).run().success();
    let before = fs::metadata(fixture.file()).unwrap();
    fixture.login([""; 0]).run().success();
    assert_eq!(fs::metadata(fixture.file()).unwrap().ino(), before.ino());
}

#[test]
fn readable_file_becomes_private_and_no_other_file_remains() {
    let fixture = Fixture::new();
    fixture.write("{}");
    fs::set_permissions(fixture.file(), fs::Permissions::from_mode(0o644)).unwrap();
    fixture.login([""; 0]).run().success();
    assert_eq!(mode(&fixture.file()), 0o600);
    assert_eq!(
        names(&fixture.session.home().join(".docker")),
        ["config.json"]
    );
}

#[test]
fn symbolic_link_stays_and_its_target_is_replaced() {
    let fixture = Fixture::new();
    let target = fixture.session.file("dotfiles.json", "{\"a\":1}", 0o644);
    fs::create_dir(fixture.session.home().join(".docker")).unwrap();
    symlink(&target, fixture.file()).unwrap();
    fixture.login([""; 0]).run().success();
    assert!(fixture.file().symlink_metadata().unwrap().is_symlink());
    assert_eq!(
        fixture.config(),
        json!({"a": 1, "auths": {HOST: entry(&fixture.auth())}})
    );
    assert_eq!(mode(&target), 0o600);
}

#[test]
fn docker_config_and_authfile_name_the_file() {
    let fixture = Fixture::new();
    let directory = fixture.session.work().join("docker");
    fixture
        .login([""; 0])
        .env("DOCKER_CONFIG", &directory)
        .run()
        .success();
    assert_eq!(names(&directory), ["config.json"]);
    let authfile = fixture.session.work().join("auth.json");
    let output = fixture.login(["--authfile=auth.json"]).run().success();
    assert_eq!(
        output.stdout,
        format!("docker config auth.json: {HOST} added\n")
    );
    assert_eq!(
        fs::read(&authfile).unwrap(),
        fs::read(directory.join("config.json")).unwrap()
    );
    assert!(!fixture.file().exists());
    let output = fixture.login(["--authfile="]).run().failure();
    assert!(
        output.stderr.starts_with("error: --authfile is empty"),
        "{output}"
    );
}

#[test]
fn keys_are_bare_hosts_and_each_host_has_one_line() {
    let fixture = Fixture::new();
    let args = [
        "--verify=false",
        "--registry=us.gcr.io/demo-project,gcr.io",
        "--image=gcr.io/p/app:1",
    ];
    let output = fixture.login(args).run().success();
    let mut lines: Vec<&str> = output.stdout.split_inclusive('\n').collect();
    lines.sort_unstable();
    let mut expected = [HOST, "us.gcr.io", "gcr.io"].map(|host| fixture.line(host, "added"));
    expected.sort();
    assert_eq!(lines, expected);
    let config = fixture.config();
    let auths = config["auths"].as_object().unwrap();
    assert_eq!(
        auths.keys().collect::<Vec<_>>(),
        [HOST, "gcr.io", "us.gcr.io"]
    );
}

#[test]
fn default_host_is_gcr_io() {
    let fixture = Fixture::new();
    fixture
        .command(["--key-file=key.json", "--verify=false"])
        .run()
        .success();
    assert_eq!(
        fixture.config(),
        json!({"auths": {"gcr.io": entry(&fixture.auth())}})
    );
}

#[test]
fn docker_s_own_code_reads_the_result() {
    let fixture = Fixture::new();
    let registry = Registry::new(&fixture.google);
    let image = format!("{REGISTRY}/app:1");
    let (email, pusher) = fixture.google.add_key("pusher");
    let role = json!({"bindings": [
        {"role": "roles/artifactregistry.writer", "members": [format!("serviceAccount:{email}")]},
        {"role": "roles/artifactregistry.reader",
            "members": ["serviceAccount:puller@demo-project.iam.gserviceaccount.com"]},
    ]});
    fixture
        .google
        .set_repository_policy("europe-west1", "images", role);
    fixture.session.file("pusher.json", &pusher, 0o600);
    let login = [
        "--key-file=pusher.json",
        "--registry",
        REGISTRY,
        "--authfile=pusher-auth.json",
    ];
    fixture.command(login).run().success();
    let authfile = fixture.session.work().join("pusher-auth.json");
    let digest = registry
        .push(&image, &fs::read_to_string(authfile).unwrap())
        .unwrap();
    fixture.write("{\"auths\":{\"docker.io\":{\"auth\":\"dTpw\"}},\"detachKeys\":\"ctrl-e,e\"}");
    fixture.login([""; 0]).run().success();
    assert_eq!(registry.pull(&image, &fixture.text()).unwrap(), digest);
    registry.push(&image, &fixture.text()).unwrap_err();
}

#[test]
fn docker_logout_removes_the_entry() {
    let fixture = Fixture::new();
    let before = json!({"auths": {"docker.io": {"auth": "dTpw"}}, "detachKeys": "ctrl-e,e"});
    fixture.write(&before.to_string());
    fixture.login([""; 0]).run().success();
    assert_eq!(fixture.config()["auths"][HOST], entry(&fixture.auth()));
    let directory = fixture.session.home().join(".docker");
    docker_logout(&directory, HOST, fixture.session.environment());
    assert_eq!(fixture.config(), before);

    // The helper is asked to erase what it has stored.
    fixture.add_helper("test", "");
    fixture.write(&json!({"credsStore": "test"}).to_string());
    fixture.login([""; 0]).run().success();
    docker_logout(&directory, HOST, fixture.session.environment());
    let asked = fs::read_to_string(fixture.session.work().join("arguments")).unwrap();
    assert!(asked.lines().any(|line| line == "erase"), "{asked}");
    let config = fixture.config();
    assert!(config["auths"][HOST].is_null(), "{config}");
    assert_eq!(config["credsStore"], "test");
}

#[test]
fn reader_never_sees_a_part_of_the_file() {
    let fixture = Fixture::new();
    let foreign: serde_json::Map<_, _> = (0..500)
        .map(|number| (format!("{number}.example"), entry("dTpw")))
        .collect();
    fixture.write(&json!({"auths": foreign}).to_string());
    let is_over = AtomicBool::new(false);
    let reads = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut reads = 0;
            while !is_over.load(Ordering::Relaxed) {
                let config = fixture.config();
                let count = config["auths"].as_object().map_or(0, |it| it.len());
                assert!(count >= foreign.len(), "{count} entries");
                reads += 1;
            }
            reads
        });
        for host in ["gcr.io", "us.gcr.io", "eu.gcr.io", "asia.gcr.io", HOST] {
            let args = ["--key-file=key.json", "--verify=false", "--registry", host];
            fixture.command(args).run().success();
        }
        is_over.store(true, Ordering::Relaxed);
        reader.join().expect("each read was complete")
    });
    assert!(reads > 5, "{reads}");
}
