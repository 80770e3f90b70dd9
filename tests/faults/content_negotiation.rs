//! Servers and gateways that do not send metadata only: they refuse the media type, ignore it, or send a Table.

use gcr_test_support::fault_proxy::{CannedResponse, FaultProxy, Rule};
use gcr_test_support::{Report, keys};

use crate::lists::ManyNamespaces;

const TABLE: &str = "application/json;as=Table;g=meta.k8s.io;v=v1";

/// How a server treats requests for metadata only.
#[derive(Clone, Copy, Debug)]
enum Server {
    RefusesWithoutFallback,
    SendsWholeObjects,
    SendsTables,
}

#[track_caller]
fn proxy(server: Server) -> (ManyNamespaces, FaultProxy) {
    let namespaces = ManyNamespaces::new();
    let proxy = FaultProxy::new(namespaces.cluster);
    let rule = || Rule::on("*", "*").header("accept", "as=PartialObjectMetadata");
    match server {
        Server::RefusesWithoutFallback => {
            let message = "only the following media types are accepted: application/json";
            let refused = CannedResponse::status(406, "NotAcceptable", message);
            let rule = rule().without_header("accept", "application/json;q=0.9");
            proxy.answer(rule, refused)
        }
        Server::SendsWholeObjects => proxy.set_request_header(rule(), "accept", "application/json"),
        Server::SendsTables => proxy.set_request_header(rule(), "accept", TABLE),
    };
    (namespaces, proxy)
}

#[test]
fn one_namespace_works_with_every_representation() {
    for server in [
        Server::RefusesWithoutFallback,
        Server::SendsWholeObjects,
        Server::SendsTables,
    ] {
        let (namespaces, proxy) = proxy(server);
        let session = proxy.session();
        session.file("key.json", keys::KEY, 0o600);
        let name = &namespaces.names[0];
        for word in ["created", "unchanged"] {
            let args = ["create", "--key-file=key.json", "-v=9", "-n", name];
            let output = session.gcr_secret(args).run().success();
            assert_eq!(
                output.stdout,
                format!("secret/gcr-io {word}\n"),
                "{server:?}\n{output}"
            );
            assert!(!output.stderr.contains(keys::key_auth()), "{output}");
        }
    }
}

#[test]
fn many_namespaces_work_with_every_representation() {
    for server in [
        Server::RefusesWithoutFallback,
        Server::SendsWholeObjects,
        Server::SendsTables,
    ] {
        let (namespaces, proxy) = proxy(server);
        let session = proxy.session();
        session.file("key.json", keys::KEY, 0o600);
        for word in ["created", "unchanged"] {
            let args = ["create", "--key-file=key.json", "--namespace-selector"];
            let output = session
                .gcr_secret(args)
                .arg(&namespaces.label)
                .run()
                .success();
            let count = namespaces.names.len();
            assert_eq!(
                output.stderr.trim_end(),
                format!("{count} {word}, 0 failed, 0 unknown, 0 not started"),
                "{server:?}\n{output}"
            );
            Report::parse(&output).assert_all_succeeded(count);
        }
        // The list suffices: no Secret is read by name.
        assert_eq!(
            proxy.traffic().request_count("get", "secrets"),
            0,
            "{server:?}"
        );
    }
}
