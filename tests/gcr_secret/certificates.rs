//! Unusual certificates with a real API server: an X.509 version 1 client certificate, and a server's own certificate in place
//! of its CA.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gcr_test_support::{ControlPlane, Options, checkout};
use serde_json::json;

use crate::fixture::{Fixture, assert_output, single_error, write_key_files};

const V1_CERTIFICATE: &str = include_str!("../fixtures/x509-v1/certificate.pem");
const V1_KEY: &str = include_str!("../fixtures/x509-v1/key.pem");

/// Returns a kubeconfig with this server, CA data and user settings.
fn kubeconfig(server: &str, authority: &str, user: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
         clusters:\n- name: k\n  cluster: {{server: '{server}', certificate-authority-data: {authority}}}\n\
         users:\n- name: u\n  user: {{{user}}}\n\
         contexts:\n- name: c\n  context: {{cluster: k, user: u}}\n"
    )
}

#[test]
fn x509_v1_client_certificate_authenticates() {
    let authority = checkout::root().join("tests/fixtures/x509-v1/authority.pem");
    let flag = format!("--client-ca-file={}", authority.display());
    let cluster = ControlPlane::dedicated(Options::new().throwaway().apiserver_flag(&flag));
    let namespace = cluster.create_namespace("certificates");
    // Permissions of the user in the certificate's common name.
    let role = [
        "--verb=get,create,patch",
        "--resource=secrets,serviceaccounts",
    ];
    for (args, rights) in [
        (["create", "role", "human"], &role[..]),
        (
            ["create", "rolebinding", "human"],
            &["--role=human", "--user=human"],
        ),
    ] {
        cluster
            .kubectl(args)
            .args(rights)
            .args(["-n", &namespace])
            .run()
            .success();
    }
    let session = cluster.session();
    write_key_files(&session);
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
    assert_output(&create(&namespace), 0, &lines, &[]);
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
fn server_certificate_as_ca_fails_with_remedies() {
    let fixture = Fixture::new("certificates");
    let raw = |field: &str| {
        let path = format!("jsonpath={{.{field}}}");
        let args = ["config", "view", "--raw", "-o", &path];
        fixture.session.kubectl(args).run().success().stdout
    };
    let chain = raw("clusters[0].cluster.certificate-authority-data");
    let chain = String::from_utf8(STANDARD.decode(chain).unwrap()).unwrap();
    const END: &str = "-----END CERTIFICATE-----\n";
    // The certificate of kube-apiserver, and the CA that signed it.
    let (leaf, authority) = chain.split_at(chain.find(END).unwrap() + END.len());
    let user = format!("token: '{}'", raw("users[0].user.token"));
    for (name, trusted) in [("leaf", leaf), ("authority", authority)] {
        let text = kubeconfig(fixture.cluster.server(), &STANDARD.encode(trusted), &user);
        fixture.session.file(name, text, 0o600);
    }
    let kubectl = fixture
        .session
        .kubectl([
            "get",
            "serviceaccount",
            "default",
            "--kubeconfig=leaf",
            "-n",
        ])
        .arg(&fixture.namespace)
        .run();
    assert_eq!(kubectl.code, Some(0), "kubectl accepts it: {kubectl}");

    let output = fixture.create().args(["--kubeconfig=leaf"]).run();
    assert_output(
        &output,
        1,
        &[],
        &[
            "Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority \
             (the certificate-authority is a server certificate, not a CA certificate, which is not supported; use the certificate \
             of the CA that signed it, or pass --insecure-skip-tls-verify)",
        ],
    );
    assert_eq!(fixture.find("secret/gcr-io"), None);

    // Both remedies work.
    fixture.session.file("authority.pem", authority, 0o600);
    let output = fixture
        .create()
        .args(["--kubeconfig=leaf", "--certificate-authority=authority.pem"])
        .run();
    assert_output(&output, 0, &["secret/gcr-io created"], &[]);
    for args in [
        &["--kubeconfig=authority"][..],
        &["--kubeconfig=leaf", "--insecure-skip-tls-verify"],
    ] {
        let output = fixture.create().args(args).run();
        assert_output(&output, 0, &["secret/gcr-io unchanged"], &[]);
    }
    single_error(
        &fixture
            .create()
            .args(["--kubeconfig=leaf", "--certificate-authority=nowhere"])
            .run(),
    );
}
