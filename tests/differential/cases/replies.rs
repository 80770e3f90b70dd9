//! What servers answer, and what is said of it; also of those that answer nothing.

use crate::case::{Case, Command, case};
use crate::servers::{Answer, Manners};

use super::reasons;

pub(crate) fn cases() -> Vec<Case> {
    [silence(), refusals(), oddities(), headers()]
        .into_iter()
        .flatten()
        .collect()
}

fn silence() -> Vec<Case> {
    vec![
        case("a server that is not there")
            .usual()
            .flags(["--server=https://{NOBODY}"])
            .says("The connection to the server {NOBODY} was refused - did you specify the right host or port?"),
        case("a server that accepts and says nothing")
            .usual()
            .server(Manners::Silent)
            .flags(["--request-timeout=1s"])
            .says("Unable to connect to the server: context deadline exceeded")
            .but_ours(reasons::TIMEOUT)
            .says("Unable to connect to the server: no answer within 1s (--request-timeout)"),
        case("a server that does not answer")
            .usual()
            .server(Manners::SilentAfterRequest)
            .flags(["--request-timeout=1s"])
            .says("Unable to connect to the server: context deadline exceeded")
            .but_ours(reasons::TIMEOUT)
            .says("Unable to connect to the server: no answer within 1s (--request-timeout)"),
        case("a server that hangs up")
            .usual()
            .server(Manners::HangsUp)
            .says("Unable to connect to the server: EOF"),
        case("a server that hangs up after the handshake")
            .usual()
            .server(Manners::HangsUpAfterHandshake)
            .says("Unable to connect to the server: EOF"),
        case("a server that hangs up after the request")
            .usual()
            .server(Manners::HangsUpAfterRequest)
            .says("Unable to connect to the server: EOF"),
        case("a reply that breaks off")
            .usual()
            .server(Answer::new(200, "application/json", "{\"kind\":\"ServiceAccount\"").breaking_off())
            .says("error: unexpected error when reading response body. Please retry. Original error: unexpected EOF"),
    ]
}

fn refusals() -> Vec<Case> {
    let refused = |name, answer| case(name).usual().server(answer);
    let account = r#"{"name":"default","kind":"serviceaccounts"}"#;
    vec![
        refused("403", Answer::status(403, "Forbidden", "serviceaccounts \"default\" is forbidden: no", account))
            .says("Error from server (Forbidden): serviceaccounts \"default\" is forbidden: no"),
        refused("404", Answer::status(404, "NotFound", "serviceaccounts \"default\" not found", account))
            .says("Error from server (NotFound): serviceaccounts \"default\" not found"),
        refused("404 of a namespace", Answer::status(404, "NotFound", "namespaces \"default\" not found", r#"{"name":"default","kind":"namespaces"}"#))
            .says("Error from server (NotFound): namespaces \"default\" not found"),
        refused("400", Answer::status(400, "BadRequest", "what?", "{}"))
            .says("Error from server (BadRequest): what?"),
        refused("410", Answer::status(410, "Expired", "too old", "{}"))
            .says("Error from server (Expired): too old"),
        refused("429 once", Answer::status(429, "TooManyRequests", "slow down", "{}").once())
            .says("Error from server (TooManyRequests): slow down")
            .but_ours(reasons::RETRIES)
            .reaches("token good"),
        refused("429 once, with a time to wait", Answer::status(429, "TooManyRequests", "slow down", "{}").header("retry-after", "1").once())
            .reaches("token good"),
        refused("500", Answer::status(500, "InternalError", "Internal error occurred: oh", "{}"))
            .says("Error from server (InternalError): Internal error occurred: oh"),
        refused("503", Answer::status(503, "ServiceUnavailable", "later", "{}"))
            .says("Error from server (ServiceUnavailable): later"),
        refused("504 to a patch", Answer::status(504, "Timeout", "too slow", "{}").to("PATCH"))
            .command(Command::Patch)
            .says("Error from server (Timeout): too slow")
            .but_ours(reasons::UNKNOWN_OUTCOME)
            .says("error: serviceaccount/default: it is unknown whether it was written: Error from server (Timeout): too slow"),
        refused("504 to a create", Answer::status(504, "Timeout", "too slow", "{}").to("POST").to("PATCH"))
            .command(Command::Create)
            .says("error: failed to create secret too slow")
            .but_ours(reasons::UNKNOWN_OUTCOME)
            .says("error: secret/gcr-io: it is unknown whether it was written: Error from server (Timeout): too slow"),
        refused("a Status without a reason", Answer::status(403, "", "no", "{}"))
            .says("Error from server: no"),
        refused("a Status without a message", Answer::status(403, "Forbidden", "", "{}"))
            .says("Error from server (Forbidden): "),
        refused("409 to a patch", Answer::status(409, "Conflict", "Operation cannot be fulfilled on serviceaccounts \"default\": the object has been modified; please apply your changes to the latest version and try again", account).to("PATCH"))
            .command(Command::Patch)
            .says("Error from server (Conflict): Operation cannot be fulfilled on serviceaccounts \"default\": the object has been modified; please apply your changes to the latest version and try again"),
        refused("403 to a patch", Answer::status(403, "Forbidden", "serviceaccounts \"default\" is forbidden: quota", account).to("PATCH"))
            .command(Command::Patch)
            .says("Error from server (Forbidden): serviceaccounts \"default\" is forbidden: quota"),
        refused("422 to a patch", Answer::status(422, "Invalid", "ServiceAccount \"default\" is invalid: x: bad", r#"{"name":"default","kind":"ServiceAccount","causes":[{"reason":"FieldValueInvalid","message":"Invalid value: 1: bad","field":"x"}]}"#).to("PATCH"))
            .command(Command::Patch)
            .says("The ServiceAccount \"default\" is invalid: x: Invalid value: 1: bad"),
        refused("422 of several causes to a patch", Answer::status(422, "Invalid", "ServiceAccount \"default\" is invalid: [x, y]", r#"{"name":"default","kind":"ServiceAccount","causes":[{"reason":"FieldValueInvalid","message":"Invalid value: 1: bad","field":"x"},{"reason":"FieldValueRequired","message":"Required value","field":"y"}]}"#).to("PATCH"))
            .command(Command::Patch)
            .says("The ServiceAccount \"default\" is invalid: \n* x: Invalid value: 1: bad\n* y: Required value"),
        refused("422 without causes to a patch", Answer::status(422, "Invalid", "ServiceAccount \"default\" is invalid: x", r#"{"name":"default","kind":"ServiceAccount"}"#).to("PATCH"))
            .command(Command::Patch).says("The ServiceAccount \"default\" is invalid"),
        case("a patch").usual().command(Command::Patch).reaches("token good"),
    ]
}

fn oddities() -> Vec<Case> {
    let odd = |name, status, kind, body| case(name).usual().server(Answer::new(status, kind, body));
    vec![
        odd("503 in plain text", 503, "text/plain", "no healthy upstream")
            .says("Error from server (ServiceUnavailable): the server is currently unable to handle the request (get serviceaccounts default)"),
        odd("502 in HTML", 502, "text/html", "<html><head><title>502 Bad Gateway</title></head></html>\n")
            .says("Error from server (InternalError): an error on the server (\"<html><head><title>502 Bad Gateway</title></head></html>\") has prevented the request from succeeding (get serviceaccounts default)"),
        odd("an empty 500", 500, "text/plain", "")
            .says("Error from server (InternalError): an error on the server (\"\") has prevented the request from succeeding (get serviceaccounts default)"),
        odd("500 in plain text", 500, "text/plain", "boom\n")
            .says("Error from server (InternalError): an error on the server (\"boom\") has prevented the request from succeeding (get serviceaccounts default)"),
        odd("401 in plain text", 401, "text/plain", "who?")
            .says("error: You must be logged in to the server (the server has asked for the client to provide credentials (get serviceaccounts default))"),
        odd("401 in HTML", 401, "text/html", "<html>sign in</html>")
            .says("error: You must be logged in to the server (the server has asked for the client to provide credentials (get serviceaccounts default))"),
        odd("403 in plain text", 403, "text/plain", "go away")
            .says("Error from server (Forbidden): go away (get serviceaccounts default)"),
        odd("403 in HTML", 403, "text/html", "<html>go away</html>")
            .says("Error from server (Forbidden): <html>go away</html> (get serviceaccounts default)"),
        odd("404 in plain text", 404, "text/plain", "404 page not found\n")
            .says("Error from server (NotFound): the server could not find the requested resource (get serviceaccounts default)"),
        odd("404 in HTML", 404, "text/html", "<html>lost</html>")
            .says("Error from server (NotFound): the server could not find the requested resource (get serviceaccounts default)"),
        odd("418", 418, "text/plain", "teapot")
            .says("Error from server: the server responded with the status code 418 but did not return more information (get serviceaccounts default)"),
        odd("JSON that ends too early", 200, "application/json", r#"{"kind":"ServiceAccount","apiVersion":"v1","metad"#).says("error: unexpected end of JSON input"),
        odd("HTML instead of an object", 200, "text/html", "<html>welcome</html>")
            .says("error: serializer for text/html doesn't exist"),
        odd("an empty 200", 200, "application/json", "")
            .says("error: unexpected end of JSON input"),
        odd("JSON that is no object", 200, "application/json", "[1]")
            .says("error: json: cannot unmarshal array into Go value of type unstructured.detector")
            .but_ours(reasons::PARSER_ERROR)
            .says("error: the server's answer is not what the API promises (line 1, column 0)"),
        odd("an object of another kind", 200, "application/json", r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"default"}}"#)
            .reaches("token good")
            .but_ours(reasons::KIND)
            .reaches("token good"),
        odd("JSON that does not say its kind", 200, "application/json", r#"{"metadata":{"name":"default"}}"#)
            .says("error: Object 'Kind' is missing in '{\"metadata\":{\"name\":\"default\"}}'")
            .but_ours(reasons::PARSER_ERROR)
            .says("error: Object 'Kind' is missing in the server's answer"),
        case("a 200 that holds a failure")
            .usual()
            .server(Answer::status(200, "Forbidden", "no", "{}"))
            .says("Error from server (Forbidden): no"),
        case("a 200 that holds a failure of a code that is none")
            .usual()
            .server(Answer::new(200, "application/json", r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"moved","code":301}"#))
            .says("Error from server: moved"),
        case("a 200 that holds a failure, to a patch")
            .usual()
            .command(Command::Patch)
            .server(Answer::status(200, "Forbidden", "no", "{}").to("PATCH"))
            .says("Error from server (Forbidden): no"),
        case("a 200 that holds a failure, to a create")
            .usual()
            .command(Command::Create)
            .server(Answer::status(200, "Forbidden", "no", "{}").to("POST").to("PATCH"))
            .says("error: failed to create secret no")
            .but_ours(reasons::APPLY)
            .says("Error from server (Forbidden): no"),
        odd("a Status of success in the object's place", 200, "application/json", r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success"}"#)
            .reaches("token good")
            .but_ours(reasons::STATUS_FOR_OBJECT)
            .says("error: the server's answer is not what the API promises (a Status, and no object)"),
        odd("an error's JSON that is no Status", 403, "application/json", r#"{"error":"no"}"#).says("Error from server (Forbidden): unknown (get serviceaccounts default)"),
        odd("an error's JSON that ends too early", 403, "application/json", r#"{"kind":"Status","status":"Fai"#).says("Error from server (Forbidden): unknown (get serviceaccounts default)"),
    ]
}

fn headers() -> Vec<Case> {
    let moved = |name, status, place: &str| {
        case(name)
            .usual()
            .server(Answer::new(status, "text/plain", "").header("location", place))
    };
    vec![
        case("a Warning header")
            .usual()
            .server(Answer::header_beside("warning", "299 - \"this is old\""))
            .warns(["Warning: this is old"])
            .reaches("token good"),
        case("two Warning headers, one of them twice")
            .usual()
            .server(
                Answer::header_beside("warning", "299 - \"one\"")
                    .header("warning", "299 - \"two \\\"quoted\\\"\"")
                    .header("warning", "299 - \"one\""),
            )
            .warns(["Warning: one", "Warning: two \"quoted\""]).reaches("token good"),
        case("a Warning header of another code")
            .usual()
            .server(Answer::header_beside("warning", "110 - \"stale\""))
            .warns([])
            .reaches("token good"),
        case("several Warnings in one header")
            .usual()
            .server(Answer::header_beside("warning", "299 - \"one\", 299 - \"two\""))
            .reaches("token good"),
        moved("a redirect to another host", 307, "http://{HOST}/elsewhere")
            .says("Unable to connect to the server: stopped after 10 redirects")
            .but_ours(reasons::REDIRECTS)
            .says("Error from server: {HOST} redirects to http://{HOST}/elsewhere, which is not followed: give the right address with --server or in the kubeconfig"),
        moved("a redirect to another server", 302, "https://cluster.example/elsewhere")
            .says("Unable to connect to the server: lookup cluster.example")
            .but_ours(reasons::REDIRECTS)
            .says("Error from server: {HOST} redirects to https://cluster.example/elsewhere, which is not followed: give the right address with --server or in the kubeconfig"),
        moved("a redirect without a place to go", 301, "")
            .says("Error from server: the server responded with the status code 301 but did not return more information (get serviceaccounts default)")
            .but_ours(reasons::REDIRECTS)
            .says("Error from server: {HOST} redirects to an address it does not name, which is not followed: give the right address with --server or in the kubeconfig"),
    ]
}
