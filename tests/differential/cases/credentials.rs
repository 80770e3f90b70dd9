//! Credentials of a kubeconfig's user and of flags, and impersonation.

use crate::case::{Case, case};
use crate::servers::Response;

use super::reasons;

pub(crate) fn cases() -> Vec<Case> {
    [
        certificates(),
        tokens(),
        passwords(),
        providers(),
        impersonation(),
        real(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn certificates() -> Vec<Case> {
    let human = |name| case(name).user("client-certificate-data: {CERT}, client-key-data: {KEY}");
    vec![
        human("a client certificate").reaches("certificate human"),
        case("a client certificate in files")
            .user("client-certificate: human.crt, client-key: human.key")
            .file("human.crt", "{CERT_PEM}")
            .file("human.key", "{KEY_PEM}")
            .reaches("certificate human"),
        case("a client certificate and a token")
            .user("client-certificate-data: {CERT}, client-key-data: {KEY}, token: good")
            .reaches("certificate human, token good"),
        human("--client-certificate and --client-key")
            .file("r.crt", "{ROBOT_CERT_PEM}")
            .file("r.key", "{ROBOT_KEY_PEM}")
            .flags(["--client-certificate=r.crt", "--client-key=r.key"])
            .reaches("certificate robot"),
        case("a client certificate as data and as a file")
            .user("client-certificate-data: {CERT}, client-certificate: r.crt, client-key-data: {KEY}")
            .file("r.crt", "{ROBOT_CERT_PEM}")
            .reports("error: client-cert-data and client-cert are both specified for u. client-cert-data will override."),
        case("a client certificate without a key")
            .user("client-certificate-data: {CERT}")
            .reports("error: client-key-data or client-key must be specified for u to use the clientCert authentication method."),
        case("a client key without a certificate")
            .user("client-key-data: {KEY}")
            .reports("error: EOF")
            .but_plugin(reasons::NO_PROMPT)
            .reports("error: user \"u\" has no credentials: name one with --user, --token, or --client-certificate and --client-key"),
        case("a client certificate in a missing file")
            .user("client-certificate: nowhere.crt, client-key-data: {KEY}")
            .reports("error: unable to read client-cert {WORK}/nowhere.crt for u due to open {WORK}/nowhere.crt: no such file or directory"),
        case("a client certificate that is not PEM")
            .user("client-certificate-data: aGVsbG8=, client-key-data: {KEY}")
            .reports("error: tls: failed to find any PEM data in certificate input"),
        case("a client certificate in an empty file")
            .user("client-certificate: c, client-key: c, token: good")
            .file("c", "")
            .reports("Unable to connect to the server: tls: failed to find any PEM data in certificate input")
            .but_plugin(reasons::BAD_CERTIFICATE)
            .reports("error: tls: failed to find any PEM data in certificate input"),
        case("a client certificate and its key in one file, key first")
            .user("client-certificate: c, client-key: c")
            .file("c", "{KEY_PEM}{CERT_PEM}")
            .reaches("certificate human"),
        case("a client certificate with other certificates and text around it")
            .user("client-certificate: c, client-key: k")
            .file("c", "words\n{CERT_PEM}\n{OTHER_CA_PEM}")
            .file("k", "words\n{KEY_PEM}")
            .reaches("certificate human"),
        case("a client certificate and its key swapped")
            .user("client-certificate-data: {KEY}, client-key-data: {CERT}")
            .reports("error: tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched"),
        case("a client key that does not match the certificate")
            .user("client-certificate-data: {CERT}, client-key-data: {ROBOT_KEY}")
            .reports("error: tls: private key does not match public key"),
        case("an encrypted client key")
            .user("client-certificate-data: {CERT}, client-key: k")
            .file("k", "-----BEGIN ENCRYPTED PRIVATE KEY-----\naGVsbG8=\n-----END ENCRYPTED PRIVATE KEY-----\n")
            .reports("error: tls: failed to parse private key"),
        case("an X.509 v1 client certificate")
            .user("client-certificate-data: {V1_CERT}, client-key-data: {V1_KEY}")
            .reaches("certificate of another user"),
        case("an elliptic curve key labelled as PKCS#8")
            .user("client-certificate-data: {EC_CERT}, client-key-data: {EC_KEY}")
            .reaches("certificate of another user"),
        case("an RSA key labelled as PKCS#8, in files")
            .user("client-certificate: c, client-key: k")
            .file("c", "{RSA_CERT_PEM}")
            .file("k", "{RSA_KEY_PEM}")
            .reaches("certificate of another user"),
        case("a PKCS#8 key labelled as RSA")
            .user("client-certificate-data: {CERT}, client-key-data: {KEY_AS_RSA}")
            .reaches("certificate human"),
        case("a client key of 8192 bits")
            .user("client-certificate-data: {LARGE_CERT}, client-key-data: {LARGE_KEY}")
            .reaches("certificate of another user")
            .but_plugin(reasons::LARGE_KEY)
            .reports("error: tls: the private key is an RSA key of 8192 bits, which is not supported (2048 to 4096 bits are); use a client certificate with another key, or a token"),
        case("a client certificate over plain HTTP")
            .cluster_and_user("server: 'http://{HOST}'", "client-certificate-data: {CERT}, client-key-data: {KEY}")
            .reaches("anonymous, plain"),
    ]
}

fn tokens() -> Vec<Case> {
    vec![
        case("empty fields count as not set")
            .cluster_and_user(
                "server: '{SERVER}', certificate-authority-data: {CA}, certificate-authority: '', proxy-url: '', tls-server-name: ''",
                "token: good, username: '', password: '', tokenFile: '', client-certificate: '', client-key: '', as: '', exec: null",
            )
            .reaches("token good"),
        case("--token").usual().flags(["--token=other"]).reaches("token other"),
        case("a token file with a trailing line break")
            .user("tokenFile: t")
            .file("t", "good\n")
            .reaches("token good"),
        case("a token file overrides a token")
            .user("token: wrong, tokenFile: t")
            .file("t", "good\n")
            .reaches("token good"),
        case("a missing token file")
            .user("tokenFile: nowhere")
            .reports("error: open {WORK}/nowhere: no such file or directory"),
        case("a missing token file with a token")
            .user("token: good, tokenFile: nowhere")
            .reaches("token good"),
        case("an empty token file")
            .user("tokenFile: t")
            .file("t", "")
            .reports("error: EOF")
            .but_plugin(reasons::NO_PROMPT)
            .reports("error: read empty token from file \"{WORK}/t\""),
        case("a token file with an absolute path")
            .user("tokenFile: '{WORK}/t'")
            .file("t", " good \n\n")
            .reaches("token good"),
        case("--token with a token file")
            .user("tokenFile: t")
            .file("t", "file\n")
            .flags(["--token=flag"])
            .reaches("token file")
            .but_plugin(reasons::TOKEN_FLAG)
            .reaches("token flag"),
        case("a token with a line break")
            .user("token: \"good\\n\"")
            .reports("Unable to connect to the server: net/http: invalid header field value for \"Authorization\""),
        case("a token over plain HTTP")
            .cluster_and_user("server: 'http://{HOST}'", "token: good")
            .reaches("anonymous, plain"),
        case("a rejected token")
            .usual()
            .server(Response::status(401, "Unauthorized", "Unauthorized", "{}"))
            .reports("error: You must be logged in to the server (Unauthorized)"),
        case("a user without credentials")
            .user("")
            .reports("error: EOF")
            .but_plugin(reasons::NO_PROMPT)
            .reports("error: user \"u\" has no credentials: name one with --user, --token, or --client-certificate and --client-key"),
        case("a context without a user").kubeconfig(
            "current-context: c\ncontexts:\n- name: c\n  context: {cluster: k}\n\
             clusters:\n- name: k\n  cluster: {server: '{SERVER}', certificate-authority-data: {CA}}\n",
        )
            .reports("error: EOF")
            .but_plugin(reasons::NO_PROMPT)
            .reports("error: no user was given: name one with --user, --token, or --client-certificate and --client-key"),
    ]
}

fn passwords() -> Vec<Case> {
    vec![
        case("a user name and a password")
            .user("username: me, password: 'p:w'")
            .reaches("basic me:p:w"),
        case("a user name without a password").user("username: me").reaches("basic me:"),
        case("a password without a user name")
            .user("password: pw")
            .reports("error: EOF")
            .but_plugin(reasons::NO_PROMPT)
            .reports("error: user \"u\" has no credentials: name one with --user, --token, or --client-certificate and --client-key"),
        case("a token and a user name")
            .user("token: good, username: me, password: pw")
            .reports("error: more than one authentication method found for u; found [token basicAuth], only one is allowed"),
        case("a user name and --token")
            .user("username: me, password: pw")
            .flags(["--token=good"])
            .reports("error: more than one authentication method found for u; found [token basicAuth], only one is allowed"),
        case("a password over plain HTTP")
            .cluster_and_user("server: 'http://{HOST}'", "username: me, password: pw")
            .reaches("anonymous, plain"),
    ]
}

fn providers() -> Vec<Case> {
    let provider = |name, kind: &str| case(name).user(&format!("auth-provider: {{name: {kind}}}"));
    vec![
        provider("auth-provider gcp", "gcp")
            .reports("error: The gcp auth plugin has been removed.\nPlease use the \"gke-gcloud-auth-plugin\" kubectl/client-go credential plugin instead.\nSee https://cloud.google.com/blog/products/containers-kubernetes/kubectl-auth-changes-in-gke for further details"),
        provider("auth-provider azure", "azure")
            .reports("error: The azure auth plugin has been removed.\nPlease use the https://github.com/Azure/kubelogin kubectl/client-go credential plugin instead.\nSee https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins for further details"),
        provider("auth-provider with an unknown name", "bananas")
            .reports("error: no Auth Provider found for name \"bananas\""),
        case("auth-provider oidc with a token that has not expired").user(
            // {"alg":"none"}.{"exp":4102444800}.x
            "auth-provider: {name: oidc, config: {client-id: me, idp-issuer-url: 'https://{OTHER}', \
             id-token: 'eyJhbGciOiJub25lIn0.eyJleHAiOjQxMDI0NDQ4MDB9.eA'}}",
        ).reaches("token eyJhbGciOiJub25lIn0.eyJleHAiOjQxMDI0NDQ4MDB9.eA"),
        case("auth-provider oidc with an expired token and without a refresh token").user(
            // {"alg":"none"}.{"exp":1577836800}.x
            "auth-provider: {name: oidc, config: {client-id: me, idp-issuer-url: 'https://{OTHER}', \
             id-token: 'eyJhbGciOiJub25lIn0.eyJleHAiOjE1Nzc4MzY4MDB9.eA'}}",
        )
            .reports("Unable to connect to the server: No valid id-token, and cannot refresh without refresh-token"),
        case("auth-provider oidc without an issuer")
            .user("auth-provider: {name: oidc, config: {client-id: me}}")
            .reports("error: Must provide idp-issuer-url"),
    ]
}

fn impersonation() -> Vec<Case> {
    vec![
        case("--as").usual().flags(["--as=alice"]).reaches("token good for user alice"),
        case("--as with groups, a uid and extras")
            .usual()
            .flags([
                "--as=alice",
                "--as-group=a,b",
                "--as-group=c",
                "--as-uid=7",
                "--as-user-extra=scopes=x",
                "--as-user-extra=scopes=y",
                "--as-user-extra=Team/One=z",
            ])
            .reaches("token good for extra-scopes x, extra-scopes y, extra-team%2fone z, group a,b, group c, uid 7, user alice"),
        case("--as with a value that is invalid in a header")
            .usual()
            .flags(["--as=a\nb"])
            .reports("Unable to connect to the server: net/http: invalid header field value for \"Impersonate-User\""),
        case("--as-group without --as")
            .usual()
            .flags(["--as-group=a"])
            .reports("error: requesting uid, groups or user-extra for u without impersonating a user"),
        case("--as-uid without --as")
            .usual()
            .flags(["--as-uid=7"])
            .reports("error: requesting uid, groups or user-extra for u without impersonating a user"),
        case("--as-user-extra without --as")
            .usual()
            .flags(["--as-user-extra=a=b"])
            .reports("error: requesting uid, groups or user-extra for u without impersonating a user"),
        case("--as-user-extra without a value")
            .usual()
            .flags(["--as=alice", "--as-user-extra=a"])
            .reaches("token good for user alice")
            .but_plugin(reasons::EXTRA_WITHOUT_VALUE)
            .reports("error: --as-user-extra must be KEY=VALUE"),
        case("impersonation in the kubeconfig")
            .user("token: good, as: alice, as-uid: '7', as-groups: [a, b], as-user-extra: {scopes: [one, two]}")
            .reaches("token good for extra-scopes one, extra-scopes two, group a, group b, uid 7, user alice"),
        case("--as overrides the kubeconfig's user")
            .user("token: good, as: alice, as-groups: [a]")
            .flags(["--as=bob"])
            .reaches("token good for group a, user bob"),
        case("--as with a client certificate")
            .user("client-certificate-data: {CERT}, client-key-data: {KEY}")
            .flags(["--as=alice"])
            .reaches("certificate human for user alice"),
    ]
}

fn real() -> Vec<Case> {
    let as_user = |name, user| {
        case(name).cluster_and_user(
            "server: '{REAL}', certificate-authority-data: {REAL_CA}",
            user,
        )
    };
    vec![
        as_user("the control plane as administrator", "token: '{ADMIN}'").reaches_exactly([]),
        as_user("the control plane as a user without permissions", "token: '{HUMAN}'").reports(
            "Error from server (Forbidden): serviceaccounts \"default\" is forbidden: User \"{HUMAN_NAME}\" cannot get resource \
             \"serviceaccounts\" in API group \"\" in the namespace \"default\"",
        ),
        as_user("the control plane with an unknown token", "token: stranger")
            .reports("error: You must be logged in to the server (Unauthorized)"),
        as_user("the control plane, impersonation without permission", "token: '{HUMAN}'")
            .flags(["--as=admin"])
            .reports("Error from server (Forbidden): serviceaccounts \"default\" is forbidden: User \"{HUMAN_NAME}\" cannot impersonate-on:user-info:get resource \"serviceaccounts\" in API group \"\" in the namespace \"default\""),
        as_user("the control plane, impersonation of a user without permissions", "token: '{ADMIN}'")
            .flags(["--as=alice", "--as-group=g"])
            .reports("Error from server (Forbidden): serviceaccounts \"default\" is forbidden: User \"alice\" cannot get resource \"serviceaccounts\" in API group \"\" in the namespace \"default\""),
        as_user("the control plane, a missing namespace", "token: '{ADMIN}'")
            .flags(["-n", "not-there"])
            .reports("Error from server (NotFound): namespaces \"not-there\" not found"),
    ]
}
