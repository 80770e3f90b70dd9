//! Tests a real server that allows only two writes in flight and has more namespaces than fit on a list page: overload
//! and expired continue tokens cause no failures.

use std::path::PathBuf;
use std::sync::OnceLock;

use gcr_test_support::fault_proxy::{CannedResponse, Fault, FaultProxy, Rule};
use gcr_test_support::stored::ObjectKey;
use gcr_test_support::{ControlPlane, Invocation, Options, Output, Report, Session, Stored, keys};

/// More than one page: a list page holds 500 namespaces.
const NAMESPACES: usize = 520;
const OBJECTS: usize = 2 * NAMESPACES;

struct SmallServer {
    plane: ControlPlane,
    /// Kubeconfig of a user with the necessary permissions. Requests of administrators are never shed.
    kubeconfig: PathBuf,
    objects: Vec<ObjectKey>,
    /// The first run, which writes every object.
    first_run: Output,
}

impl SmallServer {
    /// Returns the server shared by this process's tests. Statics are never dropped: the server stops when its standard
    /// input closes with this process.
    fn get() -> &'static Self {
        static SERVER: OnceLock<SmallServer> = OnceLock::new();
        SERVER.get_or_init(Self::start)
    }

    fn start() -> Self {
        // Without priority and fairness, kube-apiserver uses the filter with the in-flight limit (apiserver
        // `server/filters/maxinflight.go`).
        let plane = ControlPlane::dedicated(
            Options::new()
                .throwaway()
                .user("puller", &[])
                .apiserver_flag("--enable-priority-and-fairness=false")
                .apiserver_flag("--max-mutating-requests-inflight=2"),
        );
        let names = plane.create_namespaces("small", NAMESPACES);
        plane.create(
            names
                .iter()
                .map(|name| Stored::initial_account(name))
                .collect(),
        );
        let args = ["clusterrole", "puller", "--verb=get,list,patch,create"];
        let resources = "--resource=secrets,serviceaccounts,namespaces";
        let args = plane.kubectl(["create"]).args(args).arg(resources);
        args.run().success();
        let args = [
            "create",
            "clusterrolebinding",
            "puller",
            "--clusterrole=puller",
        ];
        plane.kubectl(args).arg("--user=puller").run().success();
        let objects_in = |name: &String| {
            ["secret/gcr-io", "serviceaccount/builder"].map(|it| (name.clone(), it.to_owned()))
        };
        let kubeconfig = plane.kubeconfig_of("puller");
        Self {
            first_run: create(&Session::new(&kubeconfig)).run(),
            kubeconfig,
            objects: names.iter().flat_map(objects_in).collect(),
            plane,
        }
    }
}

/// Prepares a run that writes the Secret and the account of all namespaces.
fn create(session: &Session) -> Invocation {
    session.file("key.json", keys::KEY, 0o600);
    session.gcr_secret([
        "create",
        "--key-file=key.json",
        "--serviceaccount=builder",
        "-A",
        "--exclude-namespace=default",
        "-v=2",
    ])
}

#[test]
fn server_shedding_above_two_writes_causes_no_failures() {
    let server = SmallServer::get();
    let output = &server.first_run;
    assert_eq!(output.code, Some(0), "{output}");
    let report = Report::parse(output);
    report.assert_all_succeeded(OBJECTS);
    report.assert_matches(&Stored::fetch(&server.plane), &server.objects);
    let shed = output.stderr.matches("(TooManyRequests)").count();
    println!("shed {shed} times, {:.1} s", output.elapsed.as_secs_f64());
    assert!(shed > 0, "the server never shed a request\n{output}");
}

#[test]
fn expired_list_is_restarted_without_missing_or_repeated_objects() {
    let server = SmallServer::get();
    let before = Stored::fetch(&server.plane);
    let expired = || {
        let message =
            "The provided continue parameter is too old to display a consistent list result.";
        Fault::Replace(CannedResponse::status(410, "Expired", message))
    };
    for resource in ["namespaces", "secrets", "serviceaccounts"] {
        let proxy = FaultProxy::new(&server.plane);
        // Expire the second page of the first list and of the repeated list.
        proxy.inject(Rule::on("list", resource).nth(2), expired());
        proxy.inject(Rule::on("list", resource).nth(4), expired());
        let output = create(&proxy.session_for(&server.kubeconfig))
            .run()
            .success();
        let report = Report::parse(&output);
        assert_eq!(
            proxy.traffic().request_count("list", resource),
            6,
            "{output}"
        );
        report.assert_all_succeeded(OBJECTS);
        assert_eq!(report.count_of("unchanged"), OBJECTS as u64, "{output}");
        // Listed accounts are not read again.
        assert_eq!(
            proxy.traffic().request_count("get", "serviceaccounts"),
            0,
            "{output}"
        );
    }
    let now = Stored::fetch(&server.plane);
    for object in &server.objects {
        assert_eq!(
            before.resource_version(object),
            now.resource_version(object),
            "{object:?}"
        );
    }
}
