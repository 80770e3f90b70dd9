//! `auth-provider: oidc`: how an issuer is reached and known, and what it may answer.

use crate::case::{Case, case};
use crate::servers::issuer::{FRESH, json};
use crate::servers::{Answer, Certificate, Issuer};

use super::oidc::{RENEWED, SETTINGS, expired, given, with};
use super::reasons;

/// What an issuer says of itself.
const METADATA: &str = r#"{"token_endpoint":"https://{HOST}/token"}"#;

/// A user whose token has expired, and an issuer that says this of itself.
fn told(name: &'static str, metadata: Answer) -> Case {
    let issuer = Issuer {
        metadata,
        ..Issuer::default()
    };
    case(name).issuer(issuer).user(&expired())
}

/// An answer that names another place, which is no redirect.
fn elsewhere(answer: Answer) -> Answer {
    answer.header("location", "https://{HOST}/elsewhere")
}

pub(crate) fn cases() -> Vec<Case> {
    [issuers(), answers()].into_iter().flatten().collect()
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
            .says("Unable to connect to the server: Get \"https://idp.example/.well-known/openid-configuration\": proxyconnect tcp: dial tcp: connect: connection refused"),
        told("oidc: an issuer without metadata", Answer::new(404, "text/html", "<html>\"no\"</html>"))
            .says("Unable to connect to the server: oidc: failed to query metadata endpoint 404 Words: \"<html>\\\"no\\\"</html>\""),
        told("oidc: an issuer with a long story", Answer::new(503, "text/plain", &"x".repeat(100)))
            .says(&format!("Unable to connect to the server: oidc: failed to query metadata endpoint 503 Words: \"{}...\"", "x".repeat(80))),
        told("oidc: an issuer whose metadata is no JSON", json(200, "<html>"))
            .says("Unable to connect to the server: oidc: failed to decode provider discovery object: invalid character '<' looking for beginning of value")
            .but_ours(reasons::PARSER_ERROR)
            .says("Unable to connect to the server: oidc: failed to decode provider discovery object"),
        told("oidc: an issuer that gives no tokens", json(200, "{}"))
            .says("Unable to connect to the server: oidc: discovery object doesn't contain a token_endpoint"),
        told("oidc: an issuer that is elsewhere", Answer::new(302, "text/plain", "").header("location", "https://{HOST}/other/.well-known/openid-configuration"))
            .says("Unable to connect to the server: Get \"{ISSUER}/other/.well-known/openid-configuration\": stopped after 10 redirects")
            .but_ours(reasons::REDIRECTS)
            .says("Unable to connect to the server: oidc: {ISSUER} redirects to {ISSUER}/other/.well-known/openid-configuration, which is not followed: give the right address as idp-issuer-url"),
        told("oidc: an issuer that names a place beside its metadata", elsewhere(json(200, METADATA)))
            .sees(RENEWED)
            .writes(["kubeconfig"]),
        told("oidc: an issuer that names a place beside an error", elsewhere(json(404, "no")))
            .says("Unable to connect to the server: oidc: failed to query metadata endpoint 404 Words: \"no\""),
        // The proxy stands for whoever is on the way.
        with("oidc: an issuer over plain HTTP", &SETTINGS.replace("{ISSUER}", "http://idp.example"))
            .env("HTTP_PROXY", "http://{PROXY}")
            .says("Unable to connect to the server: oidc: failed to query metadata endpoint 404 Words: \"\"")
            .sees(["proxy GET http://idp.example/.well-known/openid-configuration"])
            .but_ours(reasons::PLAIN_ISSUER)
            .says("Unable to connect to the server: \"http://idp.example/.well-known/openid-configuration\": it is plain HTTP, and the refresh token would travel readable")
            .sees([]),
        told("oidc: a token endpoint over plain HTTP", json(200, r#"{"token_endpoint":"http://idp.example/token"}"#))
            .env("HTTP_PROXY", "http://{PROXY}")
            .says("Unable to connect to the server: failed to refresh token: oauth2: cannot fetch token: 404 Words\nResponse: ")
            .sees(["proxy POST http://idp.example/token", RENEWED[1]])
            .but_ours(reasons::PLAIN_ISSUER)
            .says("Unable to connect to the server: failed to refresh token: \"http://idp.example/token\": it is plain HTTP, and the refresh token would travel readable")
            .sees([RENEWED[1]]),
        told("oidc: a token endpoint whose user is behind its end", json(200, r##"{"token_endpoint":"http://idp.example#@127.0.0.1/token"}"##))
            .env("HTTP_PROXY", "http://{PROXY}")
            .says("Unable to connect to the server: failed to refresh token: oauth2: cannot fetch token: 404 Words\nResponse: ")
            .sees(["proxy POST http://idp.example/", RENEWED[1]])
            .but_ours(reasons::PLAIN_ISSUER)
            .says("Unable to connect to the server: failed to refresh token: \"http://idp.example#@127.0.0.1/token\": it is plain HTTP, and the refresh token would travel readable")
            .sees([RENEWED[1]]),
        told("oidc: a token endpoint with a port that is none", json(200, r#"{"token_endpoint":"http://idp.example:99999/token"}"#))
            .env("HTTP_PROXY", "http://{PROXY}")
            .says("Unable to connect to the server: failed to refresh token: oauth2: cannot fetch token: 404 Words\nResponse: ")
            .sees(["proxy POST http://idp.example:99999/token", RENEWED[1]])
            .but_ours(reasons::PLAIN_ISSUER)
            .says("Unable to connect to the server: failed to refresh token: \"http://idp.example:99999/token\": it has no port that can be asked")
            .sees([RENEWED[1]]),
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
            .but_ours(reasons::PARSER_ERROR)
            .says(HTML),
        given("oidc: an answer that is no JSON", json(200, "hello"))
            .says("Unable to connect to the server: failed to refresh token: oauth2: cannot parse json: invalid character 'h' looking for beginning of value")
            .but_ours(reasons::PARSER_ERROR)
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
            .but_ours(reasons::PARSER_ERROR)
            .says("Unable to connect to the server: failed to refresh token: oauth2: cannot fetch token: 404 Words"),
        given("oidc: a token endpoint that is elsewhere", Answer::new(307, "text/plain", "").header("location", "https://{HOST}/other"))
            .says("Unable to connect to the server: failed to refresh token: oauth2: cannot fetch token: 404 Words\nResponse: nothing here")
            .but_ours(reasons::REDIRECTS)
            .says("Unable to connect to the server: failed to refresh token: oauth2: {ISSUER}/token redirects to {ISSUER}/other, which is not followed"),
        given("oidc: an issuer's error with control characters", json(400, r#"{"error":"e\u001b[1m","error_description":"a\u001b[2Jb\n\u009bc"}"#))
            .says("Unable to connect to the server: failed to refresh token: oauth2: \"e\\x1b[1m\" \"a\\x1b[2Jb\\n\\u009bc\""),
        given("oidc: an issuer's error without an end", json(400, &format!(r#"{{"error":"e","error_description":"{}"}}"#, "x".repeat(1000))))
            .says(&format!("Unable to connect to the server: failed to refresh token: oauth2: \"e\" \"{}\"", "x".repeat(1000)))
            .but_ours(reasons::ISSUER_ERROR_CUT)
            .says(&format!("Unable to connect to the server: failed to refresh token: oauth2: \"e\" \"{}...\"", "x".repeat(500))),
    ]
}
