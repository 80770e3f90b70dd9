//! `auth-provider: oidc`: when a token is renewed, how the issuer is asked, and what is kept in which file.

use crate::case::{Case, case};
use crate::servers::issuer::{FRESH, json};
use crate::servers::{Answer, Certificate, Issuer};

use super::reasons;

/// `{"alg":"none"}.{"exp":1577836800}.`: has expired.
const OLD: &str = "eyJhbGciOiJub25lIn0.eyJleHAiOjE1Nzc4MzY4MDB9.old";
/// `{"alg":"none"}.{"exp":4102444800}.`: will not for long.
const GOOD: &str = "eyJhbGciOiJub25lIn0.eyJleHAiOjQxMDI0NDQ4MDB9.good";

/// Who is asked when all goes well.
const RENEWED: [&str; 3] = [
    "server as token eyJhbGciOiJub25lIn0.eyJleHAiOjQxMDI0NDQ4MDB9.fresh",
    "issuer is asked for its metadata",
    "issuer is asked for r1's refresh_token by basic me:secret",
];

/// The settings of a provider whose token can be renewed.
const SETTINGS: &str = "client-id: me, client-secret: secret, idp-issuer-url: '{ISSUER}', \
                        idp-certificate-authority-data: {CA}, refresh-token: r1";

fn provider(settings: &str) -> String {
    format!("auth-provider: {{name: oidc, config: {{{settings}}}}}")
}

/// A user whose token has expired.
fn expired() -> String {
    provider(&format!("{SETTINGS}, id-token: {OLD}"))
}

fn with(name: &'static str, settings: &str) -> Case {
    case(name)
        .issuer(Issuer::default())
        .user(&provider(settings))
}

/// A user whose token has expired, and an issuer that gives this.
fn given(name: &'static str, tokens: Answer) -> Case {
    let issuer = Issuer {
        tokens,
        ..Issuer::default()
    };
    case(name).issuer(issuer).user(&expired())
}

/// A user whose token has expired, and an issuer that says this of itself.
fn told(name: &'static str, metadata: Answer) -> Case {
    let issuer = Issuer {
        metadata,
        ..Issuer::default()
    };
    case(name).issuer(issuer).user(&expired())
}

pub(crate) fn cases() -> Vec<Case> {
    [renewing(), keeping(), at_hand(), issuers(), answers()]
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
            .but_ours(reasons::TRIED_AGAIN)
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
        .but_ours(reasons::TRIED_AGAIN)
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
            .but_ours(reasons::OTHER_PARSER)
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

/// How an issuer is reached and known.
fn issuers() -> Vec<Case> {
    let authority = "idp-certificate-authority-data: {CA}";
    let trusting =
        |name, authority_instead: &str| with(name, &SETTINGS.replace(authority, authority_instead));
    let with_certificate = |name, certificate| {
        let issuer = Issuer {
            certificate,
            ..Issuer::default()
        };
        case(name).issuer(issuer).user(&expired())
    };
    vec![
        with("oidc: an issuer with a path", &SETTINGS.replace("{ISSUER}", "{ISSUER}/realms/one/"))
            .sees([RENEWED[0], "issuer is asked for its metadata/realms/one", RENEWED[2]]),
        trusting("oidc: an issuer's CA in a file", "idp-certificate-authority: idp.crt")
            .file("idp.crt", "{CA_PEM}")
            .sees(RENEWED),
        trusting("oidc: an issuer's CA as data and as a file", "idp-certificate-authority-data: {CA}, idp-certificate-authority: nowhere.crt")
            .sees(RENEWED),
        trusting("oidc: an issuer's CA that is not there", "idp-certificate-authority: nowhere.crt")
            .says("error: open nowhere.crt: no such file or directory"),
        trusting("oidc: an issuer's CA that is no base64", "idp-certificate-authority-data: '***'")
            .says("error: illegal base64 data at input byte 0"),
        trusting("oidc: an issuer of a CA of the system", "client-id: me")
            .file("roots.crt", "{CA_PEM}")
            .env("SSL_CERT_FILE", "{WORK}/roots.crt")
            .sees(RENEWED),
        trusting("oidc: an issuer of an unknown CA", "idp-certificate-authority-data: {OTHER_CA}")
            .says("Unable to connect to the server: Get \"{ISSUER}/.well-known/openid-configuration\": tls: failed to verify certificate: x509: certificate signed by unknown authority")
            .writes([]),
        with_certificate("oidc: an issuer with a certificate for another name", Certificate::WrongName)
            .says("Unable to connect to the server: Get \"{ISSUER}/.well-known/openid-configuration\": tls: failed to verify certificate: x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs"),
        with("oidc: an issuer that is not there", &SETTINGS.replace("{ISSUER}", "https://{NOBODY}"))
            .says("The connection to the server {HOST} was refused - did you specify the right host or port?")
            .but_ours(reasons::ISSUER)
            .says("Unable to connect to the server: Get \"https://{NOBODY}/.well-known/openid-configuration\": dial tcp: connect: connection refused"),
        with("oidc: an issuer whose name leads nowhere", &SETTINGS.replace("{ISSUER}", "https://idp.example"))
            .says("Unable to connect to the server: lookup idp.example"),
        with("oidc: an issuer behind a proxy that is not there", &SETTINGS.replace("{ISSUER}", "https://idp.example"))
            .env("HTTPS_PROXY", "http://{NOBODY}")
            .says("The connection to the server {HOST} was refused - did you specify the right host or port?")
            .but_ours(reasons::ISSUER)
            .says("Unable to connect to the server: Get \"https://idp.example/.well-known/openid-configuration\": dial tcp: connect: connection refused"),
        told("oidc: an issuer without metadata", Answer::new(404, "text/html", "<html>\"no\"</html>"))
            .says("Unable to connect to the server: oidc: failed to query metadata endpoint 404 Words: \"<html>\\\"no\\\"</html>\""),
        told("oidc: an issuer with a long story", Answer::new(503, "text/plain", &"x".repeat(100)))
            .says(&format!("Unable to connect to the server: oidc: failed to query metadata endpoint 503 Words: \"{}...\"", "x".repeat(80))),
        told("oidc: an issuer whose metadata is no JSON", json(200, "<html>"))
            .says("Unable to connect to the server: oidc: failed to decode provider discovery object: invalid character '<' looking for beginning of value")
            .but_ours(reasons::OTHER_PARSER)
            .says("Unable to connect to the server: oidc: failed to decode provider discovery object"),
        told("oidc: an issuer that gives no tokens", json(200, "{}"))
            .says("Unable to connect to the server: oidc: discovery object doesn't contain a token_endpoint"),
        told("oidc: an issuer that is elsewhere", Answer::new(302, "text/plain", "").header("location", "https://{HOST}/other/.well-known/openid-configuration"))
            .says("Unable to connect to the server: Get \"{ISSUER}/other/.well-known/openid-configuration\": stopped after 10 redirects")
            .but_ours(reasons::REDIRECTS)
            .says("Unable to connect to the server: oidc: {ISSUER} redirects to {ISSUER}/other/.well-known/openid-configuration, which is not followed: give the right address as idp-issuer-url"),
    ]
}

/// What a token endpoint may answer.
fn answers() -> Vec<Case> {
    const HTML: &str = "Unable to connect to the server: failed to refresh token: oauth2: cannot fetch token: 500 Words";
    const NO_TOKEN: &str = "Unable to connect to the server: token response did not contain an id_token, either the scope \"openid\" wasn't requested upon login, or the provider doesn't support id_tokens as part of the refresh response";
    vec![
        with("oidc: a refresh token that is spent", &SETTINGS.replace("r1", "r0"))
            .says("Unable to connect to the server: failed to refresh token: oauth2: \"invalid_grant\" \"spent\"")
            .writes([]),
        given("oidc: an issuer's error with a place to read on", json(400, r#"{"error":"a\"b","error_description":"","error_uri":"https://x"}"#))
            .says("Unable to connect to the server: failed to refresh token: oauth2: \"a\\\"b\" \"https://x\""),
        given("oidc: an error that calls itself success", json(200, r#"{"error":"no","access_token":"a","id_token":"x"}"#))
            .says("Unable to connect to the server: failed to refresh token: oauth2: \"no\"")
            .writes([]),
        given("oidc: an issuer that breaks", Answer::new(500, "text/html", "<html>sorry</html>"))
            .says(&format!("{HTML}\nResponse: <html>sorry</html>"))
            .but_ours(reasons::OTHER_PARSER)
            .says(HTML),
        given("oidc: an answer that is no JSON", json(200, "hello"))
            .says("Unable to connect to the server: failed to refresh token: oauth2: cannot parse json: invalid character 'h' looking for beginning of value")
            .but_ours(reasons::OTHER_PARSER)
            .says("Unable to connect to the server: failed to refresh token: oauth2: cannot parse json"),
        given("oidc: an answer without an access token", json(200, &format!(r#"{{"id_token":"{FRESH}"}}"#)))
            .says("Unable to connect to the server: failed to refresh token: oauth2: server response missing access_token")
            .writes([]),
        given("oidc: an answer without an id-token", json(200, r#"{"access_token":"a","refresh_token":"r2"}"#))
            .says(NO_TOKEN)
            .writes([]),
        given("oidc: an id-token that is no text", json(200, r#"{"access_token":"a","id_token":7}"#))
            .says(NO_TOKEN)
            .writes([]),
        given(
            "oidc: an answer as a form",
            Answer::new(
                200,
                "application/x-www-form-urlencoded; charset=utf-8",
                &format!("access_token=a&id_token={FRESH}&refresh_token={{NEXT}}"),
            ),
        )
            .sees(RENEWED)
            .writes(["kubeconfig"]),
        given("oidc: an id-token that is no JWT", json(200, r#"{"access_token":"a","id_token":"opaque"}"#))
            .sees(["server as token opaque", RENEWED[1], RENEWED[2]]),
        told("oidc: a token endpoint that is not there", json(200, r#"{"token_endpoint":"https://{HOST}/nowhere"}"#))
            .says("Unable to connect to the server: failed to refresh token: oauth2: cannot fetch token: 404 Words\nResponse: nothing here")
            .but_ours(reasons::OTHER_PARSER)
            .says("Unable to connect to the server: failed to refresh token: oauth2: cannot fetch token: 404 Words"),
    ]
}
