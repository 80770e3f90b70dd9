//! The file: which one is read, what it may look like, and what is wrong with it.

use crate::case::{Case, case, kubeconfig};

use super::reasons;

const USUAL: &str = "server: '{SERVER}', certificate-authority-data: {CA}";

/// The usual kubeconfig, in JSON.
const JSON: &str = r#"{"current-context":"c","contexts":[{"name":"c","context":{"cluster":"k","user":"u"}}],"users":[{"name":"u","user":{"token":"good"}}],"clusters":[{"name":"k","cluster":{"server":"{SERVER}","certificate-authority-data":"{CA}"}}]}"#;

/// The usual kubeconfig, with `with` in place of `what`.
fn usual_but(what: &str, with: &str) -> String {
    let text = kubeconfig(USUAL, "token: good");
    assert!(text.contains(what), "{what:?} is not in {text}");
    text.replacen(what, with, 1)
}

pub(crate) fn cases() -> Vec<Case> {
    [which_file(), what_it_looks_like(), what_is_wrong()]
        .into_iter()
        .flatten()
        .collect()
}

fn which_file() -> Vec<Case> {
    vec![
        case("the usual kubeconfig").usual().reaches("token good"),
        case("a missing file in the list is skipped")
            .usual()
            .env("KUBECONFIG", "{WORK}/missing:{WORK}/kubeconfig")
            .reaches("token good"),
        case("empty items of the list are skipped")
            .usual()
            .env("KUBECONFIG", ":{WORK}/kubeconfig::")
            .reaches("token good"),
        case("the first file of the list wins")
            .user("token: second")
            .file("first", kubeconfig(USUAL, "token: good"))
            .env("KUBECONFIG", "{WORK}/first:{WORK}/kubeconfig")
            .reaches("token good"),
        case("the list's files complete each other")
            .kubeconfig("users:\n- name: u\n  user: {token: good}\n")
            .file("first", "current-context: c\ncontexts:\n- name: c\n  context: {cluster: k, user: u}\n")
            .file("third", "clusters:\n- name: k\n  cluster: {server: '{SERVER}', certificate-authority-data: {CA}}\n")
            .env("KUBECONFIG", "{WORK}/first:{WORK}/kubeconfig:{WORK}/third")
            .reaches("token good"),
        case("an empty current-context leaves it to the next file")
            .usual()
            .file("first", "apiVersion: v1\nkind: Config\ncurrent-context: \"\"\n")
            .env("KUBECONFIG", "{WORK}/first:{WORK}/kubeconfig")
            .reaches("token good"),
        case("--kubeconfig alone counts")
            .user("token: wrong")
            .file("given", kubeconfig(USUAL, "token: good"))
            .flags(["--kubeconfig", "given"])
            .reaches("token good"),
        case("--kubeconfig must be there")
            .usual()
            .flags(["--kubeconfig=/nonexistent"])
            .says("error: stat /nonexistent: no such file or directory"),
        case("--kubeconfig= is as if it were not given")
            .usual()
            .flags(["--kubeconfig="])
            .reaches("token good"),
        case("without KUBECONFIG the file is in the home directory")
            .file("../home/.kube/config", kubeconfig(USUAL, "token: good"))
            .reaches("token good"),
        case("an empty KUBECONFIG is as if it were not set")
            .file("../home/.kube/config", kubeconfig(USUAL, "token: good"))
            .env("KUBECONFIG", "")
            .reaches("token good"),
        case("a KUBECONFIG that is not there leaves the default server")
            .env("KUBECONFIG", "{WORK}/missing")
            .env("KUBERNETES_MASTER", "http://{HOST}")
            .reaches("nobody, plain"),
        case("no kubeconfig at all")
            .env("KUBERNETES_MASTER", "http://{HOST}")
            .reaches("nobody, plain"),
        case("an empty kubeconfig")
            .kubeconfig("")
            .env("KUBERNETES_MASTER", "http://{HOST}")
            .reaches("nobody, plain"),
        case("variables of a cluster, and no token: it is not in one")
            .env("KUBERNETES_MASTER", "http://{HOST}")
            .env("KUBERNETES_SERVICE_HOST", "{OTHER}")
            .env("KUBERNETES_SERVICE_PORT", "443")
            .reaches("nobody, plain"),
        case("variables of a cluster do not matter beside a kubeconfig")
            .usual()
            .env("KUBERNETES_SERVICE_HOST", "127.0.0.1")
            .env("KUBERNETES_SERVICE_PORT", "1")
            .reaches("token good"),
        case("a kubeconfig that is a directory")
            .env("KUBECONFIG", "{WORK}")
            .says("error: error loading config file \"{WORK}\": read {WORK}: is a directory"),
    ]
}

fn what_it_looks_like() -> Vec<Case> {
    vec![
        case("a context without a cluster, that nobody uses")
            .kubeconfig(kubeconfig(USUAL, "token: good") + "- name: half\n  context: {user: u}\n")
            .reaches("token good"),
        case("broken entries that nobody uses")
            .kubeconfig(
                usual_but("users:\n", "users:\n- name: broken\n  user: {client-certificate: nowhere, client-key: nowhere}\n")
                    .replace("clusters:\n", "clusters:\n- name: broken\n  cluster: {certificate-authority: nowhere, server: 'a b'}\n"),
            )
            .reaches("token good"),
        case("a duplicate key")
            .kubeconfig(usual_but("token: good", "token: wrong, token: good"))
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
        case("JSON, and more JSON").kubeconfig(format!("{JSON}\n{{\"a\": 1}}\n")).reaches("token good"),
        case("JSON, and a word").kubeconfig(format!("{JSON}\nhello\n")).reaches("token good"),
        case("preferences and extensions")
            .kubeconfig(usual_but(
                "current-context",
                "preferences:\n  colors: true\n  extensions:\n  - name: a\n    extension: b\nextensions:\n- name: a\n  extension: b\ncurrent-context",
            ))
            .reaches("token good"),
        case("nothing, and an extension of its name")
            .kubeconfig(usual_but(
                "current-context",
                "extensions: [null, null, {name: a}, {name: a}, {name: a, extension: null}, {name: a, extension: {}}]\ncurrent-context",
            ))
            .reaches("token good"),
        case("a version and a tag of YAML")
            .kubeconfig(format!("%YAML 1.1\n%TAG ! tag:example.com,2000:\n---\n{}", kubeconfig(USUAL, "token: good")))
            .reaches("token good"),
        case("Windows line ends")
            .kubeconfig(kubeconfig(USUAL, "token: good").replace('\n', "\r\n"))
            .reaches("token good"),
        case("a byte order mark")
            .kubeconfig(format!("\u{feff}{}", kubeconfig(USUAL, "token: good")))
            .reaches("token good"),
        case("unknown fields")
            .kubeconfig(usual_but("current-context", "tomorrow: {is: another day}\ncurrent-context"))
            .reaches("token good"),
        case("kind and version left out")
            .kubeconfig(usual_but("apiVersion: v1\nkind: Config\n", ""))
            .reaches("token good"),
        case("nulls where lists may be")
            .kubeconfig(usual_but("current-context", "extensions: null\npreferences: null\ncurrent-context"))
            .reaches("token good"),
        case("several documents: the first counts")
            .kubeconfig(kubeconfig(USUAL, "token: good") + "---\ncurrent-context: other\n")
            .reaches("token good"),
        case("two users of one name").kubeconfig(usual_but(
            "users:\n",
            "users:\n- name: u\n  user: {token: other}\n",
        ))
            .says("error: error loading config file \"{WORK}/kubeconfig\": error converting *[]NamedAuthInfo into *map[string]*api.AuthInfo: duplicate name \"u\" in list: [{u { []  [] other    [] map[]   <nil> <nil> []}} {u { []  [] good    [] map[]   <nil> <nil> []}}]")
            .but_ours(reasons::PARSER_ERROR)
            .says("error: error loading config file \"{WORK}/kubeconfig\": error converting *[]NamedAuthInfo into *map[string]*api.AuthInfo: duplicate name \"u\" in list"),
        case("a token that YAML takes for a number")
            .kubeconfig(usual_but("token: good", "token: 12345"))
            .says("error: error loading config file \"{WORK}/kubeconfig\": json: cannot unmarshal number into Go struct field AuthInfo.users.user.token of type string")
            .but_ours(reasons::PARSER_ERROR)
            .says("error: error loading config file \"{WORK}/kubeconfig\": yaml: line 9: a value is not of the type that belongs there"),
        case("keys in another case")
            .kubeconfig(usual_but("token: good", "Token: good"))
            .says("error: EOF")
            .but_ours(reasons::NO_PROMPT)
            .says("error: user \"u\" has no credentials: name one with --user, --token, or --client-certificate and --client-key"),
        case("relative paths are looked for beside their file")
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
        case("keys that are no text")
            .kubeconfig(
                kubeconfig(
                    &format!("{USUAL}, 2: x, extensions: [{{name: e, extension: {{1: a, y: b, on: c, true: d, 1.5: e, l: [1, no, null]}}}}]"),
                    "token: good, off: x, as: me, as-user-extra: {1: [a], true: [b]}",
                ) + "preferences: {1: a, y: true}\n1: a\nyes: b\n",
            )
            .reaches("token good for extra-1 a, extra-true b, user me"),
        case("an extension of numbers and truths, in lines")
            .kubeconfig(format!(
                "{}clusters:\n- name: k\n  cluster:\n    server: '{{SERVER}}'\n    certificate-authority-data: {{CA}}\n    extensions:\n    - name: e\n      \
                 extension:\n        1: a\n        y: b\n        on: true\n        n: 12\n        last-update: 2020-01-01T00:00:00Z\n",
                "current-context: c\ncontexts:\n- name: c\n  context: {cluster: k, user: u}\nusers:\n- name: u\n  user: {token: good}\n"
            ))
            .reaches("token good"),
        case("keys that are no numbers")
            .kubeconfig(kubeconfig(USUAL, "token: good") + ".inf: a\n-.inf: b\n.nan: c\n1.0: d\n")
            .reaches("token good"),
        case("a tag of nobody's")
            .kubeconfig(usual_but("token: good", "token: !x good"))
            .reaches("token good"),
        case("a folded token, and base64 in lines")
            .kubeconfig(
                "current-context: c\ncontexts:\n- name: c\n  context: {cluster: k, user: u}\n\
                 users:\n- name: u\n  user:\n    token: >-\n      good\n\
                 clusters:\n- name: k\n  cluster:\n    server: '{SERVER}'\n    certificate-authority-data: |\n      {CA}\n",
            )
            .reaches("token good"),
        case("nothing among the groups")
            .user("token: good, as: me, as-groups: [null, g]")
            .reaches("token good for group , group g, user me"),
        case("nothing among the extras of a user")
            .user("token: good, as: me, as-user-extra: {a: [null, x], b: null}")
            .reaches("token good for extra-a , extra-a x, user me"),
        case("an empty document before the others")
            .kubeconfig(format!("---\n---\n{}", kubeconfig(USUAL, "token: good")))
            .env("KUBERNETES_MASTER", "http://{HOST}")
            .reaches("nobody, plain"),
        case("a broken document after the first")
            .kubeconfig(format!("%YAML 1.1\n---\n{}...\nusers: [}}\n", kubeconfig(USUAL, "token: good")))
            .reaches("token good"),
        case("a relative KUBECONFIG").usual().env("KUBECONFIG", "kubeconfig").reaches("token good"),
    ]
}

fn what_is_wrong() -> Vec<Case> {
    let loading =
        |what: &str| format!("error: error loading config file \"{{WORK}}/kubeconfig\": {what}");
    vec![
        case("bad YAML, with the variables of a cluster: it is not in one")
            .kubeconfig("clusters: hello\n")
            .env("KUBERNETES_SERVICE_HOST", "127.0.0.1")
            .env("KUBERNETES_SERVICE_PORT", "{PORT}")
            .says(&loading("json: cannot unmarshal string into Go struct field Config.clusters of type []v1.NamedCluster"))
            .but_ours(reasons::PARSER_ERROR)
            .says(&loading("yaml: line 1: a value is not of the type that belongs there")),
        case("bad YAML")
            .kubeconfig("clusters: [}\n")
            .says(&loading("yaml: did not find expected node content"))
            .but_ours(reasons::PARSER_ERROR)
            .says("error: error loading config file \"{WORK}/kubeconfig\": yaml: line 1: not valid YAML"),
        case("a tab in YAML")
            .kubeconfig("clusters:\n\t- name: k\n")
            .says(&loading("yaml: line 2: found character that cannot start any token"))
            .but_ours(reasons::PARSER_ERROR)
            .says("error: error loading config file \"{WORK}/kubeconfig\": yaml: line 2: not valid YAML"),
        case("a scalar instead of a kubeconfig")
            .kubeconfig("hello\n")
            .says(&loading("couldn't get version/kind; json parse error: json: cannot unmarshal string into Go value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }"))
            .but_ours(reasons::PARSER_ERROR)
            .says("error: error loading config file \"{WORK}/kubeconfig\": yaml: line 1: a value is not of the type that belongs there"),
        case("a list of users that is none")
            .kubeconfig("users: hello\n")
            .says(&loading("json: cannot unmarshal string into Go struct field Config.users of type []v1.NamedAuthInfo"))
            .but_ours(reasons::PARSER_ERROR)
            .says("error: error loading config file \"{WORK}/kubeconfig\": yaml: line 1: a value is not of the type that belongs there"),
        case("bad base64")
            .kubeconfig(usual_but("{CA}", "'***'"))
            .says(&loading("illegal base64 data at input byte 0")),
        case("another kind")
            .kubeconfig(usual_but("kind: Config", "kind: Pod"))
            .says(&loading("no kind \"Pod\" is registered for version \"v1\" in scheme \"pkg/runtime/scheme.go:111\""))
            .but_ours(reasons::PARSER_ERROR)
            .says("error: error loading config file \"{WORK}/kubeconfig\": no kind \"Pod\" is registered for version \"v1\" in a kubeconfig"),
        case("another version")
            .kubeconfig(usual_but("apiVersion: v1", "apiVersion: v2"))
            .says(&loading("no kind \"Config\" is registered for version \"v2\" in scheme \"pkg/runtime/scheme.go:111\""))
            .but_ours(reasons::PARSER_ERROR)
            .says("error: error loading config file \"{WORK}/kubeconfig\": no kind \"Config\" is registered for version \"v2\" in a kubeconfig"),
        case("a key that is nothing")
            .kubeconfig(usual_but("token: good", "token: good, null: a"))
            .says(&loading("unsupported map key of type: %!s(<nil>), key: <nil>, value: \"a\""))
            .but_ours(reasons::PARSER_ERROR)
            .says(&loading("yaml: line 9: a value is not of the type that belongs there")),
        case("preferences that are a word")
            .kubeconfig(usual_but("current-context", "preferences: hello\ncurrent-context"))
            .says(&loading("json: cannot unmarshal string into Go struct field Config.preferences of type v1.Preferences"))
            .but_ours(reasons::PARSER_ERROR)
            .says(&loading("yaml: line 3: a value is not of the type that belongs there")),
        case("preferences that are a list, in lines")
            .kubeconfig(usual_but("current-context", "preferences:\n- a\ncurrent-context"))
            .says(&loading("json: cannot unmarshal array into Go struct field Config.preferences of type v1.Preferences"))
            .but_ours(reasons::PARSER_ERROR)
            .says(&loading("yaml: line 4: a value is not of the type that belongs there")),
        case("preferences of another type")
            .kubeconfig(usual_but("current-context", "preferences: {colors: 3}\ncurrent-context"))
            .says(&loading("json: cannot unmarshal number into Go struct field Preferences.preferences.colors of type bool"))
            .but_ours(reasons::PARSER_ERROR)
            .says(&loading("yaml: line 3: a value is not of the type that belongs there")),
        case("extensions that are a word")
            .kubeconfig(usual_but("current-context", "extensions: hello\ncurrent-context"))
            .says(&loading("json: cannot unmarshal string into Go struct field Config.extensions of type []v1.NamedExtension"))
            .but_ours(reasons::PARSER_ERROR)
            .says(&loading("yaml: line 3: a value is not of the type that belongs there")),
        case("an extension that is a list, in lines")
            .kubeconfig(usual_but("current-context", "extensions:\n- [a]\ncurrent-context"))
            .says(&loading("json: cannot unmarshal array into Go struct field Config.extensions of type v1.NamedExtension"))
            .but_ours(reasons::PARSER_ERROR)
            .says(&loading("yaml: line 4: a value is not of the type that belongs there")),
        case("extensions of a context that are a word")
            .kubeconfig(usual_but("{cluster: k, user: u}", "{cluster: k, user: u, extensions: hello}"))
            .says(&loading("json: cannot unmarshal string into Go struct field Context.contexts.context.extensions of type []v1.NamedExtension"))
            .but_ours(reasons::PARSER_ERROR)
            .says(&loading("yaml: line 12: a value is not of the type that belongs there")),
        case("two extensions of one name")
            .kubeconfig(usual_but("current-context", "extensions: [{name: a, extension: {}}, {name: a, extension: {}}]\ncurrent-context"))
            .says(&loading("error converting *[]NamedExtension into *map[string]runtime.Object: duplicate name \"a\" in list: [{a {[123 125] <nil>}} {a {[123 125] <nil>}}]"))
            .but_ours(reasons::PARSER_ERROR)
            .says(&loading("error converting *[]NamedExtension into *map[string]runtime.Object: duplicate name \"a\" in list")),
        case("an extension, and nothing of its name")
            .kubeconfig(usual_but("current-context", "extensions: [{name: a, extension: {}}, {name: a, extension: null}]\ncurrent-context"))
            .says(&loading("error converting *[]NamedExtension into *map[string]runtime.Object: duplicate name \"a\" in list: [{a {[123 125] <nil>}} {a {[] <nil>}}]"))
            .but_ours(reasons::PARSER_ERROR)
            .says(&loading("error converting *[]NamedExtension into *map[string]runtime.Object: duplicate name \"a\" in list")),
        case("another version of YAML")
            .kubeconfig(format!("%YAML 1.2\n---\n{}", kubeconfig(USUAL, "token: good")))
            .says(&loading("yaml: found incompatible YAML document"))
            .but_ours(reasons::PARSER_ERROR)
            .says(&loading("yaml: line 1: not valid YAML")),
        case("a directive of nobody's")
            .kubeconfig(format!("%FOO bar\n---\n{}", kubeconfig(USUAL, "token: good")))
            .says(&loading("yaml: found unknown directive name"))
            .but_ours(reasons::PARSER_ERROR)
            .says(&loading("yaml: line 1: not valid YAML")),
        case("lists in lists, 100 deep")
            .kubeconfig(usual_but("current-context", &format!("x: {}{}\ncurrent-context", "[".repeat(100), "]".repeat(100))))
            .reaches("token good")
            .but_ours(reasons::NESTING)
            .says(&loading("yaml: line 3: not valid YAML")),
        case("an infinite value")
            .kubeconfig(kubeconfig(USUAL, "token: good") + "a: .inf\n")
            .says(&loading("json: unsupported value: +Inf"))
            .but_ours(reasons::PARSER_ERROR)
            .says(&loading("yaml: line 13: a value is not of the type that belongs there")),
        case("a word behind a mapping in short form")
            .kubeconfig("{current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}], users: [{name: u, user: {token: good}}], clusters: [{name: k, cluster: {server: '{SERVER}', certificate-authority-data: {CA}}}]}\nhello\n")
            .reaches("token good")
            .but_ours(reasons::PARSED_TO_END)
            .says(&loading("yaml: line 2: not valid YAML")),
        case("an anchor that is not there")
            .kubeconfig(usual_but("users:", "x: *nope\nusers:"))
            .says(&loading("yaml: unknown anchor 'nope' referenced"))
            .but_ours(reasons::PARSER_ERROR)
            .says(&loading("yaml: line 7: not valid YAML")),
        case("a word that is tagged a number")
            .kubeconfig(usual_but("token: good", "token: !!int good"))
            .says(&loading("yaml: cannot decode !!str `good` as a !!int"))
            .but_ours(reasons::PARSER_ERROR)
            .says(&loading("yaml: line 9: not valid YAML")),
        case("a control character in YAML")
            .kubeconfig(kubeconfig(USUAL, "token: good") + "\0")
            .says(&loading("yaml: control characters are not allowed"))
            .but_ours(reasons::PARSER_ERROR)
            .says(&loading("yaml: line 13: not valid YAML")),
        case("a version that is a number")
            .kubeconfig(usual_but("apiVersion: v1", "apiVersion: 1"))
            .says(&loading("couldn't get version/kind; json parse error: json: cannot unmarshal number into Go struct field .apiVersion of type string"))
            .but_ours(reasons::PARSER_ERROR)
            .says(&loading("yaml: line 1: a value is not of the type that belongs there")),
        case("a truth in quotes")
            .kubeconfig(usual_but(USUAL, "server: '{SERVER}', insecure-skip-tls-verify: 'true'"))
            .says(&loading("json: cannot unmarshal string into Go struct field Cluster.clusters.cluster.insecure-skip-tls-verify of type bool"))
            .but_ours(reasons::PARSER_ERROR)
            .says(&loading("yaml: a value is not of the type that belongs there")),
        case("several broken files of the list")
            .usual()
            .env("KUBECONFIG", "{WORK}:{WORK}/kubeconfig:{WORK}/../work")
            .says("error loading config file \"{WORK}\": read {WORK}: is a directory\nerror loading config file \"{WORK}/../work\": read {WORK}/../work: is a directory"),
        case("one broken file of the list")
            .usual()
            .file("broken", "clusters: [}\n")
            .env("KUBECONFIG", "{WORK}/broken:{WORK}/kubeconfig")
            .says("error: error loading config file \"{WORK}/broken\": yaml: did not find expected node content")
            .but_ours(reasons::PARSER_ERROR)
            .says("error: error loading config file \"{WORK}/broken\": yaml: line 1: not valid YAML"),
    ]
}
