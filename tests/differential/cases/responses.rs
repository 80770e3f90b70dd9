//! Responses of the server, including missing ones, and the resulting errors.

use crate::case::{Case, Command, case};
use crate::servers::{ConnectionMode, Response};

use super::reasons;

pub(crate) fn cases() -> Vec<Case> {
    [
        unresponsive_servers(),
        status_responses(),
        unexpected_responses(),
        header_cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn unresponsive_servers() -> Vec<Case> {
    vec![
        case("a server that refuses connections")
            .usual()
            .flags(["--server=https://{CLOSED}"])
            .reports("The connection to the server {CLOSED} was refused - did you specify the right host or port?"),
        case("a server that accepts connections and sends nothing")
            .usual()
            .server(ConnectionMode::Silent)
            .flags(["--request-timeout=1s"])
            .reports("Unable to connect to the server: context deadline exceeded")
            .but_plugin(reasons::TIMEOUT)
            .reports("Unable to connect to the server: no answer within 1s (--request-timeout)"),
        case("a server that does not respond to the request")
            .usual()
            .server(ConnectionMode::SilentAfterRequest)
            .flags(["--request-timeout=1s"])
            .reports("Unable to connect to the server: context deadline exceeded")
            .but_plugin(reasons::TIMEOUT)
            .reports("Unable to connect to the server: no answer within 1s (--request-timeout)"),
        case("a server that closes the connection")
            .usual()
            .server(ConnectionMode::ClosesConnection)
            .reports("Unable to connect to the server: EOF"),
        case("a server that closes the connection after the handshake")
            .usual()
            .server(ConnectionMode::ClosesAfterHandshake)
            .reports("Unable to connect to the server: EOF"),
        case("a server that closes the connection after the request")
            .usual()
            .server(ConnectionMode::ClosesAfterRequest)
            .reports("Unable to connect to the server: EOF"),
        case("a truncated response")
            .usual()
            .server(Response::new(200, "application/json", "{\"kind\":\"ServiceAccount\"").truncated())
            .reports("error: unexpected error when reading response body. Please retry. Original error: unexpected EOF"),
    ]
}

fn status_responses() -> Vec<Case> {
    let status = |name, answer| case(name).usual().server(answer);
    let account = r#"{"name":"default","kind":"serviceaccounts"}"#;
    vec![
        status("403", Response::status(403, "Forbidden", "serviceaccounts \"default\" is forbidden: no", account))
            .reports("Error from server (Forbidden): serviceaccounts \"default\" is forbidden: no"),
        status("404", Response::status(404, "NotFound", "serviceaccounts \"default\" not found", account))
            .reports("Error from server (NotFound): serviceaccounts \"default\" not found"),
        status("404 for a namespace", Response::status(404, "NotFound", "namespaces \"default\" not found", r#"{"name":"default","kind":"namespaces"}"#))
            .reports("Error from server (NotFound): namespaces \"default\" not found"),
        status("400", Response::status(400, "BadRequest", "what?", "{}"))
            .reports("Error from server (BadRequest): what?"),
        status("410", Response::status(410, "Expired", "too old", "{}"))
            .reports("Error from server (Expired): too old"),
        status("429 once", Response::status(429, "TooManyRequests", "slow down", "{}").once())
            .reports("Error from server (TooManyRequests): slow down")
            .but_plugin(reasons::RETRIES)
            .reaches("token good"),
        status("429 once with a Retry-After header", Response::status(429, "TooManyRequests", "slow down", "{}").header("retry-after", "1").once())
            .reaches("token good"),
        status("500", Response::status(500, "InternalError", "Internal error occurred: oh", "{}"))
            .reports("Error from server (InternalError): Internal error occurred: oh"),
        status("503", Response::status(503, "ServiceUnavailable", "later", "{}"))
            .reports("Error from server (ServiceUnavailable): later"),
        status("504 for a patch", Response::status(504, "Timeout", "too slow", "{}").only_for("PATCH"))
            .command(Command::Patch)
            .reports("Error from server (Timeout): too slow")
            .but_plugin(reasons::UNKNOWN_OUTCOME)
            .reports("error: serviceaccount/default: it is unknown whether it was written: Error from server (Timeout): too slow"),
        status("504 for a create", Response::status(504, "Timeout", "too slow", "{}").only_for("POST").only_for("PATCH"))
            .command(Command::Create)
            .reports("error: failed to create secret too slow")
            .but_plugin(reasons::UNKNOWN_OUTCOME)
            .reports("error: secret/gcr-io: it is unknown whether it was written: Error from server (Timeout): too slow"),
        status("a Status without a reason", Response::status(403, "", "no", "{}"))
            .reports("Error from server: no"),
        status("a Status without a message", Response::status(403, "Forbidden", "", "{}"))
            .reports("Error from server (Forbidden): "),
        status("409 for a patch", Response::status(409, "Conflict", "Operation cannot be fulfilled on serviceaccounts \"default\": the object has been modified; please apply your changes to the latest version and try again", account).only_for("PATCH"))
            .command(Command::Patch)
            .reports("Error from server (Conflict): Operation cannot be fulfilled on serviceaccounts \"default\": the object has been modified; please apply your changes to the latest version and try again"),
        status("403 for a patch", Response::status(403, "Forbidden", "serviceaccounts \"default\" is forbidden: quota", account).only_for("PATCH"))
            .command(Command::Patch)
            .reports("Error from server (Forbidden): serviceaccounts \"default\" is forbidden: quota"),
        status("422 for a patch", Response::status(422, "Invalid", "ServiceAccount \"default\" is invalid: x: bad", r#"{"name":"default","kind":"ServiceAccount","causes":[{"reason":"FieldValueInvalid","message":"Invalid value: 1: bad","field":"x"}]}"#).only_for("PATCH"))
            .command(Command::Patch)
            .reports("The ServiceAccount \"default\" is invalid: x: Invalid value: 1: bad"),
        status("422 with several causes for a patch", Response::status(422, "Invalid", "ServiceAccount \"default\" is invalid: [x, y]", r#"{"name":"default","kind":"ServiceAccount","causes":[{"reason":"FieldValueInvalid","message":"Invalid value: 1: bad","field":"x"},{"reason":"FieldValueRequired","message":"Required value","field":"y"}]}"#).only_for("PATCH"))
            .command(Command::Patch)
            .reports("The ServiceAccount \"default\" is invalid: \n* x: Invalid value: 1: bad\n* y: Required value"),
        status("422 without causes for a patch", Response::status(422, "Invalid", "ServiceAccount \"default\" is invalid: x", r#"{"name":"default","kind":"ServiceAccount"}"#).only_for("PATCH"))
            .command(Command::Patch).reports("The ServiceAccount \"default\" is invalid"),
        case("a patch").usual().command(Command::Patch).reaches("token good"),
    ]
}

fn unexpected_responses() -> Vec<Case> {
    let response =
        |name, status, kind, body| case(name).usual().server(Response::new(status, kind, body));
    vec![
        response("503 in plain text", 503, "text/plain", "no healthy upstream")
            .reports("Error from server (ServiceUnavailable): the server is currently unable to handle the request (get serviceaccounts default)"),
        response("502 in HTML", 502, "text/html", "<html><head><title>502 Bad Gateway</title></head></html>\n")
            .reports("Error from server (InternalError): an error on the server (\"<html><head><title>502 Bad Gateway</title></head></html>\") has prevented the request from succeeding (get serviceaccounts default)"),
        response("500 with an empty body", 500, "text/plain", "")
            .reports("Error from server (InternalError): an error on the server (\"\") has prevented the request from succeeding (get serviceaccounts default)"),
        response("500 in plain text", 500, "text/plain", "boom\n")
            .reports("Error from server (InternalError): an error on the server (\"boom\") has prevented the request from succeeding (get serviceaccounts default)"),
        response("401 in plain text", 401, "text/plain", "who?")
            .reports("error: You must be logged in to the server (the server has asked for the client to provide credentials (get serviceaccounts default))"),
        response("401 in HTML", 401, "text/html", "<html>sign in</html>")
            .reports("error: You must be logged in to the server (the server has asked for the client to provide credentials (get serviceaccounts default))"),
        response("403 in plain text", 403, "text/plain", "go away")
            .reports("Error from server (Forbidden): go away (get serviceaccounts default)"),
        response("403 in HTML", 403, "text/html", "<html>go away</html>")
            .reports("Error from server (Forbidden): <html>go away</html> (get serviceaccounts default)"),
        response("404 in plain text", 404, "text/plain", "404 page not found\n")
            .reports("Error from server (NotFound): the server could not find the requested resource (get serviceaccounts default)"),
        response("404 in HTML", 404, "text/html", "<html>lost</html>")
            .reports("Error from server (NotFound): the server could not find the requested resource (get serviceaccounts default)"),
        response("418", 418, "text/plain", "teapot")
            .reports("Error from server: the server responded with the status code 418 but did not return more information (get serviceaccounts default)"),
        response("truncated JSON", 200, "application/json", r#"{"kind":"ServiceAccount","apiVersion":"v1","metad"#).reports("error: unexpected end of JSON input"),
        response("HTML instead of an object", 200, "text/html", "<html>welcome</html>")
            .reports("error: serializer for text/html doesn't exist"),
        response("200 with an empty body", 200, "application/json", "")
            .reports("error: unexpected end of JSON input"),
        response("JSON that is not an object", 200, "application/json", "[1]")
            .reports("error: json: cannot unmarshal array into Go value of type unstructured.detector")
            .but_plugin(reasons::PARSER_ERROR)
            .reports("error: invalid response from the server (line 1, column 0)"),
        response("an object of another kind", 200, "application/json", r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"default"}}"#)
            .reaches("token good")
            .but_plugin(reasons::KIND)
            .reaches("token good"),
        response("JSON without a kind", 200, "application/json", r#"{"metadata":{"name":"default"}}"#)
            .reports("error: Object 'Kind' is missing in '{\"metadata\":{\"name\":\"default\"}}'")
            .but_plugin(reasons::PARSER_ERROR)
            .reports("error: Object 'Kind' is missing in the server's response"),
        case("200 with a failure Status")
            .usual()
            .server(Response::status(200, "Forbidden", "no", "{}"))
            .reports("Error from server (Forbidden): no"),
        case("200 with a failure Status of code 301")
            .usual()
            .server(Response::new(200, "application/json", r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"moved","code":301}"#))
            .reports("Error from server: moved"),
        case("200 with a failure Status for a patch")
            .usual()
            .command(Command::Patch)
            .server(Response::status(200, "Forbidden", "no", "{}").only_for("PATCH"))
            .reports("Error from server (Forbidden): no"),
        case("200 with a failure Status for a create")
            .usual()
            .command(Command::Create)
            .server(Response::status(200, "Forbidden", "no", "{}").only_for("POST").only_for("PATCH"))
            .reports("error: failed to create secret no")
            .but_plugin(reasons::APPLY)
            .reports("Error from server (Forbidden): no"),
        response("200 with a success Status", 200, "application/json", r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success"}"#)
            .reaches("token good")
            .but_plugin(reasons::STATUS_FOR_OBJECT)
            .reports("error: invalid response from the server (a Status, and no object)"),
        response("403 with JSON that is not a Status", 403, "application/json", r#"{"error":"no"}"#).reports("Error from server (Forbidden): unknown (get serviceaccounts default)"),
        response("403 with truncated JSON", 403, "application/json", r#"{"kind":"Status","status":"Fai"#).reports("Error from server (Forbidden): unknown (get serviceaccounts default)"),
    ]
}

fn header_cases() -> Vec<Case> {
    let redirect = |name, status, location: &str| {
        case(name)
            .usual()
            .server(Response::new(status, "text/plain", "").header("location", location))
    };
    vec![
        case("a Warning header")
            .usual()
            .server(Response::extra_header("warning", "299 - \"this is old\""))
            .warns(["Warning: this is old"])
            .reaches("token good"),
        case("three Warning headers with a duplicate")
            .usual()
            .server(
                Response::extra_header("warning", "299 - \"one\"")
                    .header("warning", "299 - \"two \\\"quoted\\\"\"")
                    .header("warning", "299 - \"one\""),
            )
            .warns(["Warning: one", "Warning: two \"quoted\""]).reaches("token good"),
        case("a Warning header with another code")
            .usual()
            .server(Response::extra_header("warning", "110 - \"stale\""))
            .warns([])
            .reaches("token good"),
        case("several Warnings in one header")
            .usual()
            .server(Response::extra_header("warning", "299 - \"one\", 299 - \"two\""))
            .reaches("token good"),
        redirect("a redirect to another host", 307, "http://{HOST}/elsewhere")
            .reports("Unable to connect to the server: stopped after 10 redirects")
            .but_plugin(reasons::REDIRECTS)
            .reports("Error from server: {HOST} redirects to http://{HOST}/elsewhere, which is not followed: give the right address with --server or in the kubeconfig"),
        redirect("a redirect to another server", 302, "https://cluster.example/elsewhere")
            .reports("Unable to connect to the server: lookup cluster.example")
            .but_plugin(reasons::REDIRECTS)
            .reports("Error from server: {HOST} redirects to https://cluster.example/elsewhere, which is not followed: give the right address with --server or in the kubeconfig"),
        redirect("a redirect without a location", 301, "")
            .reports("Error from server: the server responded with the status code 301 but did not return more information (get serviceaccounts default)")
            .but_plugin(reasons::REDIRECTS)
            .reports("Error from server: {HOST} redirects to an address it does not name, which is not followed: give the right address with --server or in the kubeconfig"),
    ]
}
