//! A real server with room for two writes at a time and with more namespaces than a page of a list holds: it sheds, its
//! lists grow too old, and nothing fails.

use std::path::PathBuf;
use std::sync::OnceLock;

use gcr_test_support::fault_proxy::{CannedResponse, Fault, FaultProxy, Rule};
use gcr_test_support::report::ObjectKey;
use gcr_test_support::{ControlPlane, Invocation, Options, Report, Session, Stored, keys};

/// A page holds 500.
const NAMESPACES: usize = 520;
const OBJECTS: usize = 2 * NAMESPACES;

struct SmallServer {
    plane: ControlPlane,
    /// Of a user who may do what is needed: administrators are never shed.
    kubeconfig: PathBuf,
    objects: Vec<ObjectKey>,
}

impl SmallServer {
    /// The one of this process. Nothing drops a static: it ends with the pipe that ends with us.
    fn get() -> &'static Self {
        static SERVER: OnceLock<SmallServer> = OnceLock::new();
        SERVER.get_or_init(Self::start)
    }

    fn start() -> Self {
        // Without priority and fairness the older filter counts (apiserver `server/filters/maxinflight.go`).
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
        let of = |name: &String| {
            ["secret/gcr-io", "serviceaccount/builder"].map(|it| (name.clone(), it.to_owned()))
        };
        Self {
            kubeconfig: plane.kubeconfig_of("puller"),
            objects: names.iter().flat_map(of).collect(),
            plane,
        }
    }
}

/// Secret and account of all namespaces.
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
fn a_server_that_sheds_above_two_writes_in_flight_fails_nobody() {
    let server = SmallServer::get();
    let output = create(&Session::new(&server.kubeconfig)).run().success();
    let report = Report::parse(&output);
    report.assert_all_succeeded(OBJECTS);
    report.assert_matches(&Stored::fetch(&server.plane), &server.objects);
    let shed = output.stderr.matches("(TooManyRequests)").count();
    println!("shed {shed} times, {:.1} s", output.elapsed.as_secs_f64());
    assert!(shed > 0, "it was never shed\n{output}");
}

#[test]
fn a_list_that_grew_too_old_is_begun_again_and_nothing_is_left_out_or_done_twice() {
    let server = SmallServer::get();
    let direct = Session::new(&server.kubeconfig);
    create(&direct).run().success();
    let before = Stored::fetch(&server.plane);
    let expired = || {
        let message =
            "The provided continue parameter is too old to display a consistent list result.";
        Fault::Replace(CannedResponse::status(410, "Expired", message))
    };
    for resource in ["namespaces", "secrets", "serviceaccounts"] {
        let proxy = FaultProxy::new(&server.plane);
        // Its second page, and once more that of the second list.
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
        // What lists show is not read again.
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
