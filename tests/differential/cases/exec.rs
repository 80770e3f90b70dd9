//! Credential plugins: how they are asked, how often, and what they may answer.

use crate::case::{Case, case};
use crate::servers::Answer;

use super::reasons;

const V1: &str = "client.authentication.k8s.io/v1";
const V1BETA1: &str = "client.authentication.k8s.io/v1beta1";
const V1ALPHA1: &str = "client.authentication.k8s.io/v1alpha1";

/// A user of the plugin `plugin`, with `more` of its settings.
fn exec(version: &str, more: &str) -> String {
    format!("exec: {{apiVersion: {version}, command: plugin, {more}}}")
}

/// A plugin that answers with this status.
fn answers(version: &str, status: &str) -> String {
    format!(
        r#"printf '%s\n' '{{"apiVersion":"{version}","kind":"ExecCredential","status":{status}}}'"#
    )
}

/// A plugin that answers with the token `good`.
fn gives(version: &str) -> String {
    answers(version, r#"{"token":"good"}"#)
}

/// Who is reached by a proxy.
const THROUGH: [&str; 2] = [
    "server as token good, host cluster.example:6443, name cluster.example",
    "proxy CONNECT cluster.example:6443",
];
const NOT_FOUND: &str = "Unable to connect to the server: getting credentials: exec: executable plugin not found\n\nIt looks like you are trying to use a client-go credential plugin that is not installed.\n\nTo learn more about this feature, consult the documentation available at:\n      https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins";
const NEVER: &str = "interactiveMode: Never";

pub(crate) fn cases() -> Vec<Case> {
    [asking(), interactive(), answering(), failing(), permitted()]
        .into_iter()
        .flatten()
        .collect()
}

/// A plugin that notes what it is told of a cluster with these settings.
fn told(name: &'static str, cluster: &str) -> Case {
    let note = "echo \"$KUBERNETES_EXEC_INFO $HTTPS_PROXY\" >> {WORK}/starts";
    case(name)
        .cluster_and_user(
            &format!("server: '{{SERVER}}', certificate-authority-data: {{CA}}{cluster}"),
            &exec(V1, "interactiveMode: Never, provideClusterInfo: true"),
        )
        .script("plugin", format!("{note}\n{}", gives(V1)))
}

fn asking() -> Vec<Case> {
    let v1 = |name| {
        case(name)
            .user(&exec(V1, NEVER))
            .script("plugin", gives(V1))
    };
    let telling = |what: &str| format!("{what} >> {{WORK}}/starts\n{}", gives(V1));
    vec![
        v1("a v1 plugin").reaches("token good"),
        case("a v1beta1 plugin")
            .user(&exec(V1BETA1, "args: []"))
            .script("plugin", gives(V1BETA1))
            .reaches("token good"),
        case("a v1alpha1 plugin")
            .user(&exec(V1ALPHA1, "args: []"))
            .script("plugin", gives(V1ALPHA1))
            .says("error: exec plugin: invalid apiVersion \"client.authentication.k8s.io/v1alpha1\""),
        case("an argument and a variable of nothing")
            .user(&exec(V1, "interactiveMode: Never, args: [null, a], env: [{name: WHO}]"))
            .script("plugin", telling("echo \"$# <$1> <$2> <$WHO>\""))
            .reaches("token good"),
        case("arguments and variables of a plugin")
            .user(&exec(V1, "interactiveMode: Never, args: [a, 'b c'], env: [{name: WHO, value: me}]"))
            .script("plugin", telling("echo \"$# $1 $2 $WHO\""))
            .reaches("token good"),
        case("what a plugin is told")
            .user(&exec(V1, NEVER))
            .script("plugin", telling("echo \"$KUBERNETES_EXEC_INFO\""))
            .reaches("token good"),
        case("what a plugin is told of its cluster")
            .cluster_and_user(
                "server: '{SERVER}', certificate-authority-data: {CA}, tls-server-name: tls.example, extensions: \
                 [{name: client.authentication.k8s.io/exec, extension: {audience: a}}]",
                &exec(V1, "interactiveMode: Never, provideClusterInfo: true"),
            )
            .script("plugin", telling("echo \"$KUBERNETES_EXEC_INFO\""))
            .sees(["server as token good, name tls.example"]),
        told(
            "numbers and truths that a plugin is told of its cluster",
            ", extensions: [{name: client.authentication.k8s.io/exec, extension: {a: y, c: true, e: 0x1F, f: 1.50, g: null, h: 2020-01-01, i: 0o7, j: 1_000, l: 1e3, n: 12345678901234567890, o: 1.0, 2: b, off: d}}]",
        )
            .reaches("token good"),
        told(
            "signs of HTML that a plugin is told of its cluster",
            ", extensions: [{name: client.authentication.k8s.io/exec, extension: {a: '<b>&', c: 'é\u{2028}'}}]",
        )
            .reaches("token good"),
        told("a proxy that a plugin is told of its cluster", ", proxy-url: 'http://me:pw@{PROXY}'")
            .sees(["server as token good", "proxy CONNECT {HOST} as basic me:pw"]),
        told("a proxy of the environment, that a plugin is not told", "")
            .flags(["--server=https://cluster.example:6443"])
            .env("HTTPS_PROXY", "http://{PROXY}")
            .sees(THROUGH),
        told("a proxy by a flag, that a plugin is told", "")
            .flags(["--server=https://cluster.example:6443", "--proxy-url=http://{PROXY}"])
            .sees(THROUGH),
        told("an address with a path that a plugin is told", "")
            .flags(["--server={SERVER}/k8s/clusters/c-abc?x=1"])
            .reaches("token good, below /k8s/clusters/c-abc"),
        v1("a plugin in a relative directory of PATH")
            .env("PATH", "../bin:{BIN}:/usr/bin:/bin")
            .says(NOT_FOUND),
        v1("a plugin in the current directory, by an empty item of PATH")
            .file("plugin", "#!/bin/sh\n")
            .env("PATH", "/nowhere::/usr/bin:/bin")
            .says(NOT_FOUND),
        v1("a plugin in an absolute directory of PATH before a relative one")
            .env("PATH", "/nowhere:{BIN}:../bin:/usr/bin:/bin")
            .reaches("token good"),
        case("a plugin in a relative directory")
            .user("exec: {apiVersion: client.authentication.k8s.io/v1, command: ../bin/plugin, interactiveMode: Never}")
            .script("plugin", gives(V1))
            .reaches("token good"),
        v1("a plugin over plain HTTP").flags(["--server=http://{HOST}"]).reaches("nobody, plain"),
        v1("a plugin and --token").flags(["--token=flag"]).reaches("token flag"),
        v1("a plugin and a client certificate by flags")
            .file("h.crt", "{CERT_PEM}")
            .file("h.key", "{KEY_PEM}")
            .flags(["--client-certificate=h.crt", "--client-key=h.key"])
            .reaches("certificate human"),
        case("a plugin beside a token")
            .user(&format!("token: inline, {}", exec(V1, NEVER)))
            .script("plugin", gives(V1))
            .reaches("token inline"),
        case("a plugin beside a user name")
            .user(&format!("username: me, password: pw, {}", exec(V1, NEVER)))
            .script("plugin", gives(V1)).reaches("basic me:pw"),
        v1("a plugin whose token is refused once")
            .server(Answer::status(401, "Unauthorized", "Unauthorized", "{}").once())
            .says("error: You must be logged in to the server (Unauthorized)")
            .but_ours(reasons::RETRIES)
            .reaches("token good"),
        v1("a plugin whose token is always refused")
            .server(Answer::status(401, "Unauthorized", "Unauthorized", "{}"))
            .says("error: You must be logged in to the server (Unauthorized)"),
        v1("a plugin and --as").flags(["--as=alice"]).reaches("token good for user alice"),
    ]
}

fn interactive() -> Vec<Case> {
    let mode = |name, mode: &str| case(name).user(&exec(V1, mode)).script("plugin", gives(V1));
    vec![
        mode("interactiveMode IfAvailable", "interactiveMode: IfAvailable").reaches("token good"),
        mode("interactiveMode Always, without a terminal", "interactiveMode: Always")
            .says("Unable to connect to the server: getting credentials: exec plugin cannot support interactive mode: standard input is not a terminal"),
        mode("interactiveMode left out", "args: []")
            .says("error: interactiveMode must be specified for u to use exec authentication plugin"),
        mode("interactiveMode of another word", "interactiveMode: Sometimes")
            .says("error: invalid interactiveMode for u: \"Sometimes\""),
        case("interactiveMode Always of a v1beta1 plugin, without a terminal")
            .user(&exec(V1BETA1, "interactiveMode: Always"))
            .script("plugin", gives(V1BETA1))
            .says("Unable to connect to the server: getting credentials: exec plugin cannot support interactive mode: standard input is not a terminal"),
    ]
}

fn answering() -> Vec<Case> {
    let status = |name, status: &str| {
        case(name)
            .user(&exec(V1, NEVER))
            .script("plugin", answers(V1, status))
    };
    let says = |name, body: &str| case(name).user(&exec(V1, NEVER)).script("plugin", body);
    vec![
        status(
            "a plugin that gives a client certificate",
            r#"{"clientCertificateData":"{CERT_JSON}","clientKeyData":"{KEY_JSON}"}"#,
        ).reaches("certificate human"),
        status(
            "a plugin that gives a client certificate and a token",
            r#"{"clientCertificateData":"{CERT_JSON}","clientKeyData":"{KEY_JSON}","token":"good"}"#,
        ).reaches("certificate human, token good"),
        status("a plugin that gives half a client certificate", r#"{"clientCertificateData":"{CERT_JSON}"}"#).says("Unable to connect to the server: getting credentials: exec plugin returned only certificate or key, not both"),
        status("a plugin that gives a broken client certificate", r#"{"clientCertificateData":"x","clientKeyData":"y"}"#).says("Unable to connect to the server: getting credentials: failed parsing client key/certificate: tls: failed to find any PEM data in certificate input"),
        status("a plugin that gives a token that has expired", r#"{"token":"good","expirationTimestamp":"2020-01-01T00:00:00Z"}"#).reaches("token good"),
        status("a plugin that gives a token that will expire", r#"{"token":"good","expirationTimestamp":"2099-01-01T00:00:00Z"}"#)
            .reaches("token good"),
        status("a plugin that gives a token for ever", r#"{"token":"good","expirationTimestamp":"9999-12-31T23:59:59Z"}"#)
            .reaches("token good"),
        status("a plugin that gives a token with a bad time", r#"{"token":"good","expirationTimestamp":"tomorrow"}"#).says("Unable to connect to the server: getting credentials: decoding stdout: parsing time \"tomorrow\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"tomorrow\" as \"2006\"").but_ours(reasons::PARSER_ERROR).says("Unable to connect to the server: getting credentials: decoding stdout: expirationTimestamp is not a time"),
        status("a plugin that gives a time with a space", r#"{"token":"good","expirationTimestamp":"2099-01-01 00:00:00Z"}"#)
            .says("Unable to connect to the server: getting credentials: decoding stdout: parsing time \"2099-01-01 00:00:00Z\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \" 00:00:00Z\" as \"T\"")
            .but_ours(reasons::PARSER_ERROR)
            .says("Unable to connect to the server: getting credentials: decoding stdout: expirationTimestamp is not a time"),
        status("a plugin that gives a time with an offset without a colon", r#"{"token":"good","expirationTimestamp":"2099-01-01T00:00:00+0100"}"#)
            .says("Unable to connect to the server: getting credentials: decoding stdout: parsing time \"2099-01-01T00:00:00+0100\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"+0100\" as \"Z07:00\"")
            .but_ours(reasons::PARSER_ERROR)
            .says("Unable to connect to the server: getting credentials: decoding stdout: expirationTimestamp is not a time"),
        status("a plugin that gives a time with no seconds", r#"{"token":"good","expirationTimestamp":"2099-01-01T00:00Z"}"#)
            .says("Unable to connect to the server: getting credentials: decoding stdout: parsing time \"2099-01-01T00:00Z\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"Z\" as \":\"")
            .but_ours(reasons::PARSER_ERROR)
            .says("Unable to connect to the server: getting credentials: decoding stdout: expirationTimestamp is not a time"),
        status("a plugin that gives a time with a leap second", r#"{"token":"good","expirationTimestamp":"2099-01-01T00:00:60Z"}"#)
            .says("Unable to connect to the server: getting credentials: decoding stdout: parsing time \"2099-01-01T00:00:60Z\": second out of range")
            .but_ours(reasons::PARSER_ERROR)
            .says("Unable to connect to the server: getting credentials: decoding stdout: expirationTimestamp is not a time"),
        status("a plugin that gives a time with one digit for the hour", r#"{"token":"good","expirationTimestamp":"2099-01-01T0:00:00Z"}"#).reaches("token good"),
        status("a plugin that gives a time with a comma", r#"{"token":"good","expirationTimestamp":"2099-01-01T00:00:00,5+01:00"}"#).reaches("token good"),
        status("a plugin that gives its token twice", r#"{"token":"other","token":"good"}"#).reaches("token good"),
        status("a plugin that takes its token back", r#"{"token":"good","token":null}"#).reaches("token good"),
        says("a plugin that gives its status in two pieces", r#"echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"good"},"status":{"expirationTimestamp":"2099-01-01T00:00:00Z"}}'"#).reaches("token good"),
        status("a plugin that gives its fields as a list", r#"["2099-01-01T00:00:00Z","good"]"#)
            .says("Unable to connect to the server: getting credentials: decoding stdout: json: cannot unmarshal array into Go struct field ExecCredential.status of type v1.ExecCredentialStatus")
            .but_ours(reasons::PARSER_ERROR)
            .says("Unable to connect to the server: getting credentials: decoding stdout: it is not an ExecCredential"),
        says("a plugin that gives its status twice", r#"echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"other"},"status":{"token":"good"}}'"#).reaches("token good"),
        status("a plugin that gives nothing", "{}")
            .says("Unable to connect to the server: getting credentials: exec plugin didn't return a token or cert/key pair"),
        status("a plugin that gives an empty token", r#"{"token":""}"#).says("Unable to connect to the server: getting credentials: exec plugin didn't return a token or cert/key pair"),
        status("a plugin with fields nobody knows", r#"{"token":"good","colour":"red"}"#).reaches("token good"),
        says("a plugin that says nothing", "true")
            .says("Unable to connect to the server: getting credentials: exec plugin is configured to use API version client.authentication.k8s.io/v1, plugin returned version client.authentication.k8s.io/__internal")
            .but_ours(reasons::PARSER_ERROR)
            .says("Unable to connect to the server: getting credentials: decoding stdout: it is not an ExecCredential"),
        says("a plugin that does not say JSON", "echo secret-token")
            .says("Unable to connect to the server: getting credentials: decoding stdout: couldn't get version/kind; json parse error: json: cannot unmarshal string into Go value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }")
            .but_ours(reasons::PARSER_ERROR)
            .says("Unable to connect to the server: getting credentials: decoding stdout: it is not an ExecCredential"),
        says("a plugin that answers in another version", &gives(V1BETA1))
            .says("Unable to connect to the server: getting credentials: exec plugin is configured to use API version client.authentication.k8s.io/v1, plugin returned version client.authentication.k8s.io/v1beta1"),
        says("a plugin that answers with another kind", r#"echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"Pod","status":{"token":"good"}}'"#).says("Unable to connect to the server: getting credentials: decoding stdout: no kind \"Pod\" is registered for version \"client.authentication.k8s.io/v1\" in scheme \"pkg/runtime/scheme.go:111\"").but_ours(reasons::PARSER_ERROR).says("Unable to connect to the server: getting credentials: decoding stdout: it is not an ExecCredential"),
        says("a plugin without a status", r#"echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential"}'"#).says("Unable to connect to the server: getting credentials: exec plugin didn't return a status field"),
        says("a plugin that breaks a line inside of its JSON", "printf '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"go\nod\"}}'")
            .says("Unable to connect to the server: getting credentials: decoding stdout: couldn't get version/kind; json parse error: invalid character '\\n' in string literal")
            .but_ours(reasons::PARSER_ERROR)
            .says("Unable to connect to the server: getting credentials: decoding stdout: it is not an ExecCredential"),
        says("a plugin that answers in YAML", "printf 'apiVersion: client.authentication.k8s.io/v1\\nkind: ExecCredential\\nstatus: {token: good}\\n'")
            .reaches("token good"),
        says("a plugin that speaks on standard error", &format!("echo please wait >&2\n{}", gives(V1)))
            .reaches("token good")
            .says("please wait"),
    ]
}

fn failing() -> Vec<Case> {
    let user = |more: &str| exec(V1, &format!("interactiveMode: Never{more}"));
    vec![
        case("a plugin that is not there")
            .user(&user(""))
            .says(NOT_FOUND),
        case("a plugin that is not there, with a hint")
            .user(&user(", installHint: \"install it\\nand so on\""))
            .says("Unable to connect to the server: getting credentials: exec: executable plugin not found\n\nIt looks like you are trying to use a client-go credential plugin that is not installed.\n\nTo learn more about this feature, consult the documentation available at:\n      https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins\n\ninstall it\nand so on"),
        case("a plugin that is not there, with a hint that a terminal would act on")
            .user(&user(", installHint: \"a\\e[1mb\\tc\\u0007\\u202ed\""))
            .says(&format!("{NOT_FOUND}\n\naU+001B[1mb\tcU+0007U+202Ed")),
        case("a plugin that is not there, by a path that wants cleaning").user(
            "exec: {apiVersion: client.authentication.k8s.io/v1, command: /nonexistent/../nowhere//x, interactiveMode: Never}",
        )
            .says("Unable to connect to the server: getting credentials: exec: fork/exec /nowhere/x: no such file or directory"),
        case("a plugin that is not there, by its path").user(
            "exec: {apiVersion: client.authentication.k8s.io/v1, command: /nonexistent/plugin, interactiveMode: Never}",
        )
            .says("Unable to connect to the server: getting credentials: exec: fork/exec /nonexistent/plugin: no such file or directory"),
        case("a plugin that may not be run")
            .user("exec: {apiVersion: client.authentication.k8s.io/v1, command: ./key.json, interactiveMode: Never}")
            .says("Unable to connect to the server: getting credentials: exec: fork/exec {WORK}/key.json: permission denied"),
        case("a plugin that fails")
            .user(&user(""))
            .script("plugin", "echo secret; echo sorry >&2; exit 5")
            .says("sorry\nUnable to connect to the server: getting credentials: exec: executable plugin failed with exit code 5"),
        case("a plugin that is killed")
            .user(&user(""))
            .script("plugin", "kill -9 $$")
            .says("Unable to connect to the server: getting credentials: exec: executable plugin failed with exit code -1"),
        case("a plugin of an unknown version")
            .user(&exec("client.authentication.k8s.io/v9", NEVER))
            .says("error: exec plugin: invalid apiVersion \"client.authentication.k8s.io/v9\""),
        case("a plugin without a version")
            .user("exec: {command: plugin, interactiveMode: Never}")
            .says("error: apiVersion must be specified for u to use exec authentication plugin"),
        case("a plugin without a command")
            .user("exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}")
            .says("error: command must be specified for u to use exec authentication plugin"),
        case("a plugin with a variable without a name")
            .user(&user(", env: [{value: x}]"))
            .script("plugin", gives(V1))
            .says("error: env variable name must be specified for u to use exec authentication plugin"),
    ]
}

/// What kubectl's own preferences let run.
fn permitted() -> Vec<Case> {
    let head = "apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\n";
    let kuberc = |name, text: &str| {
        case(name)
            .user(&exec(V1, NEVER))
            .script("plugin", gives(V1))
            .file("../home/.kube/kuberc", format!("{head}{text}"))
    };
    let deny = "credentialPluginPolicy: DenyAll\n";
    let listed = |name, list: &str| {
        let text =
            format!("credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: [{list}]\n");
        kuberc(name, &text)
    };
    vec![
        kuberc("kuberc: no plugin may run", deny)
            .says("Unable to connect to the server: getting credentials: plugin \"plugin\" not allowed: policy set to \"DenyAll\""),
        kuberc("kuberc: no plugin may run, and none is needed", deny)
            .flags(["--token=flag"])
            .reaches("token flag"),
        kuberc("kuberc: switched off", deny).env("KUBERC", "off").reaches("token good"),
        kuberc("kuberc: another file", "")
            .file("mine", format!("{head}{deny}"))
            .env("KUBERC", "{WORK}/mine")
            .says("Unable to connect to the server: getting credentials: plugin \"plugin\" not allowed: policy set to \"DenyAll\""),
        kuberc("kuberc: another file, which is not there", "")
            .env("KUBERC", "{WORK}/mine")
            .says("error occurred while applying preferences kuberc error kuberc: open {WORK}/mine: no such file or directory"),
        listed("kuberc: a plugin that is listed by its name", "{command: other}, {command: plugin}")
            .reaches("token good"),
        listed("kuberc: a plugin that is listed by its path", "{name: '{BIN}/plugin'}")
            .reaches("token good"),
        listed("kuberc: a plugin that is not listed", "{command: other}, {command: /usr/bin/plugin}")
            .says("Unable to connect to the server: getting credentials: plugin path \"{BIN}/plugin\" is not permitted by the credential plugin allowlist"),
        kuberc("kuberc: an unknown policy", "credentialPluginPolicy: Sometimes\n")
            .says("error occurred while applying preferences unknown plugin policy: \"Sometimes\""),
        kuberc("kuberc: an unknown policy, and no plugin is needed", "credentialPluginPolicy: Sometimes\n")
            .flags(["--token=flag"])
            .says("error occurred while applying preferences unknown plugin policy: \"Sometimes\""),
        kuberc("kuberc: another file, which is not there, and no plugin is needed", "")
            .env("KUBERC", "{WORK}/mine")
            .flags(["--token=flag"])
            .says("error occurred while applying preferences kuberc error kuberc: open {WORK}/mine: no such file or directory"),
        kuberc("kuberc: another file, which is broken", "")
            .file("mine", "kind: [")
            .env("KUBERC", "{WORK}/mine")
            .says("error occurred while applying preferences kuberc error kuberc: no valid preferences found in {WORK}/mine, use --v=5 to see details"),
        kuberc("kuberc: what is broken is told and left aside", ": [\n")
            .reaches("token good")
            .says("kuberc: no preferences loaded from {HOME}/.kube/kuberc: no valid preferences found in {HOME}/.kube/kuberc, use --v=5 to see details"),
        case("kuberc: a directory is told and left aside")
            .usual()
            .file("../home/.kube/kuberc/x", "")
            .reaches("token good")
            .says("kuberc: no preferences loaded from {HOME}/.kube/kuberc: read {HOME}/.kube/kuberc: is a directory"),
        kuberc("kuberc: an unknown policy, switched off", "credentialPluginPolicy: Sometimes\n")
            .env("KUBECTL_KUBERC", "false")
            .flags(["--token=flag"])
            .reaches("token flag"),
        kuberc("kuberc: an unknown policy beside a broken kubeconfig", "credentialPluginPolicy: Sometimes\n")
            .kubeconfig("users: [")
            .says("error occurred while applying preferences unknown plugin policy: \"Sometimes\""),
        kuberc("kuberc: an unknown field", "color: blue\n")
            .reaches("token good")
            .says("kuberc: ignoring strict decoding error in {HOME}/.kube/kuberc: strict decoding error: unknown field \"color\"")
            .but_ours(reasons::UNKNOWN_KUBERC_FIELD)
            .reaches("token good"),
    ]
}
