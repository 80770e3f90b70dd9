//! `auth-provider: oidc`: when a token is renewed, the requests to the issuer, and the changes of the kubeconfig.

use crate::case::{Case, case, kubeconfig};
use crate::servers::issuer::{FRESH, json};
use crate::servers::{Issuer, Response};

use super::reasons;

/// `{"alg":"none"}.{"exp":1577836800}.`, which has expired.
const OLD: &str = "eyJhbGciOiJub25lIn0.eyJleHAiOjE1Nzc4MzY4MDB9.old";
/// `{"alg":"none"}.{"exp":4102444800}.`, which expires in 2100.
const GOOD: &str = "eyJhbGciOiJub25lIn0.eyJleHAiOjQxMDI0NDQ4MDB9.good";

/// The accesses of a successful renewal.
pub(super) const RENEWED: [&str; 3] = [
    "server as token eyJhbGciOiJub25lIn0.eyJleHAiOjQxMDI0NDQ4MDB9.fresh",
    "issuer metadata request",
    "issuer token request: refresh_token r1 as basic me:secret",
];

/// Provider settings with which a token can be renewed.
pub(super) const SETTINGS: &str = "client-id: me, client-secret: secret, idp-issuer-url: '{ISSUER}', \
                        idp-certificate-authority-data: {CA}, refresh-token: r1";

fn provider(settings: &str) -> String {
    format!("auth-provider: {{name: oidc, config: {{{settings}}}}}")
}

/// Returns the settings of a user whose token has expired.
pub(super) fn expired() -> String {
    provider(&format!("{SETTINGS}, id-token: {OLD}"))
}

pub(super) fn with_settings(name: &'static str, settings: &str) -> Case {
    case(name)
        .issuer(Issuer::default())
        .user(&provider(settings))
}

/// Returns a case with an expired token and an issuer with this token response.
pub(super) fn with_token_response(name: &'static str, tokens: Response) -> Case {
    let issuer = Issuer {
        tokens,
        ..Issuer::default()
    };
    case(name).issuer(issuer).user(&expired())
}

pub(crate) fn cases() -> Vec<Case> {
    [refreshing(), persisting(), without_refresh()]
        .into_iter()
        .flatten()
        .collect()
}

fn refreshing() -> Vec<Case> {
    let form = Issuer {
        requires_form_credentials: true,
        ..Issuer::default()
    };
    vec![
        case("oidc: an expired token is renewed")
            .issuer(Issuer::default())
            .user(&expired())
            .reaches_exactly(RENEWED)
            .writes(["kubeconfig"]),
        with_settings("oidc: a missing token is fetched", SETTINGS)
            .reaches_exactly(RENEWED)
            .writes(["kubeconfig"]),
        with_settings(
            "oidc: a token without an expiry is renewed",
            &format!("{SETTINGS}, id-token: eyJhbGciOiJub25lIn0.e30.x"),
        )
        .reaches_exactly(RENEWED)
        .writes(["kubeconfig"]),
        with_settings(
            "oidc: a client without a secret",
            &SETTINGS.replace("client-secret: secret, ", ""),
        )
        .reaches_exactly([
            RENEWED[0],
            RENEWED[1],
            "issuer token request: refresh_token r1 as basic me:",
        ])
        .writes(["kubeconfig"]),
        with_settings(
            "oidc: a client ID and secret with special characters",
            &SETTINGS
                .replace("me,", "'a b&c',")
                .replace("secret: secret", "secret: 'p:w%'"),
        )
        .reaches_exactly([
            RENEWED[0],
            RENEWED[1],
            "issuer token request: refresh_token r1 as basic a+b%26c:p%3Aw%25",
        ])
        .writes(["kubeconfig"]),
        case("oidc: an issuer that requires the secret in the form")
            .issuer(form)
            .user(&expired())
            .reaches_exactly([
                RENEWED[0],
                RENEWED[1],
                RENEWED[2],
                "issuer token request: refresh_token r1 as form me:secret",
            ])
            .writes(["kubeconfig"]),
        case("oidc: a rejected token is renewed")
            .issuer(Issuer::default())
            .user(&provider(&format!("{SETTINGS}, id-token: {GOOD}")))
            .server(Response::status(401, "Unauthorized", "Unauthorized", "{}").once())
            .reports("error: You must be logged in to the server (Unauthorized)")
            .but_plugin(reasons::RETRIES)
            .reaches_exactly([
                &format!("server as token {GOOD}"),
                RENEWED[0],
                RENEWED[1],
                RENEWED[2],
            ])
            .writes(["kubeconfig"]),
        case("oidc: a rejected token that cannot be renewed")
            .issuer(Issuer::default())
            .user(&provider(&format!(
                "{}, id-token: {GOOD}",
                SETTINGS.replace(", refresh-token: r1", "")
            )))
            .server(Response::status(401, "Unauthorized", "Unauthorized", "{}"))
            .reports("error: You must be logged in to the server (Unauthorized)")
            .writes([]),
        with_token_response(
            "oidc: a token that is renewed and rejected",
            json(
                200,
                &format!(
                    r#"{{"access_token":"a","refresh_token":"{{NEXT}}","id_token":"{FRESH}"}}"#
                ),
            ),
        )
        .server(Response::status(401, "Unauthorized", "Unauthorized", "{}"))
        .reports("error: You must be logged in to the server (Unauthorized)")
        .writes(["kubeconfig"])
        .but_plugin(reasons::RETRIES)
        .reports("error: You must be logged in to the server (Unauthorized)")
        .reaches_exactly([
            RENEWED[0],
            RENEWED[1],
            RENEWED[2],
            "issuer token request: refresh_token r2 as basic me:secret",
        ])
        .writes(["kubeconfig"]),
    ]
}

/// The changes of the kubeconfig.
fn persisting() -> Vec<Case> {
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
        with_token_response("oidc: an issuer that returns no new refresh token", json(200, &format!(r#"{{"access_token":"a","id_token":"{FRESH}"}}"#)))
            .reaches_exactly(RENEWED)
            .writes(["kubeconfig"]),
        case("oidc: of several files, the one with the user is written")
            .issuer(Issuer::default())
            .kubeconfig(rest)
            .file("second", users("r1"))
            .file("third", users("spent"))
            .env("KUBECONFIG", list)
            .reaches_exactly(RENEWED)
            .writes(["second"]),
        case("oidc: the file of --kubeconfig is written")
            .issuer(Issuer::default())
            .kubeconfig(rest)
            .file("given", users("r1") + rest.trim_start_matches("apiVersion: v1\nkind: Config\n"))
            .flags(["--kubeconfig=given"])
            .reaches_exactly(RENEWED)
            .writes(["given"]),
        case("oidc: the user of --user is written")
            .issuer(Issuer::default())
            .kubeconfig(format!(
                "{rest}users:\n- name: u\n  user: {{token: wrong}}\n- name: other\n  user: {{{}}}\n",
                expired()
            ))
            .flags(["--user=other"])
            .reaches_exactly(RENEWED)
            .writes(["kubeconfig"]),
        case("oidc: the rest of the file is unchanged")
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
            .reaches_exactly(RENEWED)
            .writes(["kubeconfig"]),
        with_settings("oidc: unknown settings are kept", &format!("{SETTINGS}, id-token: {OLD}, extra-scopes: 'a,b', mine: '1'"))
            .reaches_exactly(RENEWED)
            .writes(["kubeconfig"]),
        case("oidc: of several documents, the first is written")
            .issuer(Issuer::default())
            .kubeconfig(format!("---\n{}---\nusers: [}}\n", kubeconfig("server: '{SERVER}', certificate-authority-data: {CA}", &expired())))
            .reaches_exactly(RENEWED)
            .writes(["kubeconfig"]),
        case("oidc: keys that are not strings are written as strings")
            .issuer(Issuer::default())
            .cluster_and_user(
                "server: '{SERVER}', certificate-authority-data: {CA}, extensions: [{name: e, extension: {1: a, on: 1.50, d: 2020-01-01, n: 12345678901234567890}}]",
                &expired(),
            )
            .reaches_exactly(RENEWED)
            .writes(["kubeconfig"]),
        case("oidc: a kubeconfig with a lock file")
            .issuer(Issuer::default())
            .user(&expired())
            .file("kubeconfig.lock", "")
            .reports("Unable to connect to the server: could not persist new tokens: open {WORK}/kubeconfig.lock: file exists")
            .writes([]),
    ]
}

/// Cases in which the issuer is not contacted.
fn without_refresh() -> Vec<Case> {
    let good = format!("{SETTINGS}, id-token: {GOOD}");
    let token =
        |name, token: &str| with_settings(name, &format!("{SETTINGS}, id-token: '{token}'"));
    vec![
        with_settings("oidc: a valid token is used unchanged", &good)
            .reaches_exactly([&format!("server as token {GOOD}")])
            .writes([]),
        // {"exp":4102444800.5}
        token("oidc: a token with a fractional expiry", "eyJhbGciOiJub25lIn0.eyJleHAiOjQxMDI0NDQ4MDAuNX0.x")
            .reaches_exactly(["server as token eyJhbGciOiJub25lIn0.eyJleHAiOjQxMDI0NDQ4MDAuNX0.x"]),
        token("oidc: a token that is not a JWT", "good")
            .reports("Unable to connect to the server: ID Token is not a valid JWT"),
        token("oidc: a token whose claims are not base64", "a.*.c")
            .reports("Unable to connect to the server: illegal base64 data at input byte 0"),
        // {"exp"
        token("oidc: a token whose claims are not JSON", "a.eyJleHAi.c")
            .reports("Unable to connect to the server: parsing claims: unexpected end of JSON input")
            .but_plugin(reasons::PARSER_ERROR)
            .reports("Unable to connect to the server: parsing claims: no time of expiry"),
        with_settings("oidc: --token overrides the provider", &format!("{SETTINGS}, id-token: {OLD}"))
            .flags(["--token=flag"])
            .reaches("token flag")
            .writes([]),
        with_settings("oidc: a token is not sent over plain HTTP", &format!("{SETTINGS}, id-token: {OLD}"))
            .flags(["--server=http://{HOST}"])
            .reaches("anonymous, plain")
            .writes([]),
        with_settings("oidc: an empty refresh token", &SETTINGS.replace("r1", "''"))
            .reports("Unable to connect to the server: No valid id-token, and cannot refresh without refresh-token")
            .writes([]),
        with_settings("oidc: an empty issuer", &SETTINGS.replace("'{ISSUER}'", "''"))
            .reports("error: Must provide idp-issuer-url"),
        with_settings("oidc: no client ID", &SETTINGS.replace("client-id: me, ", ""))
            .reports("error: Must provide client-id"),
        case("oidc: with an exec plugin")
            .user(&format!(
                "{}, exec: {{apiVersion: client.authentication.k8s.io/v1, command: plugin, interactiveMode: Never}}",
                provider("client-id: me, idp-issuer-url: 'https://{CLOSED}'")
            ))
            .reports("error: authProvider cannot be provided in combination with an exec plugin for u"),
    ]
}
