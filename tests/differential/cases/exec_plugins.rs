//! Exec plugins: their input, the number of their starts, and their output.

use crate::case::{Case, case};
use crate::servers::Response;

use super::reasons;

const V1: &str = "client.authentication.k8s.io/v1";
const V1BETA1: &str = "client.authentication.k8s.io/v1beta1";
const V1ALPHA1: &str = "client.authentication.k8s.io/v1alpha1";

/// Returns the settings of a user with the exec plugin `plugin` and additional settings `more`.
fn exec(version: &str, more: &str) -> String {
    format!("exec: {{apiVersion: {version}, command: plugin, {more}}}")
}

/// Returns a script that prints an ExecCredential with this status.
fn returns_status(version: &str, status: &str) -> String {
    format!(
        r#"printf '%s\n' '{{"apiVersion":"{version}","kind":"ExecCredential","status":{status}}}'"#
    )
}

/// Returns a script that prints an ExecCredential with the token `good`.
fn returns_token(version: &str) -> String {
    returns_status(version, r#"{"token":"good"}"#)
}

/// The accesses to a remote server through a proxy.
const THROUGH_PROXY: [&str; 2] = [
    "server as token good, host cluster.example:6443, name cluster.example",
    "proxy CONNECT cluster.example:6443",
];
const NOT_FOUND: &str = "Unable to connect to the server: getting credentials: exec: executable plugin not found\n\nIt looks like you are trying to use a client-go credential plugin that is not installed.\n\nTo learn more about this feature, consult the documentation available at:\n      https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins";
const NEVER: &str = "interactiveMode: Never";

pub(crate) fn cases() -> Vec<Case> {
    [
        invocations(),
        interactive_modes(),
        plugin_output(),
        failures(),
        kuberc_policies(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Returns a case whose exec plugin records its exec info for a cluster with these settings.
fn recording_input(name: &'static str, cluster: &str) -> Case {
    let note = "echo \"$KUBERNETES_EXEC_INFO $HTTPS_PROXY\" >> {WORK}/starts";
    case(name)
        .cluster_and_user(
            &format!("server: '{{SERVER}}', certificate-authority-data: {{CA}}{cluster}"),
            &exec(V1, "interactiveMode: Never, provideClusterInfo: true"),
        )
        .script("plugin", format!("{note}\n{}", returns_token(V1)))
}

fn invocations() -> Vec<Case> {
    let v1 = |name| {
        case(name)
            .user(&exec(V1, NEVER))
            .script("plugin", returns_token(V1))
    };
    let recording = |what: &str| format!("{what} >> {{WORK}}/starts\n{}", returns_token(V1));
    vec![
        v1("a v1 exec plugin").reaches("token good"),
        case("a v1beta1 exec plugin")
            .user(&exec(V1BETA1, "args: []"))
            .script("plugin", returns_token(V1BETA1))
            .reaches("token good"),
        case("a v1alpha1 exec plugin")
            .user(&exec(V1ALPHA1, "args: []"))
            .script("plugin", returns_token(V1ALPHA1))
            .reports("error: exec plugin: invalid apiVersion \"client.authentication.k8s.io/v1alpha1\""),
        case("a null argument and a variable without a value of an exec plugin")
            .user(&exec(V1, "interactiveMode: Never, args: [null, a], env: [{name: WHO}]"))
            .script("plugin", recording("echo \"$# <$1> <$2> <$WHO>\""))
            .reaches("token good"),
        case("arguments and variables of an exec plugin")
            .user(&exec(V1, "interactiveMode: Never, args: [a, 'b c'], env: [{name: WHO, value: me}]"))
            .script("plugin", recording("echo \"$# $1 $2 $WHO\""))
            .reaches("token good"),
        case("exec info without cluster info")
            .user(&exec(V1, NEVER))
            .script("plugin", recording("echo \"$KUBERNETES_EXEC_INFO\""))
            .reaches("token good"),
        case("exec info with cluster info")
            .cluster_and_user(
                "server: '{SERVER}', certificate-authority-data: {CA}, tls-server-name: tls.example, extensions: \
                 [{name: client.authentication.k8s.io/exec, extension: {audience: a}}]",
                &exec(V1, "interactiveMode: Never, provideClusterInfo: true"),
            )
            .script("plugin", recording("echo \"$KUBERNETES_EXEC_INFO\""))
            .reaches_exactly(["server as token good, name tls.example"]),
        recording_input(
            "exec info with numbers and booleans",
            ", extensions: [{name: client.authentication.k8s.io/exec, extension: {a: y, c: true, e: 0x1F, f: 1.50, g: null, h: 2020-01-01, i: 0o7, j: 1_000, l: 1e3, n: 12345678901234567890, o: 1.0, 2: b, off: d}}]",
        )
            .reaches("token good"),
        recording_input(
            "exec info with HTML characters",
            ", extensions: [{name: client.authentication.k8s.io/exec, extension: {a: '<b>&', c: 'é\u{2028}'}}]",
        )
            .reaches("token good"),
        recording_input("exec info with a proxy-url", ", proxy-url: 'http://me:pw@{PROXY}'")
            .reaches_exactly(["server as token good", "proxy CONNECT {HOST} as basic me:pw"]),
        recording_input("exec info does not contain a proxy of the environment", "")
            .flags(["--server=https://cluster.example:6443"])
            .env("HTTPS_PROXY", "http://{PROXY}")
            .reaches_exactly(THROUGH_PROXY),
        recording_input("exec info with a proxy of a flag", "")
            .flags(["--server=https://cluster.example:6443", "--proxy-url=http://{PROXY}"])
            .reaches_exactly(THROUGH_PROXY),
        recording_input("exec info with a server path", "")
            .flags(["--server={SERVER}/k8s/clusters/c-abc?x=1"])
            .reaches("token good, below /k8s/clusters/c-abc"),
        v1("an exec plugin in a relative directory of PATH")
            .env("PATH", "../bin:{BIN}:/usr/bin:/bin")
            .reports(NOT_FOUND),
        v1("an exec plugin in the current directory, through an empty entry of PATH")
            .file("plugin", "#!/bin/sh\n")
            .env("PATH", "/nowhere::/usr/bin:/bin")
            .reports(NOT_FOUND),
        v1("an exec plugin in an absolute directory of PATH before a relative one")
            .env("PATH", "/nowhere:{BIN}:../bin:/usr/bin:/bin")
            .reaches("token good"),
        case("an exec plugin with a relative path")
            .user("exec: {apiVersion: client.authentication.k8s.io/v1, command: ../bin/plugin, interactiveMode: Never}")
            .script("plugin", returns_token(V1))
            .reaches("token good"),
        v1("an exec plugin over plain HTTP").flags(["--server=http://{HOST}"]).reaches("anonymous, plain"),
        v1("an exec plugin with --token").flags(["--token=flag"]).reaches("token flag"),
        v1("an exec plugin with client certificate flags")
            .file("h.crt", "{CERT_PEM}")
            .file("h.key", "{KEY_PEM}")
            .flags(["--client-certificate=h.crt", "--client-key=h.key"])
            .reaches("certificate human"),
        case("an exec plugin with a token")
            .user(&format!("token: inline, {}", exec(V1, NEVER)))
            .script("plugin", returns_token(V1))
            .reaches("token inline"),
        case("an exec plugin with a user name")
            .user(&format!("username: me, password: pw, {}", exec(V1, NEVER)))
            .script("plugin", returns_token(V1)).reaches("basic me:pw"),
        v1("an exec plugin whose token is rejected once")
            .server(Response::status(401, "Unauthorized", "Unauthorized", "{}").once())
            .reports("error: You must be logged in to the server (Unauthorized)")
            .but_plugin(reasons::RETRIES)
            .reaches("token good"),
        v1("an exec plugin whose token is always rejected")
            .server(Response::status(401, "Unauthorized", "Unauthorized", "{}"))
            .reports("error: You must be logged in to the server (Unauthorized)"),
        v1("an exec plugin with --as").flags(["--as=alice"]).reaches("token good for user alice"),
    ]
}

fn interactive_modes() -> Vec<Case> {
    let mode = |name, mode: &str| {
        case(name)
            .user(&exec(V1, mode))
            .script("plugin", returns_token(V1))
    };
    vec![
        mode("interactiveMode IfAvailable", "interactiveMode: IfAvailable").reaches("token good"),
        mode("interactiveMode Always without a terminal", "interactiveMode: Always")
            .reports("Unable to connect to the server: getting credentials: exec plugin cannot support interactive mode: standard input is not a terminal"),
        mode("no interactiveMode", "args: []")
            .reports("error: interactiveMode must be specified for u to use exec authentication plugin"),
        mode("an unknown interactiveMode", "interactiveMode: Sometimes")
            .reports("error: invalid interactiveMode for u: \"Sometimes\""),
        case("interactiveMode Always of a v1beta1 exec plugin without a terminal")
            .user(&exec(V1BETA1, "interactiveMode: Always"))
            .script("plugin", returns_token(V1BETA1))
            .reports("Unable to connect to the server: getting credentials: exec plugin cannot support interactive mode: standard input is not a terminal"),
    ]
}

fn plugin_output() -> Vec<Case> {
    let status = |name, status: &str| {
        case(name)
            .user(&exec(V1, NEVER))
            .script("plugin", returns_status(V1, status))
    };
    let prints = |name, body: &str| case(name).user(&exec(V1, NEVER)).script("plugin", body);
    vec![
        status(
            "an exec plugin returns a client certificate",
            r#"{"clientCertificateData":"{CERT_JSON}","clientKeyData":"{KEY_JSON}"}"#,
        ).reaches("certificate human"),
        status(
            "an exec plugin returns a client certificate and a token",
            r#"{"clientCertificateData":"{CERT_JSON}","clientKeyData":"{KEY_JSON}","token":"good"}"#,
        ).reaches("certificate human, token good"),
        status(
            "an exec plugin returns an RSA key labelled as PKCS#8",
            r#"{"clientCertificateData":"{RSA_CERT_JSON}","clientKeyData":"{RSA_KEY_JSON}"}"#,
        )
        .reaches("certificate of another user"),
        status(
            "an exec plugin returns a PKCS#8 key labelled as RSA",
            r#"{"clientCertificateData":"{CERT_JSON}","clientKeyData":"{KEY_AS_RSA_JSON}"}"#,
        )
        .reaches("certificate human"),
        status("an exec plugin returns a client certificate without a key", r#"{"clientCertificateData":"{CERT_JSON}"}"#).reports("Unable to connect to the server: getting credentials: exec plugin returned only certificate or key, not both"),
        status("an exec plugin returns an invalid client certificate", r#"{"clientCertificateData":"x","clientKeyData":"y"}"#).reports("Unable to connect to the server: getting credentials: failed parsing client key/certificate: tls: failed to find any PEM data in certificate input"),
        status("an exec plugin returns an expired token", r#"{"token":"good","expirationTimestamp":"2020-01-01T00:00:00Z"}"#).reaches("token good"),
        status("an exec plugin returns a token that will expire", r#"{"token":"good","expirationTimestamp":"2099-01-01T00:00:00Z"}"#)
            .reaches("token good"),
        status("an exec plugin returns a token that expires in the year 9999", r#"{"token":"good","expirationTimestamp":"9999-12-31T23:59:59Z"}"#)
            .reaches("token good"),
        status("an exec plugin returns an expiry that is not a time", r#"{"token":"good","expirationTimestamp":"tomorrow"}"#).reports("Unable to connect to the server: getting credentials: decoding stdout: parsing time \"tomorrow\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"tomorrow\" as \"2006\"").but_plugin(reasons::PARSER_ERROR).reports("Unable to connect to the server: getting credentials: decoding stdout: expirationTimestamp is not a time"),
        status("an exec plugin returns an expiry with a space", r#"{"token":"good","expirationTimestamp":"2099-01-01 00:00:00Z"}"#)
            .reports("Unable to connect to the server: getting credentials: decoding stdout: parsing time \"2099-01-01 00:00:00Z\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \" 00:00:00Z\" as \"T\"")
            .but_plugin(reasons::PARSER_ERROR)
            .reports("Unable to connect to the server: getting credentials: decoding stdout: expirationTimestamp is not a time"),
        status("an exec plugin returns an expiry with an offset without a colon", r#"{"token":"good","expirationTimestamp":"2099-01-01T00:00:00+0100"}"#)
            .reports("Unable to connect to the server: getting credentials: decoding stdout: parsing time \"2099-01-01T00:00:00+0100\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"+0100\" as \"Z07:00\"")
            .but_plugin(reasons::PARSER_ERROR)
            .reports("Unable to connect to the server: getting credentials: decoding stdout: expirationTimestamp is not a time"),
        status("an exec plugin returns an expiry without seconds", r#"{"token":"good","expirationTimestamp":"2099-01-01T00:00Z"}"#)
            .reports("Unable to connect to the server: getting credentials: decoding stdout: parsing time \"2099-01-01T00:00Z\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"Z\" as \":\"")
            .but_plugin(reasons::PARSER_ERROR)
            .reports("Unable to connect to the server: getting credentials: decoding stdout: expirationTimestamp is not a time"),
        status("an exec plugin returns an expiry with a leap second", r#"{"token":"good","expirationTimestamp":"2099-01-01T00:00:60Z"}"#)
            .reports("Unable to connect to the server: getting credentials: decoding stdout: parsing time \"2099-01-01T00:00:60Z\": second out of range")
            .but_plugin(reasons::PARSER_ERROR)
            .reports("Unable to connect to the server: getting credentials: decoding stdout: expirationTimestamp is not a time"),
        status("an exec plugin returns an expiry with a one-digit hour", r#"{"token":"good","expirationTimestamp":"2099-01-01T0:00:00Z"}"#).reaches("token good"),
        status("an exec plugin returns an expiry with a decimal comma", r#"{"token":"good","expirationTimestamp":"2099-01-01T00:00:00,5+01:00"}"#).reaches("token good"),
        status("an exec plugin returns a duplicate token", r#"{"token":"other","token":"good"}"#).reaches("token good"),
        status("an exec plugin returns a token and then null", r#"{"token":"good","token":null}"#).reaches("token good"),
        prints("an exec plugin returns its status in two parts", r#"echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"good"},"status":{"expirationTimestamp":"2099-01-01T00:00:00Z"}}'"#).reaches("token good"),
        status("an exec plugin returns its status as a list", r#"["2099-01-01T00:00:00Z","good"]"#)
            .reports("Unable to connect to the server: getting credentials: decoding stdout: json: cannot unmarshal array into Go struct field ExecCredential.status of type v1.ExecCredentialStatus")
            .but_plugin(reasons::PARSER_ERROR)
            .reports("Unable to connect to the server: getting credentials: decoding stdout: it is not an ExecCredential"),
        prints("an exec plugin returns a duplicate status", r#"echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"other"},"status":{"token":"good"}}'"#).reaches("token good"),
        status("an exec plugin returns an empty status", "{}")
            .reports("Unable to connect to the server: getting credentials: exec plugin didn't return a token or cert/key pair"),
        status("an exec plugin returns an empty token", r#"{"token":""}"#).reports("Unable to connect to the server: getting credentials: exec plugin didn't return a token or cert/key pair"),
        status("an exec plugin returns unknown fields", r#"{"token":"good","colour":"red"}"#).reaches("token good"),
        prints("an exec plugin prints nothing", "true")
            .reports("Unable to connect to the server: getting credentials: exec plugin is configured to use API version client.authentication.k8s.io/v1, plugin returned version client.authentication.k8s.io/__internal")
            .but_plugin(reasons::PARSER_ERROR)
            .reports("Unable to connect to the server: getting credentials: decoding stdout: it is not an ExecCredential"),
        prints("an exec plugin prints text that is not JSON", "echo secret-token")
            .reports("Unable to connect to the server: getting credentials: decoding stdout: couldn't get version/kind; json parse error: json: cannot unmarshal string into Go value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }")
            .but_plugin(reasons::PARSER_ERROR)
            .reports("Unable to connect to the server: getting credentials: decoding stdout: it is not an ExecCredential"),
        prints("an exec plugin returns another version", &returns_token(V1BETA1))
            .reports("Unable to connect to the server: getting credentials: exec plugin is configured to use API version client.authentication.k8s.io/v1, plugin returned version client.authentication.k8s.io/v1beta1"),
        prints("an exec plugin returns another kind", r#"echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"Pod","status":{"token":"good"}}'"#).reports("Unable to connect to the server: getting credentials: decoding stdout: no kind \"Pod\" is registered for version \"client.authentication.k8s.io/v1\" in scheme \"pkg/runtime/scheme.go:111\"").but_plugin(reasons::PARSER_ERROR).reports("Unable to connect to the server: getting credentials: decoding stdout: it is not an ExecCredential"),
        prints("an exec plugin returns no status", r#"echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential"}'"#).reports("Unable to connect to the server: getting credentials: exec plugin didn't return a status field"),
        prints("an exec plugin prints a line break inside a JSON string", "printf '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"go\nod\"}}'")
            .reports("Unable to connect to the server: getting credentials: decoding stdout: couldn't get version/kind; json parse error: invalid character '\\n' in string literal")
            .but_plugin(reasons::PARSER_ERROR)
            .reports("Unable to connect to the server: getting credentials: decoding stdout: it is not an ExecCredential"),
        prints("an exec plugin prints YAML", "printf 'apiVersion: client.authentication.k8s.io/v1\\nkind: ExecCredential\\nstatus: {token: good}\\n'")
            .reaches("token good"),
        prints("an exec plugin writes to standard error", &format!("echo please wait >&2\n{}", returns_token(V1)))
            .reaches("token good")
            .reports("please wait"),
    ]
}

fn failures() -> Vec<Case> {
    let user = |more: &str| exec(V1, &format!("interactiveMode: Never{more}"));
    vec![
        case("a missing exec plugin")
            .user(&user(""))
            .reports(NOT_FOUND),
        case("a missing exec plugin with an install hint")
            .user(&user(", installHint: \"install it\\nand so on\""))
            .reports("Unable to connect to the server: getting credentials: exec: executable plugin not found\n\nIt looks like you are trying to use a client-go credential plugin that is not installed.\n\nTo learn more about this feature, consult the documentation available at:\n      https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins\n\ninstall it\nand so on"),
        case("a missing exec plugin with control characters in the install hint")
            .user(&user(", installHint: \"a\\e[1mb\\tc\\u0007\\u202ed\""))
            .reports(&format!("{NOT_FOUND}\n\naU+001B[1mb\tcU+0007U+202Ed")),
        case("a missing exec plugin with a path that is not canonical").user(
            "exec: {apiVersion: client.authentication.k8s.io/v1, command: /nonexistent/../nowhere//x, interactiveMode: Never}",
        )
            .reports("Unable to connect to the server: getting credentials: exec: fork/exec /nowhere/x: no such file or directory"),
        case("a missing exec plugin with an absolute path").user(
            "exec: {apiVersion: client.authentication.k8s.io/v1, command: /nonexistent/plugin, interactiveMode: Never}",
        )
            .reports("Unable to connect to the server: getting credentials: exec: fork/exec /nonexistent/plugin: no such file or directory"),
        case("an exec plugin that is not executable")
            .user("exec: {apiVersion: client.authentication.k8s.io/v1, command: ./key.json, interactiveMode: Never}")
            .reports("Unable to connect to the server: getting credentials: exec: fork/exec {WORK}/key.json: permission denied"),
        case("an exec plugin that fails")
            .user(&user(""))
            .script("plugin", "echo secret; echo sorry >&2; exit 5")
            .reports("sorry\nUnable to connect to the server: getting credentials: exec: executable plugin failed with exit code 5"),
        case("an exec plugin that is killed")
            .user(&user(""))
            .script("plugin", "kill -9 $$")
            .reports("Unable to connect to the server: getting credentials: exec: executable plugin failed with exit code -1"),
        case("an exec plugin with an unknown version")
            .user(&exec("client.authentication.k8s.io/v9", NEVER))
            .reports("error: exec plugin: invalid apiVersion \"client.authentication.k8s.io/v9\""),
        case("an exec plugin without a version")
            .user("exec: {command: plugin, interactiveMode: Never}")
            .reports("error: apiVersion must be specified for u to use exec authentication plugin"),
        case("an exec plugin without a command")
            .user("exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}")
            .reports("error: command must be specified for u to use exec authentication plugin"),
        case("an exec plugin with a variable without a name")
            .user(&user(", env: [{value: x}]"))
            .script("plugin", returns_token(V1))
            .reports("error: env variable name must be specified for u to use exec authentication plugin"),
    ]
}

/// Policies of kubectl's preferences (kuberc) for exec plugins.
fn kuberc_policies() -> Vec<Case> {
    let head = "apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\n";
    let kuberc = |name, text: &str| {
        case(name)
            .user(&exec(V1, NEVER))
            .script("plugin", returns_token(V1))
            .file("../home/.kube/kuberc", format!("{head}{text}"))
    };
    let deny = "credentialPluginPolicy: DenyAll\n";
    let listed = |name, list: &str| {
        let text =
            format!("credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: [{list}]\n");
        kuberc(name, &text)
    };
    vec![
        kuberc("kuberc: DenyAll", deny)
            .reports("Unable to connect to the server: getting credentials: plugin \"plugin\" not allowed: policy set to \"DenyAll\""),
        kuberc("kuberc: DenyAll without an exec plugin", deny)
            .flags(["--token=flag"])
            .reaches("token flag"),
        kuberc("kuberc: disabled by KUBERC", deny).env("KUBERC", "off").reaches("token good"),
        kuberc("kuberc: another file", "")
            .file("mine", format!("{head}{deny}"))
            .env("KUBERC", "{WORK}/mine")
            .reports("Unable to connect to the server: getting credentials: plugin \"plugin\" not allowed: policy set to \"DenyAll\""),
        kuberc("kuberc: another file that is missing", "")
            .env("KUBERC", "{WORK}/mine")
            .reports("error occurred while applying preferences kuberc error kuberc: open {WORK}/mine: no such file or directory"),
        listed("kuberc: an exec plugin in the allowlist by command", "{command: other}, {command: plugin}")
            .reaches("token good"),
        listed("kuberc: an exec plugin in the allowlist by path", "{name: '{BIN}/plugin'}")
            .reaches("token good"),
        listed("kuberc: an exec plugin that is not in the allowlist", "{command: other}, {command: /usr/bin/plugin}")
            .reports("Unable to connect to the server: getting credentials: plugin path \"{BIN}/plugin\" is not permitted by the credential plugin allowlist"),
        kuberc("kuberc: an unknown policy", "credentialPluginPolicy: Sometimes\n")
            .reports("error occurred while applying preferences unknown plugin policy: \"Sometimes\""),
        kuberc("kuberc: an unknown policy without an exec plugin", "credentialPluginPolicy: Sometimes\n")
            .flags(["--token=flag"])
            .reports("error occurred while applying preferences unknown plugin policy: \"Sometimes\""),
        kuberc("kuberc: another file that is missing, without an exec plugin", "")
            .env("KUBERC", "{WORK}/mine")
            .flags(["--token=flag"])
            .reports("error occurred while applying preferences kuberc error kuberc: open {WORK}/mine: no such file or directory"),
        kuberc("kuberc: another file that is invalid", "")
            .file("mine", "kind: [")
            .env("KUBERC", "{WORK}/mine")
            .reports("error occurred while applying preferences kuberc error kuberc: no valid preferences found in {WORK}/mine, use --v=5 to see details"),
        kuberc("kuberc: an invalid default file is reported and ignored", ": [\n")
            .reaches("token good")
            .reports("kuberc: no preferences loaded from {HOME}/.kube/kuberc: no valid preferences found in {HOME}/.kube/kuberc, use --v=5 to see details"),
        case("kuberc: a directory is reported and ignored")
            .usual()
            .file("../home/.kube/kuberc/x", "")
            .reaches("token good")
            .reports("kuberc: no preferences loaded from {HOME}/.kube/kuberc: read {HOME}/.kube/kuberc: is a directory"),
        kuberc("kuberc: an unknown policy, disabled by KUBECTL_KUBERC", "credentialPluginPolicy: Sometimes\n")
            .env("KUBECTL_KUBERC", "false")
            .flags(["--token=flag"])
            .reaches("token flag"),
        kuberc("kuberc: an unknown policy with an invalid kubeconfig", "credentialPluginPolicy: Sometimes\n")
            .kubeconfig("users: [")
            .reports("error occurred while applying preferences unknown plugin policy: \"Sometimes\""),
        kuberc("kuberc: an unknown field", "color: blue\n")
            .reaches("token good")
            .reports("kuberc: ignoring strict decoding error in {HOME}/.kube/kuberc: strict decoding error: unknown field \"color\"")
            .but_plugin(reasons::UNKNOWN_KUBERC_FIELD)
            .reaches("token good"),
    ]
}
