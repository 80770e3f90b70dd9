//! The servers, files and placeholders of one case. kubectl and the plugin each run in a session of their own.
//!
//! | placeholder | value |
//! |---|---|
//! | `{SERVER}`, `{HOST}`, `{PORT}` | the server as `https://127.0.0.1:PORT`, `127.0.0.1:PORT`, `PORT` |
//! | `{OTHER}` | `127.0.0.1:PORT` of a second server, which behaves correctly |
//! | `{PROXY}`, `{TLS_PROXY}`, `{SOCKS}` | `127.0.0.1:PORT` of proxies that forward every connection to the server |
//! | `{REAL}`, `{REAL_HOST}`, `{REAL_CA}`, `{ADMIN}`, `{HUMAN}` | the real control plane: its URL, the URL without `https://`, its CA, the token of its administrator and of a user without permissions, whose name is `{HUMAN_NAME}` |
//! | `{ISSUER}` | the OpenID Connect issuer as `https://127.0.0.1:PORT`, if the case has one |
//! | `{CLOSED}` | a local address on which no program listens |
//! | `{CA}`, `{OTHER_CA}`, `{LEAF}`, `{CA_LEAF}`, `{GOOD_LEAF}`, `{CERT}`, `{KEY}`, `{ROBOT_CERT}`, `{ROBOT_KEY}`, `{V1_CERT}`, `{V1_KEY}` | base64-encoded PEM |
//! | `{CA_PEM}` and so on | the PEM text; in `{CERT_JSON}` and `{KEY_JSON}` with `\n` for line breaks |
//! | `{WORK}`, `{BIN}`, `{HOME}` | the session's directories |

use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gcr_test_support::{ControlPlane, Invocation, Session, TestCluster, keys};
use serde_json::{Value, json};

use crate::case::{Case, Command};
use crate::client_keys;
use crate::files;
use crate::observation::Observation;
use crate::servers::certificates::Certificates;
use crate::servers::{Certificate, TestServer};

/// An address on which no program listens. The port is never assigned to a server of another case, and the address is
/// not a prefix of another address in use.
const CLOSED: &str = "127.0.0.9:1";

/// The program to run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    Kubectl,
    Plugin,
}

/// A case and its running servers.
pub(crate) struct Fixture<'a> {
    case: &'a Case,
    servers: Vec<TestServer>,
    values: Vec<(&'static str, String)>,
}

/// The time limit of a run. The plugin retries transient failures for 30 s.
const RUN_TIMEOUT: Duration = Duration::from_secs(45);
/// An X.509 version 1 client certificate and its key.
const V1_CERTIFICATE: &str = include_str!("../fixtures/x509-v1/certificate.pem");
const V1_KEY: &str = include_str!("../fixtures/x509-v1/key.pem");
/// The file of the work directory in which scripts record their starts.
pub(crate) const STARTS: &str = "starts";

impl<'a> Fixture<'a> {
    pub(crate) fn new(case: &'a Case) -> Self {
        let server = TestServer::server("server", &case.behaviour);
        let other = TestServer::server("other", &Default::default());
        let proxy = TestServer::proxy("proxy", server.port, false);
        let tls_proxy = TestServer::proxy("tls proxy", server.port, true);
        let socks = TestServer::socks("socks", server.port);
        let issuer = case
            .issuer
            .as_ref()
            .map(|issuer| TestServer::issuer("issuer", issuer));
        let at = |port: u16| format!("127.0.0.1:{port}");
        let mut values = vec![
            ("{SERVER}", format!("https://{}", at(server.port))),
            ("{HOST}", at(server.port)),
            ("{OTHER}", at(other.port)),
            ("{PROXY}", at(proxy.port)),
            ("{TLS_PROXY}", at(tls_proxy.port)),
            ("{SOCKS}", at(socks.port)),
            ("{CLOSED}", CLOSED.to_owned()),
            ("{PORT}", server.port.to_string()),
        ];
        if let Some(issuer) = &issuer {
            values.push(("{ISSUER}", format!("https://{}", at(issuer.port))));
        }
        let known = Certificates::get();
        for (plain, coded, pem) in [
            ("{CA_PEM}", "{CA}", known.authority_pem.clone()),
            (
                "{OTHER_CA_PEM}",
                "{OTHER_CA}",
                known.other_authority_pem.clone(),
            ),
            ("{OLD_CA_PEM}", "{OLD_CA}", known.old_authority_pem.clone()),
            (
                "{LEAF_PEM}",
                "{LEAF}",
                known
                    .server(Certificate::SelfSigned)
                    .certificate_pem
                    .clone(),
            ),
            (
                "{CA_LEAF_PEM}",
                "{CA_LEAF}",
                known.server(Certificate::Authority).certificate_pem.clone(),
            ),
            (
                "{GOOD_LEAF_PEM}",
                "{GOOD_LEAF}",
                known.server(Certificate::Good).certificate_pem.clone(),
            ),
            ("{CERT_PEM}", "{CERT}", known.human.certificate_pem.clone()),
            ("{KEY_PEM}", "{KEY}", known.human.key_pem.clone()),
            (
                "{ROBOT_CERT_PEM}",
                "{ROBOT_CERT}",
                known.robot.certificate_pem.clone(),
            ),
            (
                "{ROBOT_KEY_PEM}",
                "{ROBOT_KEY}",
                known.robot.key_pem.clone(),
            ),
            ("{V1_CERT_PEM}", "{V1_CERT}", V1_CERTIFICATE.to_owned()),
            ("{V1_KEY_PEM}", "{V1_KEY}", V1_KEY.to_owned()),
        ] {
            values.push((coded, STANDARD.encode(&pem)));
            values.push((plain, pem));
        }
        for (plain, coded, json, pem) in client_keys::placeholders() {
            values.push((coded, STANDARD.encode(&pem)));
            values.push((json, pem.replace('\n', "\\n")));
            values.push((plain, pem));
        }
        values.push((
            "{CERT_JSON}",
            known.human.certificate_pem.replace('\n', "\\n"),
        ));
        values.push(("{KEY_JSON}", known.human.key_pem.replace('\n', "\\n")));
        let real = RealCluster::get();
        values.push(("{REAL}", real.server.clone()));
        values.push(("{REAL_HOST}", real.server.replace("https://", "")));
        values.push(("{REAL_CA}", real.authority.clone()));
        values.push(("{ADMIN}", real.admin.clone()));
        values.push(("{HUMAN}", real.human.clone()));
        values.push(("{HUMAN_NAME}", real.human_name.clone()));
        Self {
            case,
            servers: vec![server, other, proxy, tls_proxy, socks]
                .into_iter()
                .chain(issuer)
                .collect(),
            values,
        }
    }

    /// Runs one of the programs, in a new session.
    pub(crate) fn run(&self, program: Program) -> Observation {
        let session = Session::without_cluster();
        let values = self.values_in(&session);
        let fill = |text: &str| {
            let mut text = text.to_owned();
            for (placeholder, value) in &values {
                text = text.replace(placeholder, value);
            }
            text
        };
        self.write_files(&session, &fill);
        let before = files::read_all(&session.work());
        let mut invocation = self.invocation(program, &session);
        if self.case.kubeconfig.is_some() {
            invocation = invocation.env("KUBECONFIG", session.work().join("kubeconfig"));
        }
        for (name, value) in &self.case.environment {
            invocation = invocation.env(name, fill(value));
        }
        let output = invocation
            .args(self.case.flags.iter().map(|flag| fill(flag)))
            .timeout(RUN_TIMEOUT)
            .run();

        let fold = |text: &str| fold(text, &values);
        let notes = fs::read_to_string(session.work().join(STARTS)).unwrap_or_default();
        let mut observation = Observation::new(&output, &notes, &fold);
        for server in &self.servers {
            let (lines, identities) = server.take();
            observation
                .reached
                .extend(lines.iter().map(|line| fold(line)));
            observation
                .identities
                .extend(identities.iter().map(|identity| fold(identity)));
        }
        for (path, shown) in files::changed(&session, &before) {
            observation.changed_files.insert(path, fold(&shown));
        }
        observation
    }

    fn values_in(&self, session: &Session) -> Vec<(&'static str, String)> {
        let path = |path: &Path| path.to_string_lossy().into_owned();
        let mut values = vec![
            ("{WORK}", path(&session.work())),
            ("{BIN}", path(&session.bin())),
            ("{HOME}", path(&session.home())),
        ];
        values.extend(self.values.iter().cloned());
        values
    }

    fn write_files(&self, session: &Session, fill: &dyn Fn(&str) -> String) {
        session.file("key.json", keys::KEY, 0o600);
        if let Some(text) = &self.case.kubeconfig {
            // An unusual mode, which a rewrite of the file must keep.
            session.file("kubeconfig", fill(text), 0o640);
        }
        for (name, bytes) in &self.case.files {
            let path = session.work().join(name);
            let parent = path.parent().unwrap_or(&path);
            fs::create_dir_all(parent)
                .unwrap_or_else(|error| panic!("{}: {error}", parent.display()));
            match std::str::from_utf8(bytes) {
                Ok(text) => session.file(name, fill(text), 0o600),
                Err(_) => session.file(name, bytes, 0o600),
            };
        }
        for (name, body) in &self.case.scripts {
            let starts = session.work().join(STARTS);
            session.script(
                name,
                &format!("echo started >> '{}'\n{}", starts.display(), fill(body)),
            );
        }
        for host in CACHED_SERVERS {
            write_discovery_cache(&session.home(), &fill(host));
        }
    }

    fn invocation(&self, program: Program, session: &Session) -> Invocation {
        let patch = r#"{"imagePullSecrets":[{"name":"gcr-io"}]}"#;
        match (program, self.case.command) {
            (Program::Kubectl, Command::Read) => {
                session.kubectl(["get", "serviceaccount", "default", "-o", "name"])
            }
            (Program::Plugin, Command::Read) => {
                session.gcr_patch_sa(["default", "--remove", "--dry-run=client", "-o", "name"])
            }
            (Program::Kubectl, Command::Patch) => session.kubectl([
                "patch",
                "serviceaccount",
                "default",
                "--type=merge",
                "-p",
                patch,
            ]),
            (Program::Plugin, Command::Patch) => session.gcr_patch_sa(["default"]),
            (Program::Kubectl, Command::Create) => session.kubectl([
                "create",
                "secret",
                "generic",
                "gcr-io",
                "--from-file=key.json",
            ]),
            (Program::Plugin, Command::Create) => {
                session.gcr_secret(["create", "--key-file=key.json"])
            }
        }
    }
}

/// Replaces values by their placeholders, the longest first, so that ports and directories do not count as differences.
fn fold(text: &str, values: &[(&'static str, String)]) -> String {
    let mut values: Vec<_> = values.iter().collect();
    values.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
    let mut text = text.to_owned();
    for (placeholder, value) in values {
        text = text.replace(value.as_str(), placeholder);
    }
    text
}

/// Servers, without their scheme, for which kubectl finds discovery documents in its cache.
const CACHED_SERVERS: [&str; 12] = [
    "[::ffff:127.0.0.1]:{PORT}",
    "{HOST}",
    "localhost:{PORT}",
    "0.0.0.0:{PORT}",
    "cluster.example",
    "cluster.example:6443",
    "{HOST}/k8s/clusters/c-abc",
    "{OTHER}",
    "me:p%40w@{HOST}",
    "{CLOSED}",
    "{REAL_HOST}",
    "HTTPS://LOCALHOST:{PORT}",
];

/// Fills kubectl's discovery cache for a server (client-go `discovery/cached/disk`). cli-runtime's
/// `computeDiscoverCacheDir` defines the name of the directory.
fn write_discovery_cache(home: &Path, host: &str) {
    let name = host.replace(
        |c: char| !(c.is_ascii_alphanumeric() || "_/.()".contains(c)),
        "_",
    );
    let directory = home.join(".kube/cache/discovery").join(name);
    let resource = |name: &str, one: &str, kind: &str| {
        json!({"name": name, "singularName": one, "namespaced": true, "kind": kind,
            "verbs": ["get", "list", "patch", "create", "update", "delete"]})
    };
    let groups = json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": [{"name": "",
        "versions": [{"groupVersion": "v1", "version": "v1"}],
        "preferredVersion": {"groupVersion": "v1", "version": "v1"}}]});
    let resources = json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "v1", "resources": [
        resource("serviceaccounts", "serviceaccount", "ServiceAccount"),
        resource("secrets", "secret", "Secret")]});
    let write = |path: &str, value: &Value| {
        let path = directory.join(path);
        let written = fs::create_dir_all(path.parent().unwrap_or(&directory));
        let written = written.and_then(|()| fs::write(&path, value.to_string()));
        written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    };
    write("servergroups.json", &groups);
    write("v1/serverresources.json", &resources);
}

/// The kubeconfig values of the real control plane.
struct RealCluster {
    server: String,
    authority: String,
    admin: String,
    human: String,
    human_name: String,
}

impl RealCluster {
    fn get() -> &'static Self {
        static FOUND: OnceLock<RealCluster> = OnceLock::new();
        FOUND.get_or_init(|| {
            let cluster: &'static TestCluster = ControlPlane::shared();
            let user = cluster.user();
            let of = |kubeconfig: &Path| -> Value {
                let args = [
                    "config",
                    "view",
                    "--raw",
                    "--minify",
                    "-o",
                    "json",
                    "--kubeconfig",
                ];
                let view = cluster.kubectl(args).arg(kubeconfig).run().success();
                serde_json::from_str(&view.stdout).unwrap_or_else(|error| panic!("{error}\n{view}"))
            };
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let (admin, human) = (of(cluster.kubeconfig()), of(&user.kubeconfig()));
            Self {
                server: cluster.server().to_owned(),
                authority: text(&admin["clusters"][0]["cluster"]["certificate-authority-data"]),
                admin: text(&admin["users"][0]["user"]["token"]),
                human: text(&human["users"][0]["user"]["token"]),
                human_name: user.name(),
            }
        })
    }
}
