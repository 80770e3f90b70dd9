//! Certificates that other stacks trip over, in front of a live server: a client's of version 1, and a server's own in
//! the place of its authority.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gcr_test_support::{ControlPlane, Options, checkout};
use serde_json::json;

use crate::setting::{Setting, assert_said, give_keys, one_error};

const V1_CERTIFICATE: &str = include_str!("../fixtures/x509-v1/certificate.pem");
const V1_KEY: &str = include_str!("../fixtures/x509-v1/key.pem");

/// A kubeconfig's text.
fn kubeconfig(server: &str, authority: &str, user: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
         clusters:\n- name: k\n  cluster: {{server: '{server}', certificate-authority-data: {authority}}}\n\
         users:\n- name: u\n  user: {{{user}}}\n\
         contexts:\n- name: c\n  context: {{cluster: k, user: u}}\n"
    )
}

#[test]
fn a_client_certificate_of_version_1_is_shown_and_taken() {
    let authority = checkout::root().join("tests/fixtures/x509-v1/authority.pem");
    let flag = format!("--client-ca-file={}", authority.display());
    let cluster = ControlPlane::dedicated(Options::new().throwaway().apiserver_flag(&flag));
    let namespace = cluster.create_namespace("certificates");
    // Rights for the certificate's common name.
    let role = [
        "--verb=get,create,patch",
        "--resource=secrets,serviceaccounts",
    ];
    for (words, rights) in [
        (["create", "role", "human"], &role[..]),
        (
            ["create", "rolebinding", "human"],
            &["--role=human", "--user=human"],
        ),
    ] {
        cluster
            .kubectl(words)
            .args(rights)
            .args(["-n", &namespace])
            .run()
            .success();
    }
    let session = cluster.session();
    give_keys(&session);
    let view = ["config", "view", "--raw", "-o"];
    let trusted = session
        .kubectl(view)
        .arg("jsonpath={.clusters[0].cluster.certificate-authority-data}")
        .run()
        .success()
        .stdout;
    let user = format!(
        "client-certificate-data: {}, client-key-data: {}",
        STANDARD.encode(V1_CERTIFICATE),
        STANDARD.encode(V1_KEY)
    );
    let text = kubeconfig(cluster.server(), &trusted, &user);
    let file = session.file("kubeconfig", text, 0o600);
    let create = |namespace: &str| {
        session
            .kubectl([
                "gcr-secret",
                "create",
                "--key-file=key.json",
                "--attach",
                "-n",
                namespace,
            ])
            .env("KUBECONFIG", &file)
            .run()
    };

    let lines = ["secret/gcr-io created", "serviceaccount/default patched"];
    assert_said(&create(&namespace), 0, &lines, &[]);
    assert_eq!(
        cluster.get("serviceaccount/default", &namespace)["imagePullSecrets"],
        json!([{"name": "gcr-io"}])
    );

    let elsewhere = create("kube-public");
    assert!(
        elsewhere.stderr.contains("User \"human\" cannot "),
        "{elsewhere}"
    );
}

#[test]
fn a_servers_own_certificate_as_authority_is_named_with_the_way_round() {
    let setting = Setting::new("certificates");
    let raw = |field: &str| {
        let path = format!("jsonpath={{.{field}}}");
        let words = ["config", "view", "--raw", "-o", &path];
        setting.session.kubectl(words).run().success().stdout
    };
    let chain = raw("clusters[0].cluster.certificate-authority-data");
    let chain = String::from_utf8(STANDARD.decode(chain).unwrap()).unwrap();
    const END: &str = "-----END CERTIFICATE-----\n";
    // kube-apiserver's own, and the authority that signed it.
    let (leaf, authority) = chain.split_at(chain.find(END).unwrap() + END.len());
    let user = format!("token: '{}'", raw("users[0].user.token"));
    for (name, trusted) in [("leaf", leaf), ("authority", authority)] {
        let text = kubeconfig(setting.cluster.server(), &STANDARD.encode(trusted), &user);
        setting.session.file(name, text, 0o600);
    }
    let kubectl = setting
        .session
        .kubectl([
            "get",
            "serviceaccount",
            "default",
            "--kubeconfig=leaf",
            "-n",
        ])
        .arg(&setting.namespace)
        .run();
    assert_eq!(kubectl.code, Some(0), "kubectl takes it: {kubectl}");

    let output = setting.create().args(["--kubeconfig=leaf"]).run();
    assert_said(
        &output,
        1,
        &[],
        &[
            "Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority \
             (the certificate-authority is a server's own certificate and no authority, which is not accepted here: give the one \
             that signed it, or --insecure-skip-tls-verify)",
        ],
    );
    assert_eq!(setting.find("secret/gcr-io"), None);

    // Both ways round.
    setting.session.file("authority.pem", authority, 0o600);
    let output = setting
        .create()
        .args(["--kubeconfig=leaf", "--certificate-authority=authority.pem"])
        .run();
    assert_said(&output, 0, &["secret/gcr-io created"], &[]);
    for words in [
        &["--kubeconfig=authority"][..],
        &["--kubeconfig=leaf", "--insecure-skip-tls-verify"],
    ] {
        let output = setting.create().args(words).run();
        assert_said(&output, 0, &["secret/gcr-io unchanged"], &[]);
    }
    one_error(
        &setting
            .create()
            .args(["--kubeconfig=leaf", "--certificate-authority=nowhere"])
            .run(),
    );
}
