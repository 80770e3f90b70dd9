//! Which context, cluster, user, namespace and server: the kubeconfig's, and what flags put in their place.

use crate::case::{Case, Command, case, kubeconfig};

use super::reasons;

/// Two clusters, two users, three contexts; the current one is the first of each.
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
        two("--context").flags(["--context", "two"]).sees(["other as token two, in team"]),
        two("--context and -n")
            .flags(["--context=two", "-n", "mine"])
            .sees(["other as token two, in mine"]),
        two("--cluster").flags(["--cluster=k2"]).sees(["other as token good"]),
        two("--user").flags(["--user=u2"]).reaches("token two"),
        two("--context, --cluster and --user")
            .flags(["--context=two", "--cluster=k1", "--user=u1"])
            .sees(["server as token good, in team"]),
        two("the last of a repeated flag wins")
            .flags(["--context=one", "--context=two"])
            .sees(["other as token two, in team"]),
        two("-n twice").flags(["-n", "a", "-n", "b"]).reaches("token good, in b"),
        two("--namespace= is as if it were not given")
            .flags(["--context=two", "--namespace="])
            .sees(["other as token two, in team"]),
        two("-n=mine").flags(["-n=mine"]).reaches("token good, in mine"),
        two("--context= is as if it were not given").flags(["--context="]).reaches("token good"),
        two("an unknown --context")
            .command(Command::Create)
            .flags(["--context=nope"])
            .says("error: context \"nope\" does not exist"),
        two("an unknown --cluster")
            .command(Command::Create)
            .flags(["--cluster=nope"])
            .says("error: cluster \"nope\" does not exist"),
        two("an unknown --user")
            .command(Command::Create)
            .flags(["--user=nope"])
            .says("error: auth info \"nope\" does not exist"),
        two("an unknown --context with quotes")
            .command(Command::Create)
            .flags(["--context=a\"b\\c"])
            .says("error: context \"a\\\"b\\\\c\" does not exist"),
        two("an unknown --cluster of two lines")
            .command(Command::Create)
            .flags(["--cluster=a\nb"])
            .says("error: cluster \"a\\nb\" does not exist"),
        two("an unknown --user with quotes")
            .command(Command::Create)
            .flags(["--user=a\"b é\u{7}"])
            .says("error: auth info \"a\\\"b é\\a\" does not exist"),
        two("an unknown --context and an unknown --user")
            .command(Command::Create)
            .flags(["--context=nope", "--user=nope"])
            .says("error: auth info \"nope\" does not exist"),
        two("an unknown --context, read")
            .flags(["--context=nope"])
            .says("Error in configuration: context was not found for specified context: nope"),
        two("an unknown --context, patched, with quotes")
            .command(Command::Patch)
            .flags(["--context=a\"b"])
            .says("Error in configuration: context was not found for specified context: a\"b"),
        two("an unknown --context, and all else by flags")
            .flags(["--context=nope", "--cluster=k1", "--user=u1"])
            .says("Error in configuration: context was not found for specified context: nope"),
        two("an unknown --context, in a namespace")
            .command(Command::Patch)
            .flags(["--context=nope", "-n", "mine"])
            .says("error: context \"nope\" does not exist"),
        two("an unknown --context, in no namespace")
            .flags(["--context=nope", "-n", ""])
            .says("Error in configuration: context was not found for specified context: nope"),
        two("an unknown --cluster, read")
            .flags(["--cluster=nope"])
            .says("error: no server found for cluster \"nope\""),
        two("an unknown --cluster with --server, read")
            .flags(["--cluster=nope", "--server={SERVER}"])
            .says("error: no server found for cluster \"nope\""),
        two("an unknown --cluster, in a namespace")
            .flags(["--cluster=nope", "-n", "mine"])
            .says("error: cluster \"nope\" does not exist"),
        two("an unknown --cluster and nobody's uid")
            .flags(["--cluster=nope", "--as-uid=1"])
            .says("Error in configuration: \n* requesting uid, groups or user-extra for u1 without impersonating a user\n* no server found for cluster \"nope\""),
        two("an unknown --user, read, with more that is wrong")
            .flags(["--user=nope", "--as-uid=1"])
            .says("error: auth info \"nope\" does not exist"),
        two("an unknown --user and an unknown --cluster, read")
            .flags(["--user=nope", "--cluster=nope"])
            .says("error: no server found for cluster \"nope\""),
        case("an unknown current-context and an unknown --user")
            .kubeconfig(TWO.replace("current-context: one", "current-context: nope"))
            .command(Command::Create)
            .flags(["--user=nope"])
            .says("error: auth info \"nope\" does not exist"),
        case("an unknown current-context and --cluster")
            .kubeconfig(TWO.replace("current-context: one", "current-context: nope"))
            .command(Command::Create)
            .flags(["--cluster=k1"])
            .says("Error in configuration: context was not found for specified context: nope"),
        two("a context of an unknown cluster")
            .flags(["--context=lost-cluster"])
            .says("The connection to the server localhost:8080 was refused - did you specify the right host or port?")
            .but_ours(reasons::MISSING_CLUSTER)
            .says("error: cluster \"nowhere\" was not found for context \"lost-cluster\""),
        two("a context of an unknown user")
            .flags(["--context=lost-user"])
            .says("error: EOF")
            .but_ours(reasons::NO_PROMPT)
            .says("error: user \"nobody\" was not found for context \"lost-user\""),
        two("a context of nothing, with --cluster and --user")
            .flags(["--context=bare", "--cluster=k1", "--user=u1"])
            .reaches("token good"),
        case("an unknown current-context")
            .kubeconfig(TWO.replace("current-context: one", "current-context: nope"))
            .says("Error in configuration: context was not found for specified context: nope"),
        case("no current-context")
            .kubeconfig(TWO.replace("current-context: one\n", ""))
            .env("KUBERNETES_MASTER", "http://{HOST}").reaches("nobody, plain"),
        case("an empty current-context")
            .kubeconfig(TWO.replace("current-context: one", "current-context: \"\""))
            .env("KUBERNETES_MASTER", "http://{HOST}").reaches("nobody, plain"),
        usual("--server").flags(["--server", "https://{OTHER}"]).sees(["other as token good"]),
        usual("-s").flags(["-shttps://{OTHER}"]).sees(["other as token good"]),
        usual("--server without a scheme")
            .flags(["--server={OTHER}"])
            .sees(["other as nobody, plain"]),
        usual("--server with plain HTTP")
            .flags(["--server=http://{OTHER}"])
            .sees(["other as nobody, plain"]),
        usual("--server with a path").flags(["--server={SERVER}/k8s/clusters/c-abc"])
            .reaches("token good, below /k8s/clusters/c-abc"),
        usual("--server with a slash at its end")
            .flags(["--server={SERVER}/"])
            .reaches("token good"),
        usual("--server that is no URL")
            .flags(["--server=https://[nonsense"])
            .says("error: host must be a URL or a host:port pair: \"https://[nonsense\""),
        usual("--server with another scheme")
            .flags(["--server=ftp://{HOST}"])
            .says("Unable to connect to the server: unsupported protocol scheme \"ftp\""),
        usual("--server at a port that is no number")
            .flags(["--server=https://127.0.0.1:https"])
            .says("error: host must be a URL or a host:port pair: \"https://127.0.0.1:https\""),
        usual("--server at a port beyond the last")
            .flags(["--server=https://127.0.0.1:99999"])
            .says("Unable to connect to the server: dial tcp: address 99999: invalid port"),
        usual("--server with an IPv6 zone")
            .flags(["--server=https://[::1%25lo]:1"])
            .fails()
            .but_ours(reasons::HOST_NAME)
            .says("error: host must be a URL or a host:port pair: \"https://[::1%25lo]:1\""),
        usual("--server by name").flags(["--server=https://localhost:{PORT}"])
            .sees(["server as token good, host localhost:{PORT}, name localhost"]),
        case("--server and --token without a kubeconfig")
            .file("ca.crt", "{CA_PEM}")
            .flags(["--server={SERVER}", "--token=good", "--certificate-authority=ca.crt"])
            .reaches("token good"),
        case("a server without a scheme is plain HTTP")
            .cluster_and_user("server: '{HOST}'", "token: good")
            .reaches("nobody, plain"),
        case("a server without a scheme is plain HTTP, also with a CA")
            .cluster_and_user("server: '{HOST}', certificate-authority-data: {CA}", "token: good")
            .reaches("nobody, plain"),
        case("a server with a path")
            .cluster_and_user("server: '{SERVER}/k8s/clusters/c-abc', certificate-authority-data: {CA}", "token: good")
            .reaches("token good, below /k8s/clusters/c-abc"),
        case("a server with a path that wants cleaning")
            .cluster_and_user("server: '{SERVER}//k8s/./clusters/x/../c-abc/?x=1', certificate-authority-data: {CA}", "token: good")
            .reaches("token good, below /k8s/clusters/c-abc"),
        case("a server with an empty port")
            .cluster_and_user("server: 'https://127.0.0.1:', certificate-authority-data: {CA}", "token: good")
            .says("The connection to the server 127.0.0.1 was refused - did you specify the right host or port?"),
        case("a server at port 0")
            .cluster_and_user("server: 'https://127.0.0.1:0', certificate-authority-data: {CA}", "token: good")
            .says("The connection to the server 127.0.0.1:0 was refused - did you specify the right host or port?"),
        case("a user name in the server's address")
            .cluster_and_user("server: 'https://me:p%40w@{HOST}', certificate-authority-data: {CA}", "token: good")
            .reaches("basic me:p@w"),
        case("a user name in the server's address over plain HTTP")
            .cluster_and_user("server: 'http://me:p%40w@{HOST}'", "token: good")
            .reaches("basic me:p@w, plain")
            .but_ours(reasons::PLAIN_USER)
            .reaches("nobody, plain"),
        usual("-n of what cannot be a namespace")
            .flags(["-n", "Bad_Name"])
            .reaches("token good, in Bad_Name")
            .but_ours(reasons::NAMESPACE)
            .says("error: invalid Namespace name \"Bad_Name\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"),
        case("a cluster without a server")
            .cluster_and_user("insecure-skip-tls-verify: true", "token: good")
            .says("The connection to the server localhost:8080 was refused - did you specify the right host or port?"),
        case("an empty server")
            .cluster_and_user("server: ''", "token: good")
            .says("The connection to the server localhost:8080 was refused - did you specify the right host or port?"),
        case("a server in capitals")
            .cluster_and_user("server: 'HTTPS://LOCALHOST:{PORT}', certificate-authority-data: {CA}", "token: good")
            .reaches("token good, host LOCALHOST:{PORT}, name localhost"),
        case("the namespace of a context").kubeconfig(
            kubeconfig("server: '{SERVER}', certificate-authority-data: {CA}", "token: good")
                .replace("user: u}", "user: u, namespace: team}"),
        ).reaches("token good, in team"),
        case("an empty namespace of a context").kubeconfig(
            kubeconfig("server: '{SERVER}', certificate-authority-data: {CA}", "token: good")
                .replace("user: u}", "user: u, namespace: ''}"),
        ).reaches("token good"),
        usual("--request-timeout of a number").flags(["--request-timeout=5"]).reaches("token good"),
        usual("--request-timeout of 0").flags(["--request-timeout=0"]).reaches("token good"),
        usual("--request-timeout of 0s").flags(["--request-timeout=0s"]).reaches("token good"),
        usual("--request-timeout of 1m30.5s")
            .flags(["--request-timeout=1m30.5s"])
            .reaches("token good"),
        usual("--request-timeout of 5 bananas")
            .flags(["--request-timeout=5 bananas"])
            .says(BAD_TIMEOUT),
        usual("--request-timeout of nothing").flags(["--request-timeout="]).reaches("token good"),
        usual("--request-timeout below zero")
            .flags(["--request-timeout=-1s"])
            .reaches("token good"),
        usual("--request-timeout below zero without a unit")
            .flags(["--request-timeout=-5"])
            .says(BAD_TIMEOUT),
        usual("--request-timeout of 0 below zero").flags(["--request-timeout=-0"]).reaches("token good"),
        usual("--request-timeout with a sign").flags(["--request-timeout=+5"]).reaches("token good"),
        usual("--request-timeout that begins with 0").flags(["--request-timeout=010"]).reaches("token good"),
        usual("--request-timeout in base 16").flags(["--request-timeout=0x10"]).says(BAD_TIMEOUT),
        usual("--request-timeout in parts").flags(["--request-timeout=1_0"]).says(BAD_TIMEOUT),
        usual("--request-timeout of 5S").flags(["--request-timeout=5S"]).says(BAD_TIMEOUT),
        usual("--disable-compression").flags(["--disable-compression"]).reaches("token good"),
        usual("--cache-dir").flags(["--cache-dir={HOME}/.kube/cache"]).reaches("token good"),
    ]
}

const BAD_TIMEOUT: &str = "error: Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed \
                           by a corresponding time unit (e.g. 1s | 2m | 3h)";
