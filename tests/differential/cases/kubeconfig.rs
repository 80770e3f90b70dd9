//! The kubeconfig file: which file is read, its format, and invalid files.

use crate::case::{Case, case, kubeconfig};

use super::reasons;

const USUAL: &str = "server: '{SERVER}', certificate-authority-data: {CA}";

/// The usual kubeconfig as JSON.
const JSON: &str = r#"{"current-context":"c","contexts":[{"name":"c","context":{"cluster":"k","user":"u"}}],"users":[{"name":"u","user":{"token":"good"}}],"clusters":[{"name":"k","cluster":{"server":"{SERVER}","certificate-authority-data":"{CA}"}}]}"#;

/// Returns the usual kubeconfig with the first `what` replaced by `with`.
fn usual_with(what: &str, with: &str) -> String {
    let text = kubeconfig(USUAL, "token: good");
    assert!(text.contains(what), "{what:?} is not in {text}");
    text.replacen(what, with, 1)
}

pub(crate) fn cases() -> Vec<Case> {
    [file_selection(), file_format(), invalid_files()]
        .into_iter()
        .flatten()
        .collect()
}

fn file_selection() -> Vec<Case> {
    vec![
        case("the usual kubeconfig").usual().reaches("token good"),
        case("a missing file in the list is skipped")
            .usual()
            .env("KUBECONFIG", "{WORK}/missing:{WORK}/kubeconfig")
            .reaches("token good"),
        case("empty entries of the list are skipped")
            .usual()
            .env("KUBECONFIG", ":{WORK}/kubeconfig::")
            .reaches("token good"),
        case("the first file of the list wins")
            .user("token: second")
            .file("first", kubeconfig(USUAL, "token: good"))
            .env("KUBECONFIG", "{WORK}/first:{WORK}/kubeconfig")
            .reaches("token good"),
        case("the files of the list are merged")
            .kubeconfig("users:\n- name: u\n  user: {token: good}\n")
            .file("first", "current-context: c\ncontexts:\n- name: c\n  context: {cluster: k, user: u}\n")
            .file("third", "clusters:\n- name: k\n  cluster: {server: '{SERVER}', certificate-authority-data: {CA}}\n")
            .env("KUBECONFIG", "{WORK}/first:{WORK}/kubeconfig:{WORK}/third")
            .reaches("token good"),
        case("an empty current-context does not override the next file")
            .usual()
            .file("first", "apiVersion: v1\nkind: Config\ncurrent-context: \"\"\n")
            .env("KUBECONFIG", "{WORK}/first:{WORK}/kubeconfig")
            .reaches("token good"),
        case("--kubeconfig replaces KUBECONFIG")
            .user("token: wrong")
            .file("given", kubeconfig(USUAL, "token: good"))
            .flags(["--kubeconfig", "given"])
            .reaches("token good"),
        case("--kubeconfig must exist")
            .usual()
            .flags(["--kubeconfig=/nonexistent"])
            .reports("error: stat /nonexistent: no such file or directory"),
        case("an empty --kubeconfig counts as not given")
            .usual()
            .flags(["--kubeconfig="])
            .reaches("token good"),
        case("without KUBECONFIG the file of the home directory is used")
            .file("../home/.kube/config", kubeconfig(USUAL, "token: good"))
            .reaches("token good"),
        case("an empty KUBECONFIG counts as not set")
            .file("../home/.kube/config", kubeconfig(USUAL, "token: good"))
            .env("KUBECONFIG", "")
            .reaches("token good"),
        case("a missing KUBECONFIG leads to the default server")
            .env("KUBECONFIG", "{WORK}/missing")
            .env("KUBERNETES_MASTER", "http://{HOST}")
            .reaches("anonymous, plain"),
        case("no kubeconfig")
            .env("KUBERNETES_MASTER", "http://{HOST}")
            .reaches("anonymous, plain"),
        case("an empty kubeconfig")
            .kubeconfig("")
            .env("KUBERNETES_MASTER", "http://{HOST}")
            .reaches("anonymous, plain"),
        case("in-cluster variables without a token are ignored")
            .env("KUBERNETES_MASTER", "http://{HOST}")
            .env("KUBERNETES_SERVICE_HOST", "{OTHER}")
            .env("KUBERNETES_SERVICE_PORT", "443")
            .reaches("anonymous, plain"),
        case("in-cluster variables with a kubeconfig are ignored")
            .usual()
            .env("KUBERNETES_SERVICE_HOST", "127.0.0.1")
            .env("KUBERNETES_SERVICE_PORT", "1")
            .reaches("token good"),
        case("a kubeconfig that is a directory")
            .env("KUBECONFIG", "{WORK}")
            .reports("error: error loading config file \"{WORK}\": read {WORK}: is a directory"),
    ]
}

fn file_format() -> Vec<Case> {
    vec![
        case("an unused context without a cluster")
            .kubeconfig(kubeconfig(USUAL, "token: good") + "- name: half\n  context: {user: u}\n")
            .reaches("token good"),
        case("unused invalid entries")
            .kubeconfig(
                usual_with("users:\n", "users:\n- name: broken\n  user: {client-certificate: nowhere, client-key: nowhere}\n")
                    .replace("clusters:\n", "clusters:\n- name: broken\n  cluster: {certificate-authority: nowhere, server: 'a b'}\n"),
            )
            .reaches("token good"),
        case("a duplicate key")
            .kubeconfig(usual_with("token: good", "token: wrong, token: good"))
            .reaches("token good"),
        case("anchors")
            .kubeconfig(
                "x-token: &t {token: good}\ncurrent-context: c\ncontexts:\n- name: c\n  context: {cluster: k, user: u}\n\
                 users:\n- name: u\n  user: *t\n\
                 clusters:\n- name: k\n  cluster: {server: '{SERVER}', certificate-authority-data: {CA}}\n",
            )
            .reaches("token good"),
        case("JSON")
            .kubeconfig(JSON)
            .reaches("token good"),
        case("JSON with more JSON after it").kubeconfig(format!("{JSON}\n{{\"a\": 1}}\n")).reaches("token good"),
        case("JSON with a word after it").kubeconfig(format!("{JSON}\nhello\n")).reaches("token good"),
        case("preferences and extensions")
            .kubeconfig(usual_with(
                "current-context",
                "preferences:\n  colors: true\n  extensions:\n  - name: a\n    extension: b\nextensions:\n- name: a\n  extension: b\ncurrent-context",
            ))
            .reaches("token good"),
        case("null extensions and duplicate names")
            .kubeconfig(usual_with(
                "current-context",
                "extensions: [null, null, {name: a}, {name: a}, {name: a, extension: null}, {name: a, extension: {}}]\ncurrent-context",
            ))
            .reaches("token good"),
        case("YAML version and tag directives")
            .kubeconfig(format!("%YAML 1.1\n%TAG ! tag:example.com,2000:\n---\n{}", kubeconfig(USUAL, "token: good")))
            .reaches("token good"),
        case("Windows line breaks")
            .kubeconfig(kubeconfig(USUAL, "token: good").replace('\n', "\r\n"))
            .reaches("token good"),
        case("a byte order mark")
            .kubeconfig(format!("\u{feff}{}", kubeconfig(USUAL, "token: good")))
            .reaches("token good"),
        case("unknown fields")
            .kubeconfig(usual_with("current-context", "tomorrow: {is: another day}\ncurrent-context"))
            .reaches("token good"),
        case("kind and version left out")
            .kubeconfig(usual_with("apiVersion: v1\nkind: Config\n", ""))
            .reaches("token good"),
        case("null in place of lists")
            .kubeconfig(usual_with("current-context", "extensions: null\npreferences: null\ncurrent-context"))
            .reaches("token good"),
        case("several documents, of which the first is used")
            .kubeconfig(kubeconfig(USUAL, "token: good") + "---\ncurrent-context: other\n")
            .reaches("token good"),
        case("two users with the same name").kubeconfig(usual_with(
            "users:\n",
            "users:\n- name: u\n  user: {token: other}\n",
        ))
            .reports("error: error loading config file \"{WORK}/kubeconfig\": error converting *[]NamedAuthInfo into *map[string]*api.AuthInfo: duplicate name \"u\" in list: [{u { []  [] other    [] map[]   <nil> <nil> []}} {u { []  [] good    [] map[]   <nil> <nil> []}}]")
            .but_plugin(reasons::PARSER_ERROR)
            .reports("error: error loading config file \"{WORK}/kubeconfig\": error converting *[]NamedAuthInfo into *map[string]*api.AuthInfo: duplicate name \"u\" in list"),
        case("a token that is a number in YAML")
            .kubeconfig(usual_with("token: good", "token: 12345"))
            .reports("error: error loading config file \"{WORK}/kubeconfig\": json: cannot unmarshal number into Go struct field AuthInfo.users.user.token of type string")
            .but_plugin(reasons::PARSER_ERROR)
            .reports("error: error loading config file \"{WORK}/kubeconfig\": yaml: line 9: a value is not of the type that belongs there"),
        case("keys in the wrong case")
            .kubeconfig(usual_with("token: good", "Token: good"))
            .reports("error: EOF")
            .but_plugin(reasons::NO_PROMPT)
            .reports("error: user \"u\" has no credentials: name one with --user, --token, or --client-certificate and --client-key"),
        case("relative paths are resolved against the file's directory")
            .kubeconfig("users:\n- name: u\n  user: {client-certificate: pki/human.crt, client-key: pki/human.key}\n")
            .file("pki/human.crt", "not this one")
            .file(
                "etc/first",
                "current-context: c\ncontexts:\n- name: c\n  context: {cluster: k, user: u}\n\
                 users:\n- name: u\n  user: {client-certificate: pki/human.crt, client-key: ./pki/../pki/human.key}\n\
                 clusters:\n- name: k\n  cluster: {server: '{SERVER}', certificate-authority: ../ca.crt}\n",
            )
            .file("etc/pki/human.crt", "{CERT_PEM}")
            .file("etc/pki/human.key", "{KEY_PEM}")
            .file("ca.crt", "{CA_PEM}")
            .env("KUBECONFIG", "{WORK}/etc/first:{WORK}/kubeconfig")
            .reaches("certificate human"),
        case("keys that are not strings")
            .kubeconfig(
                kubeconfig(
                    &format!("{USUAL}, 2: x, extensions: [{{name: e, extension: {{1: a, y: b, on: c, true: d, 1.5: e, l: [1, no, null]}}}}]"),
                    "token: good, off: x, as: me, as-user-extra: {1: [a], true: [b]}",
                ) + "preferences: {1: a, y: true}\n1: a\nyes: b\n",
            )
            .reaches("token good for extra-1 a, extra-true b, user me"),
        case("an extension with numbers and booleans in block style")
            .kubeconfig(format!(
                "{}clusters:\n- name: k\n  cluster:\n    server: '{{SERVER}}'\n    certificate-authority-data: {{CA}}\n    extensions:\n    - name: e\n      \
                 extension:\n        1: a\n        y: b\n        on: true\n        n: 12\n        last-update: 2020-01-01T00:00:00Z\n",
                "current-context: c\ncontexts:\n- name: c\n  context: {cluster: k, user: u}\nusers:\n- name: u\n  user: {token: good}\n"
            ))
            .reaches("token good"),
        case("keys that are not finite numbers")
            .kubeconfig(kubeconfig(USUAL, "token: good") + ".inf: a\n-.inf: b\n.nan: c\n1.0: d\n")
            .reaches("token good"),
        case("an unknown local tag")
            .kubeconfig(usual_with("token: good", "token: !x good"))
            .reaches("token good"),
        case("a folded token and multi-line base64")
            .kubeconfig(
                "current-context: c\ncontexts:\n- name: c\n  context: {cluster: k, user: u}\n\
                 users:\n- name: u\n  user:\n    token: >-\n      good\n\
                 clusters:\n- name: k\n  cluster:\n    server: '{SERVER}'\n    certificate-authority-data: |\n      {CA}\n",
            )
            .reaches("token good"),
        case("null among the groups")
            .user("token: good, as: me, as-groups: [null, g]")
            .reaches("token good for group , group g, user me"),
        case("null among the user extras")
            .user("token: good, as: me, as-user-extra: {a: [null, x], b: null}")
            .reaches("token good for extra-a , extra-a x, user me"),
        case("an empty first document")
            .kubeconfig(format!("---\n---\n{}", kubeconfig(USUAL, "token: good")))
            .env("KUBERNETES_MASTER", "http://{HOST}")
            .reaches("anonymous, plain"),
        case("an invalid second document")
            .kubeconfig(format!("%YAML 1.1\n---\n{}...\nusers: [}}\n", kubeconfig(USUAL, "token: good")))
            .reaches("token good"),
        case("a relative KUBECONFIG").usual().env("KUBECONFIG", "kubeconfig").reaches("token good"),
    ]
}

fn invalid_files() -> Vec<Case> {
    let loading =
        |what: &str| format!("error: error loading config file \"{{WORK}}/kubeconfig\": {what}");
    vec![
        case("invalid YAML with in-cluster variables")
            .kubeconfig("clusters: hello\n")
            .env("KUBERNETES_SERVICE_HOST", "127.0.0.1")
            .env("KUBERNETES_SERVICE_PORT", "{PORT}")
            .reports(&loading("json: cannot unmarshal string into Go struct field Config.clusters of type []v1.NamedCluster"))
            .but_plugin(reasons::PARSER_ERROR)
            .reports(&loading("yaml: line 1: a value is not of the type that belongs there")),
        case("invalid YAML")
            .kubeconfig("clusters: [}\n")
            .reports(&loading("yaml: did not find expected node content"))
            .but_plugin(reasons::PARSER_ERROR)
            .reports("error: error loading config file \"{WORK}/kubeconfig\": yaml: line 1: not valid YAML"),
        case("a tab in YAML")
            .kubeconfig("clusters:\n\t- name: k\n")
            .reports(&loading("yaml: line 2: found character that cannot start any token"))
            .but_plugin(reasons::PARSER_ERROR)
            .reports("error: error loading config file \"{WORK}/kubeconfig\": yaml: line 2: not valid YAML"),
        case("a scalar instead of a kubeconfig")
            .kubeconfig("hello\n")
            .reports(&loading("couldn't get version/kind; json parse error: json: cannot unmarshal string into Go value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }"))
            .but_plugin(reasons::PARSER_ERROR)
            .reports("error: error loading config file \"{WORK}/kubeconfig\": yaml: line 1: a value is not of the type that belongs there"),
        case("a string instead of the list of users")
            .kubeconfig("users: hello\n")
            .reports(&loading("json: cannot unmarshal string into Go struct field Config.users of type []v1.NamedAuthInfo"))
            .but_plugin(reasons::PARSER_ERROR)
            .reports("error: error loading config file \"{WORK}/kubeconfig\": yaml: line 1: a value is not of the type that belongs there"),
        case("invalid base64")
            .kubeconfig(usual_with("{CA}", "'***'"))
            .reports(&loading("illegal base64 data at input byte 0")),
        case("another kind")
            .kubeconfig(usual_with("kind: Config", "kind: Pod"))
            .reports(&loading("no kind \"Pod\" is registered for version \"v1\" in scheme \"pkg/runtime/scheme.go:111\""))
            .but_plugin(reasons::PARSER_ERROR)
            .reports("error: error loading config file \"{WORK}/kubeconfig\": no kind \"Pod\" is registered for version \"v1\" in a kubeconfig"),
        case("another version")
            .kubeconfig(usual_with("apiVersion: v1", "apiVersion: v2"))
            .reports(&loading("no kind \"Config\" is registered for version \"v2\" in scheme \"pkg/runtime/scheme.go:111\""))
            .but_plugin(reasons::PARSER_ERROR)
            .reports("error: error loading config file \"{WORK}/kubeconfig\": no kind \"Config\" is registered for version \"v2\" in a kubeconfig"),
        case("a null key")
            .kubeconfig(usual_with("token: good", "token: good, null: a"))
            .reports(&loading("unsupported map key of type: %!s(<nil>), key: <nil>, value: \"a\""))
            .but_plugin(reasons::PARSER_ERROR)
            .reports(&loading("yaml: line 9: a value is not of the type that belongs there")),
        case("preferences that are a string")
            .kubeconfig(usual_with("current-context", "preferences: hello\ncurrent-context"))
            .reports(&loading("json: cannot unmarshal string into Go struct field Config.preferences of type v1.Preferences"))
            .but_plugin(reasons::PARSER_ERROR)
            .reports(&loading("yaml: line 3: a value is not of the type that belongs there")),
        case("preferences that are a list in block style")
            .kubeconfig(usual_with("current-context", "preferences:\n- a\ncurrent-context"))
            .reports(&loading("json: cannot unmarshal array into Go struct field Config.preferences of type v1.Preferences"))
            .but_plugin(reasons::PARSER_ERROR)
            .reports(&loading("yaml: line 4: a value is not of the type that belongs there")),
        case("preferences with a field of the wrong type")
            .kubeconfig(usual_with("current-context", "preferences: {colors: 3}\ncurrent-context"))
            .reports(&loading("json: cannot unmarshal number into Go struct field Preferences.preferences.colors of type bool"))
            .but_plugin(reasons::PARSER_ERROR)
            .reports(&loading("yaml: line 3: a value is not of the type that belongs there")),
        case("extensions that are a string")
            .kubeconfig(usual_with("current-context", "extensions: hello\ncurrent-context"))
            .reports(&loading("json: cannot unmarshal string into Go struct field Config.extensions of type []v1.NamedExtension"))
            .but_plugin(reasons::PARSER_ERROR)
            .reports(&loading("yaml: line 3: a value is not of the type that belongs there")),
        case("an extension that is a list in block style")
            .kubeconfig(usual_with("current-context", "extensions:\n- [a]\ncurrent-context"))
            .reports(&loading("json: cannot unmarshal array into Go struct field Config.extensions of type v1.NamedExtension"))
            .but_plugin(reasons::PARSER_ERROR)
            .reports(&loading("yaml: line 4: a value is not of the type that belongs there")),
        case("extensions of a context that are a string")
            .kubeconfig(usual_with("{cluster: k, user: u}", "{cluster: k, user: u, extensions: hello}"))
            .reports(&loading("json: cannot unmarshal string into Go struct field Context.contexts.context.extensions of type []v1.NamedExtension"))
            .but_plugin(reasons::PARSER_ERROR)
            .reports(&loading("yaml: line 12: a value is not of the type that belongs there")),
        case("two extensions with the same name")
            .kubeconfig(usual_with("current-context", "extensions: [{name: a, extension: {}}, {name: a, extension: {}}]\ncurrent-context"))
            .reports(&loading("error converting *[]NamedExtension into *map[string]runtime.Object: duplicate name \"a\" in list: [{a {[123 125] <nil>}} {a {[123 125] <nil>}}]"))
            .but_plugin(reasons::PARSER_ERROR)
            .reports(&loading("error converting *[]NamedExtension into *map[string]runtime.Object: duplicate name \"a\" in list")),
        case("an extension and a null extension with the same name")
            .kubeconfig(usual_with("current-context", "extensions: [{name: a, extension: {}}, {name: a, extension: null}]\ncurrent-context"))
            .reports(&loading("error converting *[]NamedExtension into *map[string]runtime.Object: duplicate name \"a\" in list: [{a {[123 125] <nil>}} {a {[] <nil>}}]"))
            .but_plugin(reasons::PARSER_ERROR)
            .reports(&loading("error converting *[]NamedExtension into *map[string]runtime.Object: duplicate name \"a\" in list")),
        case("an unsupported YAML version")
            .kubeconfig(format!("%YAML 1.2\n---\n{}", kubeconfig(USUAL, "token: good")))
            .reports(&loading("yaml: found incompatible YAML document"))
            .but_plugin(reasons::PARSER_ERROR)
            .reports(&loading("yaml: line 1: not valid YAML")),
        case("an unknown YAML directive")
            .kubeconfig(format!("%FOO bar\n---\n{}", kubeconfig(USUAL, "token: good")))
            .reports(&loading("yaml: found unknown directive name"))
            .but_plugin(reasons::PARSER_ERROR)
            .reports(&loading("yaml: line 1: not valid YAML")),
        case("lists nested 100 levels deep")
            .kubeconfig(usual_with("current-context", &format!("x: {}{}\ncurrent-context", "[".repeat(100), "]".repeat(100))))
            .reaches("token good")
            .but_plugin(reasons::NESTING)
            .reports(&loading("yaml: line 3: not valid YAML")),
        case("an infinite value")
            .kubeconfig(kubeconfig(USUAL, "token: good") + "a: .inf\n")
            .reports(&loading("json: unsupported value: +Inf"))
            .but_plugin(reasons::PARSER_ERROR)
            .reports(&loading("yaml: line 13: a value is not of the type that belongs there")),
        case("a word after a mapping in flow style")
            .kubeconfig("{current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}], users: [{name: u, user: {token: good}}], clusters: [{name: k, cluster: {server: '{SERVER}', certificate-authority-data: {CA}}}]}\nhello\n")
            .reaches("token good")
            .but_plugin(reasons::PARSED_TO_END)
            .reports(&loading("yaml: line 2: not valid YAML")),
        case("a missing anchor")
            .kubeconfig(usual_with("users:", "x: *nope\nusers:"))
            .reports(&loading("yaml: unknown anchor 'nope' referenced"))
            .but_plugin(reasons::PARSER_ERROR)
            .reports(&loading("yaml: line 7: not valid YAML")),
        case("a word with an integer tag")
            .kubeconfig(usual_with("token: good", "token: !!int good"))
            .reports(&loading("yaml: cannot decode !!str `good` as a !!int"))
            .but_plugin(reasons::PARSER_ERROR)
            .reports(&loading("yaml: line 9: not valid YAML")),
        case("a control character in YAML")
            .kubeconfig(kubeconfig(USUAL, "token: good") + "\0")
            .reports(&loading("yaml: control characters are not allowed"))
            .but_plugin(reasons::PARSER_ERROR)
            .reports(&loading("yaml: line 13: not valid YAML")),
        case("a version that is a number")
            .kubeconfig(usual_with("apiVersion: v1", "apiVersion: 1"))
            .reports(&loading("couldn't get version/kind; json parse error: json: cannot unmarshal number into Go struct field .apiVersion of type string"))
            .but_plugin(reasons::PARSER_ERROR)
            .reports(&loading("yaml: line 1: a value is not of the type that belongs there")),
        case("a boolean in quotes")
            .kubeconfig(usual_with(USUAL, "server: '{SERVER}', insecure-skip-tls-verify: 'true'"))
            .reports(&loading("json: cannot unmarshal string into Go struct field Cluster.clusters.cluster.insecure-skip-tls-verify of type bool"))
            .but_plugin(reasons::PARSER_ERROR)
            .reports(&loading("yaml: a value is not of the type that belongs there")),
        case("several invalid files of the list")
            .usual()
            .env("KUBECONFIG", "{WORK}:{WORK}/kubeconfig:{WORK}/../work")
            .reports("error loading config file \"{WORK}\": read {WORK}: is a directory\nerror loading config file \"{WORK}/../work\": read {WORK}/../work: is a directory"),
        case("one invalid file of the list")
            .usual()
            .file("broken", "clusters: [}\n")
            .env("KUBECONFIG", "{WORK}/broken:{WORK}/kubeconfig")
            .reports("error: error loading config file \"{WORK}/broken\": yaml: did not find expected node content")
            .but_plugin(reasons::PARSER_ERROR)
            .reports("error: error loading config file \"{WORK}/broken\": yaml: line 1: not valid YAML"),
    ]
}
