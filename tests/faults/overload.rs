//! A real server with room for two writes at a time: it sheds, and nothing fails.

use gcr_test_support::report::Object;
use gcr_test_support::{ControlPlane, Options, Report, Rule, Stored, keys};

const NAMESPACES: usize = 300;

#[test]
fn a_server_that_sheds_above_two_writes_in_flight_fails_nobody() {
    // Without priority and fairness the older filter counts (apiserver `server/filters/maxinflight.go`), and it lets
    // administrators pass.
    let plane = ControlPlane::own(
        Options::new()
            .apiserver_flag("--enable-priority-and-fairness=false")
            .apiserver_flag("--max-mutating-requests-inflight=2"),
    );
    let names = plane.namespaces("shed", NAMESPACES);
    plane.create(names.iter().map(|name| Stored::account(name)).collect());
    let rights = [
        Rule::new("get,list,patch,create", "secrets"),
        Rule::new("get,list,patch", "serviceaccounts"),
    ];
    let user = plane.user().may_everywhere(&rights);
    let session = user.session();
    session.file("key.json", keys::KEY, 0o600);
    let list = names.join(",");
    let create = || {
        session
            .gcr_secret([
                "create",
                "--key-file=key.json",
                "--serviceaccount=builder",
                "-v=2",
            ])
            .args(["-n", &list])
    };
    let output = create().run().success();
    let report = Report::read(&output);
    report.all_done(2 * NAMESPACES);
    let of = |name: &String| {
        ["secret/gcr-io", "serviceaccount/builder"].map(|it| (name.clone(), it.to_owned()))
    };
    let objects: Vec<Object> = names.iter().flat_map(of).collect();
    report.is_true(&Stored::look(&plane), &objects);
    let shed = output.stderr.matches("(TooManyRequests)").count();
    println!("shed {shed} times, {:.1} s", output.took.as_secs_f64());
    assert!(shed > 0, "it was never shed\n{output}");

    let again = Report::read(&create().run().success());
    assert_eq!(again.counted("unchanged"), 2 * NAMESPACES as u64);
}
