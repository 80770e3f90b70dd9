//! `auth-provider: oidc`: the connection to the issuer and its responses.

use crate::case::{Case, case};
use crate::servers::issuer::{FRESH, json};
use crate::servers::{Certificate, Issuer, Response};

use super::oidc::{RENEWED, SETTINGS, expired, with_settings, with_token_response};
use super::reasons;

/// The metadata of an issuer.
const METADATA: &str = r#"{"token_endpoint":"https://{HOST}/token"}"#;

/// Returns a case with an expired token and an issuer with this metadata response.
fn with_metadata(name: &'static str, metadata: Response) -> Case {
    let issuer = Issuer {
        metadata,
        ..Issuer::default()
    };
    case(name).issuer(issuer).user(&expired())
}

/// Adds a location header to a response that is not a redirect.
fn with_location(answer: Response) -> Response {
    answer.header("location", "https://{HOST}/elsewhere")
}

pub(crate) fn cases() -> Vec<Case> {
    [issuer_connections(), token_responses()]
        .into_iter()
        .flatten()
        .collect()
}

/// The connection to the issuer.
fn issuer_connections() -> Vec<Case> {
    let authority = "idp-certificate-authority-data: {CA}";
    let trusting = |name, authority_instead: &str| {
        with_settings(name, &SETTINGS.replace(authority, authority_instead))
    };
    let with_certificate = |name, certificate| {
        let issuer = Issuer {
            certificate,
            ..Issuer::default()
        };
        case(name).issuer(issuer).user(&expired())
    };
    vec![
        with_settings("oidc: an issuer with a path", &SETTINGS.replace("{ISSUER}", "{ISSUER}/realms/one/"))
            .reaches_exactly([RENEWED[0], "issuer metadata request/realms/one", RENEWED[2]]),
        trusting("oidc: an issuer's CA in a file", "idp-certificate-authority: idp.crt")
            .file("idp.crt", "{CA_PEM}")
            .reaches_exactly(RENEWED),
        trusting("oidc: an issuer's CA as data and as a file", "idp-certificate-authority-data: {CA}, idp-certificate-authority: nowhere.crt")
            .reaches_exactly(RENEWED),
        trusting("oidc: an issuer's CA in a missing file", "idp-certificate-authority: nowhere.crt")
            .reports("error: open nowhere.crt: no such file or directory"),
        trusting("oidc: an issuer's CA that is not base64", "idp-certificate-authority-data: '***'")
            .reports("error: illegal base64 data at input byte 0"),
        trusting("oidc: an issuer with a certificate of a system CA", "client-id: me")
            .file("roots.crt", "{CA_PEM}")
            .env("SSL_CERT_FILE", "{WORK}/roots.crt")
            .reaches_exactly(RENEWED),
        trusting("oidc: an issuer with a certificate of an unknown CA", "idp-certificate-authority-data: {OTHER_CA}")
            .reports("Unable to connect to the server: Get \"{ISSUER}/.well-known/openid-configuration\": tls: failed to verify certificate: x509: certificate signed by unknown authority")
            .writes([]),
        with_certificate("oidc: an issuer with a certificate for another name", Certificate::WrongName)
            .reports("Unable to connect to the server: Get \"{ISSUER}/.well-known/openid-configuration\": tls: failed to verify certificate: x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs"),
        with_settings("oidc: an issuer that refuses connections", &SETTINGS.replace("{ISSUER}", "https://{CLOSED}"))
            .reports("The connection to the server {HOST} was refused - did you specify the right host or port?")
            .but_plugin(reasons::ISSUER)
            .reports("Unable to connect to the server: Get \"https://{CLOSED}/.well-known/openid-configuration\": dial tcp: connect: connection refused"),
        with_settings("oidc: an issuer whose name cannot be resolved", &SETTINGS.replace("{ISSUER}", "https://idp.example"))
            .reports("Unable to connect to the server: lookup idp.example"),
        with_settings("oidc: an issuer behind a proxy that refuses connections", &SETTINGS.replace("{ISSUER}", "https://idp.example"))
            .env("HTTPS_PROXY", "http://{CLOSED}")
            .reports("The connection to the server {HOST} was refused - did you specify the right host or port?")
            .but_plugin(reasons::ISSUER)
            .reports("Unable to connect to the server: Get \"https://idp.example/.well-known/openid-configuration\": proxyconnect tcp: dial tcp: connect: connection refused"),
        with_metadata("oidc: an issuer without metadata", Response::new(404, "text/html", "<html>\"no\"</html>"))
            .reports("Unable to connect to the server: oidc: failed to query metadata endpoint 404 Words: \"<html>\\\"no\\\"</html>\""),
        with_metadata("oidc: an issuer with a long error", Response::new(503, "text/plain", &"x".repeat(100)))
            .reports(&format!("Unable to connect to the server: oidc: failed to query metadata endpoint 503 Words: \"{}...\"", "x".repeat(80))),
        with_metadata("oidc: an issuer whose metadata is not JSON", json(200, "<html>"))
            .reports("Unable to connect to the server: oidc: failed to decode provider discovery object: invalid character '<' looking for beginning of value")
            .but_plugin(reasons::PARSER_ERROR)
            .reports("Unable to connect to the server: oidc: failed to decode provider discovery object"),
        with_metadata("oidc: an issuer without a token endpoint", json(200, "{}"))
            .reports("Unable to connect to the server: oidc: discovery object doesn't contain a token_endpoint"),
        with_metadata("oidc: an issuer that redirects", Response::new(302, "text/plain", "").header("location", "https://{HOST}/other/.well-known/openid-configuration"))
            .reports("Unable to connect to the server: Get \"{ISSUER}/other/.well-known/openid-configuration\": stopped after 10 redirects")
            .but_plugin(reasons::REDIRECTS)
            .reports("Unable to connect to the server: oidc: {ISSUER} redirects to {ISSUER}/other/.well-known/openid-configuration, which is not followed: set idp-issuer-url to the right address"),
        with_metadata("oidc: an issuer with a location header in its metadata response", with_location(json(200, METADATA)))
            .reaches_exactly(RENEWED)
            .writes(["kubeconfig"]),
        with_metadata("oidc: an issuer with a location header in its error", with_location(json(404, "no")))
            .reports("Unable to connect to the server: oidc: failed to query metadata endpoint 404 Words: \"no\""),
        // The proxy takes the place of an attacker on the network path.
        with_settings("oidc: an issuer over plain HTTP", &SETTINGS.replace("{ISSUER}", "http://idp.example"))
            .env("HTTP_PROXY", "http://{PROXY}")
            .reports("Unable to connect to the server: oidc: failed to query metadata endpoint 404 Words: \"\"")
            .reaches_exactly(["proxy GET http://idp.example/.well-known/openid-configuration"])
            .but_plugin(reasons::PLAIN_ISSUER)
            .reports("Unable to connect to the server: \"http://idp.example/.well-known/openid-configuration\": plain HTTP would expose the refresh token")
            .reaches_exactly([]),
        with_metadata("oidc: a token endpoint over plain HTTP", json(200, r#"{"token_endpoint":"http://idp.example/token"}"#))
            .env("HTTP_PROXY", "http://{PROXY}")
            .reports("Unable to connect to the server: failed to refresh token: oauth2: cannot fetch token: 404 Words\nResponse: ")
            .reaches_exactly(["proxy POST http://idp.example/token", RENEWED[1]])
            .but_plugin(reasons::PLAIN_ISSUER)
            .reports("Unable to connect to the server: failed to refresh token: \"http://idp.example/token\": plain HTTP would expose the refresh token")
            .reaches_exactly([RENEWED[1]]),
        with_metadata("oidc: a token endpoint with a user name in the fragment", json(200, r##"{"token_endpoint":"http://idp.example#@127.0.0.1/token"}"##))
            .env("HTTP_PROXY", "http://{PROXY}")
            .reports("Unable to connect to the server: failed to refresh token: oauth2: cannot fetch token: 404 Words\nResponse: ")
            .reaches_exactly(["proxy POST http://idp.example/", RENEWED[1]])
            .but_plugin(reasons::PLAIN_ISSUER)
            .reports("Unable to connect to the server: failed to refresh token: \"http://idp.example#@127.0.0.1/token\": plain HTTP would expose the refresh token")
            .reaches_exactly([RENEWED[1]]),
        with_metadata("oidc: a token endpoint with an invalid port", json(200, r#"{"token_endpoint":"http://idp.example:99999/token"}"#))
            .env("HTTP_PROXY", "http://{PROXY}")
            .reports("Unable to connect to the server: failed to refresh token: oauth2: cannot fetch token: 404 Words\nResponse: ")
            .reaches_exactly(["proxy POST http://idp.example:99999/token", RENEWED[1]])
            .but_plugin(reasons::PLAIN_ISSUER)
            .reports("Unable to connect to the server: failed to refresh token: \"http://idp.example:99999/token\": invalid port")
            .reaches_exactly([RENEWED[1]]),
    ]
}

/// The responses of the token endpoint.
fn token_responses() -> Vec<Case> {
    const HTML: &str = "Unable to connect to the server: failed to refresh token: oauth2: cannot fetch token: 500 Words";
    const NO_TOKEN: &str = "Unable to connect to the server: token response did not contain an id_token, either the scope \"openid\" wasn't requested upon login, or the provider doesn't support id_tokens as part of the refresh response";
    vec![
        with_settings("oidc: a used refresh token", &SETTINGS.replace("r1", "r0"))
            .reports("Unable to connect to the server: failed to refresh token: oauth2: \"invalid_grant\" \"spent\"")
            .writes([]),
        with_token_response("oidc: an issuer's error with an error_uri", json(400, r#"{"error":"a\"b","error_description":"","error_uri":"https://x"}"#))
            .reports("Unable to connect to the server: failed to refresh token: oauth2: \"a\\\"b\" \"https://x\""),
        with_token_response("oidc: an error with status 200", json(200, r#"{"error":"no","access_token":"a","id_token":"x"}"#))
            .reports("Unable to connect to the server: failed to refresh token: oauth2: \"no\"")
            .writes([]),
        with_token_response("oidc: an issuer that returns status 500", Response::new(500, "text/html", "<html>sorry</html>"))
            .reports(&format!("{HTML}\nResponse: <html>sorry</html>"))
            .but_plugin(reasons::PARSER_ERROR)
            .reports(HTML),
        with_token_response("oidc: a token response that is not JSON", json(200, "hello"))
            .reports("Unable to connect to the server: failed to refresh token: oauth2: cannot parse json: invalid character 'h' looking for beginning of value")
            .but_plugin(reasons::PARSER_ERROR)
            .reports("Unable to connect to the server: failed to refresh token: oauth2: cannot parse json"),
        with_token_response("oidc: a token response without an access token", json(200, &format!(r#"{{"id_token":"{FRESH}"}}"#)))
            .reports("Unable to connect to the server: failed to refresh token: oauth2: server response missing access_token")
            .writes([]),
        with_token_response("oidc: a token response without an ID token", json(200, r#"{"access_token":"a","refresh_token":"r2"}"#))
            .reports(NO_TOKEN)
            .writes([]),
        with_token_response("oidc: an ID token that is not a string", json(200, r#"{"access_token":"a","id_token":7}"#))
            .reports(NO_TOKEN)
            .writes([]),
        with_token_response(
            "oidc: a form-encoded token response",
            Response::new(
                200,
                "application/x-www-form-urlencoded; charset=utf-8",
                &format!("access_token=a&id_token={FRESH}&refresh_token={{NEXT}}"),
            ),
        )
            .reaches_exactly(RENEWED)
            .writes(["kubeconfig"]),
        with_token_response("oidc: an ID token that is not a JWT", json(200, r#"{"access_token":"a","id_token":"opaque"}"#))
            .reaches_exactly(["server as token opaque", RENEWED[1], RENEWED[2]]),
        with_metadata("oidc: a token endpoint that returns 404", json(200, r#"{"token_endpoint":"https://{HOST}/nowhere"}"#))
            .reports("Unable to connect to the server: failed to refresh token: oauth2: cannot fetch token: 404 Words\nResponse: nothing here")
            .but_plugin(reasons::PARSER_ERROR)
            .reports("Unable to connect to the server: failed to refresh token: oauth2: cannot fetch token: 404 Words"),
        with_token_response("oidc: a token endpoint that redirects", Response::new(307, "text/plain", "").header("location", "https://{HOST}/other"))
            .reports("Unable to connect to the server: failed to refresh token: oauth2: cannot fetch token: 404 Words\nResponse: nothing here")
            .but_plugin(reasons::REDIRECTS)
            .reports("Unable to connect to the server: failed to refresh token: oauth2: {ISSUER}/token redirects to {ISSUER}/other, which is not followed"),
        with_token_response("oidc: an issuer's error with control characters", json(400, r#"{"error":"e\u001b[1m","error_description":"a\u001b[2Jb\n\u009bc"}"#))
            .reports("Unable to connect to the server: failed to refresh token: oauth2: \"e\\x1b[1m\" \"a\\x1b[2Jb\\n\\u009bc\""),
        with_token_response("oidc: an issuer's very long error", json(400, &format!(r#"{{"error":"e","error_description":"{}"}}"#, "x".repeat(1000))))
            .reports(&format!("Unable to connect to the server: failed to refresh token: oauth2: \"e\" \"{}\"", "x".repeat(1000)))
            .but_plugin(reasons::ISSUER_ERROR_CUT)
            .reports(&format!("Unable to connect to the server: failed to refresh token: oauth2: \"e\" \"{}...\"", "x".repeat(500))),
    ]
}
