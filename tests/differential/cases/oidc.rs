//! `auth-provider: oidc`: when a token is renewed, how the issuer is asked, and what is kept in which file.

use crate::case::{Case, case, kubeconfig};
use crate::servers::issuer::{FRESH, json};
use crate::servers::{Answer, Issuer};

use super::reasons;

/// `{"alg":"none"}.{"exp":1577836800}.`: has expired.
const OLD: &str = "eyJhbGciOiJub25lIn0.eyJleHAiOjE1Nzc4MzY4MDB9.old";
/// `{"alg":"none"}.{"exp":4102444800}.`: will not for long.
const GOOD: &str = "eyJhbGciOiJub25lIn0.eyJleHAiOjQxMDI0NDQ4MDB9.good";

/// Who is asked when all goes well.
pub(super) const RENEWED: [&str; 3] = [
    "server as token eyJhbGciOiJub25lIn0.eyJleHAiOjQxMDI0NDQ4MDB9.fresh",
    "issuer is asked for its metadata",
    "issuer is asked for r1's refresh_token by basic me:secret",
];

/// The settings of a provider whose token can be renewed.
pub(super) const SETTINGS: &str = "client-id: me, client-secret: secret, idp-issuer-url: '{ISSUER}', \
                        idp-certificate-authority-data: {CA}, refresh-token: r1";

fn provider(settings: &str) -> String {
    format!("auth-provider: {{name: oidc, config: {{{settings}}}}}")
}

/// A user whose token has expired.
pub(super) fn expired() -> String {
    provider(&format!("{SETTINGS}, id-token: {OLD}"))
}

pub(super) fn with(name: &'static str, settings: &str) -> Case {
    case(name)
        .issuer(Issuer::default())
        .user(&provider(settings))
}

/// A user whose token has expired, and an issuer that gives this.
pub(super) fn given(name: &'static str, tokens: Answer) -> Case {
    let issuer = Issuer {
        tokens,
        ..Issuer::default()
    };
    case(name).issuer(issuer).user(&expired())
}

pub(crate) fn cases() -> Vec<Case> {
    [renewing(), keeping(), at_hand()]
        .into_iter()
        .flatten()
        .collect()
}

fn renewing() -> Vec<Case> {
    let form = Issuer {
        wants_form: true,
        ..Issuer::default()
    };
    vec![
        case("oidc: an expired token is renewed")
            .issuer(Issuer::default())
            .user(&expired())
            .sees(RENEWED)
            .writes(["kubeconfig"]),
        with("oidc: a token that was never there is fetched", SETTINGS)
            .sees(RENEWED)
            .writes(["kubeconfig"]),
        with(
            "oidc: a token that says no time is renewed",
            &format!("{SETTINGS}, id-token: eyJhbGciOiJub25lIn0.e30.x"),
        )
        .sees(RENEWED)
        .writes(["kubeconfig"]),
        with(
            "oidc: a client without a secret",
            &SETTINGS.replace("client-secret: secret, ", ""),
        )
        .sees([
            RENEWED[0],
            RENEWED[1],
            "issuer is asked for r1's refresh_token by basic me:",
        ])
        .writes(["kubeconfig"]),
        with(
            "oidc: a client's name and secret with signs in them",
            &SETTINGS
                .replace("me,", "'a b&c',")
                .replace("secret: secret", "secret: 'p:w%'"),
        )
        .sees([
            RENEWED[0],
            RENEWED[1],
            "issuer is asked for r1's refresh_token by basic a+b%26c:p%3Aw%25",
        ])
        .writes(["kubeconfig"]),
        case("oidc: an issuer that wants the secret in the form")
            .issuer(form)
            .user(&expired())
            .sees([
                RENEWED[0],
                RENEWED[1],
                RENEWED[2],
                "issuer is asked for r1's refresh_token by form me:secret",
            ])
            .writes(["kubeconfig"]),
        case("oidc: a refused token is renewed")
            .issuer(Issuer::default())
            .user(&provider(&format!("{SETTINGS}, id-token: {GOOD}")))
            .server(Answer::status(401, "Unauthorized", "Unauthorized", "{}").once())
            .says("error: You must be logged in to the server (Unauthorized)")
            .but_ours(reasons::RETRIES)
            .sees([
                &format!("server as token {GOOD}"),
                RENEWED[0],
                RENEWED[1],
                RENEWED[2],
            ])
            .writes(["kubeconfig"]),
        case("oidc: a refused token that cannot be renewed")
            .issuer(Issuer::default())
            .user(&provider(&format!(
                "{}, id-token: {GOOD}",
                SETTINGS.replace(", refresh-token: r1", "")
            )))
            .server(Answer::status(401, "Unauthorized", "Unauthorized", "{}"))
            .says("error: You must be logged in to the server (Unauthorized)")
            .writes([]),
        given(
            "oidc: a token that is renewed and refused",
            json(
                200,
                &format!(
                    r#"{{"access_token":"a","refresh_token":"{{NEXT}}","id_token":"{FRESH}"}}"#
                ),
            ),
        )
        .server(Answer::status(401, "Unauthorized", "Unauthorized", "{}"))
        .says("error: You must be logged in to the server (Unauthorized)")
        .writes(["kubeconfig"])
        .but_ours(reasons::RETRIES)
        .says("error: You must be logged in to the server (Unauthorized)")
        .sees([
            RENEWED[0],
            RENEWED[1],
            RENEWED[2],
            "issuer is asked for r2's refresh_token by basic me:secret",
        ])
        .writes(["kubeconfig"]),
    ]
}

/// What is written, and where.
fn keeping() -> Vec<Case> {
    let users = |refresh: &str| {
        let settings = SETTINGS.replace("r1", refresh);
        format!(
            "apiVersion: v1\nkind: Config\nusers:\n- name: u\n  user: {{{}}}\n",
            provider(&format!("{settings}, id-token: {OLD}"))
        )
    };
    let rest = "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts:\n- name: c\n  context: {cluster: k, user: u}\n\
                clusters:\n- name: k\n  cluster: {server: '{SERVER}', certificate-authority-data: {CA}}\n";
    let list = "{WORK}/kubeconfig:{WORK}/missing:{WORK}/second:{WORK}/third";
    vec![
        given("oidc: an issuer that gives no new refresh token", json(200, &format!(r#"{{"access_token":"a","id_token":"{FRESH}"}}"#)))
            .sees(RENEWED)
            .writes(["kubeconfig"]),
        case("oidc: of several files the user's is written")
            .issuer(Issuer::default())
            .kubeconfig(rest)
            .file("second", users("r1"))
            .file("third", users("spent"))
            .env("KUBECONFIG", list)
            .sees(RENEWED)
            .writes(["second"]),
        case("oidc: the file of --kubeconfig is written")
            .issuer(Issuer::default())
            .kubeconfig(rest)
            .file("given", users("r1") + rest.trim_start_matches("apiVersion: v1\nkind: Config\n"))
            .flags(["--kubeconfig=given"])
            .sees(RENEWED)
            .writes(["given"]),
        case("oidc: the user of --user is written")
            .issuer(Issuer::default())
            .kubeconfig(format!(
                "{rest}users:\n- name: u\n  user: {{token: wrong}}\n- name: other\n  user: {{{}}}\n",
                expired()
            ))
            .flags(["--user=other"])
            .sees(RENEWED)
            .writes(["kubeconfig"]),
        case("oidc: all else in the file stays what it was")
            .issuer(Issuer::default())
            .kubeconfig(format!(
                "{rest}- name: '0x1F'\n  cluster: {{server: 'https://[::1]:6443', insecure-skip-tls-verify: true, proxy-url: 'http://a b', \
                 extensions: [{{name: e, extension: {{k: 1.50, s: '1.50', t: 'yes', z: null}}}}]}}\n\
                 users:\n- name: u\n  user: {{{}}}\n- name: '123'\n  user: {{token: '12345', username: 'null', password: '~', \
                 as-user-extra: {{'on': ['true', '1e3', ' x ', \"a\\nb\"]}}}}\n- name: plugin\n  user: {{exec: {{apiVersion: v, command: c, \
                 args: ['-', '# no', '{{}}', ''], env: [{{name: A, value: '01'}}], interactiveMode: Never, installHint: \"two\\n\\nlines\\n\"}}}}\n\
                 mine: {{1: a}}\n",
                expired()
            ))
            .sees(RENEWED)
            .writes(["kubeconfig"]),
        with("oidc: settings nobody knows stay", &format!("{SETTINGS}, id-token: {OLD}, extra-scopes: 'a,b', mine: '1'"))
            .sees(RENEWED)
            .writes(["kubeconfig"]),
        case("oidc: in a kubeconfig of several documents the first is written")
            .issuer(Issuer::default())
            .kubeconfig(format!("---\n{}---\nusers: [}}\n", kubeconfig("server: '{SERVER}', certificate-authority-data: {CA}", &expired())))
            .sees(RENEWED)
            .writes(["kubeconfig"]),
        case("oidc: keys that are no text become one where they are written")
            .issuer(Issuer::default())
            .cluster_and_user(
                "server: '{SERVER}', certificate-authority-data: {CA}, extensions: [{name: e, extension: {1: a, on: 1.50, d: 2020-01-01, n: 12345678901234567890}}]",
                &expired(),
            )
            .sees(RENEWED)
            .writes(["kubeconfig"]),
        case("oidc: a kubeconfig that somebody else is writing")
            .issuer(Issuer::default())
            .user(&expired())
            .file("kubeconfig.lock", "")
            .says("Unable to connect to the server: could not persist new tokens: open {WORK}/kubeconfig.lock: file exists")
            .writes([]),
    ]
}

/// What needs no issuer, or finds that it has none.
fn at_hand() -> Vec<Case> {
    let good = format!("{SETTINGS}, id-token: {GOOD}");
    let token = |name, token: &str| with(name, &format!("{SETTINGS}, id-token: '{token}'"));
    vec![
        with("oidc: a good token is used as it is", &good)
            .sees([&format!("server as token {GOOD}")])
            .writes([]),
        // {"exp":4102444800.5}
        token("oidc: a token with half a second", "eyJhbGciOiJub25lIn0.eyJleHAiOjQxMDI0NDQ4MDAuNX0.x")
            .sees(["server as token eyJhbGciOiJub25lIn0.eyJleHAiOjQxMDI0NDQ4MDAuNX0.x"]),
        token("oidc: a token that is no JWT", "good")
            .says("Unable to connect to the server: ID Token is not a valid JWT"),
        token("oidc: a token whose claims are no base64", "a.*.c")
            .says("Unable to connect to the server: illegal base64 data at input byte 0"),
        // {"exp"
        token("oidc: a token whose claims are no JSON", "a.eyJleHAi.c")
            .says("Unable to connect to the server: parsing claims: unexpected end of JSON input")
            .but_ours(reasons::PARSER_ERROR)
            .says("Unable to connect to the server: parsing claims: no time of expiry"),
        with("oidc: --token beats it", &format!("{SETTINGS}, id-token: {OLD}"))
            .flags(["--token=flag"])
            .reaches("token flag")
            .writes([]),
        with("oidc: not over plain HTTP", &format!("{SETTINGS}, id-token: {OLD}"))
            .flags(["--server=http://{HOST}"])
            .reaches("nobody, plain")
            .writes([]),
        with("oidc: an empty refresh token", &SETTINGS.replace("r1", "''"))
            .says("Unable to connect to the server: No valid id-token, and cannot refresh without refresh-token")
            .writes([]),
        with("oidc: an empty issuer", &SETTINGS.replace("'{ISSUER}'", "''"))
            .says("error: Must provide idp-issuer-url"),
        with("oidc: no client", &SETTINGS.replace("client-id: me, ", ""))
            .says("error: Must provide client-id"),
        case("oidc: beside a plugin")
            .user(&format!(
                "{}, exec: {{apiVersion: client.authentication.k8s.io/v1, command: plugin, interactiveMode: Never}}",
                provider("client-id: me, idp-issuer-url: 'https://{NOBODY}'")
            ))
            .says("error: authProvider cannot be provided in combination with an exec plugin for u"),
    ]
}
