//! What one case runs in: its servers, a session for each of the two programs, and what the placeholders stand for.
//!
//! | placeholder | |
//! |---|---|
//! | `{SERVER}`, `{HOST}`, `{PORT}` | the server as `https://127.0.0.1:PORT`, `127.0.0.1:PORT`, `PORT` |
//! | `{OTHER}` | `127.0.0.1:PORT` of a second server, which does what it should |
//! | `{PROXY}`, `{TLS_PROXY}`, `{SOCKS}` | `127.0.0.1:PORT` of proxies that lead to the server, whatever they are told |
//! | `{REAL}`, `{REAL_HOST}`, `{REAL_CA}`, `{ADMIN}`, `{HUMAN}` | the control plane: its URL, without `https://`, its CA, tokens of its administrator and of a user without rights, who is called `{HUMAN_NAME}` |
//! | `{ISSUER}` | the OpenID Connect issuer as `https://127.0.0.1:PORT`, where the case has one |
//! | `{NOBODY}` | an address of this machine where nobody listens |
//! | `{CA}`, `{OTHER_CA}`, `{LEAF}`, `{CA_LEAF}`, `{GOOD_LEAF}`, `{CERT}`, `{KEY}`, `{ROBOT_CERT}`, `{ROBOT_KEY}`, `{V1_CERT}`, `{V1_KEY}` | PEM in base64 |
//! | `{CA_PEM}` and so on | the PEM; `{CERT_JSON}`, `{KEY_JSON}` with `\n` for its line ends |
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
use crate::evidence::Evidence;
use crate::files;
use crate::servers::certificates::Certificates;
use crate::servers::{Certificate, Listening};

/// A port that no program is given by chance, since a server of another case could be; at an address that is no beginning
/// of another.
const NOBODY: &str = "127.0.0.9:1";

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    Kubectl,
    Ours,
}

/// A case with its servers running.
pub(crate) struct Setting<'a> {
    case: &'a Case,
    listening: Vec<Listening>,
    values: Vec<(&'static str, String)>,
}

/// The longest that any of the two may take: ours repeats for 30 s what may pass.
const LIMIT: Duration = Duration::from_secs(45);
/// A client certificate of X.509 version 1, and its key.
const V1_CERTIFICATE: &str = include_str!("../fixtures/x509-v1/certificate.pem");
const V1_KEY: &str = include_str!("../fixtures/x509-v1/key.pem");
/// Where each start of a script is noted, in the work directory.
pub(crate) const STARTS: &str = "starts";

impl<'a> Setting<'a> {
    pub(crate) fn new(case: &'a Case) -> Self {
        let server = Listening::server("server", &case.behaviour);
        let other = Listening::server("other", &Default::default());
        let proxy = Listening::proxy("proxy", server.port, false);
        let tls_proxy = Listening::proxy("tls proxy", server.port, true);
        let socks = Listening::socks("socks", server.port);
        let issuer = case
            .issuer
            .as_ref()
            .map(|issuer| Listening::issuer("issuer", issuer));
        let at = |port: u16| format!("127.0.0.1:{port}");
        let mut values = vec![
            ("{SERVER}", format!("https://{}", at(server.port))),
            ("{HOST}", at(server.port)),
            ("{OTHER}", at(other.port)),
            ("{PROXY}", at(proxy.port)),
            ("{TLS_PROXY}", at(tls_proxy.port)),
            ("{SOCKS}", at(socks.port)),
            ("{NOBODY}", NOBODY.to_owned()),
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
        values.push((
            "{CERT_JSON}",
            known.human.certificate_pem.replace('\n', "\\n"),
        ));
        values.push(("{KEY_JSON}", known.human.key_pem.replace('\n', "\\n")));
        let real = Real::get();
        values.push(("{REAL}", real.server.clone()));
        values.push(("{REAL_HOST}", real.server.replace("https://", "")));
        values.push(("{REAL_CA}", real.authority.clone()));
        values.push(("{ADMIN}", real.admin.clone()));
        values.push(("{HUMAN}", real.human.clone()));
        values.push(("{HUMAN_NAME}", real.human_name.clone()));
        Self {
            case,
            listening: vec![server, other, proxy, tls_proxy, socks]
                .into_iter()
                .chain(issuer)
                .collect(),
            values,
        }
    }

    /// Runs one of the two, in a session of its own.
    pub(crate) fn run(&self, program: Program) -> Evidence {
        let session = Session::without_cluster();
        let values = self.values_in(&session);
        let fill = |text: &str| {
            let mut text = text.to_owned();
            for (placeholder, value) in &values {
                text = text.replace(placeholder, value);
            }
            text
        };
        self.lay_out(&session, &fill);
        let before = files::under(&session.work());
        let mut invocation = self.invocation(program, &session);
        if self.case.kubeconfig.is_some() {
            invocation = invocation.env("KUBECONFIG", session.work().join("kubeconfig"));
        }
        for (name, value) in &self.case.environment {
            invocation = invocation.env(name, fill(value));
        }
        let output = invocation
            .args(self.case.flags.iter().map(|flag| fill(flag)))
            .timeout(LIMIT)
            .run();

        let fold = |text: &str| fold(text, &values);
        let note = fs::read_to_string(session.work().join(STARTS)).unwrap_or_default();
        let mut evidence = Evidence::of(&output, &note, &fold);
        for listening in &self.listening {
            let (lines, identities) = listening.take();
            evidence.reached.extend(lines.iter().map(|line| fold(line)));
            evidence
                .identities
                .extend(identities.iter().map(|identity| fold(identity)));
        }
        for (path, shown) in files::changed(&session, &before) {
            evidence.wrote.insert(path, fold(&shown));
        }
        evidence
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

    fn lay_out(&self, session: &Session, fill: &dyn Fn(&str) -> String) {
        session.file("key.json", keys::KEY, 0o600);
        if let Some(text) = &self.case.kubeconfig {
            // An unusual mode, which is to stay.
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
        for host in DISCOVERED {
            discovered(&session.home(), &fill(host));
        }
    }

    fn invocation(&self, program: Program, session: &Session) -> Invocation {
        let patch = r#"{"imagePullSecrets":[{"name":"gcr-io"}]}"#;
        match (program, self.case.command) {
            (Program::Kubectl, Command::Read) => {
                session.kubectl(["get", "serviceaccount", "default", "-o", "name"])
            }
            (Program::Ours, Command::Read) => {
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
            (Program::Ours, Command::Patch) => session.gcr_patch_sa(["default"]),
            (Program::Kubectl, Command::Create) => session.kubectl([
                "create",
                "secret",
                "generic",
                "gcr-io",
                "--from-file=key.json",
            ]),
            (Program::Ours, Command::Create) => {
                session.gcr_secret(["create", "--key-file=key.json"])
            }
        }
    }
}

/// The values back to placeholders, the longest first: what is compared does not depend on ports and directories.
fn fold(text: &str, values: &[(&'static str, String)]) -> String {
    let mut values: Vec<_> = values.iter().collect();
    values.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
    let mut text = text.to_owned();
    for (placeholder, value) in values {
        text = text.replace(value.as_str(), placeholder);
    }
    text
}

/// Servers, without their scheme, whose discovery kubectl is to find in its cache.
const DISCOVERED: [&str; 12] = [
    "[::ffff:127.0.0.1]:{PORT}",
    "{HOST}",
    "localhost:{PORT}",
    "0.0.0.0:{PORT}",
    "cluster.example",
    "cluster.example:6443",
    "{HOST}/k8s/clusters/c-abc",
    "{OTHER}",
    "me:p%40w@{HOST}",
    "{NOBODY}",
    "{REAL_HOST}",
    "HTTPS://LOCALHOST:{PORT}",
];

/// Fills kubectl's discovery cache for a server (client-go `discovery/cached/disk`; the directory's name is made by
/// cli-runtime's `computeDiscoverCacheDir`).
fn discovered(home: &Path, host: &str) {
    let name = host.replace(
        |c: char| !(c.is_ascii_alphanumeric() || "_/.()".contains(c)),
        "_",
    );
    let place = home.join(".kube/cache/discovery").join(name);
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
        let path = place.join(path);
        let written = fs::create_dir_all(path.parent().unwrap_or(&place));
        let written = written.and_then(|()| fs::write(&path, value.to_string()));
        written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    };
    write("servergroups.json", &groups);
    write("v1/serverresources.json", &resources);
}

/// The control plane, as a kubeconfig names it.
struct Real {
    server: String,
    authority: String,
    admin: String,
    human: String,
    human_name: String,
}

impl Real {
    fn get() -> &'static Self {
        static FOUND: OnceLock<Real> = OnceLock::new();
        FOUND.get_or_init(|| {
            let cluster: &'static TestCluster = ControlPlane::shared();
            let user = cluster.user();
            let of = |kubeconfig: &Path| -> Value {
                let words = [
                    "config",
                    "view",
                    "--raw",
                    "--minify",
                    "-o",
                    "json",
                    "--kubeconfig",
                ];
                let view = cluster.kubectl(words).arg(kubeconfig).run().success();
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
