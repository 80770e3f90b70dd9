//! The selection of context, cluster, user, namespace and server by the kubeconfig and by flags.

use crate::case::{Case, Command, case, kubeconfig};

use super::reasons;

/// Two clusters, two users and several contexts. The current context uses the first cluster and user.
const TWO: &str = "apiVersion: v1\nkind: Config\ncurrent-context: one\n\
    clusters:\n\
    - name: k1\n  cluster: {server: '{SERVER}', certificate-authority-data: {CA}}\n\
    - name: k2\n  cluster: {server: 'https://{OTHER}', certificate-authority-data: {CA}}\n\
    users:\n\
    - name: u1\n  user: {token: good}\n\
    - name: u2\n  user: {token: two}\n\
    contexts:\n\
    - name: one\n  context: {cluster: k1, user: u1}\n\
    - name: two\n  context: {cluster: k2, user: u2, namespace: team}\n\
    - name: lost-cluster\n  context: {cluster: nowhere, user: u1}\n\
    - name: lost-user\n  context: {cluster: k1, user: nobody}\n\
    - name: bare\n  context: {}\n";

pub(crate) fn cases() -> Vec<Case> {
    let two = |name| case(name).kubeconfig(TWO);
    let usual = |name| case(name).usual();
    vec![
        two("--context").flags(["--context", "two"]).reaches_exactly(["other as token two, in team"]),
        two("--context and -n")
            .flags(["--context=two", "-n", "mine"])
            .reaches_exactly(["other as token two, in mine"]),
        two("--cluster").flags(["--cluster=k2"]).reaches_exactly(["other as token good"]),
        two("--user").flags(["--user=u2"]).reaches("token two"),
        two("--context, --cluster and --user")
            .flags(["--context=two", "--cluster=k1", "--user=u1"])
            .reaches_exactly(["server as token good, in team"]),
        two("the last of a repeated flag wins")
            .flags(["--context=one", "--context=two"])
            .reaches_exactly(["other as token two, in team"]),
        two("-n twice").flags(["-n", "a", "-n", "b"]).reaches("token good, in b"),
        two("an empty --namespace counts as not given")
            .flags(["--context=two", "--namespace="])
            .reaches_exactly(["other as token two, in team"]),
        two("-n=mine").flags(["-n=mine"]).reaches("token good, in mine"),
        two("an empty --context counts as not given").flags(["--context="]).reaches("token good"),
        two("an unknown --context")
            .command(Command::Create)
            .flags(["--context=nope"])
            .reports("error: context \"nope\" does not exist"),
        two("an unknown --cluster")
            .command(Command::Create)
            .flags(["--cluster=nope"])
            .reports("error: cluster \"nope\" does not exist"),
        two("an unknown --user")
            .command(Command::Create)
            .flags(["--user=nope"])
            .reports("error: auth info \"nope\" does not exist"),
        two("an unknown --context with quotes")
            .command(Command::Create)
            .flags(["--context=a\"b\\c"])
            .reports("error: context \"a\\\"b\\\\c\" does not exist"),
        two("an unknown --cluster with a line break")
            .command(Command::Create)
            .flags(["--cluster=a\nb"])
            .reports("error: cluster \"a\\nb\" does not exist"),
        two("an unknown --user with quotes")
            .command(Command::Create)
            .flags(["--user=a\"b é\u{7}"])
            .reports("error: auth info \"a\\\"b é\\a\" does not exist"),
        two("an unknown --context and an unknown --user")
            .command(Command::Create)
            .flags(["--context=nope", "--user=nope"])
            .reports("error: auth info \"nope\" does not exist"),
        two("an unknown --context in a read")
            .flags(["--context=nope"])
            .reports("Error in configuration: context was not found for specified context: nope"),
        two("an unknown --context with quotes in a patch")
            .command(Command::Patch)
            .flags(["--context=a\"b"])
            .reports("Error in configuration: context was not found for specified context: a\"b"),
        two("an unknown --context with valid --cluster and --user")
            .flags(["--context=nope", "--cluster=k1", "--user=u1"])
            .reports("Error in configuration: context was not found for specified context: nope"),
        two("an unknown --context with a namespace")
            .command(Command::Patch)
            .flags(["--context=nope", "-n", "mine"])
            .reports("error: context \"nope\" does not exist"),
        two("an unknown --context with an empty namespace")
            .flags(["--context=nope", "-n", ""])
            .reports("Error in configuration: context was not found for specified context: nope"),
        two("an unknown --cluster in a read")
            .flags(["--cluster=nope"])
            .reports("error: no server found for cluster \"nope\""),
        two("an unknown --cluster with --server in a read")
            .flags(["--cluster=nope", "--server={SERVER}"])
            .reports("error: no server found for cluster \"nope\""),
        two("an unknown --cluster with a namespace")
            .flags(["--cluster=nope", "-n", "mine"])
            .reports("error: cluster \"nope\" does not exist"),
        two("an unknown --cluster and --as-uid without --as")
            .flags(["--cluster=nope", "--as-uid=1"])
            .reports("Error in configuration: \n* requesting uid, groups or user-extra for u1 without impersonating a user\n* no server found for cluster \"nope\""),
        two("an unknown --user and --as-uid without --as in a read")
            .flags(["--user=nope", "--as-uid=1"])
            .reports("error: auth info \"nope\" does not exist"),
        two("an unknown --user and an unknown --cluster in a read")
            .flags(["--user=nope", "--cluster=nope"])
            .reports("error: no server found for cluster \"nope\""),
        case("an unknown current-context and an unknown --user")
            .kubeconfig(TWO.replace("current-context: one", "current-context: nope"))
            .command(Command::Create)
            .flags(["--user=nope"])
            .reports("error: auth info \"nope\" does not exist"),
        case("an unknown current-context and --cluster")
            .kubeconfig(TWO.replace("current-context: one", "current-context: nope"))
            .command(Command::Create)
            .flags(["--cluster=k1"])
            .reports("Error in configuration: context was not found for specified context: nope"),
        two("a context with an unknown cluster")
            .flags(["--context=lost-cluster"])
            .reports("The connection to the server localhost:8080 was refused - did you specify the right host or port?")
            .but_plugin(reasons::MISSING_CLUSTER)
            .reports("error: cluster \"nowhere\" was not found for context \"lost-cluster\""),
        two("a context with an unknown user")
            .flags(["--context=lost-user"])
            .reports("error: EOF")
            .but_plugin(reasons::NO_PROMPT)
            .reports("error: user \"nobody\" was not found for context \"lost-user\""),
        two("an empty context with --cluster and --user")
            .flags(["--context=bare", "--cluster=k1", "--user=u1"])
            .reaches("token good"),
        case("an unknown current-context")
            .kubeconfig(TWO.replace("current-context: one", "current-context: nope"))
            .reports("Error in configuration: context was not found for specified context: nope"),
        case("no current-context")
            .kubeconfig(TWO.replace("current-context: one\n", ""))
            .env("KUBERNETES_MASTER", "http://{HOST}").reaches("anonymous, plain"),
        case("an empty current-context")
            .kubeconfig(TWO.replace("current-context: one", "current-context: \"\""))
            .env("KUBERNETES_MASTER", "http://{HOST}").reaches("anonymous, plain"),
        usual("--server").flags(["--server", "https://{OTHER}"]).reaches_exactly(["other as token good"]),
        usual("-s").flags(["-shttps://{OTHER}"]).reaches_exactly(["other as token good"]),
        usual("--server without a scheme")
            .flags(["--server={OTHER}"])
            .reaches_exactly(["other as anonymous, plain"]),
        usual("--server with plain HTTP")
            .flags(["--server=http://{OTHER}"])
            .reaches_exactly(["other as anonymous, plain"]),
        usual("--server with a path").flags(["--server={SERVER}/k8s/clusters/c-abc"])
            .reaches("token good, below /k8s/clusters/c-abc"),
        usual("--server with a trailing slash")
            .flags(["--server={SERVER}/"])
            .reaches("token good"),
        usual("--server with an invalid URL")
            .flags(["--server=https://[nonsense"])
            .reports("error: host must be a URL or a host:port pair: \"https://[nonsense\""),
        usual("--server with an unsupported scheme")
            .flags(["--server=ftp://{HOST}"])
            .reports("Unable to connect to the server: unsupported protocol scheme \"ftp\""),
        usual("--server with a non-numeric port")
            .flags(["--server=https://127.0.0.1:https"])
            .reports("error: host must be a URL or a host:port pair: \"https://127.0.0.1:https\""),
        usual("--server with a port above 65535")
            .flags(["--server=https://127.0.0.1:99999"])
            .reports("Unable to connect to the server: dial tcp: address 99999: invalid port"),
        usual("--server with an IPv6 zone")
            .flags(["--server=https://[::1%25lo]:1"])
            .fails()
            .but_plugin(reasons::HOST_NAME)
            .reports("error: host must be a URL or a host:port pair: \"https://[::1%25lo]:1\""),
        usual("--server with a host name").flags(["--server=https://localhost:{PORT}"])
            .reaches_exactly(["server as token good, host localhost:{PORT}, name localhost"]),
        case("--server and --token without a kubeconfig")
            .file("ca.crt", "{CA_PEM}")
            .flags(["--server={SERVER}", "--token=good", "--certificate-authority=ca.crt"])
            .reaches("token good"),
        case("a server without a scheme is plain HTTP")
            .cluster_and_user("server: '{HOST}'", "token: good")
            .reaches("anonymous, plain"),
        case("a server without a scheme and with a CA is plain HTTP")
            .cluster_and_user("server: '{HOST}', certificate-authority-data: {CA}", "token: good")
            .reaches("anonymous, plain"),
        case("a server with a path")
            .cluster_and_user("server: '{SERVER}/k8s/clusters/c-abc', certificate-authority-data: {CA}", "token: good")
            .reaches("token good, below /k8s/clusters/c-abc"),
        case("a server with a path that is not canonical")
            .cluster_and_user("server: '{SERVER}//k8s/./clusters/x/../c-abc/?x=1', certificate-authority-data: {CA}", "token: good")
            .reaches("token good, below /k8s/clusters/c-abc"),
        case("a server with an empty port")
            .cluster_and_user("server: 'https://127.0.0.1:', certificate-authority-data: {CA}", "token: good")
            .reports("The connection to the server 127.0.0.1 was refused - did you specify the right host or port?"),
        case("a server at port 0")
            .cluster_and_user("server: 'https://127.0.0.1:0', certificate-authority-data: {CA}", "token: good")
            .reports("The connection to the server 127.0.0.1:0 was refused - did you specify the right host or port?"),
        case("a user name in the server's URL")
            .cluster_and_user("server: 'https://me:p%40w@{HOST}', certificate-authority-data: {CA}", "token: good")
            .reaches("basic me:p@w"),
        case("a user name in the server's URL over plain HTTP")
            .cluster_and_user("server: 'http://me:p%40w@{HOST}'", "token: good")
            .reaches("basic me:p@w, plain")
            .but_plugin(reasons::PLAIN_USER)
            .reaches("anonymous, plain"),
        usual("-n with an invalid namespace name")
            .flags(["-n", "Bad_Name"])
            .reaches("token good, in Bad_Name")
            .but_plugin(reasons::NAMESPACE)
            .reports("error: invalid Namespace name \"Bad_Name\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"),
        case("a cluster without a server")
            .cluster_and_user("insecure-skip-tls-verify: true", "token: good")
            .reports("The connection to the server localhost:8080 was refused - did you specify the right host or port?"),
        case("an empty server")
            .cluster_and_user("server: ''", "token: good")
            .reports("The connection to the server localhost:8080 was refused - did you specify the right host or port?"),
        case("a server in upper case")
            .cluster_and_user("server: 'HTTPS://LOCALHOST:{PORT}', certificate-authority-data: {CA}", "token: good")
            .reaches("token good, host LOCALHOST:{PORT}, name localhost"),
        case("the namespace of a context").kubeconfig(
            kubeconfig("server: '{SERVER}', certificate-authority-data: {CA}", "token: good")
                .replace("user: u}", "user: u, namespace: team}"),
        ).reaches("token good, in team"),
        case("the empty namespace of a context").kubeconfig(
            kubeconfig("server: '{SERVER}', certificate-authority-data: {CA}", "token: good")
                .replace("user: u}", "user: u, namespace: ''}"),
        ).reaches("token good"),
        usual("--request-timeout with a number").flags(["--request-timeout=5"]).reaches("token good"),
        usual("--request-timeout 0").flags(["--request-timeout=0"]).reaches("token good"),
        usual("--request-timeout 0s").flags(["--request-timeout=0s"]).reaches("token good"),
        usual("--request-timeout 1m30.5s")
            .flags(["--request-timeout=1m30.5s"])
            .reaches("token good"),
        usual("--request-timeout with an unknown unit")
            .flags(["--request-timeout=5 bananas"])
            .reports(BAD_TIMEOUT),
        usual("an empty --request-timeout").flags(["--request-timeout="]).reaches("token good"),
        usual("a negative --request-timeout")
            .flags(["--request-timeout=-1s"])
            .reaches("token good"),
        usual("a negative --request-timeout without a unit")
            .flags(["--request-timeout=-5"])
            .reports(BAD_TIMEOUT),
        usual("--request-timeout -0").flags(["--request-timeout=-0"]).reaches("token good"),
        usual("--request-timeout with a plus sign").flags(["--request-timeout=+5"]).reaches("token good"),
        usual("--request-timeout with a leading zero").flags(["--request-timeout=010"]).reaches("token good"),
        usual("--request-timeout in hexadecimal").flags(["--request-timeout=0x10"]).reports(BAD_TIMEOUT),
        usual("--request-timeout with an underscore").flags(["--request-timeout=1_0"]).reports(BAD_TIMEOUT),
        usual("--request-timeout with an upper-case unit").flags(["--request-timeout=5S"]).reports(BAD_TIMEOUT),
        usual("--disable-compression").flags(["--disable-compression"]).reaches("token good"),
        usual("--cache-dir").flags(["--cache-dir={HOME}/.kube/cache"]).reaches("token good"),
    ]
}

const BAD_TIMEOUT: &str = "error: Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed \
                           by a corresponding time unit (e.g. 1s | 2m | 3h)";
