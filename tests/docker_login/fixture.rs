//! The fixture of the tests: a fake Google with a key that may pull, and a session without a cluster.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gcr_test_support::{FakeGoogle, Invocation, Session};
use serde_json::{Value, json};

/// The host of most tests.
pub(crate) const HOST: &str = "europe-west1-docker.pkg.dev";
/// The repository that the key may pull from.
pub(crate) const REGISTRY: &str = "europe-west1-docker.pkg.dev/demo-project/images";

/// A fake Google with a key.
pub(crate) struct Fixture {
    pub(crate) google: FakeGoogle,
    pub(crate) session: Session,
    /// The text of the key file.
    pub(crate) key: String,
}

impl Fixture {
    #[track_caller]
    pub(crate) fn new() -> Self {
        Self::in_session(Session::without_cluster())
    }

    #[track_caller]
    pub(crate) fn in_session(session: Session) -> Self {
        let google = FakeGoogle::new();
        google.enable_services(["iam", "artifactregistry"]);
        google.add_repository("europe-west1", "images");
        let (email, key) = google.add_key("puller");
        google.allow_pulls("europe-west1", "images", &email);
        session.file("key.json", &key, 0o600);
        std::fs::create_dir_all(session.home()).expect("the home directory");
        Self {
            google,
            session,
            key: key.trim_end().to_owned(),
        }
    }

    /// Returns `kubectl-gcr_secret docker-login --key-file key.json --registry REGISTRY ARGS`.
    pub(crate) fn login<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Invocation {
        self.command(["--key-file=key.json", "--registry", REGISTRY])
            .args(args)
    }

    /// Returns `kubectl-gcr_secret docker-login ARGS`.
    pub(crate) fn command<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Invocation {
        self.session
            .gcr_secret(["docker-login"])
            .args(args)
            .envs(self.google.environment())
    }

    /// Returns Docker's file.
    pub(crate) fn file(&self) -> PathBuf {
        self.session.home().join(".docker/config.json")
    }

    /// Writes Docker's file.
    #[track_caller]
    pub(crate) fn write(&self, text: &str) {
        std::fs::create_dir_all(self.session.home().join(".docker")).expect("the directory");
        std::fs::write(self.file(), text).expect("the file");
    }

    /// Returns the text of Docker's file.
    #[track_caller]
    pub(crate) fn text(&self) -> String {
        std::fs::read_to_string(self.file()).expect("the file exists")
    }

    /// Returns Docker's file as JSON.
    #[track_caller]
    pub(crate) fn config(&self) -> Value {
        serde_json::from_str(&self.text()).expect("the file is JSON")
    }

    /// Returns `auth` for the key.
    pub(crate) fn auth(&self) -> String {
        STANDARD.encode(format!("_json_key:{}", self.key))
    }

    /// Returns a line of the output about Docker's file.
    pub(crate) fn line(&self, host: &str, outcome: &str) -> String {
        format!(
            "docker config {}: {host} {outcome}\n",
            self.file().display()
        )
    }

    /// Installs a helper `docker-credential-NAME` that records what it reads in the files `store`, `get` and `arguments` of the work
    /// directory and keeps one credential. `store` is a command of the shell that runs before it stores.
    pub(crate) fn add_helper(&self, name: &str, store: &str) {
        let work = self.session.work();
        let work = work.display();
        self.session.script(
            &format!("docker-credential-{name}"),
            &format!(
                "echo \"$@\" >> {work}/arguments\n\
                 case $1 in\n\
                 get) cat >> {work}/get\n\
                 test -e {work}/store || {{ echo 'credentials not found in native keychain'; exit 1; }}\n\
                 cat {work}/store ;;\n\
                 store) {store}\ncat > {work}/store ;;\n\
                 esac"
            ),
        );
    }

    /// Returns what the helper has read for `store`.
    #[track_caller]
    pub(crate) fn stored(&self) -> Value {
        let text = std::fs::read_to_string(self.session.work().join("store"));
        serde_json::from_str(&text.expect("the helper was called")).expect("JSON")
    }
}

/// Returns the names in a directory, sorted.
#[track_caller]
pub(crate) fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).expect("the directory");
    let mut names: Vec<String> = entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}

/// Returns the permission bits of a file.
#[track_caller]
pub(crate) fn mode(path: &Path) -> u32 {
    let metadata = path.symlink_metadata().expect("the file exists");
    metadata.permissions().mode() & 0o7777
}

/// Returns an entry with this `auth`.
pub(crate) fn entry(auth: &str) -> Value {
    json!({"auth": auth})
}
